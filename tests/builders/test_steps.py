"""A step that is not loaded would have done nothing: the graph is the one that all of them build."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from scanner.builders.build import STEPS, Step, anything, build, kubernetes
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.profile import Profile
from scanner.scan import Request, read_and_build
from tests.changed import replace
from tests.harness import FIXTURES

ALL = [step._replace(needs=anything) for step in STEPS]
FOLDERS = sorted({path.parent for path in FIXTURES.rglob("*.tf")})


def _without_kubernetes() -> list[Path]:
    """Folders of the fixtures in which no file brings an object of Kubernetes."""
    words = ("apiVersion", "kubernetes_", "kubectl_", "helm_release")
    return [
        folder
        for folder in FOLDERS
        if not any(word in path.read_text() for path in folder.rglob("*") if path.is_file() for word in words)
    ]


PLAIN = _without_kubernetes()


def test_there_is_something_to_compare() -> None:
    assert len(PLAIN) > 100
    assert sum(step.needs is kubernetes for step in STEPS) > 5


@pytest.mark.parametrize("part", range(8))
def test_what_is_not_loaded_does_nothing(part: int) -> None:
    for folder in PLAIN[part::8]:
        profile = folder / "tether.yaml"
        scanned = read_and_build(Request((folder,), date(2026, 11, 1), profile=profile if profile.is_file() else None))
        resources = scanned.reading.resources
        assert not Inventory(resources).has_kubernetes, folder
        least, most = (build(resources, scanned.profile, None, steps) for steps in (STEPS, ALL))
        assert least.graph.digest == most.graph.digest, folder
        assert replace(least, graph=most.graph) == most, folder


def test_what_needs_kubernetes_asks_for_nothing_else() -> None:
    """A kind that a step asks for is modelled: one that is asked for by a step that is not loaded would not be."""
    scanned = read_and_build(Request((FIXTURES / "worlds" / "reference",), date(2026, 11, 1)))
    own = [step for step in STEPS if step.needs is kubernetes]
    rest = [step for step in STEPS if step.needs is not kubernetes]

    def asked(steps: list[Step]) -> set[str]:
        world = World(Inventory(scanned.reading.resources), Profile())
        for step in steps:
            step(world)
        return world.inventory.asked

    only = asked([*rest, *own]) - asked([*rest])
    assert only
    assert {kind for kind in only if not kind[:1].isupper() and not kind.startswith("kubernetes_")} == set()
