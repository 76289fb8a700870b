"""Interfaces that every guard treats alike, as one; and what an entry into an interface says."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.edges import Doubt
from scanner.builders.ranges import AddressRange, Traffics
from scanner.graph.model import ALL_TRAFFIC
from scanner.origin import Origin


class InterfaceClass(Struct, eq=False):
    """Interfaces of actors with the same groups in the same subnets, whose addresses no range tells apart."""

    sample: Interface
    members: list[Interface] = field(default_factory=list)
    relay: str = ""


class Inhabitants(Struct, frozen=True, eq=False):
    """The classes of one network that are in a range and may send everything: the same for every target."""

    network: str
    range: str
    classes: tuple[InterfaceClass, ...]


class Entry(Struct, frozen=True):
    """One way into an interface, through its groups, the ACLs and the routes.

    source: a class of interfaces, the inhabitants of a range, or the name and kind of something outside the inputs.
    ranges: the addresses of what is outside, where they are known. answers: the caller's ports that get answers.
    """

    source: InterfaceClass | Inhabitants | tuple[str, str]
    traffic: Traffics
    doubt: Doubt | None
    because: str
    origin: Origin | None
    ranges: tuple[AddressRange, ...] = ()
    answers: Traffics = ALL_TRAFFIC


class Classes:
    """The classes of a run, by unit, by group and by subnet: what opens a way counts inside its unit."""

    def __init__(self, interfaces: Iterable[Interface], blocks: Iterable[AddressRange]) -> None:
        cuts: dict[int, set[int]] = {4: set(), 6: set()}
        for block in blocks:
            cuts[block.version] |= {block.first, block.last + 1}
        self._cuts: Mapping[int, list[int]] = {version: sorted(some) for version, some in cuts.items()}
        self.of_unit: dict[str, list[InterfaceClass]] = {}
        self._of_group: dict[tuple[str, str], list[InterfaceClass]] = {}
        self._of_groups: dict[tuple[str, tuple[str, ...]], list[InterfaceClass]] = {}
        self._of_network: dict[tuple[str, str], list[InterfaceClass]] = {}
        self._of_subnet: dict[str, list[InterfaceClass]] = {}
        self._unclear: dict[str, list[InterfaceClass]] = {}
        self._elsewhere: dict[str, list[InterfaceClass]] = {}
        found: dict[object, InterfaceClass] = {}
        for one in interfaces:
            self.of_unit.setdefault(one.unit, [])
            if one.actor:
                found.setdefault(self._key(one), InterfaceClass(one)).members.append(one)
        for each in found.values():
            self._index(each)

    def _key(self, one: Interface) -> object:
        atoms = tuple((a.version, bisect_right(self._cuts[a.version], a.first)) for a in one.addresses)
        return (one.unit, one.groups, one.doubt, one.subnets, one.elsewhere, one.vpc, one.six, atoms)

    def _index(self, each: InterfaceClass) -> None:
        one = each.sample
        self.of_unit[one.unit].append(each)
        self._of_groups.setdefault((one.unit, one.groups), []).append(each)
        self._of_network.setdefault((one.unit, one.vpc if one.elsewhere is None else ""), []).append(each)
        for group in one.groups:
            self._of_group.setdefault((one.unit, group), []).append(each)
        if one.doubt is not None:
            self._unclear.setdefault(one.unit, []).append(each)
        for subnet in one.subnets:
            self._of_subnet.setdefault(subnet, []).append(each)
        if one.elsewhere is not None or not one.subnets:
            self._elsewhere.setdefault(one.unit, []).append(each)

    def alike(self, one: Interface) -> list[InterfaceClass]:
        """The classes of a unit that carry the same groups as an interface."""
        return self._of_groups.get((one.unit, one.groups), [])

    def near(self, unit: str, network: str) -> list[InterfaceClass]:
        """The classes of a unit that are in a network, or may be."""
        some = self._of_network.get((unit, network), [])
        return some if not network else [*some, *self._of_network.get((unit, ""), ())]

    def carrying(self, unit: str, group: str) -> list[InterfaceClass]:
        """The classes of a unit that carry a group, or of which nobody knows what they carry."""
        some = [*self._of_group.get((unit, group), ()), *self._unclear.get(unit, ())]
        return list({id(one): one for one in some}.values())

    def placed(self, unit: str, subnets: Iterable[str]) -> list[InterfaceClass]:
        """The classes of a unit that are in one of `subnets`, or may be in any."""
        some = [one for key in subnets for one in self._of_subnet.get(key, ())]
        return list({id(one): one for one in (*some, *self._elsewhere.get(unit, ()))}.values())
