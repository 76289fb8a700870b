"""Ways through one or more planes, forwards or backwards, whoever stands on them: the best one for each node met."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable

from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Plane, State


def trace(
    graph: Graph, starts: Iterable[str], planes: Collection[Plane], *, verbs: Collection[str] = (), back: bool = False
) -> dict[str, tuple[Edge, ...]]:
    """For each node that is met, the edges between it and a start, in the direction of travel.

    Best is the way with the fewest possible edges, then the fewest hops. `back` follows edges against their
    direction, so that the ways lead from the nodes met to a start. The starts themselves are left out.
    """
    goal = frozenset(starts)
    best: dict[str, tuple[int, int]] = dict.fromkeys(goal, (0, 0))
    came: dict[str, Edge] = {}
    heap = [(0, 0, start) for start in sorted(goal)]
    while heap:
        unknown, hops, here = heapq.heappop(heap)
        if (unknown, hops) > best[here]:
            continue
        for edge in graph.into(here) if back else graph.out_of(here):
            other = edge.source if back else edge.target
            if edge.plane not in planes or (verbs and edge.verb not in verbs):
                continue
            cost = (unknown + (edge.state is State.POSSIBLE), hops + 1)
            if other not in best or cost < best[other]:
                best[other] = cost
                came[other] = edge
                heapq.heappush(heap, (*cost, other))
    met = sorted(came, key=lambda node: (*best[node], node))
    return {node: _way(came, node, goal, back=back) for node in met}


def _way(came: dict[str, Edge], node: str, goal: frozenset[str], *, back: bool) -> tuple[Edge, ...]:
    edges: list[Edge] = []
    while node not in goal:
        edge = came[node]
        edges.append(edge)
        node = edge.target if back else edge.source
    return tuple(edges if back else reversed(edges))
