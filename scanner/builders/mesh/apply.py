"""The mesh as a gate on edges: who is kept out loses its way, who may be kept out has a possible one."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.entry import CONTROLLER
from scanner.builders.k8s_network.pods import Workload
from scanner.builders.k8s_network.view import Target, View
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.ports import ALL, NONE, PortSet, common, ports, traffic_of, union
from scanner.builders.mesh.classes import Crowd
from scanner.builders.mesh.gate import TCP_ONLY, Gate, Part, Parts, key_of
from scanner.builders.mesh.guard import ANYBODY, PLAINTEXT, Answer, Caller
from scanner.builders.mesh.places import Places
from scanner.builders.mesh.unseen import known_accounts, unseen
from scanner.graph.model import Edge, Node, Plane, Role, State

PASSING = frozenset({"PodSet", "Service", "InferencePool"})
"""Relays that hand a connection on as it is: whoever calls them is seen by the proxy of the target."""
Groups = dict[Parts, list[Edge]]
"""The edges into a relay, by what their callers are let in to."""
ELSEWHERE = Answer(
    Match.MAYBE,
    "the mesh of the cluster need not hold for callers of another unit",
    None,
    Doubt("mesh-identity-unknown", ("the identity of callers of another unit",)),
)


class Gates(Struct):
    """The gates of one cluster, and the edges that they change.

    routed: the callers behind a relay that calls on its own, by the relay's node.
    """

    view: View
    places: Places
    routed: dict[str, tuple[Caller, ...]]
    into: dict[str, list[Edge]]
    made: dict[object, Gate] = field(default_factory=dict)
    added: list[Edge] = field(default_factory=list)
    workloads: dict[str, Workload] = field(default_factory=dict)
    callers: dict[str, tuple[Caller, ...]] = field(default_factory=dict)
    groups: dict[tuple[str, int], Groups] = field(default_factory=dict)
    crowds: dict[str, Crowd] = field(default_factory=dict)
    copies: dict[tuple[str, Parts], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workloads = {self.view.node(one.address): one for one in self.view.workloads}

    def gate(self, target: Target) -> Gate:
        """The gate of a target."""
        guards = self.places.guards(target)
        return self.made.setdefault(key_of(guards), Gate(guards, len(self.made)))

    def edges(self, target: Target, gate: Gate, edge: Edge) -> Iterator[Edge]:
        """What is left of an edge into a target."""
        groups = self._of_source(edge, gate)
        for parts in sorted(groups, key=_order):
            source = edge.source if len(groups) == 1 else self._copy(edge.source, parts, groups[parts])
            if not parts:
                self.view.world.assumptions[TCP_ONLY] = None
            for part in parts:
                left = _settled(self.view, target, replace(edge, source=source), part)
                if left is not None:
                    yield left

    def _of_source(self, edge: Edge, gate: Gate) -> Groups:
        """The callers behind the source of an edge: the source itself, or what calls a relay that passes on."""
        node = self.view.world.nodes[edge.source]
        if node.actor or node.kind not in PASSING:
            return {self._parts(node, edge, gate): [edge]}
        return self._through(node, gate, edge)

    def _through(self, node: Node, gate: Gate, last: Edge) -> Groups:
        found = self.groups.get((node.id, gate.number))
        if found is not None:
            return found
        self.groups[(node.id, gate.number)] = {}  # a relay that leads back to itself adds no caller
        groups: Groups = {}
        crowd = self._crowd(node.id)
        named = crowd.named(gate.names)
        for callers, edge in named:
            groups.setdefault(gate.parts(callers), []).append(edge)
        apart = {edge.source for _, edge in named}
        for shape, pairs in crowd.shapes.items():
            parts = gate.parts(shape)
            # Of those who are kept out nothing is left: that there are any is enough.
            if parts:
                left = [edge for _, edge in pairs if edge.source not in apart]
            else:
                left = [edge for _, edge in pairs[: len(apart) + 1] if edge.source not in apart]
            if left:
                groups.setdefault(parts, []).extend(left)
        for edge in crowd.others:
            inner = self._of_source(edge, gate)
            for parts in sorted(inner, key=_order):
                source = edge.source if len(inner) == 1 else self._copy(edge.source, parts, inner[parts])
                groups.setdefault(parts, []).append(replace(edge, source=source))
        if not groups:
            # Nobody calls it as far as is known: the edge stays as it is for one who does.
            groups = {(Part(ALL, Answer(Match.YES, "")),): []}
        self.groups[(node.id, gate.number)] = groups
        return groups

    def _crowd(self, relay: str) -> Crowd:
        """The callers of a relay, sorted once for all gates."""
        found = self.crowds.get(relay)
        if found is None:
            found = self.crowds[relay] = Crowd()
            for edge in self.into.get(relay, ()):
                node = self.view.world.nodes[edge.source]
                if node.id in self.workloads:
                    found.add(self._who(node, edge), edge, self.places.authorizer.trust)
                else:
                    found.others.append(edge)
        return found

    def _copy(self, relay: str, parts: Parts, edges: list[Edge]) -> str:
        """A relay of its own for those callers of a relay that are let in alike."""
        if not parts:
            return relay
        known = self.copies.get((relay, parts))
        if known is not None:
            return known
        node = self.view.world.nodes[relay]
        number = sum(1 for one, _ in self.copies if one == relay)
        made = replace(node, id=f"{relay}+mesh/{number}", address=f"{node.address}+mesh/{number}", facts=())
        self.view.world.ensure(made)
        self.copies[(relay, parts)] = made.id
        self.added += [replace(edge, target=made.id) for edge in edges]
        return made.id

    def _parts(self, node: Node, edge: Edge, gate: Gate) -> Parts:
        if node.kind == "Container" or "#" in node.address:
            return (Part(ALL, Answer(Match.YES, "")),)  # localhost passes no proxy
        foreign = not node.id.startswith(f"{self.view.unit}:") and Role.EXTERNAL not in node.roles
        found = gate.parts(self._who(node, edge))
        if not foreign:
            return found
        open_to = NONE
        for part in found:
            open_to = union(open_to, part.ports)
        return found if open_to == ALL else (Part(ALL, ELSEWHERE),)

    def _who(self, node: Node, edge: Edge) -> tuple[Caller, ...]:
        """As whom a node calls."""
        workload = self.workloads.get(node.id)
        if workload is not None:
            if node.id not in self.callers:
                self.callers[node.id] = self.places.callers(workload)
            return self.callers[node.id]
        if node.id in self.routed:
            return self.routed[node.id]
        plain = Role.EXTERNAL in node.roles or node.kind[:1].islower()
        return (PLAINTEXT,) if plain and edge.reason != CONTROLLER else (ANYBODY,)


def _settled(view: View, target: Target, edge: Edge, part: Part) -> Edge | None:
    """An edge with what one part of it lets through."""
    before = ports_of(edge)
    some = common(before, part.ports)
    if not some or not common(some, ports("TCP")):
        return edge if some == before and part.answer.match is Match.YES else None
    answer = part.answer
    because = f"{edge.because}; {answer.because}" if answer.because else edge.because
    changed = replace(edge, because=because, origin=answer.origin or edge.origin, traffic=traffic_of(some))
    doubt = answer.doubt if answer.match is Match.MAYBE else None
    if some != before:
        doubt = view.settled(target, some, doubt)
    if answer.match is Match.MAYBE and doubt is None:
        doubt = Doubt("mesh-unknown", ("the mesh",))
    if doubt is None:
        return changed
    reason = edge.reason or doubt.reason
    decided = tuple(sorted({*edge.decided_by, *doubt.decided_by}))
    return replace(changed, state=State.POSSIBLE, reason=reason, decided_by=decided)


def _order(parts: Parts) -> list[tuple[PortSet, Match, str, str]]:
    """An order that does not depend on where anything was read."""
    return [(one.ports, one.answer.match, one.answer.because, str(one.answer.doubt)) for one in parts]


def ports_of(edge: Edge) -> PortSet:
    """The traffic of an edge as a set."""
    found = NONE
    for one in edge.traffic:
        found = union(found, ports(one.protocol, one.from_port, one.to_port))
    return found


def guarded(view: View, places: Places, routed: dict[str, tuple[Caller, ...]]) -> None:
    """Put the gate of every target of a cluster on the edges that lead into it."""
    world = view.world
    into: dict[str, list[Edge]] = {}
    for edge in world.edges:
        if _reaches(edge):
            into.setdefault(edge.target, []).append(edge)
    gates = Gates(view, places, routed, into)
    changed: dict[str, list[Edge]] = {}
    known = known_accounts(view, places)
    for target in view.targets:
        gate = gates.gate(target)
        if not gate.matters:
            continue
        for node in target.nodes:
            every = sorted(into.get(node, ()), key=lambda one: (one.source, one.because))
            changed[node] = [left for edge in every for left in gates.edges(target, gate, edge)]
        gates.added += unseen(view, places, target, gate, known)
    kept = [one for one in world.edges if one.target not in changed or not _reaches(one)]
    world.edges = [*kept, *gates.added, *(edge for edges in changed.values() for edge in edges)]


def _reaches(edge: Edge) -> bool:
    return edge.plane is Plane.NETWORK and edge.verb == "reach"
