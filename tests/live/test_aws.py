"""A live scan of AWS through botocore: the verdicts of files and bundles, and a fault of any call proves nothing."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, ReadTimeoutError
from botocore.parsers import ResponseParserError

from scanner.resource import Reading
from scanner.sources.aws import live_client, read_estate
from scanner.sources.aws.live_accounts import session_policies
from scanner.sources.aws.live_calls import Collector
from scanner.sources.aws.live_outcome import Fault, outcome_of
from scanner.sources.aws.live_rate import Bucket
from scanner.sources.aws.operations import operations
from scanner.sources.bundle import Call
from scanner.sources.read import AwsAsked
from scanner.tables import aws_operations
from tests.bundle import reference
from tests.changed import replace
from tests.harness import FIXTURES, run
from tests.live.aws import HOME, NUMBER, OFF, OTHER, PARTITION, Aws, answering, empty, encoded, estate

WORLD = FIXTURES / "worlds" / "reference"
ONE = {"Regions": [{"RegionName": HOME, "OptInStatus": "opted-in"}, {"RegionName": OFF, "OptInStatus": "not-opted-in"}]}
DENIED = ("AccessDeniedException", 403, "User is not authorized")
FORBIDDEN = ("AccessDenied", 403, "not authorized to perform: x:Y with an explicit deny in a service control policy")
FAULTS: dict[str, tuple[Any, str]] = {
    "denied": (DENIED, "denied"),
    "denied by the organisation": (FORBIDDEN, "denied-by-organisation"),
    "throttled for ever": (("ThrottlingException", 400, "Rate exceeded"), "throttled"),
    "timed out": (ReadTimeoutError(endpoint_url="https://x"), "failed"),
    "never connected": (ConnectTimeoutError(endpoint_url="https://x"), "failed"),
    "malformed": (ResponseParserError("Unable to parse response"), "failed"),
    "expired": (("ExpiredTokenException", 403, "The security token included in the request is expired"), "failed"),
    "region disabled": (("InvalidClientTokenId", 403, "The security token is invalid"), "failed"),
    "server error": (("InternalFailure", 500, ""), "failed"),
}


class World(Aws):
    """The reference world as AWS answers it."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = {**reference.answers(), ("ec2:DescribeRegions", ""): ONE}
        self.rows = operations()

    def found(self, name: str, asked: dict[str, Any], model: Any) -> Any:
        if name in self.faults or name == "sts:AssumeRole":
            return self.faults.get(name)
        told = [one for one in asked.values() if isinstance(one, str)]
        names = ["/".join(told), *told, ""]
        found = next((self.answers[name, one] for one in names if (name, one) in self.answers), None)
        row = self.rows[name]
        if isinstance(found, str) or (found is None and row.after and row.absent):
            return row.absent[0], 404, ""
        return {**empty(model.output_shape), **encoded(found)} if isinstance(found, dict) else found

    faults: dict[str, Any] = {}


@pytest.fixture(scope="module")
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as one:
        yield one


@pytest.fixture(scope="module")
def world(patch: pytest.MonkeyPatch) -> Iterator[World]:
    made = World()
    with answering(made, patch):
        yield made


@pytest.fixture(scope="module")
def collector(world: World) -> Collector:
    return Collector(AwsAsked(workers=1), lambda: "2026-11-01T00:00:00Z", "salt")


@pytest.fixture(scope="module")
def clean(collector: Collector) -> list[Call]:
    return list(collector.calls())


def again(collector: Collector, done: list[Call]) -> list[Call]:
    """Ask for what is not done; clients are the ones of before."""
    collector.closed.clear()
    collector.done = {one.key: one for one in done}
    return list(collector.calls())


def read(calls: list[Call]) -> Reading:
    return read_estate(calls, PARTITION, "live")


def folder_of(path: Path) -> Path:
    shutil.copytree(WORLD / "k8s", path / "k8s")
    (path / "tether.yaml").write_text(reference.profile((WORLD / "tether.yaml").read_text()))
    return path


