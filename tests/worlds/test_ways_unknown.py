"""Every way in of the cases with one value made unknown: what was violated may be unproven, and never holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.judge import judge
from scanner.profile_file import load_profile
from scanner.resource import Attrs, Key, Resource
from scanner.sources.read import ReadRequest, read_all
from scanner.unknown import Unknown
from tests.harness import FIXTURES
from tests.worlds.test_unknowns import places, put

CASES = sorted(
    path
    for rule in ("model-exposed-outside-gateway", "unguarded-gateway-route")
    for path in (FIXTURES / "safety-path" / rule).glob("violates-*")
    if (path / "k8s").is_dir()
)
STRIDE = 9
"""One value of so many is tried in each run of a case; all of them were, by hand, when the cases were written."""


def blinded(resources: Sequence[Resource]) -> Iterator[tuple[str, list[Resource]]]:
    """The resources with one value unknown, a sample of all such."""
    every: list[tuple[int, tuple[Key, ...]]] = [
        (number, path)
        for number, one in enumerate(resources)
        for path in places(one.attrs)
        if path not in (("kind",), ("apiVersion",)) and not one.data
    ]
    unknown = Unknown("`var.secret` has no value", decided_by=("var.secret",))
    for number, path in every[len(resources) % STRIDE :: STRIDE]:
        attrs = put(resources[number].attrs, path, unknown)
        assert isinstance(attrs, Attrs)
        changed = replace(resources[number], attrs=attrs)
        yield f"{changed.address} {path}", [*resources[:number], changed, *resources[number + 1 :]]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_no_unknown_value_hides_a_way(case: Path) -> None:
    profile = load_profile(case / "tether.yaml", "tether.yaml")
    reading = read_all(ReadRequest(root=case, paths=(case,), units=profile.units, profile_dir=case))
    wanted = [one for one in rules() if one.id == case.parent.name]
    for what, resources in blinded(list(reading.resources)):
        (result,) = judge(build(resources, profile).graph, profile, wanted, [], ["declared"]).rules
        assert not result.crashed, (what, result.note)
        assert result.verdict is not Verdict.HOLDS, what
