"""Which declared thing is which live one: by address in a cluster, by the name that AWS knows a thing by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from scanner.resource import Resource
from scanner.sides.names import ALONE, natural, value_of
from scanner.sides.places import TOLD, Shown, account_of, apart, identifiers, placed_alike, places_shown, region_of


class Thing(Struct, frozen=True):
    """What can be the same as something of the other side. possible: it is not certain that it exists."""

    id: str
    kind: str
    address: str
    possible: bool = False


class Side(Struct, frozen=True):
    """One side. resources: by id, those of its things that were read as such."""

    things: tuple[Thing, ...]
    resources: Mapping[str, Resource]


class Joined(Struct, frozen=True):
    """keys: of each thing on either side, the same for the same thing. doubtful: things of which it is not known
    whether the other side has them, each with why; theirs are the keys of no thing of the other side. maybe: things,
    the declared ones first, that may be one. shown: places that no file says, and that something recorded shows.
    """

    declared: Mapping[str, str]
    live: Mapping[str, str]
    doubtful: Mapping[str, str]
    maybe: tuple[Maybe, ...]
    shown: Shown

    def pairs(self) -> dict[str, str]:
        """By id of the declared thing, the id of the live one that it is."""
        theirs = {key: id_ for id_, key in self.live.items() if id_ not in self.doubtful}
        found = ((id_, theirs.get(key)) for id_, key in self.declared.items() if id_ not in self.doubtful)
        return {id_: other for id_, other in found if other is not None}


Maybe: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]
"""Declared things, and live ones each of which may be any of them."""
Groups = dict[tuple[str, ...], tuple[list[Thing], list[Thing]]]


def join(declared: Side, live: Side, units: frozenset[str], said: frozenset[str] = frozenset()) -> Joined:
    """Tell what is the same on both sides. units: those that the profile names; said: those that it says are live."""
    sides = (declared, live)
    groups: Groups = {}
    nameless: dict[str, tuple[list[Thing], list[Thing]]] = {}
    alone = {**_only_children(declared, live), **_identified(declared, live)}
    for index, one in enumerate(sides):
        for thing in one.things:
            name = alone.get(thing.id) or _name(thing, one)
            into = groups.setdefault(name, ([], [])) if name else nameless.setdefault(thing.kind, ([], []))
            into[index].append(thing)
    shown = places_shown(declared.resources.values(), live.resources.values())
    pairing = _Pairing(sides, units, said, shown)
    for name, (ours, theirs) in groups.items():
        pairing.pair(name[-1] if name[0] in name[-1] else " ".join(name), ours, theirs)
    pairing.nameless(groups, nameless)
    keys = pairing.keys
    maybe = tuple(dict.fromkeys(pairing.maybe))
    return Joined(keys[0], keys[1], pairing.doubtful, maybe, shown)


def _name(thing: Thing, one: Side) -> tuple[str, ...]:
    resource = one.resources.get(thing.id)
    return (thing.kind, thing.address) if resource is None else natural(resource, one.resources)


def _only_children(declared: Side, live: Side) -> dict[str, tuple[str, ...]]:
    """The names of things that are the only ones of their kind at their parent, on either side."""
    found: tuple[dict[tuple[str, str], list[str]], ...] = ({}, {})
    for index, one in enumerate((declared, live)):
        for id_, resource in one.resources.items():
            parent = value_of(resource, ALONE[resource.kind], one.resources) if resource.kind in ALONE else ""
            if parent and resource.possible is None:
                found[index].setdefault((resource.kind, parent), []).append(id_)
    both = found[0].keys() & found[1].keys()
    alone = [key for key in both if len(found[0][key]) == len(found[1][key]) == 1]
    return {each[key][0]: key for key in alone for each in found}


def _identified(declared: Side, live: Side) -> dict[str, tuple[str, ...]]:
    """The names of things of which a state or a plan knows the identifier that AWS made up."""
    found: tuple[dict[tuple[str, str], list[str]], ...] = ({}, {})
    for index, one in enumerate((declared, live)):
        for id_, resource in one.resources.items():
            for value in identifiers(resource) if index or resource.source in TOLD else ():
                found[index].setdefault((resource.kind, value), []).append(id_)
    both = [key for key in found[0].keys() & found[1].keys() if len(found[0][key]) == len(found[1][key]) == 1]
    return {each[key][0]: key for key in sorted(both) for each in found}


class _Pairing:
    """The keys while they are given out."""

    def __init__(self, sides: tuple[Side, Side], units: frozenset[str], said: frozenset[str], shown: Shown) -> None:
        self.sides, self.units, self.said, self.shown = sides, units, said, shown
        self.keys: tuple[dict[str, str], dict[str, str]] = ({}, {})
        self.doubtful: dict[str, str] = {}
        self.maybe: list[Maybe] = []

    def pair(self, name: str, ours: Sequence[Thing], theirs: Sequence[Thing]) -> None:
        """Join things of one name where each fits one of the other side; what fits several is doubtful."""
        fits = {a.id: [b.id for b in theirs if not self._apart(a, b)] for a in ours}
        owners: dict[str, list[str]] = {}
        for id_, found in fits.items():
            for one in found:
                owners.setdefault(one, []).append(id_)
        for a in ours:
            found = fits[a.id]
            if len(found) == 1 and self._owns(a.id, found[0], owners[found[0]]):
                self.keys[0][a.id] = self.keys[1][found[0]] = name
                continue
            self.maybe += [((a.id,), tuple(found))] if found else []
            self.keys[0][a.id] = f"{name} (declared as {a.id})" if theirs else name
            if found:
                self.doubtful[a.id] = f"several things may be `{name}`"
            elif a.possible:
                self.doubtful[a.id] = f"whether `{name}` is declared is not known"
        for b in theirs:
            if b.id not in self.keys[1]:
                self.keys[1][b.id] = f"{name} (live as {b.id})" if ours else name
                if b.id in owners:
                    self.doubtful[b.id] = f"several things may be `{name}`"
                elif b.possible:
                    self.doubtful[b.id] = f"whether there is `{name}` is not known"

    def _owns(self, mine: str, other: str, owners: Sequence[str]) -> bool:
        """Whether one of those that fit is it for certain: the only one, or the only one whose place is known."""
        if len(owners) == 1:
            return True
        there = self.sides[1].resources.get(other)
        resources = [(one, self.sides[0].resources.get(one)) for one in owners]
        if there is None:
            return False
        sure = [one for one, ours in resources if ours and not placed_alike(ours, there, self.shown, self.said)]
        return sure == [mine]

    def nameless(self, groups: Groups, nameless: Mapping[str, tuple[list[Thing], list[Thing]]]) -> None:
        """Things without a name may be any of their kind that has no partner."""
        by_kind: tuple[dict[str, list[Thing]], dict[str, list[Thing]]] = ({}, {})
        for name, both in groups.items():
            for index in (0, 1):
                by_kind[index].setdefault(name[0], []).extend(both[index])
        for kind, both in nameless.items():
            for index, things in enumerate(both):
                for thing in things:
                    self.keys[index][thing.id] = f"{kind} {thing.address}"
                    if both[1 - index] or by_kind[1 - index].get(kind):
                        self.doubtful[thing.id] = f"things of the kind `{kind}` cannot be told apart by name"
        for kind, both in nameless.items():
            self._may_be(*both)
            for index, things in enumerate(both):
                taken = set(self.keys[index].values())
                others = by_kind[1 - index].get(kind, ()) if things else ()
                # One without a name may be any of the other side that has no partner.
                free = [one for one in others if self.keys[1 - index][one.id] not in taken]
                for other in free:
                    self.doubtful[other.id] = f"`{things[0].address}` may be it: its name is not known"
                self._may_be(*((things, free) if index == 0 else (free, things)))

    def _may_be(self, ours: Sequence[Thing], theirs: Sequence[Thing]) -> None:
        """Note that each of some may be any of others, but for those that stand apart: place by place, not in pairs."""
        for mine in self._by_place(0, ours):
            for others in self._by_place(1, theirs):
                if not self._apart(mine[0], others[0]):
                    self.maybe.append((tuple(one.id for one in mine), tuple(one.id for one in others)))

    def _by_place(self, index: int, things: Sequence[Thing]) -> list[list[Thing]]:
        found: dict[tuple[str, ...], list[Thing]] = {}
        for one in things:
            resource = self.sides[index].resources.get(one.id)
            shown = self.shown if index == 0 else {}
            place = () if resource is None else (resource.unit, account_of(resource, shown), region_of(resource, shown))
            found.setdefault(place, []).append(one)
        return list(found.values())

    def _apart(self, a: Thing, b: Thing) -> bool:
        mine, other = self.sides[0].resources.get(a.id), self.sides[1].resources.get(b.id)
        return mine is not None and other is not None and apart(mine, other, self.units, self.shown)