def scan(folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    given = ("--profile", str(folder / "tether.yaml"), "--as-of", "2026-11-01", "--format", "json")
    code, out, err = run("scan", str(folder), *given, *more)
    assert code in (0, 1, 3), err
    return code, json.loads(out)


def verdicts(report: dict[str, Any]) -> dict[str, str]:
    return {one["id"]: one["verdict"] for one in report["commitments"]}


def test_a_live_account_is_judged_as_the_bundle_of_it_is(world: World, tmp_path: Path) -> None:
    folder, path = folder_of(tmp_path), tmp_path / "aws.bundle"
    code, _, err = run("collect", "--live", "aws", "-o", str(path))
    assert code == 0 and "region-off" in err, err
    recorded, live = scan(folder, "--bundle", str(path)), scan(folder, "--live", "aws")
    assert recorded[0] == live[0] == 0, live[1]["unread"]
    assert set(verdicts(live[1]).values()) == {"holds"}
    assert verdicts(live[1]) == verdicts(recorded[1])
    assert live[1]["scope"]["basis"] == ["declared", "live"]
    assert any(f"{OFF} is switched off" in one for one in live[1]["assumptions"])
    assert path.stat().st_mode & 0o777 == 0o600


def test_every_row_of_the_table_is_asked(clean: list[Call]) -> None:
    asked = {one.operation for one in clean}
    lacking = {row.id for row in aws_operations() if not (row.after or row.instead or row.beside)} - asked
    assert not lacking
    assert {one.outcome for one in clean} == {"read", "absent", "region-off"}
    assert read(clean).unread == []
    assert len({one.key for one in clean}) == len(clean)


def test_where_every_call_is_denied_nothing_holds(world: World, tmp_path: Path) -> None:
    """Not even in an account of which nothing else is known: there is no sentence that nothing was found."""
    world.faults = dict.fromkeys((row.id for row in aws_operations() if row.service != "sts"), DENIED)
    try:
        path = tmp_path / "denied.bundle"
        assert run("collect", "--live", "aws", "-o", str(path), "-q")[0] == 3
        folder = folder_of(tmp_path)
        for given in (["--live", "aws"], ["--bundle", str(path)]):
            code, report = scan(folder, *given)
            assert code == 3 and report["verdict"] == "unproven"
            assert set(verdicts(report).values()) == {"unproven"}
            assert len(report["unread"]) > 100
        code, out, err = run("scan", "--live", "aws", "--as-of", "2026-11-01")
        assert code == 3 and "holds" not in verdict_lines(out)
        code, out, err = run("scan", "--live", "aws", "--allow-unproven")
        assert code == 3, "what could not be read is never allowed"
    finally:
        world.faults = {}


def verdict_lines(out: str) -> list[str]:
    return [word for line in out.splitlines() for word in line.split()[:2]]


def test_each_operation_in_turn_with_a_fault_is_unread_and_named(
    world: World, collector: Collector, clean: list[Call]
) -> None:
    """And all that was answered stays; each operation has another fault than the one before it."""
    injected = 0
    names = sorted({one.operation for one in clean if one.outcome != "region-off"} - {"sts:GetCallerIdentity"})
    for number, name in enumerate(names):
        fault, outcome = list(FAULTS.values())[number % len(FAULTS)]
        world.faults = {name: fault}
        kept = [one for one in clean if one.operation != name or one.outcome == "region-off"]
        made = again(collector, kept)
        mine = [one for one in made if one.operation == name]
        assert mine and {one.outcome for one in mine} == {outcome}, (name, made)
        found = read([*kept, *made])
        row = operations()[name]
        said = [one.cause for one in found.unread]
        assert row.closing or any(row.fact in one for one in said), (name, said)
        injected += 1
    world.faults = {}
    assert injected > 150


@pytest.mark.parametrize("name", ["denied by the organisation", "malformed"])
def test_a_scan_with_any_fault_does_not_hold_and_does_not_fall(world: World, tmp_path: Path, name: str) -> None:
    fault, _ = FAULTS[name]
    world.faults = {"ec2:DescribeSecurityGroups": fault, "bedrock:GetGuardrail": fault, "s3:ListBuckets": fault}
    try:
        code, report = scan(folder_of(tmp_path), "--live", "aws")
    finally:
        world.faults = {}
    assert code == 3 and report["verdict"] == "unproven"
    assert "holds" not in verdicts(report).values()


def test_pages_are_followed_with_and_without_a_paginator(world: World, collector: Collector, clean: list[Call]) -> None:
    """wafv2 has no paginator in botocore, and pages all the same."""

    def vpcs(asked: dict[str, Any], region: str) -> Any:
        return {"Vpcs": [{"VpcId": "vpc-2"}]} if asked.get("NextToken") else {"Vpcs": [], "NextToken": "n"}

    def acls(asked: dict[str, Any], region: str) -> Any:
        return {"WebACLs": []} if asked.get("NextMarker") else {"WebACLs": [], "NextMarker": "n"}

    def ring(asked: dict[str, Any], region: str) -> Any:
        return {"flows": [], "nextToken": "for ever"}

    names = {
        "ec2:DescribeVpcs": vpcs,
        "wafv2:ListWebACLs": acls,
        "apigateway:GetRestApis": {"items": [{"id": "a"}]},
        "appflow:ListFlows": ring,
        "lambda:ListFunctions": {"Functions": [], "NextMarker": "for ever"},
    }
    world.faults = dict(names)
    made = again(collector, [one for one in clean if one.operation not in names or one.outcome == "region-off"])
    world.faults = {}
    found = {one.operation: one for one in made}
    assert [page["Vpcs"] for page in found["ec2:DescribeVpcs"].pages] == [[], [{"VpcId": "vpc-2"}]]
    assert len(found["wafv2:ListWebACLs"].pages) == 2 and found["wafv2:ListWebACLs"].outcome == "read"
    assert found["appflow:ListFlows"].outcome == "failed" and "next page" in found["appflow:ListFlows"].cause
    assert found["lambda:ListFunctions"].outcome == "failed"


def test_secrets_are_not_in_a_bundle(world: World, collector: Collector, clean: list[Call]) -> None:
    function = {
        "FunctionArn": "arn:aws-us-gov:lambda:us-gov-west-1:111122223333:function:f",
        "FunctionName": "f",
        "Environment": {"Variables": {"DB_PASSWORD": "hunter2hunter2", "MODEL_ID": "anthropic.claude"}},
    }
    tunnel = {"PreSharedKey": "psk-very-secret"}
    vpn = {"VpnConnectionId": "vpn-1", "CustomerGatewayConfiguration": "<psk>psk-very-secret</psk>"}
    world.faults = {
        "lambda:ListFunctions": {"Functions": [function]},
        "ec2:DescribeCustomerGateways": {"CustomerGateways": [{"CustomerGatewayId": "cgw-1"}]},
        "ec2:DescribeVpnConnections": {"VpnConnections": [{**vpn, "Options": {"TunnelOptions": [tunnel]}}]},
    }
    names = set(world.faults)
    made = again(collector, [one for one in clean if one.operation not in names or one.outcome == "region-off"])
    world.faults = {}
    text = json.dumps([one.line() for one in made])
    assert "hunter2" not in text and "psk-very-secret" not in text and "AKIAIOSFODNN7EXAMPLE" not in text
    assert "anthropic.claude" in text and "ResponseMetadata" not in text
    assert text.count("$digest") == 3


def test_an_organisation_list_of_accounts_is_scanned_by_role(world: World, tmp_path: Path) -> None:
    """An account whose role cannot be assumed is unread as a whole; the others are read."""
    path = tmp_path / "many.bundle"
    world.faults = {"sts:AssumeRole": DENIED}
    more = ("--accounts", f"{NUMBER},444455556666", "--role", "tether", "--external-id", "x-1")
    code, _, err = run("collect", "--live", "aws", *more, "-o", str(path))
    world.faults = {}
    assert code == 3
    assert "the role in account 444455556666 cannot be assumed (AccessDeniedException)" in err
    asked = [given for name, given, _ in world.made if name == "sts:AssumeRole"]
    role = f"arn:{PARTITION}:iam::444455556666:role/tether"
    assert asked and all(one["RoleArn"] == role and one["ExternalId"] == "x-1" for one in asked)
    assert not [line for line in lines(path) if "tether-scan" in str(line)]


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()][1:-1]


