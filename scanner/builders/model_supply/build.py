"""How models come to be served: adapters over them, pins of their references, where weights come from, their names."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.draft import World
from scanner.builders.model_supply.adapters import add_adapters
from scanner.builders.model_supply.names import add_names
from scanner.builders.model_supply.pins import pin_of
from scanner.builders.model_supply.sources import add_downloads, origination_of, unknown_program
from scanner.graph.facts import ModelReference
from scanner.graph.model import Node, Role
from scanner.unknown import Unknown

SERVES = frozenset({Role.MODEL, Role.CANDIDATE, Role.CLASSIFIER})


def build_model_supply(world: World) -> None:
    """Adapters first, since they are references too; then what each reference says of its weights."""
    add_adapters(world)
    for node, fact in list(references(world)):
        if isinstance(fact.reference, Unknown):
            continue
        program = unknown_program(world, node, fact) if fact.reference.startswith("hf:") else None
        world.add_fact(node.id, pin_of(world, fact, fact.reference, program))
        origination = origination_of(world, node, fact, fact.reference)
        if origination is not None:
            world.add_fact(node.id, origination)
    add_downloads(world)
    add_names(world)


def references(world: World) -> Iterator[tuple[Node, ModelReference]]:
    """Every reference of every node."""
    for node in world.with_facts():
        for fact in node.facts:
            if isinstance(fact, ModelReference):
                yield node, fact
