"""What meets a model: the sign of a place that decides nothing by itself counts only there."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.graph.model import STACK, Role
from scanner.resource import Resource
from scanner.unknown import refs_in

MET = STACK | {Role.MODEL, Role.CANDIDATE, Role.STORE, Role.CLUSTER}


class Meetings:
    """The resources that are, refer to, or are referred to by a model, a store, a cluster or the safety stack.

    It is worked out when it is first asked for: most inputs have no such sign at all.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self._met: frozenset[str] | None = None

    def unit(self, name: str) -> bool:
        """Whether any such thing stands in a unit."""
        return any(node.id.partition(":")[0] == name for node in self.world.with_role(*MET))

    def __contains__(self, resource: Resource) -> bool:
        if self._met is None:
            self._met = frozenset(_met(self.world))
        return resource.id in self._met


def _met(world: World) -> set[str]:
    core = {node.id for node in world.with_role(*MET)}
    found = set(core)
    for one in world.inventory.all:
        named = {other.id for ref in refs_in(one.attrs) if (other := world.inventory.at(one.unit, ref.address))}
        if one.id in core:
            found |= named
        elif named & core:
            found.add(one.id)
    return found
