"""One thing that files declare and an inventory tells: what crosses from one to the other, and what is not certain."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.both_sides import both_sides, judge_both
from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.graph.model import State
from scanner.judge import judge
from scanner.profile import Profile
from scanner.resource import Attrs, Resource
from scanner.sides.readdress import Readdress
from scanner.sides.views import DECLARED, LIVE
from scanner.unknown import Unknown
from tests.changed import replace
from tests.harness import FIXTURES
from tests.worlds.recorded_twin import ACCOUNT, judged, read, recorded, verdict

OTHER = "555566667777"
PROVIDER = f'provider "aws" {{\n  region              = "us-gov-west-1"\n  allowed_account_ids = ["{ACCOUNT}"]\n}}\n'
NETWORK = """
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_security_group" "model" {
  name   = "model"
  vpc_id = aws_vpc.main.id
}
"""
MACHINES = """
resource "aws_subnet" "private" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_security_group" "office" {
  name   = "office"
  vpc_id = aws_vpc.main.id
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["10.0.0.0/16"]
  }
}
resource "aws_instance" "vllm" {
  ami                    = "ami-0a1b2c3d4e5f60718"
  instance_type          = "p5.48xlarge"
  subnet_id              = aws_subnet.private.id
  vpc_security_group_ids = [aws_security_group.model.id]
  user_data              = "#!/bin/sh\\nvllm serve s3://weights/claude-gov/ --port 8000\\n"
}
resource "aws_instance" "clerk" {
  ami                    = "ami-00112233445566778"
  instance_type          = "c7i.large"
  subnet_id              = aws_subnet.private.id
  vpc_security_group_ids = [aws_security_group.office.id]
}
"""
RULE = """
resource "aws_vpc_security_group_ingress_rule" "wide" {
  security_group_id = aws_security_group.model.id
  from_port         = 8000
  to_port           = 8000
  ip_protocol       = "tcp"
  cidr_ipv4         = "10.0.0.0/16"
}
"""
SERVED = (
    f'models: {{servers: ["arn:{ACCOUNT}:root/aws_instance.vllm"]}}\nsafety_stack: {{gateways: ["arn:*:gateway"]}}\n'
)
TRUST = '{ Service = "lambda.amazonaws.com" }'
CALLER = """
resource "aws_iam_role" "NAME" {
  name = "NAME"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = TRUST }]
  })
}
"""
CALLS = """
resource "aws_iam_role_policy" "NAME" {
  name   = "calls"
  role   = aws_iam_role.NAME.name
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "bedrock:InvokeModel", Resource = "*" }]
  })
}
"""


def told(folder: Path, text: str, profile: str) -> tuple[list[Resource], Profile]:
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(text)
    (folder / "tether.yaml").write_text(profile)
    return read(folder)


def role(name: str, *, calls: bool = False, trust: str = TRUST) -> str:
    return ((CALLER + CALLS) if calls else CALLER).replace("NAME", name).replace("TRUST", trust)


def alone(resources: list[Resource], profile: Profile, rule: str) -> Verdict:
    wanted = [one for one in rules() if one.id == rule]
    return judge(build(resources, profile).graph, profile, wanted, [], ["declared", "recorded"]).rules[0].verdict


def test_a_declared_rule_opens_the_group_of_a_machine_that_nobody_declares(tmp_path: Path) -> None:
    """Neither side shows it alone: the files have no machine, and the group of the account lets nobody in."""
    rule = "model-bypasses-safety-stack"
    live, profile = told(tmp_path / "live", PROVIDER + NETWORK + MACHINES, SERVED)
    ours, _ = told(tmp_path / "declared", PROVIDER + NETWORK + RULE, SERVED)
    assert alone(recorded(live), profile, rule) is not Verdict.VIOLATED
    assert alone(ours, profile, rule) is not Verdict.VIOLATED
    said = judged(ours, recorded(live), profile, rule)
    assert verdict(said) is Verdict.VIOLATED
    assert any("aws_instance.clerk" in one.message for one in said.findings), said.findings
    sides = both_sides([*ours, *recorded(live)], profile, None)
    assert sides is not None
    (group,) = [
        node for node in sides.whole.graph.nodes.values() if node.kind == "aws_security_group" and "model" in node.id
    ]
    assert (group.id, group.aliases) == (
        "root:aws_security_group.model",
        (f"aws-us-gov:arn:{ACCOUNT}:root/aws_security_group.model",),
    )


def test_a_role_that_files_entrust_and_hands_let_call(tmp_path: Path) -> None:
    """The files let another account become the role, the account lets the role call: each alone shows half of it."""
    outsider = f'{{ AWS = "arn:aws-us-gov:iam::{OTHER}:root" }}'
    profile_text = "safety_stack: {gateways: [aws_iam_role.gateway]}\n"
    ours, profile = told(tmp_path / "declared", PROVIDER + role("gateway", trust=outsider), profile_text)
    live, _ = told(tmp_path / "live", PROVIDER + role("gateway", calls=True), profile_text)
    rule = "stranger-mints-stack-identity"
    assert verdict(judged(ours, recorded(live), profile, rule)) in (Verdict.VIOLATED, Verdict.UNPROVEN)
    repaired, _ = told(tmp_path / "repaired", PROVIDER + role("gateway"), profile_text)
    assert verdict(judged(repaired, recorded(live), profile, rule)) is not Verdict.VIOLATED


DIRECT = "principal-invokes-model-directly"


@pytest.mark.parametrize(
    "named", ["aws_iam_role.gateway", f"arn:{ACCOUNT}:root/aws_iam_role.gateway", "arn:*aws_iam_role.gateway"]
)
def test_a_profile_may_name_it_as_either_side_does(tmp_path: Path, named: str) -> None:
    ours, profile = told(
        tmp_path / "declared",
        PROVIDER + role("gateway", calls=True),
        f'safety_stack: {{gateways: ["{named}"], guardrails: [{{id: gr7, version: "7"}}]}}\n',
    )
    sides = both_sides([*ours, *recorded(ours)], profile, None)
    assert sides is not None
    gateways = {node.id for node in sides.whole.graph.nodes.values() if "gateway" in node.roles}
    assert gateways == {"root:aws_iam_role.gateway"}
    assert verdict(judged(ours, recorded(ours), profile, DIRECT)) is Verdict.HOLDS


def test_one_root_in_two_accounts_is_merged_with_neither(tmp_path: Path) -> None:
    """A stranger of either account who may become the role of the files may become either of them."""
    text = PROVIDER.replace(f'  allowed_account_ids = ["{ACCOUNT}"]\n', "")
    profile_text = "safety_stack: {gateways: [aws_iam_role.gateway]}\n"
    ours, profile = told(tmp_path / "declared", text + role("gateway", calls=True), profile_text)
    live = [*recorded(ours), *recorded(ours, OTHER)]
    sides = both_sides([*ours, *live], profile, None)
    assert sides is not None
    nodes = sides.whole.graph.nodes
    names = {id_ for id_, node in nodes.items() if node.kind == "aws_iam_role"}
    assert len(names) == 3, names
    assert verdict(judged(ours, live, profile, DIRECT)) is Verdict.UNPROVEN
    bad, _ = told(tmp_path / "bad", text + role("gateway", calls=True) + role("app", calls=True), profile_text)
    assert verdict(judged(ours, [*recorded(ours), *recorded(bad, OTHER)], profile, DIRECT)) is Verdict.VIOLATED


def test_what_may_be_the_same_may_be_reached_by_what_reaches_the_other(tmp_path: Path) -> None:
    text = PROVIDER.replace(f'  allowed_account_ids = ["{ACCOUNT}"]\n', "")
    outsider = f'{{ AWS = "arn:aws-us-gov:iam::{OTHER}:root" }}'
    ours, profile = told(tmp_path / "declared", text + role("helper", trust=outsider), "{}\n")
    live, _ = told(tmp_path / "live", text + role("helper", calls=True), "{}\n")
    sides = both_sides([*ours, *recorded(live), *recorded(live, "999988887777")], profile, None)
    assert sides is not None
    graph = sides.whole.graph
    for account in (ACCOUNT, "999988887777"):
        helper = next(id_ for id_ in graph.nodes if id_.endswith(f"arn:{account}:root/aws_iam_role.helper"))
        became = [edge for edge in graph.into(helper) if edge.reason == "identity-unknown"]
        assert became, account
        assert {edge.state for edge in became} == {State.POSSIBLE}
    assert verdict(judged(ours, [*recorded(live), *recorded(live, OTHER)], profile, DIRECT)) is not Verdict.HOLDS


def test_the_same_names_in_another_account_are_other_things(tmp_path: Path) -> None:
    profile_text = "safety_stack: {gateways: [aws_iam_role.gateway]}\n"
    ours, profile = told(tmp_path / "declared", PROVIDER + role("gateway", calls=True), profile_text)
    assert both_sides([*ours, *recorded(ours, OTHER)], profile, None) is None
    live = [*recorded(ours), *recorded(ours, OTHER)]
    said = judged(ours, live, profile, DIRECT)
    assert verdict(said) is Verdict.VIOLATED
    assert {one.subject.address for one in said.findings} == {f"arn:{OTHER}:root/aws_iam_role.gateway"}


@pytest.mark.parametrize("left_out", ["region              ", "allowed_account_ids "])
def test_where_the_place_is_not_known_nothing_holds(tmp_path: Path, left_out: str) -> None:
    lines = [line for line in PROVIDER.splitlines() if not line.strip().startswith(left_out.strip())]
    text = "\n".join(lines) + "\n" + 'resource "aws_ecr_repository" "a" { name = "a" }\n' + role("gateway", calls=True)
    ours, profile = told(tmp_path / "declared", text, "safety_stack: {gateways: [aws_iam_role.gateway]}\n")
    said = judged(ours, recorded(ours), profile, DIRECT)
    assert verdict(said) is Verdict.UNPROVEN
    assert {one.subject.address for one in said.findings} == {"profile:units[].live"}
    bucket, _ = told(
        tmp_path / "bucket", text + 'resource "aws_s3_bucket" "b" { bucket = "only-one-has-it" }\n', "{}\n"
    )
    assert verdict(judged(bucket, recorded(bucket), profile, DIRECT)) is Verdict.HOLDS, "a bucket shows whose files"
    units = "units: [{name: root, terraform: [.], live: [aws-us-gov]}]\n"
    said_so, profile = told(tmp_path / "said", text, f"{units}safety_stack: {{gateways: [aws_iam_role.gateway]}}\n")
    assert verdict(judged(said_so, recorded(said_so, unit="root"), profile, DIRECT)) is Verdict.HOLDS


def test_a_folder_that_is_called_as_a_partition_says_nothing(tmp_path: Path) -> None:
    text = PROVIDER.replace(f'  allowed_account_ids = ["{ACCOUNT}"]\n', "") + role("gateway", calls=True)
    folder = tmp_path / "root"
    told(folder / "aws-us-gov", text, "{}\n")
    (folder / "tether.yaml").write_text("safety_stack: {gateways: [aws_iam_role.gateway]}\n")
    ours, profile = read(folder)
    assert {one.unit for one in ours} == {"aws-us-gov"}
    assert verdict(judged(ours, recorded(ours), profile, DIRECT)) is Verdict.UNPROVEN


def test_one_of_many_that_may_be_a_gateway_leaves_each_in_doubt(tmp_path: Path) -> None:
    """Machines have no name: which of those that are live the files mean is not known."""
    machines = MACHINES + "".join(
        MACHINES[MACHINES.index('resource "aws_instance" "clerk"') :].replace('"clerk"', f'"clerk{number}"')
        for number in range(40)
    )
    wide = NETWORK.replace(
        "vpc_id = aws_vpc.main.id\n}",
        """vpc_id = aws_vpc.main.id
  ingress {
    from_port   = 8000
    to_port     = 8000
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0/16"]
  }
}""",
    )
    profile_text = "models: {servers: [aws_instance.vllm]}\nsafety_stack: {gateways: [aws_instance.clerk]}\n"
    ours, profile = told(tmp_path / "declared", PROVIDER + wide + MACHINES, profile_text)
    live, _ = told(tmp_path / "live", PROVIDER + wide + machines, profile_text)
    rule = "model-bypasses-safety-stack"
    assert alone(ours, profile, rule) is Verdict.HOLDS
    assert verdict(judged(ours, recorded(live), profile, rule)) is Verdict.UNPROVEN


def test_a_state_knows_which_machine_is_which(tmp_path: Path) -> None:
    """Its identifiers join what has no name, and its ARNs show the account."""
    text = PROVIDER.replace(f'  allowed_account_ids = ["{ACCOUNT}"]\n', "") + NETWORK + MACHINES + role("gateway")
    ours, profile = told(tmp_path / "root", text, "{}\n")
    live = recorded(ours)

    def known(some: list[Resource]) -> list[Resource]:
        numbers = {"vllm": "i-0aaaaaaaa1", "clerk": "i-0aaaaaaaa2"}
        arn = f"arn:aws-us-gov:iam::{ACCOUNT}:role/gateway"
        made = {"aws_instance": lambda one: {"id": numbers[one.name]}, "aws_iam_role": lambda _: {"arn": arn}}
        return [
            replace(one, attrs=Attrs({**one.attrs, **made[one.kind](one)}, one.attrs.marks))
            if one.kind in made
            else one
            for one in some
        ]

    state = [
        replace(one, source="state") if one.kind in ("aws_instance", "aws_iam_role") else one for one in known(ours)
    ]
    for declared, count in ((state, 2), (known(ours), 4)):
        sides = both_sides([*declared, *known(live)], profile, None)
        assert sides is not None
        machines = [id_ for id_, node in sides.whole.graph.nodes.items() if node.kind == "aws_instance"]
        assert len(machines) == count, "in code, an argument `id` is no identity"
        assert bool(sides.doubts) is (count == 4)


def test_what_a_plan_deletes_is_there_until_then(tmp_path: Path) -> None:
    folder = FIXTURES / "evidence" / "inference-not-logged"
    good, profile = read(folder / "complies-no-log-configuration")
    kind = "aws_bedrock_model_invocation_logging_configuration"
    plan = [
        replace(one, source="plan", deleted=one.kind == kind, action="delete" if one.kind == kind else "")
        for one in good
    ]
    assert verdict(judged(good, recorded(good), profile, "inference-not-logged")) is Verdict.HOLDS
    assert verdict(judged(plan, recorded(good), profile, "inference-not-logged")) is Verdict.VIOLATED


def test_a_guard_that_files_may_leave_out_is_no_guard_for_certain(tmp_path: Path) -> None:
    """It is there now, and a count that nobody knows may take it away."""
    folder = FIXTURES / "evidence" / "inference-not-logged"
    good, profile = read(folder / "complies-no-log-configuration")
    kind = "aws_bedrock_model_invocation_logging_configuration"
    count = Unknown("`var.log` has no value", decided_by=("var.log",))
    unsure = [replace(one, possible=count) if one.kind == kind else one for one in good]
    assert verdict(judged(unsure, recorded(good), profile, "inference-not-logged")) is Verdict.UNPROVEN


def test_a_plan_may_change_what_no_name_joins(tmp_path: Path) -> None:
    """A policy of the organisation has no name of its own: the live one may be the one that the plan makes weaker."""
    case = FIXTURES / "operator-control" / "account-may-undo-its-safety"
    good, profile = read(case / "complies-deny-leaves-deletion-open")
    bad, _ = read(case / "violates-deny-leaves-deletion-open")
    plan = [replace(one, source="plan", action="update" if one.kind.startswith("aws_org") else "") for one in bad]
    said = judged(plan, recorded(good), profile, "account-may-undo-its-safety")
    assert verdict(said) in (Verdict.UNPROVEN, Verdict.VIOLATED)


def test_what_only_the_account_closes_may_go(tmp_path: Path) -> None:
    """Files that do not declare it any more take it away, and a plan would say so."""
    folder = FIXTURES / "evidence" / "inference-not-logged"
    good, profile = read(folder / "complies-no-log-configuration")
    bad = [one for one in good if one.kind != "aws_bedrock_model_invocation_logging_configuration"]
    said = judged(bad, recorded(good), profile, "inference-not-logged")
    assert verdict(said) is Verdict.UNPROVEN
    assert {one.seen for one in said.findings} == {"in what is declared"}
    plan = [replace(one, source="plan") for one in bad]
    assert verdict(judged(plan, recorded(good), profile, "inference-not-logged")) is Verdict.HOLDS


def test_things_of_a_count_have_each_their_own(tmp_path: Path) -> None:
    text = (PROVIDER + role("gateway", calls=True)).replace(
        'resource "aws_iam_role" "gateway" {\n  name = "gateway"',
        'resource "aws_iam_role" "gateway" {\n  count = 2\n  name = "gateway-${count.index}"',
    )
    text = text.replace("aws_iam_role.gateway.name", "aws_iam_role.gateway[count.index].name").replace(
        'resource "aws_iam_role_policy" "gateway" {\n', 'resource "aws_iam_role_policy" "gateway" {\n  count = 2\n'
    )
    profile_text = 'safety_stack: {gateways: ["aws_iam_role.gateway[*]"]}\n'
    ours, profile = told(tmp_path / "declared", text, profile_text)
    assert verdict(judged(ours, recorded(ours), profile, DIRECT)) is Verdict.HOLDS
    sides = both_sides([*ours, *recorded(ours)], profile, None)
    assert sides is not None
    roles = {node.id for node in sides.whole.graph.nodes.values() if node.kind == "aws_iam_role"}
    assert roles == {"root:aws_iam_role.gateway[0]", "root:aws_iam_role.gateway[1]"}
    doubt = text.replace("count = 2", "count = var.many ? 2 : 0") + 'variable "many" {}\n'
    unsure, _ = told(tmp_path / "unsure", doubt, profile_text)
    assert verdict(judged(unsure, recorded(ours), profile, DIRECT)) is not Verdict.VIOLATED


def test_two_roots_of_one_account_join_it(tmp_path: Path) -> None:
    """An address that both roots have stays one of each."""
    (tmp_path / "two" / "a").mkdir(parents=True)
    (tmp_path / "two" / "b").mkdir()
    (tmp_path / "two" / "a" / "main.tf").write_text(PROVIDER + role("gateway", calls=True))
    (tmp_path / "two" / "b" / "main.tf").write_text(
        PROVIDER + role("gateway", calls=True).replace('"calls"', '"c"').replace('name = "gateway"', 'name = "other"')
    )
    (tmp_path / "two" / "tether.yaml").write_text('safety_stack: {gateways: ["a:aws_iam_role.gateway"]}\n')
    ours, profile = read(tmp_path / "two")
    sides = both_sides([*ours, *recorded(ours)], profile, None)
    assert sides is not None
    roles = {node.id for node in sides.whole.graph.nodes.values() if node.kind == "aws_iam_role"}
    assert len(roles) == 2, roles
    said = judged(ours, recorded(ours), profile, DIRECT)
    assert verdict(said) is Verdict.VIOLATED, "the other root's role is no gateway"
    assert len(said.findings) == 1
    _, profile = told(
        tmp_path / "named", PROVIDER, 'safety_stack: {gateways: ["a:aws_iam_role.gateway", "b:aws_iam_role.gateway"]}\n'
    )
    assert verdict(judged(ours, recorded(ours), profile, DIRECT)) is Verdict.HOLDS


def test_each_view_is_judged_by_what_it_has(tmp_path: Path) -> None:
    """What is declared and not there yet is not live, and what nobody declares is not declared."""
    profile_text = "safety_stack: {gateways: [aws_iam_role.gateway]}\n"
    ours, profile = told(tmp_path / "declared", PROVIDER + role("gateway", calls=True) + role("next"), profile_text)
    live, _ = told(tmp_path / "live", PROVIDER + role("gateway", calls=True) + role("by-hand"), profile_text)
    sides = both_sides([*ours, *recorded(live)], profile, None)
    assert sides is not None
    by_name = {one.name: one for one in sides.views}
    same = both_sides([*ours, *recorded(ours)], profile, None)
    assert same is not None
    assert len(same.views) == len(sides.views) - 1, "nothing is to come"
    assert "root:aws_iam_role.next" not in by_name[LIVE].built.graph.nodes
    assert not any("by-hand" in id_ for id_ in by_name[DECLARED].built.graph.nodes)
    assert {len([id_ for id_ in one.built.graph.nodes if id_.endswith("role.gateway")]) for one in sides.views} == {1}


@pytest.mark.parametrize(
    ("declared", "live", "said"),
    [
        ("", role("by-hand"), "it is live alone"),
        (role("by-hand"), "", "it is declared alone"),
        (role("by-hand"), role("by-hand", trust=f'{{ AWS = "arn:aws-us-gov:iam::{OTHER}:root" }}'), "live alone: "),
    ],
    ids=["not declared", "not live", "another trust"],
)
def test_a_gateway_that_is_live_otherwise_than_declared(tmp_path: Path, declared: str, live: str, said: str) -> None:
    rule, named = "live-differs-from-declared", 'safety_stack: {gateways: ["*aws_iam_role.by-hand"]}\n'
    ours, profile = told(tmp_path / "declared", PROVIDER + role("gateway") + declared, named)
    theirs, _ = told(tmp_path / "live", PROVIDER + role("gateway") + live, named)
    found = judged(ours, recorded(theirs), profile, rule)
    assert verdict(found) is Verdict.VIOLATED
    assert any(said in one.message and "by-hand" in one.message for one in found.findings), found.findings
    blind = both_sides([*ours, *recorded(theirs)], profile, None, blind=True)
    assert blind is not None
    wanted = [one for one in rules() if one.id == rule]
    assert verdict(judge_both(blind, wanted, [], ["declared", "recorded"])) is Verdict.UNPROVEN, "it may not be so"
    plan = [replace(one, source="plan", action="create" if one.name == "by-hand" else "no-op") for one in ours]
    if declared:
        assert verdict(judged(plan, recorded(theirs), profile, rule)) is Verdict.UNPROVEN, "the plan may be why"
    same = judged(ours, recorded(ours), profile, rule)
    assert verdict(same) is (Verdict.HOLDS if declared else Verdict.NOT_JUDGED)


def test_what_is_nested_beyond_all_sense_is_not_known() -> None:
    deep: Attrs = Attrs({"x": 1})
    for _ in range(2_000):
        deep = Attrs({"a": deep})
    (one,) = recorded(read(FIXTURES / "evidence" / "inference-not-logged" / "complies-no-log-configuration")[0])[:1]
    moved = Readdress("there", {"here": "there"})(replace(one, attrs=Attrs({"plain": "text", "deep": deep})))
    assert moved.attrs["plain"] == "text"
    assert isinstance(moved.attrs["deep"], Unknown)
