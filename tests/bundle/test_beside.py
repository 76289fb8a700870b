"""An operation of which there can be nothing is not asked; what was not told may be anything."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scanner.sources.aws.operations import is_wanted, operations
from scanner.sources.aws.read import read_estate
from scanner.sources.bundle import Call
from scanner.tables import aws_operations
from tests.bundle.estate import PARTITION, REGION, call, full
from tests.changed import replace

BESIDE = {row.id: row.beside.split("|") for row in aws_operations() if row.beside}


def unread(calls: list[Call]) -> list[str]:
    return [one.cause for one in read_estate(calls, PARTITION, "bundle").unread]


def test_what_it_stands_beside_is_a_list_of_the_same_scope_that_is_always_asked() -> None:
    """And one that no error stands for: an absent list would be taken for an empty one."""
    assert len(BESIDE) > 15
    for name, others in BESIDE.items():
        for other in others:
            row = operations()[other]
            assert row.scope == operations()[name].scope and not row.absent and not row.after
            assert not row.closing and not row.instead
        assert name not in set(above(name))


def above(name: str) -> Iterator[str]:
    """What an operation stands beside, and what that stands beside."""
    for other in BESIDE.get(name, ()):
        yield other
        yield from above(other)


def test_where_nothing_is_named_nothing_more_is_asked_and_nothing_is_unread() -> None:
    calls = full({})
    asked = {one.operation for one in calls}
    assert not asked & set(BESIDE)
    assert unread(calls) == []


@pytest.mark.parametrize("name", BESIDE)
def test_where_something_is_named_it_is_unread_until_it_is_asked(name: str) -> None:
    for other in BESIDE[name]:
        calls = [one for one in full({(other, ""): {"Things": [{"Id": "x"}]}}) if one.operation != name]
        said = unread(calls)
        assert any(f"`{name}` not asked" in one for one in said), said


@pytest.mark.parametrize("name", BESIDE)
def test_a_list_that_was_not_answered_is_unread_itself(name: str) -> None:
    """And so is one that was not asked for want of another, once that was not answered."""
    for other in BESIDE[name]:
        calls = full({(first, ""): {"Things": [{"Id": "x"}]} for first in BESIDE.get(other, ())})
        lost = [replace(one, outcome="denied", pages=()) if one.operation == other else one for one in calls]
        assert any(operations()[other].fact in one for one in unread(lost))
        assert any(f"`{other}`" in one for one in unread([one for one in calls if one.operation != other]))


def test_a_loss_counts_only_where_there_can_be_something() -> None:
    """A run that was cut short has recorded it as failed, and has been told since that there is nothing of it."""
    lost = replace(call("sagemaker:ListDevices"), outcome="failed", pages=(), cause="cut short")
    assert unread([*full({}), lost]) == []
    fleets = {("sagemaker:ListDeviceFleets", ""): {"DeviceFleetSummaries": [{"DeviceFleetName": "f"}]}}
    assert any("devices" in one and "cut short" in one for one in unread([*full(fleets), lost]))


@pytest.mark.parametrize(
    ("calls", "wanted"),
    [
        ([], True),
        ([call("ec2:DescribeTransitGateways", {"TransitGateways": []}, REGION)], False),
        ([call("ec2:DescribeTransitGateways", {"TransitGateways": [{}]}, REGION)], True),
        ([call("ec2:DescribeTransitGateways", {"List": {"Items": [{}]}}, REGION)], True),
        ([replace(call("ec2:DescribeTransitGateways"), outcome="denied")], True),
        ([replace(call("ec2:DescribeTransitGateways"), outcome="throttled")], True),
        ([replace(call("ec2:DescribeTransitGateways"), outcome="region-off")], False),
    ],
)
def test_the_collector_asks_unless_it_knows_that_there_is_nothing(calls: list[Call], wanted: bool) -> None:
    assert is_wanted(operations()["ec2:DescribeTransitGatewayRouteTables"], lambda _: calls) is wanted


NOTHING = {"ec2:DescribeVpcs": (), "ec2:DescribeSubnets": (), "ec2:DescribeNetworkInterfaces": ()}


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (NOTHING, False),
        ({**NOTHING, "ec2:DescribeNetworkInterfaces": ({},)}, True),
        ({name: some for name, some in NOTHING.items() if name != "ec2:DescribeNetworkInterfaces"}, True),
        ({**NOTHING, "elbv2:DescribeLoadBalancers": ({},)}, True),
    ],
)
def test_what_was_not_asked_because_there_is_nothing_says_that_there_is_nothing(told: object, wanted: bool) -> None:
    """Of load balancers nobody asks where there is no interface, so that nobody asks for target groups either."""
    assert isinstance(told, dict)
    made = {name: [call(name, {"Things": list(some)})] for name, some in told.items()}
    assert is_wanted(operations()["elbv2:DescribeTargetGroups"], lambda name: made.get(name, [])) is wanted
