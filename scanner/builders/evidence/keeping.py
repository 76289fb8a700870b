"""What the builders of stores of evidence share: a Durable fact from a setting, with the doubts of its line."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, first
from scanner.builders.draft import World
from scanner.graph.facts_audit import Durable
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown


def kept(origin: Origin | None, because: str, immutable: bool | Unknown) -> Durable:
    """The fact; an Unknown takes its own cause for the reason."""
    says = immutable.cause if isinstance(immutable, Unknown) else because
    return Durable(origin=origin, because=says, immutable=immutable)


def switched(one: Resource, path: str, good: str, says: str, otherwise: str) -> Durable | None:
    """What a lock says that is `good` at `path`, compared without case; None where the path is not set."""
    found = first(one, path)
    if found is None:
        return None
    if found.unknown is not None:
        return kept(found.origin, "", found.unknown)
    holds = str(found.value).lower() == good.lower()
    sure: bool | Unknown = one.possible if holds and one.possible is not None else holds
    return kept(found.origin, says if holds else otherwise, sure)


def naming(world: World, target: Resource, kind: str, path: str) -> tuple[list[tuple[Resource, Found]], Unknown | None]:
    """The resources of `kind` that name `target` at `path`, and an Unknown where one of the unit may name it."""
    named: list[tuple[Resource, Found]] = []
    doubt: Unknown | None = None
    for one in world.inventory.of(kind, unit=target.unit):
        for found in _values(one, path):
            there = world.inventory.find(found.value, one, target.kind)
            if there is target:
                named.append((one, found))
            elif isinstance(there, Unknown):
                doubt = doubt or there
    return named, doubt


def _values(one: Resource, path: str) -> Iterator[Found]:
    found = first(one, path)
    if found is not None:
        yield found


def best(facts: list[Durable]) -> Durable | None:
    """The copy that keeps longest: one that nobody alters, else one of which that is not known, else the first."""
    order = [fact for fact in facts if fact.immutable is True]
    order += [fact for fact in facts if isinstance(fact.immutable, Unknown)]
    return next(iter([*order, *facts]), None)
