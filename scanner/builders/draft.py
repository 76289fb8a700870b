"""The graph while it is being built: nodes gain roles and facts, edges are collected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from scanner.builders.inventory import Inventory
from scanner.graph.facts import Fact
from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Role, State
from scanner.profile import Profile
from scanner.resource import Asked, Resource

if TYPE_CHECKING:
    from scanner.lock import Pins

EXTERNAL_UNIT = "external"
_FEW_FACTS = 32


class World:
    """What every builder works on.

    assumptions and trusted are sentences that the report prints; say each once.
    """

    def __init__(
        self, inventory: Inventory, profile: Profile, pins: Pins | None = None, asked: tuple[Asked, ...] = ()
    ) -> None:
        self.inventory = inventory
        self.profile = profile
        self.pins = pins
        self.asked = asked
        self.nodes: dict[str, Node] = {}
        self.edges: list[Edge] = []
        self.assumptions: dict[str, None] = {}
        self.trusted: dict[str, None] = {}
        self.assumed_absent: dict[str, None] = {}
        self.recognised: dict[str, str] = {}
        self._facts: dict[str, set[Fact]] = {}
        self._spaces: dict[tuple[str, frozenset[Role]], frozenset[str]] = {}
        self._places: dict[str, int] = {}
        self._had_roles: set[str] = set()
        """The few nodes that were ever given a role: what is asked of those is not asked of all."""
        self._had_facts: set[str] = set()
        """The same of facts."""
        self.memo: dict[str, object] = {}
        """What a builder works out of the resources once, under a key of its own; resources never change."""
        for resource in inventory.all:
            self.ensure(node_of(resource))

    def ensure(self, node: Node) -> Node:
        """Add `node` unless there is one with its id; return the one that is there."""
        self._places.setdefault(node.id, len(self._places))
        if node.roles:
            self._had_roles.add(node.id)
            self._spaces.clear()
        if node.facts:
            self._had_facts.add(node.id)
        return self.nodes.setdefault(node.id, node)

    def external(self, name: str, kind: str = "External", *, actor: bool = True) -> Node:
        """The node for a class of callers outside the inputs: `internet`, `10.0.0.0/8`, `aws-account/1234...`."""
        node = Node(
            id=f"{EXTERNAL_UNIT}:external/{name}",
            kind=kind,
            address=f"external/{name}",
            name=name,
            roles=frozenset({Role.EXTERNAL}),
            actor=actor,
        )
        return self.ensure(node)

    def add_roles(self, node_id: str, roles: Iterable[Role], how: str = "") -> None:
        """Give the node more roles; `how` says for the report how it was recognised."""
        node = self.nodes[node_id]
        self.nodes[node_id] = replace(node, roles=node.roles | frozenset(roles))
        self._had_roles.add(node_id)
        self._spaces.clear()
        if how:
            self.recognised.setdefault(node_id, how)

    def drop_roles(self, node_id: str, roles: Iterable[Role]) -> None:
        """Take roles away."""
        node = self.nodes[node_id]
        self.nodes[node_id] = replace(node, roles=node.roles - frozenset(roles))
        self._spaces.clear()

    def with_role(self, *roles: Role) -> list[Node]:
        """The nodes that have at least one of `roles` now, in the order in which they were added."""
        wanted = frozenset(roles)
        return [
            self.nodes[one]
            for one in sorted(self._had_roles, key=self._places.__getitem__)
            if not wanted.isdisjoint(self.nodes[one].roles)
        ]

    def with_facts(self) -> list[Node]:
        """The nodes that have a fact now, in the order in which they were added."""
        return [self.nodes[one] for one in sorted(self._had_facts, key=self._places.__getitem__)]

    def resources_with(self, *roles: Role) -> list[Resource]:
        """The resources whose nodes have at least one of `roles` now, by id."""
        ids = {node.id for node in self.with_role(*roles)}
        known = self.inventory.by_id
        if len(known) == len(self.inventory.all):
            return [known[one] for one in sorted(ids) if one in known]
        return [one for one in self.inventory.all if one.id in ids]  # an id may be that of two

    def spaces(self, unit: str, roles: frozenset[Role]) -> frozenset[str]:
        """The namespaces of a unit in which something with one of `roles` stands."""
        found = self._spaces.get((unit, roles))
        if found is None:
            nodes = (node for node in self.with_role(*roles) if node.namespace)
            some = (node.namespace for node in nodes if node.id.partition(":")[0] == unit)
            found = self._spaces[unit, roles] = frozenset(some)
        return found

    def set_actor(self, node_id: str, *, actor: bool = True) -> None:
        """Say that the node can start traffic or use a credential (or that it cannot)."""
        node = self.nodes[node_id]
        if node.actor is not actor:
            self.nodes[node_id] = replace(node, actor=actor)

    def add_fact(self, node_id: str, fact: Fact) -> None:
        """Add a fact to the node; the same fact twice is one."""
        node = self.nodes[node_id]
        if not self._has(node, fact):
            self.nodes[node_id] = replace(node, facts=(*node.facts, fact))
            self._had_facts.add(node_id)
            if node_id in self._facts:
                self._facts[node_id].add(fact)

    def _has(self, node: Node, fact: Fact) -> bool:
        """Whether a node has a fact already; where it has many, they are looked up in a set."""
        if len(node.facts) <= _FEW_FACTS:
            return fact in node.facts
        if node.id not in self._facts:
            self._facts[node.id] = set(node.facts)
        return fact in self._facts[node.id]

    def add_edge(self, edge: Edge) -> None:
        """Add an edge; both ends must be nodes by the time the graph is frozen."""
        self.edges.append(edge)

    def freeze(self) -> Graph:
        """The finished graph."""
        return Graph.of(map(_ordered, self.nodes.values()), self.edges)


def _ordered(node: Node) -> Node:
    """The node with its facts in an order that does not depend on the builders'."""
    return node if len(node.facts) < 2 else replace(node, facts=tuple(sorted(node.facts, key=repr)))


def node_of(resource: Resource) -> Node:
    """The node that stands for a resource."""
    possible = resource.possible
    return Node(
        id=resource.id,
        kind=resource.kind,
        address=resource.address,
        name=resource.name,
        origin=resource.origin,
        state=State.OPEN if possible is None else State.POSSIBLE,
        decided_by=() if possible is None else possible.decided_by,
        namespace=resource.namespace,
        aliases=resource.aliases,
    )
