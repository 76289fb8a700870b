"""What was not answered proves nothing: each call of an estate that ends badly, one after the other."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from scanner.resource import Reading
from scanner.sources.aws import read_estate
from scanner.sources.aws.operations import ACCOUNT, operations
from scanner.sources.bundle import Call
from scanner.sources.bundle.call import ANSWERED, OUTCOMES
from tests.bundle import reference
from tests.bundle.estate import NUMBER, PARTITION, REGION, call, full, scope, write
from tests.changed import replace
from tests.harness import FIXTURES, run_scan

BAD = [one for one in OUTCOMES if one not in ANSWERED]
WORLD = FIXTURES / "worlds" / "reference"


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    return full(reference.answers())


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[Call]], dict[str, Any]]:
    folder = tmp_path_factory.mktemp("world")
    shutil.copytree(WORLD / "k8s", folder / "k8s")
    (folder / "tether.yaml").write_text(reference.profile((WORLD / "tether.yaml").read_text()))

    def judged(some: list[Call]) -> dict[str, Any]:
        path: Path = folder / "aws.bundle"
        path.unlink(missing_ok=True)
        return run_scan(folder, "--bundle", str(write(path, some)))

    return judged


def read(some: list[Call]) -> Reading:
    return read_estate(some, PARTITION, "bundle")


def test_an_estate_of_which_every_call_was_answered_is_read_whole(calls: list[Call]) -> None:
    assert {one.operation for one in calls} == set(operations()) - {
        # what follows from answers that are empty here
        row.id
        for row in operations().values()
        if (row.after or row.instead or row.beside) and row.id not in {one.operation for one in calls}
    }
    assert read(calls).unread == []


def test_each_call_that_ends_badly_is_unread_and_is_named(calls: list[Call]) -> None:
    """Or, where it could only close ways, is said not to be counted on."""
    outcomes = cycle(BAD)
    for number, one in enumerate(calls):
        lost = replace(one, outcome=next(outcomes), pages=(), cause="")
        found = read([*calls[:number], lost, *calls[number + 1 :]])
        row = operations()[one.operation]
        said = [unread.cause for unread in found.unread]
        if row.closing:
            assert said == [] and any(row.fact in sentence for sentence in found.assumptions), one
        else:
            assert len(said) == 1, (one, said)
            assert row.fact in said[0] or f"`{row.id}`" in said[0]


def test_a_call_that_is_not_in_the_bundle_was_not_asked(calls: list[Call]) -> None:
    for number in range(0, len(calls), 7):
        if not operations()[calls[number].operation].closing:
            (unread,) = read([*calls[:number], *calls[number + 1 :]]).unread
            assert f"`{calls[number].operation}` not asked" in unread.cause


@pytest.mark.parametrize(
    "operation",
    [
        "iam:GetAccountAuthorizationDetails",
        "ec2:DescribeNetworkAcls",
        "bedrock:ListEnforcedGuardrailsConfiguration",
        "bedrock:GetModelInvocationLoggingConfiguration",
        "eks:ListAddons",
        "s3:ListBuckets",
    ],
)
def test_a_refused_answer_is_neither_proof_nor_violation(
    scan: Callable[[list[Call]], dict[str, Any]], calls: list[Call], operation: str
) -> None:
    """Each of these holds a guard: without it nothing is known to be open, and nothing is known to be closed."""
    lost = [replace(one, outcome="denied", pages=()) if one.operation == operation else one for one in calls]
    report = scan(lost)
    assert report["verdict"] == "unproven"
    assert {one["verdict"] for one in report["commitments"]} == {"unproven"}
    assert [one["message"] for one in report["findings"] if one["verdict"] == "violated"] == []
    assert any(operations()[operation].action in str(one) for one in report["unread"])


def test_policies_of_an_organisation_that_may_not_be_read_prove_only_less_of_who_is_in_control(
    scan: Callable[[list[Call]], dict[str, Any]], calls: list[Call]
) -> None:
    """A scan of one account may not read them: they close ways, and keep administrators from undoing the stack."""
    names = {row.id for row in operations().values() if row.closing}
    report = scan([replace(one, outcome="denied", pages=()) if one.operation in names else one for one in calls])
    verdicts = {one["id"]: one["verdict"] for one in report["commitments"]}
    assert {name for name, verdict in verdicts.items() if verdict != "holds"} == {"operator-control"}
    assert verdicts["operator-control"] == "unproven"
    (said,) = report["findings"]
    assert "and 3 more can be undone" in said["message"]
    assert [one.partition("(")[0] for one in said["decided_by"]] == ["organizations:ListPolicies"]
    assert any("nothing that they close is counted on" in one for one in report["assumptions"])


@pytest.mark.parametrize("outcome", ["region-off", "not-in-partition"])
def test_a_region_in_which_nothing_can_be_takes_nothing_away(calls: list[Call], outcome: str) -> None:
    there = [one for one in full({}, "us-gov-east-1") if dict(one.scope)["region"] != ACCOUNT]
    found = read([*calls, *(replace(one, outcome=outcome, pages=()) for one in there)])  # type: ignore[arg-type]
    assert found.unread == []
    assert len(found.resources) == len(read(calls).resources)
    assert any("switched off" in one for one in found.assumptions) is (outcome == "region-off")


def test_a_region_that_is_on_and_that_nobody_asked_is_unread(calls: list[Call]) -> None:
    more = {"Regions": [{"RegionName": name, "OptInStatus": "opted-in"} for name in (REGION, "us-gov-east-1")]}
    more["Regions"].append({"RegionName": "us-gov-far-1", "OptInStatus": "not-opted-in"})
    (unread,) = read([replace(one, pages=(more,)) if "Regions" in one.operation else one for one in calls]).unread
    assert "us-gov-east-1" in unread.cause and "us-gov-far-1" not in unread.cause


def test_an_account_that_tells_of_no_region_is_unread(calls: list[Call]) -> None:
    """There is none without one: an empty list is no evidence that there is nothing elsewhere."""
    (unread,) = read(
        [replace(one, pages=({"Regions": []},)) if "Regions" in one.operation else one for one in calls]
    ).unread
    assert "tells of no region" in unread.cause


def test_what_stands_for_another_call_is_enough(calls: list[Call]) -> None:
    """`account:ListRegions` tells what EC2 may not, where it does tell something."""
    (own,) = [one for one in calls if one.operation == "ec2:DescribeRegions"]
    kept = [replace(one, outcome="denied", pages=()) if one is own else one for one in calls]
    on = {"Regions": [{"RegionName": REGION, "RegionOptStatus": "ENABLED_BY_DEFAULT"}]}
    other = replace(own, operation="account:ListRegions", parameters={}, pages=(on,))
    assert read([*kept, other]).unread == []
    for lost in (replace(other, pages=({"Regions": []},)), replace(other, outcome="denied", pages=())):
        assert any("which regions are on" in one.cause for one in read([*kept, lost]).unread)
    on["Regions"].append({"RegionName": "us-gov-east-1", "RegionOptStatus": "DISABLING"})
    (unread,) = read([*kept, other]).unread
    assert "us-gov-east-1" in unread.cause


def test_accounts_of_the_organisation_that_are_not_in_the_bundle_are_named(calls: list[Call]) -> None:
    accounts = [{"Id": NUMBER, "Arn": "a", "Status": "ACTIVE"}, {"Id": "444455556666", "Arn": "b", "Status": "ACTIVE"}]
    page = {"Accounts": accounts}
    found = read([replace(one, pages=(page,)) if "ListAccounts" in one.operation else one for one in calls])
    assert any("444455556666" in one and NUMBER not in one for one in found.assumptions)


def test_an_answer_that_names_a_next_page_is_not_whole(calls: list[Call]) -> None:
    page = {"SecurityGroups": [], "NextToken": "more"}
    (unread,) = [
        one
        for one in read(
            [replace(one, pages=(page,)) if "SecurityGroups" in one.operation else one for one in calls]
        ).unread
        if "names a next one" in one.cause
    ]
    assert "security groups" in unread.cause


def test_an_operation_of_another_version_is_unread(calls: list[Call]) -> None:
    (unread,) = read([*calls, call("ec2:DescribeTomorrow", {})]).unread
    assert "ec2:DescribeTomorrow" in unread.cause


def test_an_account_of_which_nothing_is_answered_holds_nothing() -> None:
    found = read([replace(one, outcome="denied", pages=()) for one in full({})])
    assert len(found.unread) > 100
    assert all(one.possible is not None for one in found.resources)


def test_a_default_network_in_which_nothing_stands_is_no_deployment(calls: list[Call]) -> None:
    vpc = {"VpcId": "vpc-0fffffffffffffff1", "CidrBlock": "172.31.0.0/16", "IsDefault": True}
    gateway = {"InternetGatewayId": "igw-0fffffffffffffff1", "Attachments": [{"VpcId": vpc["VpcId"]}]}
    empty = {
        ("ec2:DescribeVpcs", ""): {"Vpcs": [vpc]},
        ("ec2:DescribeInternetGateways", ""): {"InternetGateways": [gateway]},
    }
    other = [one for one in full(empty, "us-gov-east-1") if one.scope == scope("us-gov-east-1")]
    assert len(read([*calls, *other]).resources) == len(read(calls).resources)
    machine = {"InstanceId": "i-0fffffffffffffff1", "InstanceType": "t3.micro", "State": {"Name": "running"}}
    filled = {**empty, ("ec2:DescribeInstances", ""): {"Reservations": [{"Instances": [machine]}]}}
    other = [one for one in full(filled, "us-gov-east-1") if one.scope == scope("us-gov-east-1")]
    assert len(read([*calls, *other]).resources) == len(read(calls).resources) + 3


def test_where_an_organisations_enforcement_may_not_be_read_nothing_is_said_to_be_unguarded(
    scan: Callable[[list[Call]], dict[str, Any]], calls: list[Call]
) -> None:
    """A policy for Bedrock may stand above the account: that nothing is enforced is then not certain."""
    names = {row.id for row in operations().values() if row.closing} | {"bedrock:ListEnforcedGuardrailsConfiguration"}
    report = scan([replace(one, outcome="denied", pages=()) if one.operation in names else one for one in calls])
    assert not [one["message"] for one in report["findings"] if one["verdict"] == "violated"]
    assert report["verdict"] == "unproven"
