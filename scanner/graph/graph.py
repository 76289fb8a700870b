"""The graph as it is judged: immutable, indexed both ways, with a digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from functools import lru_cache
from itertools import chain, islice
from typing import TypeVar

import msgspec.json
from msgspec import Struct
from msgspec.structs import asdict, replace

from scanner.graph.facts import Fact
from scanner.graph.model import Edge, Node, Plane, Role, State
from scanner.origin import ApiOrigin, FileOrigin
from scanner.unknown import Unknown

F = TypeVar("F", bound=Fact)


class Blindness(Struct, frozen=True):
    """Something that the graph does not show and that could hold a way: named in every verdict that it touches."""

    what: str
    why: str


_ROWS = 200


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
        self._with_roles = [node for node in nodes.values() if node.roles]
        self._facts: dict[type[Fact], list[tuple[Node, Fact]]] = {}
        for node in nodes.values():
            for fact in node.facts:
                self._facts.setdefault(type(fact), []).append((node, fact))

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
        return [node for node in self._with_roles if node.roles & wanted]

    def facts(self, kind: type[F]) -> Iterator[tuple[Node, F]]:
        """Every fact of `kind` with its node, by node id."""
        known = [one for one in self._facts if issubclass(one, kind)]
        if len(known) > 1:
            every = ((node, fact) for node in self.nodes.values() for fact in node.facts)
        else:
            every = (pair for one in known for pair in self._facts[one])
        for node, fact in every:
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
            rows = chain(map(_node_row, self.nodes.values()), map(_edge_row, self.edges))
            # Many at a time: to set up the encoder costs more than most rows.
            while some := list(islice(rows, _ROWS)):
                sha.update(_encoded(some))
                sha.update(b"\n")
            self._digest = sha.hexdigest()
        return self._digest


def _encoded(rows: list[list[object]]) -> bytes:
    """JSON without spaces, keys sorted, ASCII alone."""
    try:
        quick = msgspec.json.encode(rows, order="sorted")
    except (TypeError, ValueError):  # half a character (a lone surrogate), a text of a type of its own
        quick = b"\x7f"
    if quick.isascii() and b"\x7f" not in quick:
        return quick
    return json.dumps(rows, sort_keys=True, separators=(",", ":")).encode()


def _settled(edge: Edge, nodes: Mapping[str, Node]) -> Edge:
    source, target = nodes.get(edge.source), nodes.get(edge.target)
    if source is None or target is None:
        raise ValueError(f"an edge names {edge.source if source is None else edge.target!r}, which is no node")
    if edge.state is State.POSSIBLE or (source.state is State.OPEN and target.state is State.OPEN):
        return edge
    decided = sorted({name for node in (source, target) if node.state is State.POSSIBLE for name in node.decided_by})
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


def _node_row(node: Node) -> list[object]:
    """Everything of a node, in the order of its fields; sets sorted."""
    # Most nodes have neither roles nor facts nor aliases.
    roles = sorted(node.roles) if node.roles else ()
    facts = [plain(fact) for fact in node.facts] if node.facts else ()
    row = [
        node.id, node.kind, node.address, node.name, plain(node.origin), roles, node.actor, node.state,
        node.decided_by, facts, node.namespace,
    ]  # fmt: skip
    return [*row, node.aliases] if node.aliases else row


def _edge_row(edge: Edge) -> list[object]:
    """Everything of an edge, in the order of its fields."""
    traffic = [(one.protocol, one.from_port, one.to_port) for one in edge.traffic] if edge.traffic else ()
    return [
        edge.source, edge.target, edge.plane, edge.verb, edge.because, plain(edge.origin), edge.state, traffic,
        edge.reason, edge.decided_by, edge.cut,
    ]  # fmt: skip


def plain(thing: object) -> object:
    """`thing` as plain JSON values: structs with their type's name, sets sorted."""
    kind: type = type(thing)
    if thing is None or kind in _SCALARS:
        return thing
    if isinstance(thing, FileOrigin):  # nearly all that is asked for
        return _plain_span(thing)
    if isinstance(thing, ApiOrigin):
        made: dict[str, object] = {name: getattr(thing, name) for name in ApiOrigin.__struct_fields__}
        return {"type": kind.__name__, **made, "scope": _plain_scope(thing.scope)}
    if isinstance(thing, Unknown):
        return {"unknown": thing.cause, "decided_by": list(thing.decided_by)}
    if isinstance(thing, Enum):
        return thing.value
    if isinstance(thing, Struct) and thing.__struct_fields__:
        # A scalar is itself: most fields are, and a graph has millions of them.
        made = {"type": kind.__name__, **asdict(thing)}  # a field may be called `type` itself
        for name, value in made.items():
            if type(value) not in _SCALARS:
                made[name] = plain(value)
        return made
    if isinstance(thing, Mapping):
        return {str(key): plain(value) for key, value in thing.items()}
    if isinstance(thing, (frozenset, set)):
        return sorted(str(plain(one)) for one in thing)
    if isinstance(thing, (tuple, list)):
        return [plain(one) for one in thing]
    return thing


@lru_cache(maxsize=4096)
def _plain_span(origin: FileOrigin) -> dict[str, object]:
    """A span, each field of which is a scalar: what a module makes stands where it is called, all of it."""
    return {"type": type(origin).__name__, **asdict(origin)}


@lru_cache(maxsize=4096)
def _plain_scope(scope: tuple[tuple[str, str], ...]) -> list[list[str]]:
    """The scope of an answer: thousands of nodes have the same."""
    return [[name, value] for name, value in scope]


_SCALARS = frozenset({str, int, bool, type(None)})