def test_ctrl_c_leaves_a_whole_bundle_that_goes_on(world: World, tmp_path: Path) -> None:
    path = tmp_path / "cut.bundle"

    def pressed(asked: dict[str, Any], region: str) -> Any:
        signals.append(1)
        os.kill(os.getpid(), signal.SIGINT)
        return {"Roots": []}

    signals: list[int] = []
    world.faults = {"organizations:ListRoots": pressed}
    code, _, _ = run("collect", "--live", "aws", "-o", str(path))
    world.faults = {}
    assert code == 130 and signals == [1]
    cut = lines(path)
    assert any(one.get("cause", "").startswith("the run was interrupted") for one in cut)
    folder = folder_of(tmp_path)
    code, report = scan(folder, "--bundle", str(path))
    assert code == 3 and "holds" not in verdicts(report).values()
    assert run("collect", "--live", "aws", "-o", str(path), "--resume")[0] == 0
    code, report = scan(folder, "--bundle", str(path))
    assert code == 0 and set(verdicts(report).values()) == {"holds"}


def test_after_the_deadline_nothing_is_asked(world: World) -> None:
    times = iter([0.0])
    late = Collector(AwsAsked(deadline=5, workers=1), lambda: "", "s", clock=lambda: next(times, 9.0))
    before = len(world.made)
    made = list(late.calls())
    assert len(world.made) == before
    assert {one.outcome for one in made} == {"failed"}
    assert all("deadline of 5 s" in one.cause for one in made)


