"""Who gets at an interface: through the groups of both sides, the ACLs and the routes between, in three values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.builders.aws_network.admitted import NOTHING, Admitted, admitted, any_of, through, under
from scanner.builders.aws_network.classes import Classes, Entry, Inhabitants, InterfaceClass
from scanner.builders.aws_network.groups import Group, GroupRule, Peer, SecurityGroups
from scanner.builders.aws_network.interfaces import Interface, Interfaces
from scanner.builders.aws_network.outside import Outside
from scanner.builders.aws_network.routes import Subnets
from scanner.builders.aws_network.ways import PEERING, Passage, Ways
from scanner.builders.edges import Doubt, Truth, first_doubt
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import (
    EVERYWHERE,
    AddressRange,
    Traffics,
    common_traffic,
    join_traffic,
    say_traffic,
)
from scanner.graph.model import ALL_TRAFFIC

FEW = 16
"""Up to so many classes that a range admits have edges of their own; more share the relay of the range."""
VERSIONS = (4, 6)
UNNAMED = "peer-not-in-input"


class Network:
    """Groups, subnets and interfaces of one run, and who gets from where to where."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.groups = SecurityGroups(inventory)
        self.subnets = Subnets(inventory)
        self.interfaces = Interfaces(inventory, self.groups, self.subnets)
        self.ways = Ways(inventory, self.subnets)
        self.classes = Classes(self.interfaces.of.values(), self._blocks())
        self.outside = Outside(self.subnets, self.ways)
        self._subnets_of: dict[str, list[str]] = {}
        for key in self.subnets.by_key:
            self._subnets_of.setdefault(key.partition(":")[0], []).append(key)
        self._spans: dict[tuple[str, int], list[tuple[int, int, str]]] = {}
        self._within: dict[object, list[InterfaceClass]] = {}
        self.let_in: dict[object, Admitted] = {}
        """What load balancers get through to a target, for those who ask it of many that are alike."""

    @property
    def assumed(self) -> dict[str, None]:
        """What was taken for absent, in words of the report."""
        return self.outside.assumed

    def _blocks(self) -> Iterator[AddressRange]:
        """Every range that a guard or a route names: between two of their ends addresses are alike."""
        for group in self.groups.by_key.values():
            for rule in (*group.ingress, *group.egress):
                if rule.peer.range is not None:
                    yield rule.peer.range
        yield from self.ways.acls.blocks()
        for subnet in self.subnets.by_key:
            yield from (route.range for route in self.subnets.routes(subnet) if route.range is not None)

    def between(self, source: Interface, target: Interface, wanted: Traffics = ALL_TRAFFIC) -> Admitted:
        """What of `wanted` gets from `source` to `target`: out of the groups of the one, into those of the other."""
        found = [
            through(
                Admitted(wanted), self._out(source, target, version), self._into(source, target, version), lets.lets
            )
            for version, lets in self._passages(source, target)
        ]
        return any_of(*found)

    def lets(self, source: Interface, target: Interface) -> tuple[Admitted, Traffics]:
        """What ACLs and routes let through between two interfaces, groups aside; the ports that answers get back to."""
        some = [lets for _, lets in self._passages(source, target)]
        return any_of(*(one.lets for one in some)), join_traffic(*(one.answers for one in some))

    def _passages(self, source: Interface, target: Interface) -> Iterator[tuple[int, Passage]]:
        """What ACLs and routes let through, by IP version; a version that one end certainly lacks is left out."""
        for version in VERSIONS:
            speaks = self._speaks(source, version), self._speaks(target, version)
            ends = self.ways.routed(source, target, version) if False not in speaks else None
            if ends is None or ends.passes is False:
                continue
            passage = self.ways.passage(source, target, version)
            lets = passage.lets
            for condition in (*speaks, ends.passes):
                lets = under(lets, condition)
            yield version, Passage(lets, passage.answers)

    def _speaks(self, one: Interface, version: int) -> Truth:
        if version == 6:
            return one.six
        return bool(one.elsewhere or not one.subnets or self.ways.places(one, 4))

    def _out(self, source: Interface, target: Interface, version: int) -> Admitted:
        return self._admitted(self._group(source), "egress", source, target, version)

    def _into(self, source: Interface, target: Interface, version: int) -> Admitted:
        return self._admitted(self._group(target), "ingress", target, source, version)

    def entries(self, target: Interface, wanted: Traffics = ALL_TRAFFIC) -> Iterator[Entry]:
        """Every way into `target`, of whatever is in the inputs or certainly or possibly outside them."""
        if target.free:
            rules = [(rule, "no security group stands before it") for rule in _anyone(target)]
        else:
            unknown = first_doubt(target.doubt, *(group.unknown for group in self._group(target)))
            if unknown is not None:
                outside = "vpc" if target.public is False else "internet"
                why = "which security groups stand before it is not known"
                yield Entry((outside, "External"), wanted, unknown, why, target.carries)
            rules = [(rule, f"`{group.name}` admits") for group in self._group(target) for rule in group.ingress]
        memo: dict[int, list[tuple[int, Passage, Admitted]]] = {}
        for rule, why in rules:
            traffic = common_traffic(rule.traffic, wanted)
            if traffic:
                said = why if target.free else f"{why} {say_traffic(traffic)} from `{rule.peer.name}`"
                yield from self.outside.entries(target, rule, traffic, said)
                yield from self._inside(target, rule, traffic, said, memo)

    def anyone(self, target: Interface) -> Iterator[Entry]:
        """What comes into `target` from outside the inputs, groups aside."""
        for rule in _anyone(target):
            yield from self.outside.entries(target, rule, ALL_TRAFFIC, "no security group stands before it")

    def _group(self, one: Interface) -> list[Group]:
        return [self.groups.by_key[key] for key in one.groups]

    def _admitted(
        self, groups: Iterable[Group], side: str, owner: Interface, other: Interface, version: int
    ) -> Admitted:
        """What the groups of `owner` let through to or from `other`."""
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
                match = self.covers(rule.peer, other, owner, version)
                if match is False:
                    continue
                doubt = first_doubt(rule.doubt, match if isinstance(match, Doubt) else None)
                (maybe if doubt else sure).append(rule.traffic)
                doubts.append(doubt)
        return admitted(join_traffic(*sure), join_traffic(*sure, *maybe), first_doubt(*doubts))

    def covers(self, peer: Peer, other: Interface, owner: Interface, version: int) -> Truth:
        """Whether `other` is meant by the peer of a rule of `owner`, when the two speak one IP version."""
        if peer.kind == "elsewhere":
            return True if peer.group and peer.group in other.groups else peer.doubt or False
        if peer.kind == "group":
            if peer.group not in other.groups:
                return other.doubt or False
            if other.vpc == owner.vpc or not (other.vpc and owner.vpc):
                return peer.doubt or True
            names = self.ways.routed(owner, other, version).references
            return (
                first_doubt(peer.doubt, names) or True if isinstance(names, Doubt) else names and (peer.doubt or True)
            )
        assert peer.range is not None
        if peer.range.version != version:
            return False
        if peer.range.everything:
            return peer.doubt or True
        return self._in_range(peer, peer.range, other)

    def _in_range(self, peer: Peer, wanted: AddressRange, other: Interface) -> Truth:
        """Whether the addresses of an interface are in a range: what it may have there, where they are not known."""
        blocks = [block for place in self.ways.places(other, wanted.version) for block in place.ranges]
        if other.elsewhere is None and blocks:
            if not any(one.overlaps(wanted) for one in blocks):
                return False
            if all(one in wanted for one in blocks):
                return peer.doubt or True
        vague = Doubt("value-unknown", tuple(sorted(key.partition(":")[2] for key in other.subnets)) or PEERING)
        return first_doubt(peer.doubt, other.elsewhere) or vague

    def _candidates(self, peer: Peer, target: Interface) -> list[InterfaceClass]:
        """The classes of the target's unit that a peer can mean at all."""
        unit = target.unit
        if peer.kind == "group":
            return self.classes.carrying(unit, peer.group)
        if peer.range is None or peer.range.everything:
            return self.classes.near(unit, target.vpc) if self._alone(target) else self.classes.of_unit.get(unit, [])
        key = (unit, peer.range)
        if key not in self._within:
            self._within[key] = self.classes.placed(unit, self._holding(unit, peer.range))
        return self._within[key]

    def _alone(self, target: Interface) -> bool:
        """Whether nothing of another network certainly gets at an interface, since no route leads back."""
        return bool(target.vpc) and target.elsewhere is None and not self.ways.abroad(target)

    def _holding(self, unit: str, wanted: AddressRange) -> Iterable[str]:
        """The subnets of a unit some of whose addresses are, or may be, in a range: asked for each range of a rule."""
        key = (unit, wanted.version)
        if key not in self._spans:
            self._spans[key] = list(self._spans_of(*key))
        first, last = wanted.first, wanted.last
        return dict.fromkeys([name for low, high, name in self._spans[key] if low <= last and first <= high])

    def _spans_of(self, unit: str, version: int) -> Iterator[tuple[int, int, str]]:
        """The addresses of one IP version of each subnet; all there are where they are not known."""
        for name in self._subnets_of.get(unit, ()):
            known, doubt = self.subnets.by_key[name].of(version)
            for one in known if doubt is None else (EVERYWHERE[version],):
                yield one.first, one.last, name

    def _inside(
        self,
        target: Interface,
        rule: GroupRule,
        traffic: Traffics,
        why: str,
        memo: dict[int, list[tuple[int, Passage, Admitted]]],
    ) -> Iterator[Entry]:
        """The classes of the inputs that a rule admits, or may admit: a group that is not known can be theirs.

        Whom a range that is not known means is told by `outside`.
        """
        peer = rule.peer
        if peer.kind == "elsewhere" and not peer.group:
            return
        some = self._candidates(peer, target)
        shared: frozenset[int] = frozenset()
        if peer.kind == "range" and target.vpc and len(some) > FEW and self.ways.plain(target) and not rule.doubt:
            many = tuple(one for one in some if self._at_home(one, target, peer))
            if len(many) > FEW:
                yield Entry(Inhabitants(target.vpc, peer.name, many), traffic, None, why, rule.origin)
                shared = frozenset(id(one) for one in many)
        alone = self._alone(target)
        named = peer.kind == "elsewhere" and peer.doubt is not None and peer.doubt.reason == UNNAMED
        for one in some:
            far = one.sample.vpc not in ("", target.vpc) and one.sample.elsewhere is None
            if (alone and far) or id(one) in shared or (named and peer.group not in one.sample.groups):
                continue
            if id(one) not in memo:
                memo[id(one)] = [
                    (version, lets, self._out(one.sample, target, version))
                    for version, lets in self._passages(one.sample, target)
                ]
            yield from self._entry(one, target, rule, traffic, why, memo[id(one)])

    def _entry(
        self,
        one: InterfaceClass,
        target: Interface,
        rule: GroupRule,
        traffic: Traffics,
        why: str,
        ways: list[tuple[int, Passage, Admitted]],
    ) -> Iterator[Entry]:
        found, answers = [], []
        for version, passage, out in ways:
            match = self.covers(rule.peer, one.sample, target, version)
            if match is not False:
                let = through(Admitted(traffic), out, passage.lets)
                found.append(under(under(let, match), rule.doubt or True))
                answers.append(passage.answers)
        total = any_of(*found) if found else NOTHING
        back = join_traffic(*answers)
        if total.sure:
            yield Entry(one, total.sure, None, why, rule.origin, answers=back)
        if total.maybe:
            yield Entry(one, total.maybe, total.doubt, why, rule.origin, answers=back)

    def _at_home(self, one: InterfaceClass, target: Interface, peer: Peer) -> bool:
        """Whether a class is in the target's network and a range for certain, and only its groups could stop it."""
        here = one.sample
        if here.vpc != target.vpc or here.elsewhere or peer.doubt or not self.ways.plain(here):
            return False
        version = peer.range.version if peer.range is not None else 4
        if self._speaks(here, version) is not True or self._speaks(target, version) is not True:
            return False
        return self.covers(peer, here, target, version) is True and self._unrestricted(here, version)

    def _unrestricted(self, one: Interface, version: int) -> bool:
        """Whether the groups of an interface certainly let everything out."""
        rules = (rule for group in self._group(one) for rule in group.egress if rule.doubt is None)
        whole = (rule for rule in rules if rule.peer.range == EVERYWHERE[version] and rule.peer.doubt is None)
        return one.free or any(rule.traffic == ALL_TRAFFIC for rule in whole)


def _anyone(target: Interface) -> list[GroupRule]:
    """The rules that nothing at all amounts to."""
    some = (("0.0.0.0/0", EVERYWHERE[4]), ("::/0", EVERYWHERE[6]))
    return [GroupRule(ALL_TRAFFIC, Peer("range", text, block), target.carries) for text, block in some]
