"""A deployment that files declare and an API tells: a graph for each view of it, one of all, and one judgement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.build import Built, build
from scanner.graph.graph import Graph
from scanner.graph.model import STACK, Role
from scanner.judge import Judgement, Ran, ran
from scanner.judge_views import Judged, judge_views
from scanner.lock import Pins
from scanner.profile import Profile
from scanner.resource import Asked, Basis, Resource, Unread
from scanner.rule import Rule
from scanner.sides.agree import compared, with_facts
from scanner.sides.join import Maybe
from scanner.sides.profile_names import without
from scanner.sides.unite import united, with_possible_ways
from scanner.sides.views import DECLARED, LIVE, PLANNED, TOGETHER, TOO_MANY, Twins, View, Views, views_of
from scanner.untold import Names, opened, wider

_OF_FILES = (DECLARED, PLANNED)
_PARTS = STACK | {Role.OPERATOR, Role.PLATFORM, Role.SINK}
"""What makes something that would be a violation none."""


class BuiltView(Struct, frozen=True):
    """A view as it is judged. profile: without what names only things of other views."""

    name: str
    sure: bool
    basis: tuple[Basis, ...]
    built: Built
    profile: Profile
    resources: tuple[Resource, ...]


class BothSides(Struct, frozen=True):
    """views: those that are judged. whole: all that any of them shows. profile: its names as the views have them.

    strangers: by id, what may be a thing that the profile names, with that doubt. wider: the same views where the
    profile names all that it may name in what is not known, and `names` those things; none where it can name nothing.
    """

    views: tuple[BuiltView, ...]
    whole: Built
    profile: Profile
    twins: Twins
    doubts: tuple[str, ...]
    strangers: Mapping[str, str]
    wider: tuple[BuiltView, ...] = ()
    names: Names = {}


def both_sides(
    resources: Sequence[Resource],
    profile: Profile,
    pins: Pins | None,
    asked: Sequence[Asked] = (),
    *,
    blind: bool = False,
    unseen: Collection[tuple[str, str]] = (),
    hidden: bool = False,
) -> BothSides | None:
    """The graphs of what is declared and what was recorded; None where the two tell of different things.

    blind: an input was not read, and may have what either side seems to lack. unseen: by account, the kinds of things
    of which an API did not tell all, "" for every kind. hidden: what was not read may declare what the profile names.
    """
    found = views_of(resources, profile, unseen)
    if found is None:
        return None
    places = [replace(one, unit=found.units.get(one.unit, one.unit)) for one in asked]
    views, doubts = _built(found, found.profile, pins, places, blind=blind)
    whole = _whole([one.built for one in views])
    strangers = _strangers(whole.graph, found.maybe)
    sides = BothSides(tuple(views), whole, found.profile, found.twins, doubts, strangers)
    every = {one.id: one for view in found.views for one in view.resources}
    more = wider(found.profile, list(every.values()), found.twins, hidden=hidden)
    if more is None:
        return sides
    views, _ = _built(found, more.profile, pins, places, blind=blind)
    return replace(sides, wider=tuple(views), names=more.names)


def _built(
    found: Views, profile: Profile, pins: Pins | None, places: Sequence[Asked], *, blind: bool
) -> tuple[list[BuiltView], tuple[str, ...]]:
    """The graph of each view that is judged, and what is not known of whether things are the same."""
    doubts = list(found.doubts)
    names = [_names(one) for one in found.views]
    every = frozenset().union(*names)
    views = []
    for view, own in zip(found.views, names, strict=True):
        told = without(profile, own, every - own)
        # Of what is declared alone nobody was asked: that is no fault of the scan.
        plain = replace(told, strict=False) if view.name in _OF_FILES else told
        built = build(view.resources, plain, pins, asked=() if view.name in _OF_FILES else places)
        if view.name == TOGETHER:
            graph, all_of_it = with_possible_ways(built.graph, found.maybe)
            built = replace(built, graph=graph)
            doubts += [] if all_of_it else [TOO_MANY]
        views.append(BuiltView(view.name, view.sure, view.basis, built, told, view.resources))
    return _compared(views, found, blind=blind), tuple(doubts)


def _compared(views: list[BuiltView], found: Views, *, blind: bool) -> list[BuiltView]:
    """The views that are judged, with what differs between what is live and what is declared among their facts."""
    sides = {view.name: (view.built.graph, told.resources) for view, told in zip(views, found.views, strict=True)}
    lent = frozenset().union(*(one.lent for one in found.views))
    facts = compared(sides[DECLARED], sides[LIVE], found.maybe, lent, blind=blind)
    first = views[0]
    graph = with_facts(first.built.graph, facts)
    judged = {one.name for one in found.views if one.judged}
    return [replace(first, built=replace(first.built, graph=graph)), *(one for one in views[1:] if one.name in judged)]


def _strangers(graph: Graph, maybe: Iterable[Maybe]) -> dict[str, str]:
    """What has no part to play, and may be a thing that has one."""
    found: dict[str, str] = {}
    for pair in maybe:
        for some, others in (pair, pair[::-1]):
            parts = [graph.nodes[one] for one in some if one in graph.nodes and graph.nodes[one].roles & _PARTS]
            for other in (graph.nodes[one] for one in others if parts and one in graph.nodes):
                mine = next((node for node in parts if node.roles & _PARTS - other.roles), None)
                if mine is not None:
                    found.setdefault(other.id, f"whether `{other.address}` is `{mine.address}`")
    return found


def _names(view: View) -> frozenset[str]:
    """What an entry of the profile may call the things of a view."""
    return frozenset(name for one in view.resources for name in (one.id, one.address))


def _whole(every: Sequence[Built]) -> Built:
    return Built(
        graph=united([one.graph for one in every]),
        assumptions=tuple(dict.fromkeys(said for one in every for said in one.assumptions)),
        trusted=tuple(dict.fromkeys(said for one in every for said in one.trusted)),
        assumed_absent=tuple(dict.fromkeys(said for one in every for said in one.assumed_absent)),
        recognised={id_: how for one in reversed(every) for id_, how in one.recognised.items()},
        unmodelled=max(one.unmodelled for one in every),
    )


def judge_both(
    sides: BothSides,
    rules: Sequence[Rule],
    unread: Sequence[Unread],
    basis: Sequence[str],
    chosen: frozenset[str] | None = None,
) -> Judgement:
    """One judgement over all views. basis: that of the whole run, which the profile may require. chosen: as in `ran`.

    What one side could not tell may say what of the other is the same: every rule waits for it.
    """
    unread = [replace(one, tells=None) for one in unread]

    def said(one: BuiltView) -> Ran:
        profile = replace(one.profile, require=tuple(each for each in one.profile.require if each not in basis))
        return ran(one.built.graph, profile, rules, unread, one.basis, chosen)

    judged = [Judged(one.name, one.sure, said(one)) for one in sides.views]
    others = {one.name: said(one) for one in sides.wider}
    judged = [replace(one, ran=opened(one.ran, others[one.name], sides.names)) if others else one for one in judged]
    return judge_views(judged, rules, sides.twins, sides.doubts, sides.strangers, unread, basis)