def test_the_regions_of_the_user_are_asked_and_the_others_are_unread(patch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as own, answering(Aws(estate()), own) as aws:
        path = tmp_path / "some.bundle"
        code, _, err = run("collect", "--live", "aws", "--regions", OTHER, "-o", str(path))
        assert code == 3 and f"in {HOME}, where it may have anything" in err
        assert {region for name, _, region in aws.made if name == "ec2:DescribeVpcs"} == {OTHER}


def test_a_service_is_taken_not_to_be_there_on_the_word_of_endpoint_data_alone(
    world: World, collector: Collector, clean: list[Call]
) -> None:
    """A name that does not exist is no evidence without it; one that exists gainsays it."""
    with pytest.MonkeyPatch.context() as own:
        home = collector.home
        own.setattr(live_client, "resolves", lambda name: False)
        assert f"partition {PARTITION} does not have the service" in home.lacks("appflow", HOME)
        for service in ("ec2", "iam", "organizations", "networkmanager", "bedrock", "s3control"):
            assert not home.lacks(service, HOME), f"{service}: the data says that it is there"
        for service in ("bedrock-agent", "bedrock-agentcore-control", "imagebuilder"):
            assert not home.lacks(service, HOME), f"{service}: the data says nothing of it anywhere"
        own.setattr(live_client, "resolves", lambda name: None)
        assert home.lacks("appflow", HOME)
        own.setattr(live_client, "resolves", lambda name: name.startswith(("appflow", "ec2")))
        assert not home.lacks("appflow", HOME), "the data lags behind"


def test_a_region_of_a_partition_that_has_a_service_may_lack_it(world: World, collector: Collector) -> None:
    """There a resolver must know the name of EC2 and none of the service, besides."""
    with pytest.MonkeyPatch.context() as own:
        home = replace(collector.home, partition="aws", clients={})
        own.setattr(live_client, "resolves", lambda name: name.startswith("ec2"))
        assert "the region does not have the service" in home.lacks("apprunner", "eu-north-1")
        assert not home.lacks("apprunner", "us-east-1")
        for answer in (False, None):
            own.setattr(live_client, "resolves", lambda name, answer=answer: answer)
            assert not home.lacks("apprunner", "eu-north-1")


def test_what_an_account_hides_is_asked_for_where_the_service_knows_how(
    world: World, collector: Collector, clean: list[Call]
) -> None:
    """Managed machines may be hidden from lists (ModifyManagedResourceVisibility), and run all the same."""
    collector.closed.clear()
    kept, page = "IncludeManagedResources", {"Reservations": [{"Instances": [{"InstanceId": "i-0123456789abcdef0"}]}]}
    errors = {"old": ("UnknownParameter", 400, ""), "denied": ("UnauthorizedOperation", 403, "")}
    for name, error in {**errors, "new": None}.items():
        world.faults = {
            "ec2:DescribeInstances": lambda asked, _, error=error: error if error and kept in asked else page
        }
        before = len(world.made)
        pages = collector.home.pages("ec2", "DescribeInstances", HOME, {}, {kept: True})
        if name == "denied":
            with pytest.raises(ClientError):
                list(pages)
        else:
            assert [one["Reservations"] for one in pages] == [page["Reservations"]]
        assert [asked.get(kept) for _, asked, _ in world.made[before:]] == [True, None][: 2 if name == "old" else 1]
    world.faults = {}
    sent = {row.id for row in aws_operations() if kept in row.sent}
    asked = {name for name, asked, _ in world.made if asked.get(kept) is True}
    assert {"ec2:DescribeNetworkInterfaces", "autoscaling:DescribeAutoScalingGroups"} <= sent & asked
    assert sent - asked <= {row.id for row in aws_operations() if row.after}, "nothing here leads to these"


def test_chosen_rules_are_asked_what_they_need_and_the_others_are_not_judged(world: World, tmp_path: Path) -> None:
    names = ("guardrail-filter-too-weak", "model-built-for-a-device")
    given = ("--judge", ",".join(names))
    code, out, _ = run("permissions", "--aws", *given)
    allowed = {one for line in out.splitlines() for one in json.loads(line)["Statement"][0]["Action"]}
    by_action = {row.action: row.id for row in aws_operations()}
    sessions = session_policies(frozenset(by_action[one] for one in allowed))
    assert {one for _, text in sessions for one in json.loads(text)["Statement"][0]["Action"]} == allowed
    assert code == 0 and "bedrock:GetGuardrail" in allowed and "ec2:DescribeVpcs" not in allowed and len(allowed) < 12
    profile = tmp_path / "tether.yaml"
    profile.write_text(reference.profile((WORLD / "tether.yaml").read_text()))
    (tmp_path / "k8s").mkdir()
    before, path = len(world.made), tmp_path / "some.bundle"
    settings = ("--profile", str(profile), "--as-of", "2026-11-01", "--format", "json")
    assert run("collect", "--live", "aws", *given, "-o", str(path))[0] == 0
    reports = []
    for how in (("--live", "aws"), ("--bundle", str(path))):
        code, out, err = run("scan", *how, *given, *settings)
        assert out, err
        reports.append(json.loads(out))
        assert code == 3 and reports[-1]["unread"] == []
        assert run("scan", *how, *given, *settings, "--allow-unproven")[0] == 0
    assert run("doctor", "--live", "aws", *given)[0] == 0
    assert {name for name, *_ in world.made[before:]} <= {by_action[one] for one in allowed}
    for report in reports:
        told = {one["id"]: one for one in report["rules"]}
        assert {name for name, one in told.items() if one["verdict"] != "not-judged"} == set(names)
        assert told["guardrail-filter-too-weak"]["verdict"] == "holds"
        assert told["model-not-approved"]["note"] == "it was not chosen"
        assert set(verdicts(report).values()) == {"unproven"}, "a promise of which a part was judged is none"
    saved = tmp_path / "report.json"
    run("scan", "--bundle", str(path), *given, *settings, "--output", str(saved))
    assert run("verify", str(saved), "--bundle", str(path), "--profile", str(profile))[0] == 0
    # The same record proves nothing to rules that needed the rest.
    code, out, _ = run("scan", "--bundle", str(path), *settings)
    assert code == 3 and any("no rule that was chosen needs it" in one["cause"] for one in json.loads(out)["unread"])
    assert set(verdicts(json.loads(out)).values()) == {"unproven"}
    asked = {row.id for row in aws_operations() if row.action in allowed}
    assert {row.id for row in aws_operations() if row.id in asked and not (row.after or row.instead)} <= {
        name for name, *_ in world.made[before:]
    }
    code, _, err = run("collect", "--live", "aws", "--resume", "-o", str(path))
    assert code == 0, err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["scan", "--live", "aws", "--judge", "guardrail-filter-to-weak"], "did you mean `guardrail-filter-too-weak`"),
        (["permissions", "--aws", "--judge", ","], "names no rule"),
        (["permissions", "--kubernetes", "--judge", "guardrail-filter-too-weak"], "no ClusterRole is needed"),
        (["doctor", "--live", "kubernetes", "--judge", "model-built-for-a-device"], "looks at a cluster"),
        (["collect", "--live", "aws", "--judge", "evidence", "--profile", "x", "-o", "y"], "nothing of it is left out"),
    ],
)
def test_a_choice_of_no_use_is_2(arguments: list[str], said: str) -> None:
    code, out, err = run(*arguments)
    assert code == 2 and said in out + err


