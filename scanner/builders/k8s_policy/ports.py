"""Destination ports of three protocols as one set of integer intervals, and named ports as pods declare them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from msgspec import Struct

from scanner.builders.ranges import Interval, difference, intersection, merge
from scanner.graph.model import Traffic

PROTOCOLS = ("SCTP", "TCP", "UDP")
_STRIDE = 65536
PortSet: TypeAlias = tuple[Interval, ...]
"""Sorted, disjoint intervals; port p of protocol number n is `n * 65536 + p`, so no interval crosses protocols."""

NONE: PortSet = ()
ALL: PortSet = tuple((n * _STRIDE + 1, n * _STRIDE + 65535) for n in range(len(PROTOCOLS)))


def ports(protocol: str, first: int = 1, last: int = 65535) -> PortSet:
    """The ports `first` to `last` of a protocol; nothing for a protocol that policies do not know."""
    if protocol not in PROTOCOLS:
        return NONE
    base = PROTOCOLS.index(protocol) * _STRIDE
    first, last = max(first, 1), min(last, 65535)
    return ((base + first, base + last),) if first <= last else NONE


def union(left: PortSet, right: PortSet) -> PortSet:
    """What is in either."""
    if left in (right, ALL) or not right:
        return left
    if not left or right == ALL:
        return right
    return tuple(merge([*left, *right]))


def common(left: PortSet, right: PortSet) -> PortSet:
    """What is in both."""
    if right in (left, ALL) or not left:
        return left
    if left == ALL or not right:
        return right
    return tuple(intersection(left, right))


def without(left: PortSet, right: PortSet) -> PortSet:
    """What is in `left` alone."""
    if not left or not right:
        return left
    if right in (ALL, left):
        return NONE
    return tuple(difference(left, right))


def traffic_of(some: PortSet) -> tuple[Traffic, ...]:
    """The set in the graph's words."""
    return tuple(Traffic(PROTOCOLS[first // _STRIDE], first % _STRIDE, last % _STRIDE) for first, last in some)


class NamedPort(Struct, frozen=True, order=True):
    """A port that a container declares; `number` 0 stands for one that is not known."""

    name: str
    protocol: str
    number: int


class PortSpec(Struct, frozen=True):
    """What one `ports` item of a rule writes.

    protocol: "" is any (the named ports of the admin policies). name: a named port, "" where numbers are given.
    unsure: set where the item is not wholly known: it may admit all of first to last, and surely admits nothing.
    """

    protocol: str
    first: int = 1
    last: int = 65535
    name: str = ""
    unsure: bool = False


class Span(Struct, frozen=True):
    """What is surely in a set, and what may be: `sure` is part of `maybe`."""

    sure: PortSet
    maybe: PortSet


EVERYTHING = Span(ALL, ALL)
NOTHING = Span(NONE, NONE)


def resolve(specs: tuple[PortSpec, ...] | None, declared: Iterable[NamedPort] | None) -> Span:
    """The ports that a rule means at a destination that declares `declared`.

    None for `specs` is every port; None for `declared` is a destination without named ports (an address range).
    """
    if specs is None:
        return EVERYTHING
    sure = maybe = NONE
    for spec in specs:
        one = _resolve(spec, tuple(declared or ()))
        sure, maybe = union(sure, one.sure), union(maybe, one.maybe)
    return Span(sure, maybe)


def _resolve(spec: PortSpec, declared: tuple[NamedPort, ...]) -> Span:
    protocols = (spec.protocol,) if spec.protocol else PROTOCOLS
    if not spec.name:
        some = NONE
        for protocol in protocols:
            some = union(some, ports(protocol, spec.first, spec.last))
        return Span(NONE if spec.unsure else some, some)
    sure = maybe = NONE
    for port in declared:
        if port.name not in (spec.name, "") or (port.protocol not in protocols and port.protocol):
            continue
        if port.number and port.name and port.protocol:
            here = ports(port.protocol, port.number, port.number)
            sure, maybe = union(sure, NONE if spec.unsure else here), union(maybe, here)
        elif not port.number:
            for protocol in (port.protocol,) if port.protocol else protocols:
                maybe = union(maybe, ports(protocol))
    return Span(sure, maybe)
