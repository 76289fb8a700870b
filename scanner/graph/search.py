"""Backward search: who can get at a target, by the way with the fewest unknowns, then the fewest hops."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from msgspec import Struct, field

from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Plane, State


class Way(Struct, frozen=True):
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


class Reach(Struct, frozen=True):
    """The result of a backward search.

    closed: every node that was entered, targets included: the set into which only `allowed` and `ways` lead.
    allowed: the nodes that were met and may stand there. ways: one shortest way for each other actor met.
    onward: the best edge from each node that was met, as far as the search came.
    """

    targets: tuple[str, ...]
    planes: tuple[Plane, ...]
    verbs: tuple[str, ...]
    closed: frozenset[str]
    allowed: frozenset[str]
    ways: tuple[Way, ...]
    onward: Mapping[str, Edge] = field(default_factory=dict)

    def doors(self, graph: Graph, actor: Node) -> list[Way]:
        """A way for each node that an actor enters the closed set by, the best first; `ways` has one of them."""
        found: dict[str, Way] = {}
        for edge in graph.out_of(actor.id):
            if edge.plane not in self.planes or (self.verbs and edge.verb not in self.verbs):
                continue
            if edge.target in self.closed and edge.target != actor.id:
                way = Way(actor, tuple(self._follow(edge)))
                if edge.target not in found or _cost(way) < _cost(found[edge.target]):
                    found[edge.target] = way
        return sorted(found.values(), key=_cost)

    def _follow(self, edge: Edge) -> Iterator[Edge]:
        yield edge
        while edge.target not in self.targets:
            edge = self.onward[edge.target]
            yield edge


def _cost(way: Way) -> tuple[int, int, str]:
    return sum(edge.state is State.POSSIBLE for edge in way.edges), len(way.edges), way.edges[0].target


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

    An actor for which `allowed` is true is noted and not walked through. Any other actor is a way, also one that is
    itself a target and calls another target; with `through_actors` the walk goes on behind it, so that who can
    become it is found as well. An edge from a node to itself is no way.
    """
    goal = tuple(sorted({target for target in targets if target in graph.nodes}))
    walk = _Walk(graph, goal, frozenset(planes), frozenset(verbs), allowed, through_actors)
    walk.run()
    ways = []
    for here in walk.actors:
        way = walk.way(here)
        if way.edges[-1].target == here:
            # A model that calls itself through its own Service is no way; it may still reach another one.
            rest = tuple(target for target in goal if target != here)
            others = _Walk(graph, rest, frozenset(planes), frozenset(verbs), allowed, through_actors)
            others.keep_to(here)
            others.run()
            if here not in others.actors:
                continue
            way = others.way(here)
        ways.append(way)
    closed, met = frozenset(walk.closed), frozenset(walk.met)
    return Reach(goal, tuple(planes), tuple(verbs), closed, met, tuple(ways), walk.onward)


class _Walk:
    """One search: a node is entered as a target (cost nothing) or as a source that was met (by its best edge)."""

    def __init__(
        self,
        graph: Graph,
        goal: tuple[str, ...],
        planes: frozenset[Plane],
        verbs: frozenset[str],
        allowed: Callable[[Node], bool],
        through_actors: bool,
    ) -> None:
        self.graph, self.planes, self.verbs = graph, planes, verbs
        self.allowed, self.through_actors = allowed, through_actors
        self.goal = frozenset(goal)
        self.closed: set[str] = set()
        self.met: set[str] = set()
        self.actors: list[str] = []
        self.onward: dict[str, Edge] = {}
        self._into: Callable[[str], list[Edge]] = graph.into
        self._best: dict[str, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, str]] = []

    def keep_to(self, start: str) -> None:
        """Walk only where a way from `start` can lead: thousands of others may stand before the same relay."""
        near, waiting = {start}, [start]
        while waiting:
            for edge in self.graph.out_of(waiting.pop()):
                if self._counts(edge) and edge.target not in near:
                    near.add(edge.target)
                    if self.through_actors or not self.graph.nodes[edge.target].actor:
                        waiting.append(edge.target)
        into: dict[str, list[Edge]] = {}
        for source in sorted(near):
            for edge in self.graph.out_of(source):
                if edge.target in near:
                    into.setdefault(edge.target, []).append(edge)
        self._into = lambda target: into.get(target, [])

    def _counts(self, edge: Edge) -> bool:
        return edge.plane in self.planes and (not self.verbs or edge.verb in self.verbs) and edge.source != edge.target

    def run(self) -> None:
        """Settle every node in the order of its unknowns, then its hops."""
        for target in sorted(self.goal):
            self.closed.add(target)
            self._relax(target, 0, 0)
        settled: set[str] = set()
        while self._heap:
            unknown, hops, here = heapq.heappop(self._heap)
            if here in settled:
                continue
            settled.add(here)
            node = self.graph.nodes[here]
            if self.allowed(node):
                self.met.add(here)
                continue
            if node.actor:
                self.actors.append(here)
                if not self.through_actors:
                    continue
            if here not in self.closed:
                self.closed.add(here)
                self._relax(here, unknown, hops)

    def _relax(self, here: str, unknown: int, hops: int) -> None:
        for edge in self._into(here):
            if not self._counts(edge):
                continue
            cost = (unknown + (edge.state is State.POSSIBLE), hops + 1)
            if edge.source not in self._best or cost < self._best[edge.source]:
                self._best[edge.source] = cost
                self.onward[edge.source] = edge
                heapq.heappush(self._heap, (*cost, edge.source))

    def way(self, actor: str) -> Way:
        """The best way from an actor that was met to a target."""
        edges = [self.onward[actor]]
        while edges[-1].target not in self.goal:
            edges.append(self.onward[edges[-1].target])
        return Way(self.graph.nodes[actor], tuple(edges))