def test_without_credentials_it_is_2_and_there_is_no_file(world: World, tmp_path: Path) -> None:
    world.faults = {"sts:GetCallerIdentity": FAULTS["expired"][0]}
    code, _, err = run("collect", "--live", "aws", "-o", str(tmp_path / "a.bundle"))
    world.faults = {}
    assert code == 2 and "AWS does not say who asks (ExpiredTokenException)" in err
    assert not (tmp_path / "a.bundle").exists()


@pytest.mark.parametrize(
    ("code", "message", "outcome"),
    [
        ("NoSuchBucketPolicy", "", "absent"),
        ("UnauthorizedOperation", "", "denied"),
        ("AccessDenied", "because no service control policy allows the x:Y action", "denied-by-organisation"),
        ("AccessDenied", "with an explicit deny in a resource control policy", "denied-by-organisation"),
        ("AccessDenied", "with an explicit deny in an identity-based policy", "denied"),
        ("RequestLimitExceeded", "", "throttled"),
        ("NoSuchEntity", "", "failed"),
        ("UnknownOperationException", "", "not-in-partition"),
        ("AuthFailure", "", "failed"),
        ("", "", "failed"),
    ],
)
def test_errors_are_told_apart(code: str, message: str, outcome: str) -> None:
    found, cause = outcome_of(Fault(code, message, 400), ("NoSuchBucketPolicy",))
    assert found == outcome
    assert message == "" or message not in cause


