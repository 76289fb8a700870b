"""Contracts of the profile: judged as every rule is, in the report, in the exit code, and by `tether verify`."""

import copy
import json
import shutil

import pytest

from scanner.commands.verify_checks import disagreements
from scanner.contracts import contract_rules, matching
from scanner.findings import COMMITMENTS, SEVERITIES, Finding, RuleResult, Verdict
from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Plane, Role, State
from scanner.judge import judge
from scanner.origin import FileOrigin
from scanner.profile import Selector
from scanner.profile_contracts import COMMITMENTS as KNOWN_COMMITMENTS
from scanner.profile_contracts import PLANES, ROLES
from scanner.profile_contracts import SEVERITIES as KNOWN_SEVERITIES
from scanner.profile_file import parse_profile
from scanner.reports.text import render
from scanner.reports.view import View
from tests.harness import AS_OF, FIXTURES, ROOT, run
from tests.reports.made import made

HERE = FileOrigin("k8s.yaml", 3)


def node(address: str, *roles: Role, actor: bool = True, **more: object) -> Node:
    namespace, _, name = address.partition("/")
    return Node(f"u:{address}", "Deployment", address, name, HERE, frozenset(roles), actor, namespace=namespace, **more)


NODES = (
    node("tenant-a/app"),
    node("tenant-a/web", actor=False),
    node("audit/proxy"),
    node("safety/gateway", Role.GATEWAY),
    node("inference/vllm", Role.MODEL),
    node("inference/maybe", Role.CANDIDATE),
)
AUDITED = "contracts: [{name: c, from: {namespace: tenant-*}, to: {role: gateway}, through: {name: proxy}}]"


def edge(source: str, target: str, plane: Plane = Plane.NETWORK, **more: object) -> Edge:
    verb = {Plane.NETWORK: "reach", Plane.IDENTITY: "become", Plane.CONTROL: "write"}[plane]
    return Edge(f"u:{source}", f"u:{target}", plane, verb, "it is open", HERE, **more)


def judged(text: str, *edges: Edge, nodes: tuple[Node, ...] = NODES) -> tuple[RuleResult, tuple[Finding, ...]]:
    profile = parse_profile(text, "tether.yaml")
    made_ = judge(Graph.of(nodes, edges), profile, contract_rules(profile), [], ["declared"])
    (result,) = made_.rules
    assert not result.crashed, result.note
    return result, made_.findings


def test_a_way_round_is_violated_and_a_way_through_holds_with_a_certificate() -> None:
    through = (edge("tenant-a/app", "audit/proxy"), edge("audit/proxy", "safety/gateway"))
    result, findings = judged(AUDITED, *through)
    assert (result.verdict, findings) == (Verdict.HOLDS, ())
    assert [one.goal for one in result.certificates][0] == "contract:c"
    result, (one,) = judged(AUDITED, *through, edge("tenant-a/app", "safety/gateway"))
    assert (result.id, result.verdict, one.rule) == ("contract:c", Verdict.VIOLATED, "contract:c")
    assert [hop.address for hop in one.hops] == ["tenant-a/app", "safety/gateway"]
    assert (one.commitment, one.severity, one.plane) == ("safety-path", "high", "network")


def test_a_way_that_is_only_possible_is_unproven_and_says_what_decides() -> None:
    doubt = edge("tenant-a/app", "safety/gateway", state=State.POSSIBLE, decided_by=("var.cidr",))
    result, (one,) = judged(AUDITED, edge("audit/proxy", "safety/gateway"), doubt)
    assert (result.verdict, one.decided_by) == (Verdict.UNPROVEN, ("var.cidr",))


def test_a_source_that_only_hands_on_counts() -> None:
    ways = (edge("tenant-a/web", "safety/gateway"), edge("inference/maybe", "tenant-a/web"))
    result, (one,) = judged(AUDITED, *ways)
    assert (result.verdict, one.subject.address) == (Verdict.VIOLATED, "tenant-a/web")


def test_on_the_network_a_way_ends_at_the_next_actor_and_on_the_identity_plane_it_does_not() -> None:
    text = "contracts: [{{name: c, from: {{namespace: tenant-*}}, to: {{role: model}}, planes: [{plane}]}}]"
    hops = [("tenant-a/app", "audit/proxy"), ("audit/proxy", "inference/vllm")]
    network, _ = judged(text.format(plane="network"), *(edge(*hop) for hop in hops))
    assert network.verdict is Verdict.HOLDS
    identity, (one,) = judged(text.format(plane="identity"), *(edge(*hop, Plane.IDENTITY) for hop in hops))
    assert (identity.verdict, len(one.hops)) == (Verdict.VIOLATED, 3)
    other, _ = judged(text.format(plane="identity"), *(edge(*hop) for hop in hops))
    assert other.verdict is Verdict.HOLDS


def test_what_may_be_a_model_is_a_doubt() -> None:
    text = "contracts: [{name: c, from: {name: app}, to: {role: model}}]"
    result, (one,) = judged(text, edge("tenant-a/app", "inference/maybe"))
    assert (result.verdict, one.decided_by) == (Verdict.UNPROVEN, ("profile:models.servers",))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("contracts: [{name: c, from: {name: nobody}, to: {role: model}}]", "from"),
        ("contracts: [{name: c, from: {name: web}, to: {role: model}}]", "from"),
        ("contracts: [{name: c, from: {name: app}, to: {kind: StatefulSet}}]", "to"),
        ("contracts: [{name: c, from: {name: app}, to: {role: model}, through: {unit: other}}]", "through"),
    ],
)
def test_a_selector_that_names_nothing_proves_nothing(text: str, key: str) -> None:
    result, (one,) = judged(text)
    assert result.verdict is Verdict.UNPROVEN
    assert one.message.startswith(f"`{key}` of the contract `c` names nothing")
    assert one.decided_by == (f"profile:contracts.c.{key}",)
    assert str(one.subject.origin).startswith("tether.yaml:1:")


