"""Several graphs of one deployment as one: all nodes, facts and ways of each; and ways by things that may be one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Plane, State

MOST = 20_000
"""How many ways are told for things that may be one: beyond it, that they may be is a doubt about everything."""
SAME_UNKNOWN = "identity-unknown"


def united(graphs: Sequence[Graph]) -> Graph:
    """All that any of the graphs has: a node has every role and fact, and exists where it does in one of them."""
    nodes: dict[str, Node] = {}
    for graph in graphs:
        for id_, node in graph.nodes.items():
            nodes[id_] = node if id_ not in nodes else _both(nodes[id_], node)
    return Graph.of(nodes.values(), [edge for graph in graphs for edge in graph.edges])


def _both(one: Node, other: Node) -> Node:
    if one == other:
        return one
    facts = one.facts
    if other.facts != facts:
        facts = tuple(sorted(dict.fromkeys((*one.facts, *other.facts)), key=repr))
    there = State.OPEN in (one.state, other.state)
    return replace(
        one,
        roles=one.roles | other.roles,
        actor=one.actor or other.actor,
        state=State.OPEN if there else State.POSSIBLE,
        decided_by=() if there else tuple(sorted({*one.decided_by, *other.decided_by})),
        facts=facts,
        aliases=tuple(dict.fromkeys((*one.aliases, *other.aliases))),
    )


def with_possible_ways(graph: Graph, maybe: Iterable[tuple[str, str]]) -> tuple[Graph, bool]:
    """The graph in which what leads to one of two things that may be one may lead to the other; and whether all fits.

    What the other leads on to is its own: a way that ends at the first and goes on from the second is a way by this.
    """
    found: dict[Edge, None] = {}
    for ours, theirs in maybe:
        for one, other in ((ours, theirs), (theirs, ours)):
            if one not in graph.nodes or other not in graph.nodes:
                continue
            doubt = f"whether `{graph.nodes[ours].address}` is `{graph.nodes[theirs].address}`"
            for edge in graph.into(one):
                if edge.plane is not Plane.PLACEMENT and edge.source != other:
                    found[_led(edge, other, doubt)] = None
        if len(found) > MOST:
            return graph, False
    return (Graph.of(graph.nodes.values(), [*graph.edges, *found]) if found else graph), True


def _led(edge: Edge, target: str, doubt: str) -> Edge:
    decided = tuple(sorted({*edge.decided_by, doubt}))
    because = f"{edge.because}; {doubt} is not known"
    return replace(
        edge, target=target, state=State.POSSIBLE, reason=SAME_UNKNOWN, decided_by=decided, because=because, cut=False
    )
