"""Who gets through the security groups of an interface: exact for known groups, possible for the rest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from scanner.builders.aws_network.acls import guarded_subnets
from scanner.builders.aws_network.groups import Group, GroupRule, Peer, SecurityGroups
from scanner.builders.aws_network.interfaces import Interface, Interfaces
from scanner.builders.aws_network.routes import Subnets
from scanner.builders.edges import Doubt, Truth, first_doubt
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import (
    AddressRange,
    Traffics,
    common_traffic,
    covered,
    join_traffic,
    say_traffic,
    traffic_without,
)
from scanner.graph.model import ALL_TRAFFIC
from scanner.origin import Origin

PEERING = ("a way between the two networks",)
FEW = 16
"""Up to so many classes that a range admits have edges of their own; more share the relay of the range."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Traffic that is let through: `sure` certainly, `maybe` beyond that, for the `doubt`."""

    sure: Traffics = ()
    maybe: Traffics = ()
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One way through the groups of an interface.

    source: a class of interfaces, the inhabitants of a range, or the name and kind of something outside the inputs.
    """

    source: InterfaceClass | Inhabitants | tuple[str, str]
    traffic: Traffics
    doubt: Doubt | None
    because: str
    origin: Origin | None


@dataclass(frozen=True, slots=True, eq=False)
class Inhabitants:
    """The classes of one network that are in a range and may send everything: the same for every target."""

    network: str
    range: str
    classes: tuple[InterfaceClass, ...]


@dataclass(slots=True, eq=False)
class InterfaceClass:
    """Interfaces of actors that carry the same groups in the same subnets: a guard treats them alike."""

    sample: Interface
    members: list[Interface] = field(default_factory=list)
    relay: str = ""


class Network:
    """Groups, subnets and interfaces of one run, and who gets from where to where."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.groups = SecurityGroups(inventory)
        self.subnets = Subnets(inventory)
        self.interfaces = Interfaces(inventory, self.groups, self.subnets)
        self.classes = self._classify()
        self.guarded = guarded_subnets(inventory)
        self.assumed: dict[str, None] = {}

    def _classify(self) -> dict[str, list[InterfaceClass]]:
        """The classes of each unit: what opens a way inside a network counts inside its unit."""
        found: dict[object, InterfaceClass] = {}
        for one in self.interfaces.of.values():
            if one.actor:
                key = (one.unit, one.groups, one.doubt, one.subnets, one.elsewhere, one.vpc)
                found.setdefault(key, InterfaceClass(one)).members.append(one)
        by_unit: dict[str, list[InterfaceClass]] = {one.unit: [] for one in self.interfaces.of.values()}
        for one_class in found.values():
            by_unit[one_class.sample.unit].append(one_class)
        return by_unit

    def between(self, source: Interface, target: Interface, wanted: Traffics = ALL_TRAFFIC) -> Admitted:
        """What of `wanted` gets from `source` to `target`: out of the groups of the one, into those of the other."""
        out = self.egress(source, target)
        into = self._admitted(self._group(target), "ingress", target, source)
        sure = common_traffic(common_traffic(out.sure, into.sure), wanted)
        either_way = common_traffic(join_traffic(out.sure, out.maybe), join_traffic(into.sure, into.maybe))
        maybe = traffic_without(common_traffic(either_way, wanted), sure)
        return Admitted(sure, maybe, first_doubt(out.doubt, into.doubt) if maybe else None)

    def egress(self, source: Interface, target: Interface) -> Admitted:
        """What the groups of `source` let out to `target`."""
        return self._admitted(self._group(source), "egress", source, target)

    def entries(self, target: Interface, wanted: Traffics = ALL_TRAFFIC) -> Iterator[Entry]:
        """Every way into `target`, of whatever is in the inputs or certainly or possibly outside them."""
        guard = first_doubt(*(self.guarded.get(key) for key in target.subnets))
        for entry in self._entries(target, wanted):
            yield entry if guard is None else replace(entry, doubt=first_doubt(entry.doubt, guard))

    def _entries(self, target: Interface, wanted: Traffics) -> Iterator[Entry]:
        if target.free:
            rule = GroupRule(ALL_TRAFFIC, Peer("range", "0.0.0.0/0", _EVERYTHING), target.carries)
            why = "no security group stands before it"
            yield from self._outside(target, rule, wanted, why)
            yield from self._inside(target, rule, wanted, why)
            return
        unknown = first_doubt(target.doubt, *(group.unknown for group in self._group(target)))
        if unknown is not None:
            outside = "vpc" if target.public is False else "internet"
            why = "which security groups stand before it is not known"
            yield Entry((outside, "External"), wanted, unknown, why, target.carries)
        for group in self._group(target):
            for rule in group.ingress:
                traffic = common_traffic(rule.traffic, wanted)
                if traffic:
                    why = f"`{group.name}` admits {say_traffic(traffic)} from `{rule.peer.name}`"
                    yield from self._outside(target, rule, traffic, why)
                    yield from self._inside(target, rule, traffic, why)

    def _group(self, one: Interface) -> list[Group]:
        return [self.groups.by_key[key] for key in one.groups]

    def _admitted(self, groups: Iterable[Group], side: str, owner: Interface, other: Interface) -> Admitted:
        if owner.free:
            return Admitted(ALL_TRAFFIC)
        sure: list[Traffics] = []
        maybe: list[Traffics] = []
        doubts = [owner.doubt]
        if owner.doubt is not None:
            maybe.append(ALL_TRAFFIC)
        for group in groups:
            if group.unknown is not None:
                maybe.append(ALL_TRAFFIC)
                doubts.append(group.unknown)
            for rule in group.egress if side == "egress" else group.ingress:
                match = self.covers(rule.peer, other, owner, out=side == "egress")
                if match is False:
                    continue
                doubt = first_doubt(rule.doubt, match if isinstance(match, Doubt) else None)
                (maybe if doubt else sure).append(rule.traffic)
                doubts.append(doubt)
        certain = join_traffic(*sure)
        return Admitted(certain, traffic_without(join_traffic(*maybe), certain), first_doubt(*doubts))

    def covers(self, peer: Peer, other: Interface, owner: Interface, *, out: bool = False) -> Truth:
        """Whether `other` is meant by the peer of a rule of `owner`; `out` for a rule of its egress."""
        if peer.kind == "elsewhere":
            return True if peer.group and peer.group in other.groups else peer.doubt or False
        if peer.kind == "group":
            if peer.group in other.groups:
                return self._certain(peer.doubt, other, owner)
            return other.doubt or False
        assert peer.range is not None
        if peer.range.everything and peer.range.version == 4:
            return True if out else self._certain(peer.doubt, other, owner)
        return self._in_range(peer, peer.range, other, owner)

    def _certain(self, doubt: Doubt | None, other: Interface, owner: Interface) -> Truth:
        """True, unless the two are in different networks, or it is not known whether they are."""
        if other.unit == owner.unit and other.vpc == owner.vpc and (owner.vpc or other.elsewhere is None):
            return doubt or True
        if other.unit == owner.unit and not (other.vpc and owner.vpc):
            return first_doubt(doubt, other.elsewhere, owner.elsewhere) or True
        return first_doubt(doubt, Doubt("cross-network", PEERING)) or True

    def _in_range(self, peer: Peer, wanted: AddressRange, other: Interface, owner: Interface) -> Truth:
        subnets = [self.subnets.by_key[key] for key in other.subnets]
        known = [one for subnet in subnets for one in subnet.ranges if one.version == wanted.version]
        if other.elsewhere is None and all(subnet.whole for subnet in subnets):
            if not any(one.overlaps(wanted) for one in known):
                return False
            if all(one in wanted for one in known) and wanted.version == 4:
                return self._certain(peer.doubt, other, owner)
        vague = Doubt("value-unknown", tuple(sorted(key.partition(":")[2] for key in other.subnets)) or PEERING)
        return first_doubt(peer.doubt, other.elsewhere) or vague

    def _inside(self, target: Interface, rule: GroupRule, traffic: Traffics, why: str) -> Iterator[Entry]:
        """The classes of the inputs that a rule admits, or may admit: a group that is not known can be theirs.

        Whom a range that is not known means is told by `_outside`.
        """
        if rule.peer.kind == "elsewhere" and not rule.peer.group:
            return
        matches = [(one, self.covers(rule.peer, one.sample, target)) for one in self.classes[target.unit]]
        if rule.peer.kind == "range" and target.vpc:
            many = tuple(one for one, match in matches if match is True and self._unrestricted(one.sample))
            if len(many) > FEW:
                home = Inhabitants(target.vpc, rule.peer.name, many)
                yield Entry(home, traffic, rule.doubt, why, rule.origin)
                shared = {id(one) for one in many}
                matches = [(one, match) for one, match in matches if id(one) not in shared]
        for one, match in matches:
            named = rule.peer.doubt is not None and rule.peer.doubt.reason == "peer-not-in-input"
            if match is False or (rule.peer.kind == "elsewhere" and match is not True and named):
                continue
            doubt = first_doubt(rule.doubt, match if isinstance(match, Doubt) else None)
            out = self.egress(one.sample, target)
            sure = common_traffic(traffic, out.sure)
            maybe = traffic_without(common_traffic(traffic, out.maybe), sure)
            if sure:
                yield Entry(one, sure, doubt, why, rule.origin)
            if maybe:
                yield Entry(one, maybe, first_doubt(doubt, out.doubt), why, rule.origin)

    def _unrestricted(self, one: Interface) -> bool:
        """Whether the groups of an interface certainly let everything out."""
        rules = (rule for group in self._group(one) for rule in group.egress if rule.doubt is None)
        whole = (rule for rule in rules if rule.peer.range == _EVERYTHING and rule.peer.doubt is None)
        return any(rule.traffic == ALL_TRAFFIC for rule in whole)

    def _outside(self, target: Interface, rule: GroupRule, traffic: Traffics, why: str) -> Iterator[Entry]:
        """Who is not in the inputs, and is admitted by a rule."""
        peer, public = rule.peer, target.public
        unsure = public if isinstance(public, Doubt) else None
        doubt = first_doubt(rule.doubt, peer.doubt)
        if peer.kind == "group":
            return
        if peer.kind == "elsewhere":
            kind = (
                "PrefixList" if peer.name.startswith("prefix list") else "SecurityGroup" if peer.group else "External"
            )
            yield Entry((peer.name, kind), traffic, doubt, why, rule.origin)
        elif peer.range is not None and peer.range.everything:
            if public is False:
                yield Entry(("vpc", "External"), traffic, doubt, f"{why}, and only its network leads here", rule.origin)
            else:
                yield Entry(("internet", "External"), traffic, first_doubt(doubt, unsure), why, rule.origin)
        elif peer.range is not None and not self._declared(peer, target):
            beyond = (
                None
                if public is True and not peer.range.private
                else unsure or Doubt("peer-not-in-input", (peer.name,))
            )
            yield Entry((peer.name, "AddressRange"), traffic, first_doubt(doubt, beyond), why, rule.origin)

    def _declared(self, peer: Peer, target: Interface) -> bool:
        """Whether every address of a range belongs to the target's own network, where only what is declared stands."""
        assert peer.range is not None
        own = self.subnets.vpc_ranges(target.vpc) if target.vpc else []
        own += [one for key in target.subnets for one in self.subnets.by_key[key].ranges]
        own += [one for subnet in self.subnets.by_key.values() if subnet.vpc == target.vpc for one in subnet.ranges]
        if not covered(peer.range, own):
            return False
        network = target.vpc.partition(":")[2] or "the network"
        self.assumed[f"addresses in `{network}` that no declared resource holds"] = None
        return True


_EVERYTHING = AddressRange(4, 0, (1 << 32) - 1)
