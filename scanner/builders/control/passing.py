"""A label is no identity: who can make pods, or label namespaces, that a guard of a model lets in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class _Guard:
    """What one statement of a guard says of a model.

    told: the namespaces in which other rules tell who makes pods. declared: those that the inputs declare.
    """

    unit: str
    address: str
    model: Node
    fact: AdmittedPods
    told: frozenset[str]
    declared: frozenset[str]

    @property
    def relay(self) -> str:
        """The id of the node that stands for the pods that are let in."""
        return f"{self.unit}:{self.address}"


def guard_edges(world: World, rights: Iterable[Right]) -> list[Edge]:
    """Edges from holders of rights to the pods that guards let in; a relay for each guard, with its way to the model.

    Left to other rules: who makes pods where the gateway, a classifier or the model itself stands, and so whoever
    makes them everywhere: such a subject is, or becomes, the stack or the model.
    """
    guards = _guards(world)
    found: list[Edge] = []
    able: dict[tuple[object, ...], tuple[Truth, Truth]] = {}
    held: dict[str, list[Right]] = {}
    for right in rights:
        if right.unit in guards:
            held.setdefault(right.unit, []).append(right)
    for unit, some in held.items():
        gives: list[tuple[Right, Truth, Truth]] = []
        for right in some:
            if right.grant.key not in able:
                able[right.grant.key] = _able(right)
            makes, labels = able[right.grant.key]
            if max(makes, labels) is not Truth.NO:
                gives.append((right, right.settle(makes), right.settle(labels)))
        makers = {right.subject for right, makes, _ in gives if makes is Truth.YES}
        for right, makes, labels in gives:
            for guard in guards[unit]:
                found += _passes(right, makes, labels, guard, right.subject in makers)
    return [*surest(found), *(_onward(world, guard) for some in guards.values() for guard in some)]


def _guards(world: World) -> dict[str, list[_Guard]]:
    """By unit, every statement of every guard."""
    spaces: dict[str, set[str]] = {}
    facts: list[tuple[str, Node, AdmittedPods]] = []
    for node in world.nodes.values():
        if not node.namespace or not node.roles & {*STACK, Role.MODEL}:
            continue
        unit = node.id.removesuffix(f":{node.address}")
        spaces.setdefault(unit, set()).add(node.namespace)
        facts += [(unit, node, fact) for fact in node.facts if isinstance(fact, AdmittedPods)]
    declared: dict[str, set[str]] = {}
    for one in world.inventory.of("Namespace"):
        declared.setdefault(one.unit, set()).add(one.name)
    found: dict[str, list[_Guard]] = {}
    for number, (unit, node, fact) in enumerate(facts):
        address = f"admitted/{number + 1}/{node.address}"
        found.setdefault(unit, []).append(
            _Guard(unit, address, node, fact, frozenset(spaces[unit]), frozenset(declared.get(unit, ())))
        )
    return found


def _able(right: Right) -> tuple[Truth, Truth]:
    """Whether a right gives pods with labels of the holder's own, and labels of namespaces."""
    rows = control_actions("kubernetes")
    makes = max((right.grant.allows(row) for row in rows if row.action in MAKING), default=Truth.NO)
    labels = max((right.grant.allows(row) for row in rows if row.action == LABELLING), default=Truth.NO)
    return makes, labels


def _passes(right: Right, makes: Truth, labels: Truth, guard: _Guard, maker: bool) -> Iterator[Edge]:
    fact = guard.fact
    here = right.namespace
    truth = Truth.NO
    if here != CLUSTER_WIDE and here not in guard.told:
        if here in fact.namespaces or fact.everywhere:
            truth = makes
        elif here in fact.perhaps or (fact.elsewhere and here not in guard.declared):
            truth = min(makes, Truth.POSSIBLE)
    if truth is not Truth.NO:
        yield _edge(right, guard, truth, f"a pod that it makes in namespace `{here}` is let in", ())
    elif fact.labelled and labels is not Truth.NO and here not in guard.told:
        # Without pods of its own it can still let in those of others.
        sure = labels if maker and not right.grant.names else min(labels, Truth.POSSIBLE)
        what = "a label that it gives to a namespace lets the pods of the namespace in"
        yield _edge(right, guard, sure, what, (f"who makes pods in a namespace that {right.binding} lets it label",))


def _edge(right: Right, guard: _Guard, truth: Truth, what: str, decided: tuple[str, ...]) -> Edge:
    fact = guard.fact
    unknown = right.doubt or right.grant.unknown
    by = unknown.decided_by if unknown is not None else decided
    if fact.reason:
        truth, by = min(truth, Truth.POSSIBLE), (*by, *fact.decided_by)
    elif truth is Truth.POSSIBLE and right.namespace not in (CLUSTER_WIDE, *fact.namespaces) and not fact.everywhere:
        by = (*by, f"Namespace/{right.namespace}")
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
        reason=(fact.reason or "value-unknown") if possible else "",
        decided_by=(tuple(sorted(set(by))) or (right.grant.role,)) if possible else (),
        cut=True,
    )


def _onward(world: World, guard: _Guard) -> Edge:
    """The relay of the pods that the guard lets in, and its way to the model."""
    fact = guard.fact
    name = f"pods that the guard of {guard.model.address} lets in"
    world.ensure(Node(guard.relay, ADMITTED, guard.address, name, origin=fact.origin))
    return Edge(
        source=guard.relay,
        target=guard.model.id,
        plane=Plane.NETWORK,
        verb="reach",
        because=fact.because,
        origin=fact.origin,
        traffic=ALL_TRAFFIC,
        state=State.POSSIBLE if fact.reason else State.OPEN,
        reason=fact.reason,
        decided_by=fact.decided_by,
    )
