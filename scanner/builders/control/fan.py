"""Many sources before many targets: edges one by one where they are few, through one relay where they are many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.draft import World
from scanner.graph.model import Edge, Node, State

RELAY = "Rights"
"""The kind of the node that stands for a set of rights which many hold."""
FEW = 4096
"""Up to so many pairs each source has its own edge to each target, which reads better."""


class Goal(Struct, frozen=True):
    """A target of a fan.

    because: what leads from the relay to it. doubt: (reason, what decides), None for none. told: it is said as well
    where there is no relay.
    """

    node_id: str
    because: str
    doubt: tuple[str, tuple[str, ...]] | None = None
    told: bool = False


def surest(edges: Iterable[Edge]) -> list[Edge]:
    """One edge for each source, target and verb, the surest; none from a node to itself."""
    best: dict[tuple[str, str, str], Edge] = {}
    for edge in edges:
        key = (edge.source, edge.target, edge.verb)
        have = best.get(key)
        if edge.source != edge.target and (have is None or (have.state is State.POSSIBLE and edge.state is State.OPEN)):
            best[key] = edge
    return list(best.values())


def _to(edge: Edge, target: str) -> Edge:
    """The edge, to another target; by hand, since there are many of them and `replace` takes four times as long."""
    return Edge(
        edge.source, target, edge.plane, edge.verb, edge.because, edge.origin, edge.state, edge.traffic, edge.reason,
        edge.decided_by, edge.cut,
    )  # fmt: skip


def aimed(edge: Edge, goal: Goal) -> Edge:
    """The edge, to this goal: possible where the goal is in doubt."""
    if goal.doubt is None or edge.state is State.POSSIBLE:
        return _to(edge, goal.node_id)
    reason, decided = goal.doubt
    return replace(edge, target=goal.node_id, state=State.POSSIBLE, reason=reason, decided_by=decided)


def _telling(edge: Edge, goal: Goal) -> Edge:
    return replace(edge, because=f"{edge.because}; {goal.because}") if goal.told else edge


def spread(
    world: World, unit: str, name: str, sources: Sequence[Edge], goals: Sequence[Goal], few: int = FEW
) -> list[Edge]:
    """From every source (an edge whose target is left open) to every goal; `name` is the relay's, were there one.

    few: up to so many pairs there is none. All sources have one verb. A relay is no actor: whoever comes through it is
    met behind it.
    """
    if len(sources) * len(goals) <= few:
        return [aimed(_telling(edge, goal), goal) for edge in sources for goal in goals]
    verb = sources[0].verb
    address = f"Rights/{verb}/{name}"
    relay = world.ensure(Node(f"{unit}:{address}", RELAY, address, name))
    made = [_to(edge, relay.id) for edge in sources]
    for goal in goals:
        onward = replace(sources[0], source=relay.id, because=goal.because, origin=None, cut=False)
        made.append(aimed(replace(onward, state=State.OPEN, reason="", decided_by=()), goal))
    return made
