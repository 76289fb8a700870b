"""The graph as it is judged: immutable, indexed both ways, with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from enum import Enum
from typing import TypeVar

from scanner.graph.facts import Fact
from scanner.graph.model import Edge, Node, Plane, Role, State
from scanner.unknown import Unknown

F = TypeVar("F", bound=Fact)


@dataclass(frozen=True, slots=True)
class Blindness:
    """Something that the graph does not show and that could hold a way: named in every verdict that it touches."""

    what: str
    why: str


class Graph:
    """Nodes by id, edges sorted, both directions indexed. Build it with `Graph.of`."""

    def __init__(self, nodes: Mapping[str, Node], edges: tuple[Edge, ...]) -> None:
        self.nodes = nodes
        self.edges = edges
        self._into: dict[str, list[Edge]] = {}
        self._out: dict[str, list[Edge]] = {}
        for edge in edges:
            self._into.setdefault(edge.target, []).append(edge)
            self._out.setdefault(edge.source, []).append(edge)
        self._digest = ""

    @classmethod
    def of(cls, nodes: Iterable[Node], edges: Iterable[Edge]) -> Graph:
        """A graph of `nodes` and `edges`.

        An edge one of whose ends is only possible becomes possible itself. Raises ValueError for two nodes with
        one id, or an edge whose end is not a node.
        """
        by_id: dict[str, Node] = {}
        for node in nodes:
            if node.id in by_id:
                raise ValueError(f"two nodes have the id {node.id!r}")
            by_id[node.id] = node
        kept = {_settled(edge, by_id): None for edge in edges}
        return cls(dict(sorted(by_id.items())), tuple(sorted(kept, key=edge_key)))

    def into(self, node_id: str) -> list[Edge]:
        """The edges that end at `node_id`, in order."""
        return self._into.get(node_id, [])

    def out_of(self, node_id: str) -> list[Edge]:
        """The edges that start at `node_id`, in order."""
        return self._out.get(node_id, [])

    def with_role(self, *roles: Role) -> list[Node]:
        """The nodes that have at least one of `roles`, by id."""
        wanted = frozenset(roles)
        return [node for node in self.nodes.values() if node.roles & wanted]

    def facts(self, kind: type[F]) -> Iterator[tuple[Node, F]]:
        """Every fact of `kind` with its node, by node id."""
        for node in self.nodes.values():
            for fact in node.facts:
                if isinstance(fact, kind):
                    yield node, fact

    def plane(self, plane: Plane) -> Iterator[Edge]:
        """The edges of one plane, in order."""
        return (edge for edge in self.edges if edge.plane is plane)

    @property
    def digest(self) -> str:
        """sha256 over nodes, facts and edges; the same for the same graph, whatever order it was built in."""
        if not self._digest:
            sha = hashlib.sha256()
            for thing in (*self.nodes.values(), *self.edges):
                sha.update(json.dumps(plain(thing), sort_keys=True, separators=(",", ":")).encode())
                sha.update(b"\n")
            self._digest = sha.hexdigest()
        return self._digest


def _settled(edge: Edge, nodes: Mapping[str, Node]) -> Edge:
    ends = []
    for end in (edge.source, edge.target):
        if end not in nodes:
            raise ValueError(f"an edge names {end!r}, which is no node")
        ends.append(nodes[end])
    decided = sorted({name for node in ends if node.state is State.POSSIBLE for name in node.decided_by})
    if edge.state is State.POSSIBLE or all(node.state is State.OPEN for node in ends):
        return edge
    reason = edge.reason or "existence-unknown"
    return replace(edge, state=State.POSSIBLE, reason=reason, decided_by=tuple(decided) or ("existence",))


def edge_key(edge: Edge) -> tuple[str, ...]:
    """The order of edges: by ends, plane, verb, state, then what they say."""
    return (
        edge.target,
        edge.source,
        edge.plane,
        edge.verb,
        edge.state,
        str(edge.traffic),
        edge.because,
        str(edge.origin or ""),
    )


def plain(thing: object) -> object:
    """`thing` as plain JSON values: dataclasses with their type's name, sets sorted."""
    if isinstance(thing, Enum):
        return thing.value
    if isinstance(thing, Unknown):
        return {"unknown": thing.cause, "decided_by": list(thing.decided_by)}
    if is_dataclass(thing) and not isinstance(thing, type):
        body = {field.name: plain(getattr(thing, field.name)) for field in fields(thing)}
        return {"type": type(thing).__name__, **body}
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, (frozenset, set)):
        return sorted(str(plain(one)) for one in thing)
    if isinstance(thing, (tuple, list)):
        return [plain(one) for one in thing]
    return thing
