"""Bundles of AWS for tests: answers by operation, in one account and region unless said otherwise."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from scanner.sources.aws.operations import ACCOUNT, asked, follows, is_wanted
from scanner.sources.bundle import BundleWriter, Call
from scanner.tables import aws_operations

NUMBER = "111122223333"
REGION = "us-gov-west-1"
PARTITION = "aws-us-gov"
AT = "2026-11-01T00:00:00Z"


def scope(region: str = REGION, account: str = NUMBER, partition: str = PARTITION) -> tuple[tuple[str, str], ...]:
    return (("account", account), ("partition", partition), ("region", region))


def call(operation: str, page: Any = None, region: str = REGION, account: str = NUMBER, **parameters: Any) -> Call:
    pages = () if page is None else (page,)
    return Call("aws", scope(region, account), operation, parameters, "read", pages, AT)


def full(answers: dict[tuple[str, str], Any], region: str = REGION, account: str = NUMBER) -> list[Call]:
    """Every call of the table in a region and for its account: the given answers, and empty ones for the rest.

    answers: by operation, and by the value of the parameter that tells its calls apart ("" where there is but one); a
    page, or an outcome.
    """
    made: list[Call] = []
    on = {"Regions": [{"RegionName": region, "OptInStatus": "opt-in-not-required"}]}
    answers = {("ec2:DescribeRegions", ""): on, **answers}
    where = {name: dict(scope(name, account)) for name in (ACCOUNT, region)}
    for _ in range(4):  # what follows from what follows
        known = {one.key for one in made}
        for row in aws_operations():
            if row.instead:
                continue
            place = ACCOUNT if row.scope == "account" else region
            given = any(name == row.id for name, _ in answers)
            if not given and not is_wanted(row, partial(_of, made, place), unsure=False):
                continue
            earlier = [one for one in made if one.operation in follows(row) and dict(one.scope)["region"] == place]
            for parameters in asked(row, where[place], earlier):
                one = _call(row.id, dict(parameters), place, account, answers)
                if one.key not in known:
                    known.add(one.key)
                    made.append(one)
    return made


def _of(made: list[Call], place: str, operation: str) -> list[Call]:
    return [one for one in made if one.operation == operation and dict(one.scope)["region"] == place]


def _call(operation: str, parameters: dict[str, Any], place: str, account: str, answers: dict[Any, Any]) -> Call:
    told = [str(value) for value in parameters.values() if isinstance(value, str)]
    names = ["/".join(told), *told, ""]
    found = next((answers[operation, name] for name in names if (operation, name) in answers), None)
    if isinstance(found, str):
        return Call("aws", scope(place, account), operation, parameters, found, (), AT)  # type: ignore[arg-type]
    if found is None and parameters and any(row.id == operation and row.after for row in aws_operations()):
        return Call("aws", scope(place, account), operation, parameters, "absent", (), AT)
    return Call("aws", scope(place, account), operation, parameters, "read", (found or {},), AT)


def write(path: Path, calls: list[Call]) -> Path:
    with BundleWriter(path, version="test", at=AT) as writer:
        for one in calls:
            writer.add(one)
        writer.finish()
    return path
