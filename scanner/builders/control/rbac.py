"""Who can change the safety stack through the Kubernetes API, reach into its pods, or pass as one of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.fan import FEW, Goal, spread, surest
from scanner.builders.control.grants import Grant
from scanner.builders.control.matching import GUARDS, RUN_BY, Ask, given, touches
from scanner.builders.control.rights import CLUSTER_WIDE, NOT_IN_INPUT, Right
from scanner.builders.control.targets import Cluster, Target
from scanner.builders.draft import World
from scanner.graph.model import ALL_TRAFFIC, Edge, Plane, State
from scanner.origin import Origin
from scanner.table_rows import ControlAction
from scanner.tables import control_actions
from scanner.unknown import Unknown

PLANES = {"write": Plane.CONTROL, "become": Plane.IDENTITY, "reach": Plane.NETWORK}
Found = tuple[Truth, ControlAction]


class Matcher(Struct, eq=False):
    """What each rule gives in each scope, worked out once however many subjects hold it.

    minors: unit -> minor version of its API server, where that is known.
    """

    clusters: dict[str, Cluster]
    minors: dict[str, int]
    _given: dict[tuple[object, ...], list[tuple[ControlAction, Truth]]] = field(default_factory=dict)
    _opened: dict[tuple[object, ...], dict[str, dict[str, Found]]] = field(default_factory=dict)

    def rows(self, grant: Grant, unit: str, scope: str) -> list[tuple[ControlAction, Truth]]:
        """The rows of the control table that the rule gives in a scope, whatever they are done to."""
        # What stands in the cluster does not matter here, so clusters of one version share the answer.
        key = (*grant.key, self.minors.get(unit, 0), scope == CLUSTER_WIDE)
        if key not in self._given:
            asked = ((row, given(self._ask(row, grant, unit, scope))) for row in control_actions("kubernetes"))
            self._given[key] = [(row, truth) for row, truth in asked if truth is not Truth.NO]
        return self._given[key]

    def opened(self, grant: Grant, unit: str, scope: str) -> dict[str, dict[str, Found]]:
        """verb -> target -> the surest row by which the rule opens it."""
        targets = self.clusters[unit].within(scope) if unit in self.clusters else ()
        if not targets:
            return {}
        key = (*grant.key, unit, scope)
        if key not in self._opened:
            found: dict[str, dict[str, Found]] = {}
            for row, _ in self.rows(grant, unit, scope):
                ask = self._ask(row, grant, unit, scope)
                for target in targets:
                    truth = touches(ask, target)
                    for verb in _verbs(row, target) if truth is not Truth.NO else ():
                        have = found.setdefault(verb, {}).get(target.id)
                        if have is None or truth > have[0]:
                            found[verb][target.id] = (truth, row)
            self._opened[key] = found
        return self._opened[key]

    def _ask(self, row: ControlAction, grant: Grant, unit: str, scope: str) -> Ask:
        return Ask(row, grant, scope, self.clusters.get(unit) or Cluster(unit), self.minors.get(unit, 0))


def _verbs(row: ControlAction, target: Target) -> Iterator[str]:
    """What a row opens on a target: to write it, or what guards or runs a model; to become it; to reach it."""
    if target.stack or row.changes in GUARDS or row.names in RUN_BY:
        yield "write"
    if row.effect == "become":
        yield "become"
    if row.effect == "reach" and target.model:
        yield "reach"


def stack_edges(world: World, rights: Iterable[Right], matcher: Matcher) -> list[Edge]:
    """Edges from the holders of rights to the members of the stack and the models that they open."""
    rights = list(rights)
    shared = _shared(rights)
    classes: dict[tuple[str, str, frozenset[tuple[str, Truth]]], list[tuple[Right, dict[str, Found]]]] = {}
    for right in rights:
        for verb, opened in matcher.opened(right.grant, right.unit, right.namespace).items():
            key = (right.unit, verb, frozenset((target, truth) for target, (truth, _) in opened.items()))
            classes.setdefault(key, []).append((right, opened))
    made: list[Edge] = []
    for number, ((unit, verb, _), held) in enumerate(classes.items()):
        if len(held) * len(held[0][1]) <= FEW:
            made += (
                _edge(right, verb, target, found, _place(right, shared))
                for right, opened in held
                for target, found in opened.items()
            )
            continue
        sources = [_edge(right, verb, "", _best(opened), _place(right, shared)) for right, opened in held]
        goals = [Goal(target, *_onward(found)) for target, found in sorted(held[0][1].items())]
        made += spread(world, unit, f"class-{number + 1}", surest(sources), goals)
    return surest(made)


def _best(opened: dict[str, Found]) -> Found:
    return max(opened.values(), key=lambda found: found[0])


def _place(right: Right, shared: set[tuple[str, str]]) -> Origin | None:
    return right.place if (right.unit, right.grant.role) in shared else None


def _shared(rights: Iterable[Right]) -> set[tuple[str, str]]:
    """The roles, by unit, that several subjects hold: what is wrong is then the subject, not the rule."""
    holders: dict[tuple[str, str], str] = {}
    found: set[tuple[str, str]] = set()
    for right in rights:
        role = (right.unit, right.grant.role)
        if holders.setdefault(role, right.subject) != right.subject:
            found.add(role)
    return found


def _onward(found: Found) -> tuple[str, tuple[str, tuple[str, ...]] | None]:
    truth, row = found
    doubt = None if truth is Truth.YES else ("value-unknown", (f"what `{row.action}` meets there",))
    return f"its holders may do `{row.action}` there: {row.because}", doubt


def _edge(right: Right, verb: str, target: str, found: Found, here: Origin | None) -> Edge:
    truth = right.settle(found[0])
    grant = right.grant
    unknown = right.doubt or grant.unknown
    possible = truth is Truth.POSSIBLE
    decided = unknown.decided_by if unknown is not None else (decider(found[1], right),)
    return Edge(
        source=right.subject,
        target=target,
        plane=PLANES[verb],
        verb=verb,
        because=tell(right, found[1]),
        origin=here or grant.origin or right.origin,
        state=State.POSSIBLE if possible else State.OPEN,
        traffic=ALL_TRAFFIC if verb == "reach" else (),
        reason=(unknown.code if unknown is not None else "value-unknown") if possible else "",
        decided_by=(decided or (f"{grant.role}: {found[1].action}" if grant.names else grant.role,))
        if possible
        else (),
        cut=True,
    )


def decider(row: ControlAction, right: Right) -> str:
    """What decides a row that a known rule gives and that is not certain for all that."""
    return f"the version of the API server of `{right.unit}`" if row.before else f"{right.grant.role}: {row.action}"


def tell(right: Right, row: ControlAction, why: str = "") -> str:
    """The sentence of an edge: which binding gives which role where, and what that lets its holder do (`why`)."""
    where = "every namespace" if right.namespace == CLUSTER_WIDE else f"namespace `{right.namespace}`"
    gives = f"`{right.binding}` gives it `{right.grant.role}` in {where}"
    doubt = right.doubt
    if doubt is not None and doubt.code == NOT_IN_INPUT:
        return f"{gives}: {doubt.cause}"
    verbs = ", ".join(str(one) for one in right.grant.verbs if not isinstance(one, Unknown)) or "*"
    what = f" ({row.action}, verbs `{verbs}`): {why or row.because}"
    how = f": {right.how}" if right.how else ""
    unsure = "" if doubt is None else f", if at all: {doubt.cause}"
    return f"{gives}{how or what}{unsure}"
