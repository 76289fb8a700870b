"""Ways while they are followed: the legs so far, and whether they end where they should."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.k8s_network.view import own_line
from scanner.graph.facts_ways import Leg
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown


class Way(Struct, frozen=True):
    """One way: its legs, whether it arrives at a node that is wanted, and at which."""

    legs: tuple[Leg, ...]
    arrives: bool | Unknown
    ends: tuple[str, ...] = ()


def leg(one: Resource, origin: Origin | None, because: str) -> Leg:
    """A leg over an object of the inputs."""
    return Leg(one.address, one.kind, one.name, origin or own_line(one), because)


def after(first: Leg, ways: Iterable[Way]) -> Iterator[Way]:
    """The ways that follow a leg."""
    yield from (replace(one, legs=(first, *one.legs)) for one in ways)


def lost(last: Leg) -> Way:
    """A way that ends where it should not."""
    return Way((last,), False)


def unknown(last: Leg, cause: str, *decided_by: str) -> Way:
    """A way of which nobody knows where it ends."""
    return Way((last,), Unknown(cause, decided_by=tuple(sorted(decided_by))))


def perhaps(ways: Iterable[Way], cause: str, *decided_by: str) -> Iterator[Way]:
    """Ways that calls take perhaps: what is surely lost is not known, and nothing arrives by them for certain."""
    for one in ways:
        known = isinstance(one.arrives, Unknown) or one.arrives
        yield one if known else replace(one, arrives=Unknown(cause, decided_by=tuple(sorted(decided_by))))
