"""All pairs of interfaces, and of subnets, by what the edges of the graph come from: to hold against other tools."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from scanner.builders.aws_network.admission import Network
from scanner.builders.aws_network.classes import Entry, Inhabitants, InterfaceClass
from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.aws_network.outward import exits
from scanner.builders.ranges import AddressRange, Traffics, join_traffic, traffic_without


class Pair(Struct):
    """What gets from one end to another: certainly, and possibly beyond; `answers` as for an entry."""

    sure: Traffics = ()
    some: Traffics = ()
    answers: Traffics = ()

    def add(self, traffic: Traffics, answers: Traffics, *, possible: bool) -> None:
        """One more way between the two."""
        if not possible:
            self.sure = join_traffic(self.sure, traffic)
        self.some = join_traffic(self.some, traffic)
        self.answers = join_traffic(self.answers, answers)

    @property
    def maybe(self) -> Traffics:
        """What is only possible."""
        return traffic_without(self.some, self.sure)


End = str | AddressRange
"""The address of a resource, the name of something outside, or a range of the internet."""


class Expanded(Struct):
    """Every pair of ends between which anything gets, by the addresses of one unit."""

    nodes: dict[str, str] = field(default_factory=dict)
    pairs: dict[tuple[End, End], Pair] = field(default_factory=dict)

    def add(self, source: End, target: End, traffic: Traffics, answers: Traffics, *, possible: bool) -> None:
        """One way from `source` to `target`."""
        if source != target and traffic:
            self.pairs.setdefault((source, target), Pair()).add(traffic, answers, possible=possible)


def expanded(network: Network, unit: str) -> Expanded:
    """Every pair of a unit: owners of interfaces, subnets (without groups), and ranges of the internet."""
    found = Expanded()
    mine = [one for one in network.interfaces.of.values() if one.unit == unit]
    for one in mine:
        address = _address(one)
        found.nodes[address] = one.kind
        for entry in network.entries(one) if one.receives else ():
            for source in _sources(entry):
                found.add(source, address, entry.traffic, entry.answers, possible=entry.doubt is not None)
        if one.actor:
            _outward(network, one, found)
    _subnets(network, unit, found)
    return found


def _address(one: Interface) -> str:
    return one.owner.partition(":")[2]


def _sources(entry: Entry) -> Iterator[End]:
    if isinstance(entry.source, InterfaceClass):
        yield from (_address(one) for one in entry.source.members)
    elif isinstance(entry.source, Inhabitants):
        yield from (_address(one) for each in entry.source.classes for one in each.members)
    elif entry.ranges:
        yield from entry.ranges
    else:
        yield f"external/{entry.source[0]}"


def _outward(network: Network, one: Interface, found: Expanded) -> None:
    for way in exits(network, one):
        for traffic, possible in ((way.let.sure, False), (way.let.maybe, True)):
            found.add(_address(one), way.range, traffic, way.answers, possible=possible)


def _subnets(network: Network, unit: str, found: Expanded) -> None:
    """Subnets as if each held one interface without groups, that has a public address where the subnet gives one."""
    whole: list[Interface] = []
    for key, subnet in network.subnets.by_key.items():
        if key.partition(":")[0] == unit:
            public = subnet.public_addresses
            own = Interface(
                key, unit, "aws_subnet", subnets=(key,), vpc=subnet.vpc, free=True, addressed=public, public=public,
                six=bool(subnet.of(6)[0]), actor=True,
            )  # fmt: skip
            whole.append(own)
            found.nodes[_address(own)] = own.kind
    for one in whole:
        for other in whole:
            if one is not other:
                let, answers = network.lets(one, other)
                for traffic, possible in ((let.sure, False), (let.maybe, True)):
                    found.add(_address(one), _address(other), traffic, answers, possible=possible)
        _outward(network, one, found)
        for entry in network.anyone(one):
            for source in entry.ranges:
                found.add(source, _address(one), entry.traffic, entry.answers, possible=entry.doubt is not None)
