"""Values of a recorded answer that are of another type than AWS gives them: nobody knows them, and no promise is kept.

Passes: every answer of the fixtures. Fails: a text `false` taken for false, a number for no value at all.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from contextlib import chdir
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import RuleResult, Verdict
from scanner.judge import judge
from scanner.lock import Pins
from scanner.profile import Profile
from scanner.profile_file import load_profile
from scanner.resource import Encoded
from scanner.sources.aws import read_estate
from scanner.sources.aws.paths import MALFORMED, Here
from scanner.sources.aws.shape import shape
from scanner.sources.aws.typed import names_of, typed
from scanner.sources.bundle import Call
from tests.bundle import reference
from tests.bundle.estate import PARTITION, call, full
from tests.bundle.scalars import PATH, render
from tests.bundle.test_hostile import places
from tests.changed import replace
from tests.drawn import WHOLE, some
from tests.harness import AS_OF, FIXTURES

CASES = sorted(
    path.parent
    for path in FIXTURES.rglob("bundle.json")
    if not any(path.parent.glob("*.tf")) and not path.with_name("cluster.json").exists()
)
STRIDE = 1 if WHOLE else 40
VPC = {"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "IsDefault": False, "Tags": [{"Key": "Enabled", "Value": "no"}]}


def test_the_table_is_what_botocore_says() -> None:
    assert PATH.read_text() == render(), "python -m tests.bundle.scalars"


@pytest.mark.parametrize(
    ("vpc", "wrong"),
    [
        ({}, ""),
        ({"IsDefault": "false"}, "`pages[0].Vpcs[0].IsDefault` is not true or false"),
        ({"IsDefault": 0}, "`pages[0].Vpcs[0].IsDefault` is not true or false"),
        ({"CidrBlock": 7}, "`pages[0].Vpcs[0].CidrBlock` is not a text"),
        ({"OfNextYear": 7}, ""),
        ({"CidrBlock": None}, ""),
    ],
)
def test_a_value_of_another_type_is_not_known_and_is_told_with_its_place(vpc: dict[str, Any], wrong: str) -> None:
    unread: list[Any] = []
    given = call("ec2:DescribeVpcs", {"Vpcs": [{**VPC, **vpc}]})
    found = typed(given, unread)
    assert [wrong in one.cause for one in unread] == ([True] if wrong else [])
    assert (found is given) is not bool(wrong)


def test_keys_of_the_user_and_policies_are_no_values_of_aws() -> None:
    unread: list[Any] = []
    variables = {"Environment": {"Variables": {"Timeout": "x", "MemorySize": "7"}}, "FunctionName": "f"}
    roles = [{"RoleName": "r", "AssumeRolePolicyDocument": {"Statement": [{"Condition": {"Bool": {"x": True}}}]}}]
    typed(call("lambda:ListFunctions", {"Functions": [variables]}), unread)
    typed(call("iam:GetAccountAuthorizationDetails", {"RoleDetailList": roles}), unread)
    assert unread == []
    variables["Environment"]["Variables"]["Timeout"] = 7  # type: ignore[index]
    typed(call("lambda:ListFunctions", {"Functions": [variables]}), unread)
    assert len(unread) == 1


def test_a_policy_with_a_part_that_nobody_can_read_is_not_known() -> None:
    known, part = {"Statement": [{"Effect": "Allow"}]}, {"Statement": [{"Effect": MALFORMED}]}
    assert isinstance(shape({"policy": "Policy"}, Here({"Policy": known}, {})), Encoded)
    assert shape({"policy": "Policy"}, Here({"Policy": part}, {})) is MALFORMED


def test_a_recipe_of_other_things_than_texts_is_not_known() -> None:
    spec, name = {"recipe": "recipe"}, {"ComponentName": "c", "Manifests": [{"Artifacts": [{"Uri": "s3://b/k"}]}]}
    assert shape(spec, Here({"recipe": name}, {})) == name
    assert shape(spec, Here({"recipe": {**name, "Manifests": [{"Artifacts": [{"Uri": True}]}]}}, {})) is MALFORMED


def test_the_answers_of_these_tests_are_of_the_types_of_aws() -> None:
    unread: list[Any] = []
    for one in [*full(reference.answers()), *(one for case in CASES[::STRIDE] for one in told(case)[0])]:
        typed(one, unread)
        assert names_of(one.operation) is not None
    assert unread == []


def told(case: Path) -> tuple[list[Call], Profile]:
    calls: list[Call] = []
    for account, page in json.loads((case / "bundle.json").read_text()).items():
        answers = {(key.partition(" ")[0], key.partition(" ")[2]): one for key, one in page.items()}
        calls += full(answers, account=account)
    with chdir(case):
        given = Path("tether.yaml")
        return calls, load_profile(given, given.name) if given.is_file() else Profile()


def judged(case: Path, calls: list[Call], profile: Profile) -> RuleResult:
    pins = Pins(profile=profile, lock=None, expected="", as_of=date.fromisoformat(AS_OF), rules={}, tables={})
    reading = read_estate(calls, PARTITION, "bundle")
    graph = build(reading.resources, profile, pins, asked=reading.asked).graph
    wanted = [one for one in rules() if one.id == case.parent.name]
    return judge(graph, profile, wanted, reading.unread, ["recorded"]).rules[0]


def others(value: Any) -> list[Any]:
    """What stands for a scalar in another type."""
    if isinstance(value, bool):
        return [str(value).lower(), int(value)]
    if isinstance(value, int | float):
        return [str(value), True]
    return [7, True] if isinstance(value, str) else []


def damaged(calls: list[Call]) -> Iterator[tuple[list[Call], str]]:
    """The calls with one scalar of one answer in another type, and which it is; each is made only when it is taken."""
    for index, one in enumerate(calls):
        pages = copy.deepcopy(list(one.pages))
        changed = [*calls[:index], replace(one, pages=pages), *calls[index + 1 :]]
        for holder, key in list(places(pages)):
            before = holder[key]
            for value in others(before):
                holder[key] = value
                yield changed, f"{one.operation} {key}: {value!r}"
            holder[key] = before


def test_no_scalar_of_another_type_makes_a_rule_hold() -> None:
    drawn = random.Random(7)
    for case in CASES if WHOLE else drawn.sample(CASES, 8):
        calls, profile = told(case)
        if judged(case, calls, profile).verdict is Verdict.HOLDS:
            continue
        number = sum(1 for _ in damaged(calls))
        taken = set(drawn.sample(range(number), min(number, some(4, 12))))
        for place, (some_calls, what) in enumerate(damaged(calls)):
            if place in taken:
                found = judged(case, some_calls, profile)
                assert found.verdict is not Verdict.HOLDS and not found.crashed, (case.name, what, found.note)
