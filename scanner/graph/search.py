"""Backward search: who can get at a target, by the way with the fewest unknowns, then the fewest hops."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Plane, State


@dataclass(frozen=True, slots=True)
class Way:
    """A path from an actor to a target: `edges` in the direction of travel, at least one."""

    actor: Node
    edges: tuple[Edge, ...]

    @property
    def state(self) -> State:
        """`open` where every edge is, else `possible`."""
        return State.POSSIBLE if any(edge.state is State.POSSIBLE for edge in self.edges) else State.OPEN

    @property
    def decided_by(self) -> tuple[str, ...]:
        """What would decide the possible edges, sorted."""
        return tuple(sorted({name for edge in self.edges if edge.state is State.POSSIBLE for name in edge.decided_by}))


@dataclass(frozen=True, slots=True)
class Reach:
    """The result of a backward search.

    closed: every node that was entered, targets included: the set into which only `allowed` and `ways` lead.
    allowed: the nodes that were met and may stand there. ways: one shortest way for each other actor met.
    """

    targets: tuple[str, ...]
    planes: tuple[Plane, ...]
    verbs: tuple[str, ...]
    closed: frozenset[str]
    allowed: frozenset[str]
    ways: tuple[Way, ...]


def reach(
    graph: Graph,
    targets: Iterable[str],
    planes: Collection[Plane],
    *,
    allowed: Callable[[Node], bool],
    verbs: Collection[str] = (),
    through_actors: bool = False,
) -> Reach:
    """Walk backwards from `targets` over edges of `planes` (and `verbs`, where given) until an actor is met.

    An actor for which `allowed` is true is noted and not walked through. Any other actor is a way; with
    `through_actors` the walk goes on behind it, so that who can become it is found as well.
    An allowed node never ends a way, and a target that is itself an actor is entered.
    """
    goal = tuple(sorted(set(targets)))
    best: dict[str, tuple[int, int]] = {target: (0, 0) for target in goal if target in graph.nodes}
    onward: dict[str, Edge] = {}
    heap = [(0, 0, target) for target in best]
    heapq.heapify(heap)
    closed: set[str] = set()
    met: set[str] = set()
    ways: list[str] = []
    while heap:
        unknown, hops, here = heapq.heappop(heap)
        if here in closed or here in met or best[here] != (unknown, hops):
            continue
        node = graph.nodes[here]
        if here not in goal:
            if allowed(node):
                met.add(here)
                continue
            if node.actor:
                ways.append(here)
                if not through_actors:
                    continue
        closed.add(here)
        for edge in graph.into(here):
            if edge.plane not in planes or (verbs and edge.verb not in verbs) or edge.source == here:
                continue
            cost = (unknown + (edge.state is State.POSSIBLE), hops + 1)
            if edge.source not in closed and cost < best.get(edge.source, (1 << 30, 0)):
                best[edge.source] = cost
                onward[edge.source] = edge
                heapq.heappush(heap, (*cost, edge.source))
    found = tuple(_way(graph, here, onward, goal) for here in ways)
    return Reach(goal, tuple(planes), tuple(verbs), frozenset(closed), frozenset(met), found)


def _way(graph: Graph, actor: str, onward: dict[str, Edge], goal: tuple[str, ...]) -> Way:
    edges = []
    here = actor
    while here not in goal:
        edge = onward[here]
        edges.append(edge)
        here = edge.target
    return Way(graph.nodes[actor], tuple(edges))
