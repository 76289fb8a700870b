"""Resources and a profile in, graph out: the builders in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.graph.graph import Graph
from scanner.profile import Profile
from scanner.resource import Resource

STEPS: tuple[Callable[[World], None], ...] = ()
"""Roles first, since every later step asks for them; edges that need other edges last."""


@dataclass(frozen=True, slots=True)
class Built:
    """The graph, and what the report must say of how it was built."""

    graph: Graph
    assumptions: tuple[str, ...]
    trusted: tuple[str, ...]
    assumed_absent: tuple[str, ...]
    recognised: dict[str, str]


def build(resources: Iterable[Resource], profile: Profile) -> Built:
    """The graph of everything that was read."""
    world = World(Inventory(resources), profile)
    for step in STEPS:
        step(world)
    return Built(
        graph=world.freeze(),
        assumptions=tuple(world.assumptions),
        trusted=tuple(world.trusted),
        assumed_absent=tuple(world.assumed_absent),
        recognised=dict(world.recognised),
    )