def test_a_way_round_what_is_not_there_is_a_way_round() -> None:
    text = "contracts: [{name: c, from: {name: app}, to: {role: model}, through: {name: gone}}]"
    assert judged(text, edge("tenant-a/app", "inference/vllm"))[0].verdict is Verdict.VIOLATED


def test_what_is_forbidden() -> None:
    text = "contracts: [{name: c, forbid: {namespace: tenant-*, kind: Deployment}, commitment: agreed-tenants}]"
    result, findings = judged(text)
    assert (result.verdict, result.commitment) == (Verdict.VIOLATED, "agreed-tenants")
    assert sorted(one.subject.address for one in findings) == ["tenant-a/app", "tenant-a/web"]
    doubtful = node("tenant-b/x", state=State.POSSIBLE, decided_by=("var.on",))
    assert judged(text, nodes=(doubtful,))[1][0].decided_by == ("var.on",)
    result, _ = judged(text, nodes=NODES[2:])
    assert (result.verdict, result.examined) == (Verdict.HOLDS, 4)


def test_only_the_star_is_a_wildcard() -> None:
    one = node("tenant-a/module.x[0]?.y")
    for pattern, hit in (("module.x[0]?.y", True), ("module.x[0]*", True), ("module.x?0]*", False), ("*", True)):
        assert (matching(Selector((("name", pattern),), HERE), one) is State.OPEN) is hit
    assert matching(Selector((("unit", "u"), ("namespace", "tenant-*")), HERE), one) is State.OPEN
    assert matching(Selector((("unit", "v"),), HERE), one) is None


def test_the_lists_of_the_loader_are_those_of_the_layers_above() -> None:
    assert set(PLANES) == set(Plane)
    assert set(ROLES) == set(Role)
    assert list(KNOWN_COMMITMENTS) == list(COMMITMENTS)
    assert KNOWN_SEVERITIES == SEVERITIES


@pytest.fixture
def world(tmp_path):
    """The reference deployment with two contracts that hold."""
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", folder)
    profile = folder / "tether.yaml"
    more = """
contracts:
  - {name: tenants-pass-the-gateway, from: {namespace: tenant-*}, to: {role: model}, through: {role: gateway}}
  - {name: no-daemon, forbid: {kind: CronJob}, reason: nothing runs by the clock}
"""
    profile.write_text(profile.read_text() + more)
    return folder


def scanned(folder, *more):
    return run("scan", str(folder), "--profile", str(folder / "tether.yaml"), "--as-of", AS_OF, *more)


def test_a_report_lists_contracts_and_verify_checks_them(world, tmp_path):
    code, out, err = scanned(world, "--format", "json")
    assert (code, err) == (0, "")
    report = json.loads(out)
    verdicts = {one["id"]: one["verdict"] for one in report["rules"] if one["id"].startswith("contract:")}
    assert verdicts == {"contract:tenants-pass-the-gateway": "holds", "contract:no-daemon": "holds"}
    (tmp_path / "r.json").write_text(out)
    assert run("verify", str(tmp_path / "r.json"), "--root", str(world))[0] == 0


FORGERIES = {
    "a source is allowed": lambda c: c["allowed"].append("acme-gov:tenant-a/Deployment/assistant"),
    "a target is left out": lambda c: c.update(targets=[], closed=[]),
    "another contract": lambda c: c.update(goal="contract:nothing"),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_certificate_of_a_contract_is_told(world, name):
    from scanner.commands.arguments import day
    from scanner.scan import Request, scan

    report, scanned_ = scan(Request((world,), day(AS_OF), world / "tether.yaml"))
    from scanner.reports.report_json import plain_report

    plain = json.loads(json.dumps(plain_report(report)))
    assert disagreements(plain, scanned_) == []
    forged = copy.deepcopy(plain)
    path = next(one for one in forged["commitments"] if one["id"] == "safety-path")
    closure = next(one for one in path["certificate"]["reachability"] if one["goal"].startswith("contract:"))
    FORGERIES[name](closure)
    assert disagreements(forged, scanned_)


def test_the_page_and_the_list_show_contracts(world):
    profile = ("--profile", str(world / "tether.yaml"))
    code, out, _ = run("explain", "contract:no-daemon", *profile)
    assert code == 0
    assert "nothing runs by the clock" in out
    assert "contract:tenants-pass-the-gateway" in run("rules", *profile)[1]
    assert "contract:" not in run("rules")[1]
    assert run("explain", "contract:no-daemon")[0] == 2


def test_a_name_out_of_a_deployment_breaks_no_line_of_the_report():
    evil = node("tenant-a/x\n::error::y\x1b[2J")
    _, findings = judged("contracts: [{name: c, forbid: {name: x*}}]", nodes=(evil,))
    text = render(made(*findings), View(root=ROOT, width=120, colour=False, verbose=False))
    assert all(line.isprintable() and not line.lstrip().startswith("::") for line in text.split("\n"))
