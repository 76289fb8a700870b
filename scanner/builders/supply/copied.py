"""What holds weights: the stores, and every copy of them as far as copies go."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.graph.model import Plane, Role


def holders(world: World) -> frozenset[str]:
    """The ids of the stores of weights and of whatever a copy of one comes to, or may."""
    onward: dict[str, list[str]] = {}
    for edge in world.edges:
        if edge.plane is Plane.SUPPLY and edge.verb == "copy":
            onward.setdefault(edge.source, []).append(edge.target)
    found = {node.id for node in world.with_role(Role.STORE)}
    waiting = sorted(found)
    while waiting:
        for target in onward.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return frozenset(found)
