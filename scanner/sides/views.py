"""What is declared and what was recorded, as the deployments that they can be: as is, as declared, both together.

A thing of both sides is one thing in each of them, under the address that it is declared by. No view has more guards
than there can be at one time, so that what only one side closes closes nothing of the other; a promise is kept where
every view keeps it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scanner.origin import Origin
from scanner.profile import Profile
from scanner.resource import BASIS, RECORDED, Basis, Resource
from scanner.sides.coverage import of_aws, of_cluster, told_in_files, told_live
from scanner.sides.join import Joined, Maybe, Side, Thing, join
from scanner.sides.merge import called_as, laid_over
from scanner.sides.places import account_of, placed_alike, places_shown
from scanner.sides.profile_names import alias, renamed
from scanner.sides.readdress import Readdress
from scanner.unknown import Unknown

TOGETHER, LIVE, DECLARED, PLANNED, IN_PART = "together", "live", "declared", "planned", "in part"
NO_THINGS = ("provider", "terraform")
"""Kinds of blocks that stand for nothing that is there."""
TOO_MANY = "which of the things without a name of their own are the same"
Twins = Mapping[str, tuple[tuple[str, Origin], ...]]


class View(Struct, frozen=True):
    """One deployment. sure: what it shows alone is no more than possible where this is False.

    judged: it is one of those that must keep the promises, and not only held against another. lent: ids of what only
    the other side shows, and may be there all the same.
    """

    name: str
    resources: tuple[Resource, ...]
    basis: tuple[Basis, ...]
    sure: bool = True
    judged: bool = True
    lent: frozenset[str] = frozenset()


class Views(Struct, frozen=True):
    """All views of a run whose inputs tell of one thing twice, the one that shows most first.

    profile: with each name as the views have it. twins: by id of a thing of both sides, each side's name and origin.
    doubts: what is not known of whether things are the same that are taken to be. maybe: ids of things that may be one.
    units: those that are part of another in the views, with that.
    """

    views: tuple[View, ...]
    profile: Profile
    twins: Twins
    doubts: tuple[str, ...]
    maybe: tuple[Maybe, ...]
    units: Mapping[str, str]


def views_of(resources: Sequence[Resource], profile: Profile, unseen: Collection[tuple[str, str]] = ()) -> Views | None:
    """The views of what was read; None where no place is told of by both sides.

    unseen: by account, the kinds of things of which an API did not tell all, "" for every kind.
    """
    recorded = [one for one in resources if one.source in RECORDED]
    declared = [one for one in resources if one.source not in RECORDED]
    told = told_live(recorded)
    if not any(told(one, {}) for one in declared if one.kind != "terraform"):
        return None
    units = frozenset(one.name for one in profile.units)
    said = frozenset(one.name for one in profile.units if one.live)
    joined = join(_side(declared), _side(recorded), units, said)
    moves = _Moves(declared, recorded, joined, said)
    names = dict(moves.names)
    declared, recorded = moves.declared(), moves.recorded()
    by_id = {one.id: one for one in recorded}
    pairs = [(one, by_id[one.id]) for one in declared if one.id in by_id]
    merged = {one.id: (laid_over(one, other), called_as(one, other)) for one, other in pairs}
    maybe = moves.maybe()
    unsure = frozenset(id_ for some in maybe for ids in some for id_ in ids)
    shown = places_shown(declared, recorded)
    places = ((one.id, account_of(one, shown), one.kind) for one in declared)
    unsure |= {id_ for id_, number, kind in places if not {(number, kind), (number, "")}.isdisjoint(unseen)}
    return Views(
        views=_views(declared, recorded, merged, unsure),
        profile=renamed(profile, alias(names)),
        twins={one.id: (("declared", one.origin), (BASIS[other.source], other.origin)) for one, other in pairs},
        doubts=tuple(sorted(moves.doubts)),
        maybe=maybe,
        units=moves.units,
    )


def _side(resources: Iterable[Resource]) -> Side:
    known = {one.id: one for one in resources if _is_thing(one)}
    things = (Thing(one.id, one.kind, one.address, one.possible is not None) for one in known.values())
    return Side(tuple(things), known)


class _Moves:
    """Into which units, and to which addresses, things go so that what is the same has one id."""

    def __init__(
        self, declared: Sequence[Resource], recorded: Sequence[Resource], joined: Joined, said: frozenset[str]
    ) -> None:
        self._declared, self._recorded, self._joined, self._said = declared, recorded, joined, said
        self._ours = {one.id: one for one in declared}
        self._theirs = {one.id: one for one in recorded}
        self._loose: list[tuple[str, str]] = []
        self.units = self._targets()
        self.doubts: set[str] = set()
        self.names: dict[str, str] = {}
        """New addresses by old addresses and ids."""
        self._ours_to = self._ours_addresses()
        self._theirs_to: dict[str, dict[str, str]] = {}
        for ours, theirs in joined.pairs().items():
            self._same(self._ours[ours], self._theirs[theirs])

    def _targets(self) -> dict[str, str]:
        """By unit, the one that it is to be part of: recorded ones join files, roots of one account join each other."""
        found: dict[str, str] = {}
        aws = sorted({one.unit for one in self._recorded if of_aws(one)})
        roots = sorted({one.unit for one in self._declared if of_aws(one)})
        inside = {one.unit for one in self._declared if of_cluster(one)}
        counts: dict[str, dict[str, int]] = {}
        for ours, theirs in self._joined.pairs().items():
            one, other = self._ours[ours], self._theirs[theirs]
            if of_aws(one):
                by_unit = counts.setdefault(other.unit, {})
                by_unit[one.unit] = by_unit.get(one.unit, 0) + 1
        for unit in aws:
            joins = counts.get(unit) or (dict.fromkeys(roots, 0) if len(aws) == len(roots) == 1 else {})
            if not joins:
                continue
            best = min(joins, key=lambda name: (name != unit, name not in inside, -joins[name], name))
            found[unit] = best
            for name in joins:
                if name != best and name not in found and name not in inside:
                    found[name] = best
        return found

    def _ours_addresses(self) -> dict[str, dict[str, str]]:
        """By unit that joins another, the addresses that are taken there already."""
        taken: dict[str, set[str]] = {}
        for one in self._declared:
            if one.unit not in self.units:
                taken.setdefault(one.unit, set()).add(one.address)
        found: dict[str, dict[str, str]] = {}
        for one in sorted(self._declared, key=lambda each: each.id):
            into = self.units.get(one.unit)
            if into is None:
                continue
            here = taken.setdefault(into, set())
            address = f"{one.unit}/{one.address}" if one.address in here else one.address
            here.add(address)
            if address != one.address:
                found.setdefault(one.unit, {})[one.address] = address
            self.names[one.id] = f"{into}:{address}"
        return found

    def _same(self, one: Resource, other: Resource) -> None:
        """Give a recorded thing the address of the declared one; of another unit that does not join, it stays apart."""
        into = self.units.get(one.unit, one.unit)
        if self.units.get(other.unit, other.unit) != into:
            self._loose.append((one.id, other.id))
            return
        doubt = placed_alike(one, other, self._joined.shown, self._said)
        if doubt:
            self.doubts.add(doubt)
        address = self._ours_to.get(one.unit, {}).get(one.address, one.address)
        if address != other.address:
            self._theirs_to.setdefault(other.unit, {})[other.address] = address
            self.names[other.address] = address
        if into != other.unit or address != other.address:
            self.names[other.id] = f"{into}:{address}"

    def declared(self) -> list[Resource]:
        """The declared things where they go."""
        return self._moved(self._declared, self._ours_to)

    def recorded(self) -> list[Resource]:
        """The recorded things where they go."""
        return self._moved(self._recorded, self._theirs_to)

    def _moved(self, resources: Iterable[Resource], addresses: Mapping[str, dict[str, str]]) -> list[Resource]:
        made: dict[str, Readdress] = {}
        found = []
        for one in resources:
            into = self.units.get(one.unit, one.unit)
            if into != one.unit or one.unit in addresses:
                move = made.setdefault(one.unit, Readdress(into, addresses.get(one.unit, {})))
                one = move(one)
            found.append(one)
        return found

    def maybe(self) -> tuple[Maybe, ...]:
        """What may be one thing, by the ids that it has in the views."""
        loose = (((ours,), (theirs,)) for ours, theirs in self._loose)
        return tuple(
            (
                tuple(self._now(self._ours[one], self._ours_to) for one in ours),
                tuple(self._now(self._theirs[one], self._theirs_to) for one in theirs),
            )
            for ours, theirs in (*self._joined.maybe, *loose)
        )

    def _now(self, one: Resource, addresses: Mapping[str, dict[str, str]]) -> str:
        return f"{self.units.get(one.unit, one.unit)}:{addresses.get(one.unit, {}).get(one.address, one.address)}"


def _views(
    declared: Sequence[Resource],
    recorded: Sequence[Resource],
    twins: Mapping[str, tuple[Resource, Resource]],
    unsure: frozenset[str],
) -> tuple[View, ...]:
    """Both together, what is live, what is declared, and what is live while what is declared comes to be.

    twins: by id of what both have, the declared thing laid over the recorded one, and as it is called. unsure: ids of
    things that may be one of the other side.
    """
    shown = places_shown(declared, recorded)
    told = told_live(recorded)
    live = {one.id for one in recorded}
    only_live = [one for one in recorded if one.id not in twins]
    alone = [one for one in declared if one.id not in live]
    come = [_to_come(one) if one.kind[:1].isupper() and told(one, shown) else one for one in alone]
    # What may be one of those that were recorded, or is of a kind that nobody could list, may be as it is declared.
    there = [one for one in alone if not told(one, shown)]
    lent = [_to_come(one) for one in alone if told(one, shown) and one.id in unsure]
    bases = tuple(sorted({BASIS[one.source] for one in (*declared, *recorded)}))
    found = [
        _view(TOGETHER, [*(laid for laid, _ in twins.values()), *come, *only_live], bases),
        replace(_view(LIVE, [*recorded, *there, *lent]), lent=frozenset(one.id for one in lent)),
    ]
    as_declared = [*(called for _, called in twins.values()), *alone]
    basis = tuple(sorted({BASIS[one.source] for one in declared}))
    of_files = told_in_files(declared, shown)
    planned = {one.unit for one in declared if one.source == "plan"}
    kept = [one for one in only_live if not of_files(one)]
    found.append(replace(_view(DECLARED, [*as_declared, *kept], basis, sure=False), judged=not planned))
    if planned:
        # A plan says what it deletes: what it does not speak of stays, but for what it may speak of. Files do not.
        of_files = told_in_files([one for one in declared if one.unit not in planned], shown)
        kept = [one for one in only_live if not of_files(one) and one.id not in unsure]
        found.append(_view(PLANNED, [*as_declared, *kept], basis, sure=False))
    if any(_is_thing(one) and told(one, shown) for one in alone):
        found.append(_view(IN_PART, [*recorded, *come], bases, sure=False))
    return tuple(found)


def _is_thing(one: Resource) -> bool:
    return not one.data and one.kind not in NO_THINGS


def _view(name: str, resources: Sequence[Resource], basis: Iterable[Basis] = (), *, sure: bool = True) -> View:
    return View(name, tuple(resources), tuple(basis) or tuple(sorted({BASIS[one.source] for one in resources})), sure)


def _to_come(one: Resource) -> Resource:
    """What is declared and what is live does not show may come to be there, or be there unseen, or may never be."""
    if one.possible is not None:
        return one
    who = "the cluster" if one.kind[:1].isupper() else "what is live"
    cause = f"`{one.address}` is declared, and {who} does not show it"
    return replace(one, possible=Unknown(cause, decided_by=(one.address,)))
