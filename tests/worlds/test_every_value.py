"""Every violating case with one value made unknown: the rule may be unproven, and holds only where another one is."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.judge import judge
from scanner.profile import Profile
from scanner.profile_file import load_profile
from scanner.resource import Attrs, Key, Resource
from scanner.sources.read import ReadRequest, read_all
from scanner.unknown import Unknown
from tests.changed import replace
from tests.harness import FIXTURES
from tests.worlds.test_unknowns import places, put

STRIDE = int(os.environ.get("TETHER_STRIDE", "11"))
"""One value of so many is tried; with TETHER_STRIDE=1 all are, which takes a minute."""
ONCE = Path(__file__).with_name("once_hidden.txt")
"""Values that once hid a violation when they were not known: case, address and path; always tried."""
CASES = sorted(
    path
    for path in FIXTURES.glob("*/*/violates-*")
    if path.parts[-3] not in ("worlds", "evidence")
    if not any((path / name).exists() for name in ("tether.lock.in", "plan.json"))
)
WORKED_OUT = {("aws_s3_bucket.weights", ("bucket",)), ("helm_release.cloudcore", ("chart",))}
"""Values of which the reader made other things before they are made unknown here: in a file those would be as well."""
Place = tuple[int, tuple[Key, ...]]


@cache
def once() -> dict[str, list[tuple[str, tuple[Key, ...]]]]:
    found: dict[str, list[tuple[str, tuple[Key, ...]]]] = {}
    for line in ONCE.read_text().splitlines():
        case, address, path = line.split(" ", 2)
        found.setdefault(case, []).append((address, tuple(json.loads(path))))
    return found


def tried(case: Path, resources: Sequence[Resource]) -> Iterator[Place]:
    """The places of a case whose values are made unknown."""
    every = [
        (number, path)
        for number, one in enumerate(resources)
        for path in places(one.attrs)
        if path not in (("kind",), ("apiVersion",)) and not one.data and (one.address, path) not in WORKED_OUT
    ]
    told = once().get(case.relative_to(FIXTURES).as_posix(), ())
    yield from dict.fromkeys(
        [
            *every[len(resources) % STRIDE :: STRIDE],
            *((number, path) for number, path in every if (resources[number].address, path) in told),
        ]
    )


def read(case: Path) -> tuple[Profile, list[Resource]]:
    profile = load_profile(case / "tether.yaml", "tether.yaml")
    reading = read_all(ReadRequest(root=case, paths=(case,), units=profile.units, profile_dir=case))
    return profile, list(reading.resources)


def findings(profile: Profile, resources: Sequence[Resource]) -> set[tuple[str, str]]:
    made = judge(build(resources, profile).graph, profile, rules(), [], ["declared"])
    return {(one.rule, one.message) for one in made.findings}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_no_value_that_is_not_known_hides_a_violation(case: Path) -> None:
    profile, resources = read(case)
    wanted = [one for one in rules() if one.id == case.parent.name]
    unknown = Unknown("`var.secret` has no value", decided_by=("var.secret",))
    before: set[tuple[str, str]] = set()
    for number, path in tried(case, resources):
        attrs = put(resources[number].attrs, path, unknown)
        assert isinstance(attrs, Attrs)
        changed = [*resources[:number], replace(resources[number], attrs=attrs), *resources[number + 1 :]]
        (result,) = judge(build(changed, profile).graph, profile, wanted, [], ["declared"]).rules
        what = (resources[number].address, path)
        assert not result.crashed, (what, result.note)
        if result.verdict is Verdict.HOLDS:
            before = before or findings(profile, resources)
            assert findings(profile, changed) - before, what


def test_every_value_that_once_hid_a_violation_is_still_there() -> None:
    for case, wanted in once().items():
        _, resources = read(FIXTURES / case)
        there = {(one.address, path) for one in resources for path in places(one.attrs)}
        assert set(wanted) <= there, case
