"""A label is no identity: who can make pods, or label namespaces, that a guard of a model lets in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.fan import surest
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.draft import World
from scanner.graph.facts_access import AdmittedPods
from scanner.graph.model import ALL_TRAFFIC, STACK, Edge, Node, Plane, Role, State
from scanner.tables import control_actions

ADMITTED = "AdmittedPods"
"""The kind of the relay that stands for whatever pods a guard lets in."""
MAKING = frozenset({"create-pods", "change-pods", "create-workloads", "change-workloads", "create-custom-workloads"})
"""The rows of the control table that give a pod with labels of the holder's own."""
LABELLING = "change-namespaces"


class _Guard(Struct, eq=False):
    """Guards that let in pods of the same namespaces, with the models that stand behind and what says so."""

    relay: str
    address: str
    like: AdmittedPods
    models: list[tuple[Node, AdmittedPods]] = field(default_factory=list)


class _Unit(Struct, eq=False):
    """The guards of one unit, by what they ask of a namespace.

    told: the namespaces in which other rules tell who makes pods. declared: those that the inputs declare.
    """

    guards: dict[tuple[object, ...], _Guard] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    declared: set[str] = field(default_factory=set)
    sure: dict[str, list[_Guard]] = field(default_factory=dict)
    perhaps: dict[str, list[_Guard]] = field(default_factory=dict)

    def index(self) -> None:
        """Sort the guards by namespace, so that none is asked in vain."""
        for guard in self.guards.values():
            for name in guard.like.namespaces:
                self.sure.setdefault(name, []).append(guard)
            for name in guard.like.perhaps:
                self.perhaps.setdefault(name, []).append(guard)

    def lets_in(self, namespace: str) -> Iterator[tuple[_Guard, Truth]]:
        """The guards that let in pods of a namespace, and whether surely."""
        yield from ((guard, Truth.YES) for guard in self.sure.get(namespace, ()))
        yield from ((guard, Truth.POSSIBLE) for guard in self.perhaps.get(namespace, ()))
        for guard in self.guards.values():
            if guard.like.everywhere:
                yield guard, Truth.YES
            elif guard.like.elsewhere and namespace not in self.declared:
                yield guard, Truth.POSSIBLE


def guard_edges(world: World, rights: Iterable[Right]) -> list[Edge]:
    """Edges from holders of rights to the pods that guards let in; a relay for each guard, with its way to the model.

    Left to other rules: who makes pods where the gateway, a classifier or the model itself stands, and so whoever
    makes them everywhere: such a subject is, or becomes, the stack or the model.
    """
    units = _units(world)
    gives = [(right, right.settle(makes), right.settle(labels)) for right, makes, labels in _able(rights, units.keys())]
    makers = {right.subject for right, makes, _ in gives if makes is Truth.YES}
    found: list[Edge] = []
    for right, makes, labels in gives:
        unit = units[right.unit]
        if right.namespace in unit.told:
            continue
        if right.namespace != CLUSTER_WIDE and makes is not Truth.NO:
            what = f"a pod that it makes in namespace `{right.namespace}` is let in"
            for guard, truth in unit.lets_in(right.namespace):
                by = f"Namespace/{right.namespace}" if truth is Truth.POSSIBLE else ""
                found.append(_edge(right, guard, min(truth, makes), what, by))
        if labels is not Truth.NO:
            found += _labels(right, labels, unit, right.subject in makers)
    return [*surest(found), *_onward(world, units)]


def _units(world: World) -> dict[str, _Unit]:
    found: dict[str, _Unit] = {}
    for node in world.with_role(*STACK, Role.MODEL):
        if not node.namespace:
            continue
        name = node.id.removesuffix(f":{node.address}")
        unit = found.setdefault(name, _Unit())
        unit.told.add(node.namespace)
        for fact in node.facts:
            if isinstance(fact, AdmittedPods):
                key = (fact.namespaces, fact.perhaps, fact.everywhere, fact.elsewhere, fact.labelled)
                address = f"admitted/{len(unit.guards) + 1}"
                guard = unit.guards.setdefault(key, _Guard(f"{name}:{address}", address, fact))
                guard.models.append((node, fact))
    for one in world.inventory.of("Namespace"):
        if one.unit in found:
            found[one.unit].declared.add(one.name)
    for unit in found.values():
        unit.index()
    return {name: unit for name, unit in found.items() if unit.guards}


def _able(rights: Iterable[Right], units: Iterable[str]) -> Iterator[tuple[Right, Truth, Truth]]:
    """The rights that give pods with labels of the holder's own, or labels of namespaces."""
    making = [row for row in control_actions("kubernetes") if row.action in MAKING]
    labelling = [row for row in control_actions("kubernetes") if row.action == LABELLING]
    known: dict[tuple[object, ...], tuple[Truth, Truth]] = {}
    wanted = set(units)
    for right in rights:
        if right.unit not in wanted:
            continue
        key = right.grant.key
        if key not in known:
            known[key] = (
                max((right.grant.allows(row) for row in making), default=Truth.NO),
                max((right.grant.allows(row) for row in labelling), default=Truth.NO),
            )
        if max(known[key]) is not Truth.NO:
            yield right, *known[key]


def _labels(right: Right, labels: Truth, unit: _Unit, maker: bool) -> Iterator[Edge]:
    """Who labels a namespace lets its pods in; without pods of its own, those of others."""
    sure = labels if maker and not right.grant.names else min(labels, Truth.POSSIBLE)
    by = f"who makes pods in a namespace that {right.binding} lets it label"
    for guard in unit.guards.values():
        if guard.like.labelled:
            what = "a label that it gives to a namespace lets the pods of the namespace in"
            yield _edge(right, guard, sure, what, by)


def _edge(right: Right, guard: _Guard, truth: Truth, what: str, decided: str) -> Edge:
    unknown = right.doubt or right.grant.unknown
    by = {decided} - {""} if unknown is None else {*unknown.decided_by}
    possible = truth is Truth.POSSIBLE
    where = "every namespace" if right.namespace == CLUSTER_WIDE else f"namespace `{right.namespace}`"
    return Edge(
        source=right.subject,
        target=guard.relay,
        plane=Plane.IDENTITY,
        verb="become",
        because=f"`{right.binding}` gives it `{right.grant.role}` in {where}: {what}",
        origin=right.grant.origin or right.origin,
        state=State.POSSIBLE if possible else State.OPEN,
        reason="value-unknown" if possible else "",
        decided_by=(tuple(sorted(by)) or (right.grant.role,)) if possible else (),
        cut=True,
    )


def _onward(world: World, units: Mapping[str, _Unit]) -> Iterator[Edge]:
    """The relays of the pods that guards let in, and their ways to the models."""
    for guard in (one for unit in units.values() for one in unit.guards.values()):
        line = guard.like.origin
        world.ensure(Node(guard.relay, ADMITTED, guard.address, "pods that a guard lets in", origin=line))
        for model, fact in guard.models:
            yield Edge(
                source=guard.relay,
                target=model.id,
                plane=Plane.NETWORK,
                verb="reach",
                because=fact.because,
                origin=fact.origin,
                traffic=ALL_TRAFFIC,
                state=State.POSSIBLE if fact.reason else State.OPEN,
                reason=fact.reason,
                decided_by=fact.decided_by,
            )
