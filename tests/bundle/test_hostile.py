"""Bundles that somebody else wrote: odd values at every place of every answer, and lines that are none."""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from scanner.builders.build import build
from scanner.profile import Profile
from scanner.sources.aws import read_estate
from scanner.sources.bundle import Call
from scanner.sources.recorded import read_bundles
from scanner.unknown import unknowns_in
from tests.bundle import reference
from tests.bundle.estate import PARTITION, full, write
from tests.changed import replace

ODD = [7, None, [], {}, "x", [[7]], True, {"a": {"b": [None]}}, "arn:aws:iam::x", 1.5e300, [{"a": 1}], "\u0000"]


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    return full(reference.answers())


def places(value: Any, depth: int = 6) -> Iterator[tuple[Any, Any]]:
    """Every container inside of a value, with each of its keys."""
    keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    for key in keys:
        yield value, key
        if depth:
            yield from places(value[key], depth - 1)


def test_an_odd_value_anywhere_ends_no_run_and_loses_nothing_else(calls: list[Call]) -> None:
    whole = len(read_estate(calls, PARTITION, "bundle").resources)
    odd = cycle(ODD)
    tried = 0  # every fourth place: the others are of the same answers
    for index, one in enumerate(calls):
        pages = copy.deepcopy(list(one.pages))
        changed = Call(one.source, one.scope, one.operation, one.parameters, one.outcome, pages, one.at)
        others = [*calls[:index], changed, *calls[index + 1 :]]
        for number, (holder, key) in enumerate(list(places(pages))[index % 4 :: 4]):
            before, holder[key] = holder[key], next(odd)
            found = read_estate(others, PARTITION, "bundle")
            tried += 1
            assert len(found.resources) > whole / 2, (one.operation, key, holder[key])
            if number % 12 == 0:
                build(found.resources, Profile())
            holder[key] = before
    assert tried > 100


@pytest.mark.parametrize("page", [7, None, "x", [], [{}], True])
def test_a_page_that_is_no_object_is_told_with_its_place(calls: list[Call], page: Any) -> None:
    some = [
        Call(one.source, one.scope, one.operation, one.parameters, one.outcome, (page,), one.at)
        if one.operation == "ec2:DescribeVpcs"
        else one
        for one in calls
    ]
    found = read_estate(some, PARTITION, "bundle")
    assert any("`pages[0]` is no object" in one.cause and "ec2:DescribeVpcs" in one.cause for one in found.unread)
    assert any(one.kind == "aws_subnet" for one in found.resources)


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ({"Vpcs": "vpc-1"}, "`pages[0].Vpcs` is no list"),
        ({"Vpcs": ["vpc-1"]}, "has one without what it is known by"),
        ({"Vpcs": [{"CidrBlock": "10.0.0.0/8"}]}, "has one without what it is known by"),
        ({"Vpcs": [7]}, "holds what is no object"),
    ],
)
def test_an_answer_that_is_not_as_it_should_be_is_told_with_its_place(calls: list[Call], page: Any, said: str) -> None:
    some = [
        Call(one.source, one.scope, one.operation, one.parameters, one.outcome, (page,), one.at)
        if one.operation == "ec2:DescribeVpcs"
        else one
        for one in calls
    ]
    assert any(said in one.cause for one in read_estate(some, PARTITION, "bundle").unread)


def test_a_line_that_is_no_json_costs_no_other(tmp_path: Path, calls: list[Call]) -> None:
    text = gzip.decompress(write(tmp_path / "made", calls).read_bytes()).splitlines(keepends=True)
    text[5] = b'{"source": "aws", \n'
    body = b"".join(text[:-1])
    last = {"count": len(text) - 2, "sha256": hashlib.sha256(body).hexdigest()}
    path = tmp_path / "bundle"
    path.write_bytes(gzip.compress(body + json.dumps(last).encode() + b"\n"))
    found = read_bundles([(path, "bundle")], str)
    assert [str(one.origin) for one in found.unread if one.kind == "document"] == ["bundle:6:1"]
    assert len(found.resources) > 30


def _roles(page: Any) -> None:
    page["RoleDetailList"][2]["AttachedManagedPolicies"] = 5


def _clusters(page: Any) -> None:
    page["clusters"] = "acme-gov"


def _status(page: Any) -> None:
    del page["IsLogging"]


def _selectors(page: Any) -> None:
    del page["EventSelectors"][0]["IncludeManagementEvents"]


def _logged(page: Any) -> None:
    del page["loggingConfig"]["textDataDeliveryEnabled"]


def _rules(page: Any) -> None:
    page["SecurityGroups"][0]["IpPermissions"] = {"x": 1}


def _region(page: Any) -> None:
    page["Regions"][0]["OptInStatus"] = {"x": 1}


@pytest.mark.parametrize(
    ("operation", "damage", "told"),
    [
        ("iam:GetAccountAuthorizationDetails", _roles, "is malformed"),
        ("eks:ListClusters", _clusters, "its answer is malformed"),
        ("cloudtrail:GetTrailStatus", _status, "has no `IsLogging`"),
        ("cloudtrail:GetEventSelectors", _selectors, "has no `IncludeManagementEvents`"),
        ("bedrock:GetModelInvocationLoggingConfiguration", _logged, "has no `text_data_delivery_enabled`"),
        ("ec2:DescribeSecurityGroups", _rules, "the answer is malformed"),
        ("ec2:DescribeRegions", _region, ""),
    ],
)
def test_a_part_that_is_missing_or_no_list_is_not_known(
    calls: list[Call], operation: str, damage: Callable[[Any], None], told: str
) -> None:
    pages = copy.deepcopy([list(one.pages) for one in calls])
    for one, some in zip(calls, pages, strict=True):
        if one.operation == operation and some and some[0]:
            damage(some[0])
    changed = [replace(one, pages=tuple(some)) for one, some in zip(calls, pages, strict=True)]
    found = read_estate(changed, PARTITION, "bundle")
    said = [one.cause for one in found.unread]
    said += [value.cause for one in found.resources for value in unknowns_in(one.attrs)]
    assert any(told in one for one in said) or not told
