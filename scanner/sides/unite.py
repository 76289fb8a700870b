"""Several graphs of one deployment as one: all nodes, facts and ways of each; and ways by things that may be one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Plane, State
from scanner.sides.join import Maybe

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


def with_possible_ways(graph: Graph, maybe: Iterable[Maybe]) -> tuple[Graph, bool]:
    """The graph in which what leads to one of two things that may be one may lead to the other; and whether all fits.

    What the other leads on to is its own: a way that ends at the first and goes on from the second is a way by this.
    """
    found: dict[Edge, None] = {}
    for ours, theirs in maybe:
        for some, others in ((ours, theirs), (theirs, ours)):
            if not _lead(graph, some, others, found):
                return graph, False
    return (Graph.of(graph.nodes.values(), [*graph.edges, *found]) if found else graph), True


def _lead(graph: Graph, some: Sequence[str], others: Sequence[str], found: dict[Edge, None]) -> bool:
    """Add the ways to each of `others` that lead to one of `some`; False once there are too many."""
    there = [one for one in others if one in graph.nodes]
    for one in some:
        into = [edge for edge in graph.into(one) if edge.plane is not Plane.PLACEMENT]
        if len(found) + len(into) * len(there) > MOST:
            return False
        for edge in into:
            for other in there:
                if edge.source != other:
                    doubt = f"whether `{graph.nodes[one].address}` is `{graph.nodes[other].address}`"
                    found[_led(edge, other, doubt)] = None
    return True


def _led(edge: Edge, target: str, doubt: str) -> Edge:
    decided = tuple(sorted({*edge.decided_by, doubt}))
    because = f"{edge.because}; {doubt} is not known"
    return replace(
        edge, target=target, state=State.POSSIBLE, reason=SAME_UNKNOWN, decided_by=decided, because=because, cut=False
    )
