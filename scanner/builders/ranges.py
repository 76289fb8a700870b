"""Intervals of addresses and ports, as integers: the arithmetic that security groups and policies share."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct

from scanner.graph.model import Traffic
from scanner.patterns import lazy

Interval: TypeAlias = tuple[int, int]
"""First and last, both inside."""


class AddressRange(Struct, frozen=True, order=True):
    """Adjacent addresses of one IP version (4 or 6), as integers; `last` is inside."""

    version: int
    first: int
    last: int

    @property
    def everything(self) -> bool:
        """True for `0.0.0.0/0` and `::/0`."""
        return self.first == 0 and self.last == (1 << (32 if self.version == 4 else 128)) - 1

    @property
    def private(self) -> bool:
        """True where every address is of a range that the internet does not route (RFC 1918, 6598, 4193, 3927)."""
        return any(self in one for one in PRIVATE)

    def __contains__(self, other: AddressRange) -> bool:
        return self.version == other.version and self.first <= other.first and other.last <= self.last

    def overlaps(self, other: AddressRange) -> bool:
        """True where the two share an address."""
        return self.version == other.version and self.first <= other.last and other.first <= self.last


@lru_cache(maxsize=65536)
def parse_cidr(text: str) -> AddressRange | None:
    """The range that a CIDR or a single address writes; None for anything else. Host bits are ignored, as AWS does."""
    plain = _PLAIN.fullmatch(text)
    if plain is not None:
        first, bits = 0, int(plain[5] or 32)
        for part in plain.group(1, 2, 3, 4):
            first = first << 8 | int(part)
        size = 1 << (32 - bits)
        return AddressRange(4, first & -size, (first & -size) + size - 1)
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    return AddressRange(network.version, int(network.network_address), int(network.broadcast_address))


_PART = r"(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN = lazy(rf"{_PART}\.{_PART}\.{_PART}\.{_PART}(?:/(3[0-2]|[12]?[0-9]))?")
"""A range of version 4 as nearly everybody writes it."""


def _fixed(text: str) -> AddressRange:
    network = ipaddress.ip_network(text)
    return AddressRange(network.version, int(network.network_address), int(network.broadcast_address))


PRIVATE = tuple(
    _fixed(text)
    for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "fc00::/7")
)


def merge(intervals: Iterable[Interval]) -> list[Interval]:
    """The same numbers as sorted, disjoint intervals with gaps between them; empty intervals (first > last) vanish."""
    merged: list[Interval] = []
    for first, last in sorted(one for one in intervals if one[0] <= one[1]):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def intersection(left: Iterable[Interval], right: Iterable[Interval]) -> list[Interval]:
    """The numbers that are in both, merged."""
    one, two = merge(left), merge(right)
    found: list[Interval] = []
    i = j = 0
    while i < len(one) and j < len(two):
        first, last = max(one[i][0], two[j][0]), min(one[i][1], two[j][1])
        if first <= last:
            found.append((first, last))
        if one[i][1] < two[j][1]:
            i += 1
        else:
            j += 1
    return merge(found)


def difference(left: Iterable[Interval], right: Iterable[Interval]) -> list[Interval]:
    """The numbers of `left` that are not in `right`, merged."""
    found: list[Interval] = []
    holes = merge(right)
    for first, last in merge(left):
        for hole_first, hole_last in holes:
            if hole_last < first or hole_first > last:
                continue
            if hole_first > first:
                found.append((first, hole_first - 1))
            first = hole_last + 1
        if first <= last:
            found.append((first, last))
    return found


def covered(one: AddressRange, by: Iterable[AddressRange]) -> bool:
    """True where every address of `one` is in some range of `by`."""
    others = [(other.first, other.last) for other in by if other.version == one.version]
    return not difference([(one.first, one.last)], others)


def cut(whole: AddressRange, by: Iterable[AddressRange]) -> list[AddressRange]:
    """`whole` in adjacent pieces, in order, each of which every range of `by` either holds or does not touch."""
    starts = {whole.first}
    for one in by:
        if one.overlaps(whole):
            starts |= {edge for edge in (one.first, one.last + 1) if whole.first < edge <= whole.last}
    ordered = sorted(starts)
    return [
        AddressRange(whole.version, first, end - 1)
        for first, end in zip(ordered, [*ordered[1:], whole.last + 1], strict=True)
    ]


def remaining(one: AddressRange, by: Iterable[AddressRange]) -> list[AddressRange]:
    """The addresses of `one` that no range of `by` holds, as adjacent ranges in order."""
    others = [(other.first, other.last) for other in by if other.version == one.version]
    return [AddressRange(one.version, *left) for left in difference([(one.first, one.last)], others)]


def joined(some: Iterable[AddressRange]) -> list[AddressRange]:
    """The same addresses in as few ranges as there are gaps between, IPv4 first."""
    found: dict[int, list[Interval]] = {}
    for one in some:
        found.setdefault(one.version, []).append((one.first, one.last))
    return [AddressRange(version, *both) for version in sorted(found) for both in merge(found[version])]


def say_range(one: AddressRange) -> str:
    """The CIDR that writes the range, else its first and last address: "10.0.0.0/8", "10.0.0.0-10.0.0.9"."""
    bits, size = (32, one.last - one.first + 1) if one.version == 4 else (128, one.last - one.first + 1)
    make = ipaddress.IPv4Address if one.version == 4 else ipaddress.IPv6Address
    if size & (size - 1) == 0 and one.first % size == 0:
        return f"{make(one.first)}/{bits - size.bit_length() + 1}"
    return f"{make(one.first)}-{make(one.last)}"


EVERYWHERE = {4: AddressRange(4, 0, (1 << 32) - 1), 6: AddressRange(6, 0, (1 << 128) - 1)}
"""Every address of each IP version."""


Traffics: TypeAlias = tuple[Traffic, ...]


def _by_protocol(traffic: Iterable[Traffic]) -> dict[str, list[Interval]]:
    found: dict[str, list[Interval]] = {}
    for one in traffic:
        found.setdefault(one.protocol, []).append((one.from_port, one.to_port))
    return found


def _traffic(by_protocol: Iterable[tuple[str, list[Interval]]]) -> Iterator[Traffic]:
    for protocol, intervals in sorted(by_protocol):
        for first, last in intervals:
            yield Traffic(protocol, first, last)


def join_traffic(*parts: Iterable[Traffic]) -> Traffics:
    """Everything in any of `parts`, sorted and disjoint."""
    found = _by_protocol(one for part in parts for one in part)
    return tuple(_traffic((protocol, merge(some)) for protocol, some in found.items()))


def common_traffic(left: Iterable[Traffic], right: Iterable[Traffic]) -> Traffics:
    """What is in both, sorted and disjoint."""
    one, two = _by_protocol(left), _by_protocol(right)
    return tuple(
        _traffic((protocol, intersection(one[protocol], two[protocol])) for protocol in one if protocol in two)
    )


def traffic_without(left: Iterable[Traffic], right: Iterable[Traffic]) -> Traffics:
    """What is in `left` and not in `right`, sorted and disjoint."""
    one, two = _by_protocol(left), _by_protocol(right)
    return tuple(_traffic((protocol, difference(some, two.get(protocol, []))) for protocol, some in one.items()))


def say_traffic(traffic: Iterable[Traffic]) -> str:
    """The traffic in words: "TCP 8000", "TCP 8000-8010 and UDP 53", "all ports"."""
    some = list(traffic)
    if some and all(one.from_port == 1 and one.to_port == 65535 for one in some):
        return "all ports" if len(some) == 3 else " and ".join(f"all {one.protocol} ports" for one in some)
    said = [
        f"{one.protocol} {one.from_port}" + ("" if one.from_port == one.to_port else f"-{one.to_port}") for one in some
    ]
    return " and ".join(said) if len(said) < 4 else f"{said[0]} and {len(said) - 1} more ranges"
