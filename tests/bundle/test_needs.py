"""What a rule says it needs is all that its verdict rests on: nothing else changes it, whatever that is or hides."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.choice import operations_for
from scanner.findings import Verdict
from scanner.judge import judge
from scanner.resource import Attrs, Reading, Resource
from scanner.rule import KUBERNETES, Rule
from scanner.scan import Request, Scanned, _pins, read_and_build
from scanner.sources.aws.brings import ALWAYS, SEEN, brings, needed_for, told_by
from scanner.sources.aws.operations import follows, operations
from scanner.sources.aws.read import read_estate
from scanner.sources.bundle import Call
from scanner.tables import aws_operations
from scanner.unknown import Unknown
from tests.bundle import reference
from tests.bundle.estate import PARTITION, full
from tests.changed import replace
from tests.harness import FIXTURES, recorded, write_bundle

STRIDE = int(os.environ.get("TETHER_STRIDE", "8"))
NARROW = tuple(rule for rule in rules(()) if rule.needs is not None)
BASIS = ("declared", "recorded", "live")
WORLD = FIXTURES / "worlds" / "reference"
CASES = sorted(path for path in FIXTURES.glob("*/*/*") if path.is_dir() and path.parts[-3] != "worlds")
OWN = [path for path in CASES if path.parent.name in {rule.id for rule in NARROW}]
OTHERS = [path for path in CASES if path not in OWN][:: STRIDE * 4]


HELD = (Verdict.HOLDS, frozenset[str]())


def scanned(case: Path) -> Scanned:
    with tempfile.TemporaryDirectory() as name:
        bundles = (write_bundle(case, Path(name) / "case.bundle"),) if recorded(case) else ()
        profile = case / "tether.yaml"
        return read_and_build(
            Request(
                paths=(case,) if any(case.glob("**/*.tf")) or not bundles else (),
                as_of=date(2026, 11, 1),
                profile=profile if profile.is_file() else None,
                bundles=bundles,
            )
        )


@cache
def world() -> tuple[Resource, ...]:
    """A whole deployment."""
    return tuple(read_estate(estate(), PARTITION, "bundle").resources)


def told(of: Scanned, resources: Iterable[Resource], some: Sequence[Rule]) -> dict[str, tuple[Verdict, frozenset[str]]]:
    """By rule, what it says of resources; nothing, where it found none of what it speaks of."""
    pins = _pins(of.request, of.profile, of.root)
    graph = build(resources, of.profile, pins, asked=of.reading.asked).graph
    said = judge(graph, of.profile, some, (), BASIS)
    findings = {rule.id: frozenset(one.message for one in said.said if one.rule == rule.id) for rule in some}
    return {one.id: (one.verdict, findings[one.id]) for one in said.rules if one.verdict is not Verdict.NOT_JUDGED}


def needed(rule: Rule, one: Resource) -> bool:
    return rule.needs is None or one.kind in rule.needs or (KUBERNETES in rule.needs and one.kind[:1].isupper())


@pytest.mark.parametrize("case", [*OWN, *OTHERS], ids=lambda case: "/".join(case.parts[-3:]))
def test_things_of_other_kinds_change_nothing(case: Path) -> None:
    """Neither that they are not there, nor that there are those of a whole deployment beside."""
    mine = scanned(case)
    unit = next((one.unit for one in mine.reading.resources), "")
    resources, here = mine.reading.resources, {one.address for one in mine.reading.resources}
    more = [replace(one, unit=unit) for one in world() if one.address not in here]
    whole = told(mine, resources, NARROW)
    for needs in {rule.needs for rule in NARROW}:
        some = [rule for rule in NARROW if rule.needs == needs]
        own = case.parent.name in {rule.id for rule in some}
        if not (own or case in OTHERS):
            continue
        bare = told(mine, [one for one in resources if needed(some[0], one)], some)
        strange = [one for one in more if not needed(some[0], one)] if own and STRIDE == 1 or needs else []
        beside = told(mine, [*resources, *strange], some) if strange else whole
        for rule in some:
            held = [one.get(rule.id) for one in (whole, bare, beside)]
            # That nothing is there is told of whatever there is; of nothing at all no rule speaks.
            assert held[1] == held[0] or (held[1] is None and held[0] == HELD), rule.id
            assert held[2] == held[0] or (held[0] is None and held[2] == HELD), rule.id


def test_each_rule_with_needs_has_cases_of_every_verdict_among_these() -> None:
    assert len(NARROW) > 5
    for rule in NARROW:
        seen = {case.name.split("-", 1)[0] for case in OWN if case.parent.name == rule.id}
        assert {"violates", "complies"} <= seen, rule.id


def estate() -> list[Call]:
    return full(reference.answers(), reference.REGION, reference.NUMBER)


def lost(calls: Iterable[Call], name: str) -> list[Call]:
    """The calls with one operation denied, and without what its answers led to."""
    gone = {name}
    while more := {row.id for row in aws_operations() if gone & set(follows(row))} - gone:
        gone |= more
    denied = [replace(one, outcome="denied", pages=()) if one.operation == name else one for one in calls]
    return [one for one in denied if one.operation == name or one.operation not in gone]


def plain(value: Any) -> Any:
    """A value without what it refers to: that a thing is named is the same whether it is seen or not."""
    if isinstance(value, Unknown):
        return plain(value.text()) if value.ref is not None else ("unknown", value.cause)
    if isinstance(value, Attrs):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value


def things(reading: Reading) -> dict[str, tuple[str, Any]]:
    return {one.address: (one.kind, plain(one.attrs)) for one in reading.resources}


def test_a_lost_answer_changes_things_of_the_kinds_that_it_brings_alone() -> None:
    calls = estate()
    before = things(read_estate(calls, PARTITION, "bundle"))
    answered = sorted({one.operation for one in calls if one.outcome == "read" and any(one.pages)} - ALWAYS)
    for name in answered[:: (STRIDE + 3) // 4]:
        after = things(read_estate(lost(calls, name), PARTITION, "bundle"))
        changed = {key for key in {*before, *after} if before.get(key) != after.get(key)}
        kinds = {one[key][0] for key in changed for one in (before, after) if key in one}
        brought = told_by({name}) or frozenset()
        assert SEEN in brought or kinds <= brought, name


def test_every_operation_but_those_that_say_where_to_ask_brings_something() -> None:
    assert {name for name, kinds in brings().items() if kinds is None} == ALWAYS
    assert needed_for(()) == ALWAYS and told_by(ALWAYS) is None and told_by({"ec2:DescribeVpcs"}) is not None
    for row in aws_operations():
        for before in follows(row):
            assert (brings()[row.id] or frozenset()) <= (brings()[before] or frozenset()) or before in ALWAYS


@pytest.fixture(scope="module")
def profiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("needs") / "tether.yaml"
    path.write_text(reference.profile((WORLD / "tether.yaml").read_text()))
    return path


def test_a_denied_call_leaves_the_rules_open_that_need_it_and_no_other(profiled: Path) -> None:
    """And with it every commitment: each has a rule that searches ways over whatever there is."""
    from scanner.profile_file import load_profile  # noqa: PLC0415

    profile, calls = load_profile(profiled, "tether.yaml"), estate()
    names = sorted({one.operation for one in calls if not operations()[one.operation].closing} - ALWAYS)
    needs = {rule.id: operations_for([rule]) or frozenset() for rule in NARROW}
    core = frozenset().union(*needs.values()) & set(names)
    seen: dict[str, set[Verdict]] = {rule.id: set() for rule in NARROW}
    for name in sorted({*names[:: STRIDE * 2], *core}):
        reading = read_estate(lost(calls, name), PARTITION, "bundle")
        graph = build(reading.resources, profile, asked=reading.asked).graph
        said = judge(graph, profile, NARROW, reading.unread, BASIS)
        assert "holds" not in {one.verdict for one in said.commitments}, name
        for one in said.rules:
            if name in needs[one.id]:
                assert one.verdict is not Verdict.HOLDS, (name, one.id)
            else:
                seen[one.id].add(one.verdict)
    assert seen["guardrail-filter-too-weak"] == seen["model-built-for-a-device"] == {Verdict.HOLDS}
    assert all(len(verdicts) <= 1 for verdicts in seen.values()), seen
