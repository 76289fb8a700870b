"""Who is not in the inputs and gets at an interface: the internet, what gateways join, ranges that others hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct

from scanner.builders.aws_network.admitted import Admitted, any_of, through, under
from scanner.builders.aws_network.classes import Entry
from scanner.builders.aws_network.groups import GroupRule
from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.aws_network.joins import Joins
from scanner.builders.aws_network.routes import PUBLIC, Subnets
from scanner.builders.aws_network.ways import Passage, Place, Ways
from scanner.builders.edges import Doubt, Truth, both, either, first_doubt
from scanner.builders.ranges import (
    EVERYWHERE,
    PRIVATE,
    AddressRange,
    Traffics,
    covered,
    cut,
    joined,
    remaining,
    say_range,
)
from scanner.graph.model import ALL_TRAFFIC

INTERNET = "internet"
UNNAMED = "peer-not-in-input"


class Arrival(Struct, frozen=True):
    """Who comes from a piece of an address range, by name and kind, and whether."""

    name: str
    kind: str
    comes: Truth


class Outside:
    """Entries from outside the inputs."""

    def __init__(self, subnets: Subnets, ways: Ways) -> None:
        self.subnets, self.ways = subnets, ways
        self.joins = Joins(ways.inventory)
        self.assumed: dict[str, None] = {}
        self._siblings: dict[str, list[AddressRange]] = {}
        for subnet in subnets.by_key.values():
            self._siblings.setdefault(subnet.vpc, []).extend(subnet.ranges)

    def entries(self, target: Interface, rule: GroupRule, traffic: Traffics, why: str) -> Iterator[Entry]:
        """Who is not in the inputs, and is admitted by a rule."""
        peer = rule.peer
        doubt = first_doubt(rule.doubt, peer.doubt)
        if peer.kind == "elsewhere":
            listed = peer.name.startswith("prefix list")
            kind = "PrefixList" if listed else "SecurityGroup" if peer.group else "External"
            versions = [4] if target.six is False else [4, 6]
            some = any_of(*(self._passage(target, EVERYWHERE[version]).lets for version in versions))
            let = through(Admitted(traffic), some).some
            if let:
                yield Entry((peer.name, kind), let, doubt, why, rule.origin)
        elif peer.range is not None:
            yield from self._of_range(target, rule, peer.range, traffic, why, doubt)

    def _of_range(
        self, target: Interface, rule: GroupRule, whole: AddressRange, traffic: Traffics, why: str, doubt: Doubt | None
    ) -> Iterator[Entry]:
        speaks = target.six if whole.version == 6 else True
        if speaks is False or (not whole.everything and self._declared(whole, target)):
            return
        if whole.everything and self._hidden(target, whole.version):
            yield from self._network(target, rule, whole, traffic, why, first_doubt(doubt, _doubt(speaks)))
        groups: dict[tuple[Arrival, Passage], list[AddressRange]] = {}
        for piece in self._pieces(target, whole):
            passage = self._passage(target, piece)
            if passage.lets.some:
                for arrival in self._arrivals(target, piece, whole):
                    groups.setdefault((arrival, passage), []).append(piece)
        for (arrival, passage), ranges in groups.items():
            let = under(under(through(Admitted(traffic), passage.lets), arrival.comes), both(doubt or True, speaks))
            for source, some in _named(arrival, joined(ranges), whole, rule.peer.name):
                if let.sure:
                    yield Entry(source, let.sure, None, why, rule.origin, some, passage.answers)
                if let.maybe:
                    yield Entry(source, let.maybe, let.doubt, why, rule.origin, some, passage.answers)

    def _hidden(self, target: Interface, version: int) -> bool:
        """Whether the internet certainly has no way to an interface, so that its network is all that leads to it."""
        return (target.public if version == 4 else self._public_six(target)) is False

    def _public_six(self, target: Interface) -> Truth:
        routed = [self.subnets.to_internet(key, PUBLIC[6][0]) for key in target.subnets]
        here = either([*routed, *([target.elsewhere] if target.elsewhere else [])])
        return both(both(target.six, here), self.subnets.blocked(target.unit))

    def _network(
        self, target: Interface, rule: GroupRule, whole: AddressRange, traffic: Traffics, why: str, doubt: Doubt | None
    ) -> Iterator[Entry]:
        """Whatever else is in the network of an interface, now or later."""
        own = tuple(one for one in self.subnets.vpc_ranges(target.vpc) if one.version == whole.version)
        place = Place("", own or tuple(one for one in PRIVATE if one.version == whole.version))
        passage = self.ways.between([place], self.ways.places(target, whole.version))
        let = under(through(Admitted(traffic), passage.lets), doubt or True)
        said = f"{why}, and only its network leads here"
        if let.sure:
            yield Entry(("vpc", "External"), let.sure, None, said, rule.origin)
        if let.maybe:
            yield Entry(("vpc", "External"), let.maybe, let.doubt, said, rule.origin)

    def _passage(self, target: Interface, piece: AddressRange) -> Passage:
        hidden = self.ways.acls.restricted(target.unit) if target.elsewhere else None
        if self.ways.acls.plain(target.subnets) and hidden is None:
            return Passage(Admitted(ALL_TRAFFIC))
        found = self.ways.between([Place("", (piece,))], self.ways.places(target, piece.version))
        return found if hidden is None else Passage(under(found.lets, hidden), found.answers)

    def _pieces(self, target: Interface, whole: AddressRange) -> list[AddressRange]:
        """A range without the target's own network, cut so that ACLs and routes treat each piece as one."""
        own = [one for one in self._own(target) if one.version == whole.version]
        cuts = [*PRIVATE, *(block for key in target.subnets for block in self.ways.acls.blocks_of(key))]
        for key in target.subnets:
            cuts += [route.range for route in self.subnets.routes(key) if route.range is not None]
        return [piece for rest in remaining(whole, own) for piece in cut(rest, cuts)]

    def _arrivals(self, target: Interface, piece: AddressRange, whole: AddressRange) -> list[Arrival]:
        found = list(self._by_route(target, piece))
        certain = any(one.comes is True for one in found)
        if not certain and not whole.everything and (piece.private or target.elsewhere or not target.subnets):
            found.append(Arrival("", "AddressRange", Doubt(UNNAMED, (say_range(whole),))))
        return found

    def _by_route(self, target: Interface, piece: AddressRange) -> Iterator[Arrival]:
        """Who comes by the way that the answers to a piece are sent."""
        if not piece.private:
            comes = self._from_internet(target, piece)
            if comes is not False:
                yield Arrival(INTERNET, "External", comes)
        met: dict[str, list[Truth]] = {}
        for key in target.subnets:
            for lead in self.subnets.leads(key, piece):
                for name, comes in self.joins.beyond(lead, piece):
                    met.setdefault(name, []).append(comes)
        for name, some in met.items():
            if either(some) is not False:
                yield Arrival(name, "External", either(some))

    def _from_internet(self, target: Interface, piece: AddressRange) -> Truth:
        addressed = target.addressed if piece.version == 4 else True
        if target.facing:
            return target.public
        routed = [self.subnets.to_internet(key, piece) for key in target.subnets]
        here = either([*routed, *([target.elsewhere] if target.elsewhere else [])])
        return both(both(addressed, here), self.subnets.blocked(target.unit))

    def _own(self, target: Interface) -> Iterable[AddressRange]:
        own = self.subnets.vpc_ranges(target.vpc) if target.vpc else []
        own += [one for key in target.subnets for one in self.subnets.by_key[key].ranges]
        return own + self._siblings.get(target.vpc, [])

    def _declared(self, whole: AddressRange, target: Interface) -> bool:
        """Whether every address of a range belongs to the target's own network, where only what is declared stands."""
        if not covered(whole, self._own(target)):
            return False
        network = target.vpc.partition(":")[2] or "the network"
        self.assumed[f"addresses in `{network}` that no declared resource holds"] = None
        return True


def _doubt(one: Truth) -> Doubt | None:
    return one if isinstance(one, Doubt) else None


def _named(
    arrival: Arrival, ranges: list[AddressRange], whole: AddressRange, written: str
) -> Iterator[tuple[tuple[str, str], tuple[AddressRange, ...]]]:
    """The nodes for who comes from some ranges: the internet where it is most of it, else each range for itself."""
    if arrival.name != INTERNET:
        yield (arrival.name or written, arrival.kind), tuple(ranges)
        return
    size = sum(one.last - one.first + 1 for one in ranges)
    most = sum(one.last - one.first + 1 for one in PUBLIC[whole.version]) // 2
    if whole.everything and size > most:
        yield (INTERNET, arrival.kind), tuple(ranges)
        return
    whole_range = not whole.everything and covered(whole, ranges)
    for one in [whole] if whole_range else ranges:
        yield (written if whole_range else say_range(one), "AddressRange"), (one,)
