"""How builders say that a way is open, or only possible: one doubt names what would decide it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from scanner.builders.blocks import Found, doubt, mark_of, may_have, reach
from scanner.builders.draft import World
from scanner.builders.ranges import Traffics
from scanner.graph.model import ALL_TRAFFIC, Edge, Plane, State
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown, Value


class Doubt(Struct, frozen=True):
    """Why something is not certain: a reason code, and the addresses or facts that would decide it."""

    reason: str
    decided_by: tuple[str, ...]


Truth: TypeAlias = bool | Doubt
"""Certainly so, certainly not, or not known."""


def doubt_of(unknown: Unknown | None) -> Doubt | None:
    """The doubt that an Unknown leaves; None for no Unknown."""
    if unknown is None:
        return None
    named = unknown.decided_by or ((unknown.ref.address,) if unknown.ref else (unknown.cause,))
    return Doubt(unknown.code or "value-unknown", tuple(sorted(named)))


def first_doubt(*doubts: Doubt | None) -> Doubt | None:
    """All doubts as one: the first reason, everything that would decide; None where there is none."""
    some = [one for one in doubts if one is not None]
    if not some:
        return None
    if len(some) == 1 and len(some[0].decided_by) < 2:
        return some[0]
    return Doubt(some[0].reason, tuple(sorted({name for one in some for name in one.decided_by})))


def both(left: Truth, right: Truth) -> Truth:
    """`left` and `right`: false wins, then doubt."""
    if left is False or right is False:
        return False
    doubt = first_doubt(*(one for one in (left, right) if isinstance(one, Doubt)))
    return doubt or True


def either(options: Iterable[Truth]) -> Truth:
    """Whether any of `options` holds: true wins, then doubt."""
    doubts: list[Doubt] = []
    for one in list(options):
        if one is True:
            return True
        if one is not False:
            doubts.append(one)
    return first_doubt(*doubts) or False if doubts else False


def truth(value: object, default: bool) -> Truth:
    """A boolean setting: its value, its default where it is absent, a doubt where it is unknown or no boolean."""
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return doubt_of(value) or False if isinstance(value, Unknown) else Doubt("value-unknown", (f"`{value}`",))


def connect(
    world: World,
    source: str,
    target: str,
    because: str,
    origin: Origin | None,
    *,
    plane: Plane = Plane.NETWORK,
    verb: str = "reach",
    traffic: Traffics | None = None,
    doubt: Doubt | None = None,
    cut: bool = False,
) -> None:
    """Add one edge: open without a `doubt`, possible with one. `traffic` None is every port of the network plane."""
    if source == target:
        return
    if plane is Plane.NETWORK and traffic is None:
        traffic = ALL_TRAFFIC
    world.add_edge(
        Edge(
            source=source,
            target=target,
            plane=plane,
            verb=verb,
            because=because,
            origin=origin,
            state=State.POSSIBLE if doubt else State.OPEN,
            traffic=traffic or (),
            reason=doubt.reason if doubt else "",
            decided_by=doubt.decided_by if doubt else (),
            cut=cut,
        )
    )


def each(value: Value, path: str, origin: Origin | None = None) -> Iterator[Found]:
    """Every single value at the dotted `path`: a list at its end is taken item by item, null is absent."""
    if isinstance(value, dict) and value.get(path) is None and "." not in path and path not in ("*", ""):
        return iter(())  # most paths that are asked for are not there
    return (one for found in reach(value, path, origin) for one in _items(found))


def _items(found: Found) -> Iterator[Found]:
    if not isinstance(found.value, list) and (
        isinstance(found.value, (str, Unknown)) or not isinstance(found.value, Sequence)
    ):
        yield found
        return
    for index, item in enumerate(found.value):
        if item is not None:
            yield from _items(Found(item, mark_of(found.value, index) or found.origin, found.possible))


def values(resource: Resource, path: str) -> list[Found]:
    """Every single value at the dotted `path` of a resource, with its line or the resource's own."""
    value = resource.attrs.get(path)
    if type(value) is str and "." not in path and path not in ("*", ""):
        # Nearly all that is found: a text right there.
        return [Found(value, mark_of(resource.attrs, path) or resource.origin, doubt(resource.attrs))]
    return list(each(resource.attrs, path, resource.origin)) if may_have(resource, path) else []
