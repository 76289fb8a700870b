"""What rules about identities of machines share: from what a machine signs in with to models, weights and the stack."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct
from msgspec.structs import replace

from scanner.findings import Finding
from scanner.graph.facts_access import UnreadRole
from scanner.graph.model import STACK, Edge, Node, Plane, Role
from scanner.graph.search import Way
from scanner.graph.trace import trace
from scanner.rule import Case


class Gain(Struct, frozen=True):
    """What an identity comes to. edges: from the identity on; what: a fragment; end: the model, store or member."""

    start: Node
    end: Node
    edges: tuple[Edge, ...]
    what: str


def gains(case: Case, kinds: Collection[str]) -> Iterator[Gain]:
    """What every node of `kinds` comes to by becoming others; the best way to each end.

    Who becomes a member of the stack is told so, and not what the member may; who calls the gateway gains nothing.
    """
    starts = [node for node in case.graph.nodes.values() if node.kind in kinds]
    readers = _readers(case) if starts else {}
    for start in starts:
        case.examine(start, "an identity of machines, and what it comes to")
        ways = trace(case.graph, [start.id], [Plane.IDENTITY], verbs=["become", "invoke"])
        for met, edges in ways.items():
            node = case.graph.nodes[met]
            passed = {case.graph.nodes[edge.source].id for edge in edges[1:]}
            if any(case.graph.nodes[one].roles & STACK for one in passed):
                continue  # what the gateway may is the gateway's; that it can be become is told
            if edges[-1].verb == "invoke" and Role.MODEL in node.roles:
                yield Gain(start, node, edges, "can call the model")
            elif node.roles & STACK:
                yield Gain(start, node, edges, "can pass as")
        for reader, read in readers.items():
            own = () if reader == start.id else ways.get(reader)
            if own is not None and not any(case.graph.nodes[edge.target].roles & STACK for edge in own):
                yield Gain(
                    start,
                    case.graph.nodes[read.source],
                    (*own, replace(read, source=reader, target=read.source)),
                    "can read the weights in",
                )


def told(case: Case, gain: Gain, fix: str) -> Finding:
    """The finding: a way from the identity, the store last."""
    way = Way(gain.start, gain.edges)
    able = gain.what if not way.decided_by else gain.what.replace("can", "may be able to", 1)
    message = f"`{gain.start.address}` {able} `{gain.end.address}`"
    return case.way(way, message, fix=fix, about=gain.start)


def unread(case: Case, kinds: Collection[str], fix: str) -> Iterator[Finding]:
    """A finding for each identity whose role was not read: what it comes to is not known."""
    for node, fact in case.graph.facts(UnreadRole):
        if node.kind in kinds:
            message = f"what the role comes to that `{node.address}` hands out is not known: `{fact.role}` was not read"
            decided = (fact.role if fact.role != "*" else f"{node.address}: its role",)
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)


def _readers(case: Case) -> dict[str, Edge]:
    """Who reads a store of weights or a copy of one, by the surest edge."""
    stores = [node.id for node in case.graph.with_role(Role.STORE)]
    held = [*stores, *trace(case.graph, stores, [Plane.SUPPLY], verbs=["copy"])]
    edges = [
        edge for one in held for edge in case.graph.out_of(one) if edge.plane is Plane.SUPPLY and edge.verb == "read"
    ]
    found: dict[str, Edge] = {}
    for edge in sorted(edges, key=lambda each: (len(each.decided_by) > 0, each.source), reverse=True):
        found[edge.target] = edge
    return found
