"""Forward questions: the shortest ways from some nodes to others, and whether they all pass a third."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable

from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Plane, State
from scanner.graph.search import Way


def ways_between(
    graph: Graph,
    sources: Iterable[str],
    targets: Collection[str],
    *,
    without: Collection[str] = (),
    planes: Collection[Plane] = (),
) -> list[Way]:
    """For each source that leads to a target, its way with the fewest possible edges, then the fewest hops.

    Over all planes, or those given, and over actors. `without`: nodes that no way may touch. The best way comes first.
    """
    best: dict[str, tuple[int, int]] = {one: (0, 0) for one in targets if one in graph.nodes and one not in without}
    onward: dict[str, Edge] = {}
    heap = [(0, 0, one) for one in best]
    heapq.heapify(heap)
    settled: set[str] = set()
    while heap:
        unknown, hops, here = heapq.heappop(heap)
        if here in settled:
            continue
        settled.add(here)
        for edge in graph.into(here):
            if planes and edge.plane not in planes:
                continue
            cost = (unknown + (edge.state is State.POSSIBLE), hops + 1)
            if edge.source not in without and (edge.source not in best or cost < best[edge.source]):
                best[edge.source] = cost
                onward[edge.source] = edge
                heapq.heappush(heap, (*cost, edge.source))
    found = sorted((best[one], one) for one in set(sources) if one in onward)
    return [_way(graph, one, onward) for _, one in found]


def _way(graph: Graph, source: str, onward: dict[str, Edge]) -> Way:
    edges = [onward[source]]
    while edges[-1].target in onward:
        edges.append(onward[edges[-1].target])
    return Way(graph.nodes[source], tuple(edges))