def test_a_bucket_gives_its_rate_and_no_more() -> None:
    at, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        at[0] += seconds

    bucket = Bucket(2.0, lambda: at[0], sleep)
    for _ in range(24):
        bucket.take()
    assert at[0] == pytest.approx(10.0), "four at once, then two a second"
    assert max(slept) <= 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        ["--accounts", "12", "--role", "r"],
        ["--accounts", NUMBER],
        ["--role", "r"],
        ["--regions", "../etc"],
        ["--share", "2"],
        ["--deadline", "-1"],
    ],
)
def test_arguments_of_no_use_are_2(tmp_path: Path, arguments: list[str]) -> None:
    assert run("collect", "--live", "aws", "-o", str(tmp_path / "x"), *arguments)[0] == 2


def test_permissions_are_the_actions_of_the_table_and_no_more() -> None:
    code, out, _ = run("permissions", "--aws")
    documents = [json.loads(line) for line in out.splitlines()]
    allowed = [one for document in documents for statement in document["Statement"] for one in statement["Action"]]
    assert code == 0
    assert sorted(allowed) == sorted({one for row in aws_operations() for one in (row.action, *row.also)})
    assert all(len(line) <= 6144 for line in out.splitlines())
    assert run("permissions", "--aws", "--live", "aws")[0] == 2
