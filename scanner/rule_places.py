"""What the rules about places share: which rule tells which class, and one finding for each thing that stands wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from scanner.findings import Finding, Hop
from scanner.graph.facts import Placement
from scanner.graph.model import Edge, Node, Plane, Role, State
from scanner.graph.search import Way
from scanner.graph.trace import trace
from scanner.rule import Case
from scanner.unknown import Unknown

SITE = frozenset({"on-prem", "hybrid-compute"})
"""In the customer's own building, or on machines outside the cloud."""
ZONE = frozenset({"near-edge", "unordinary-zone"})
TELCO = frozenset({"telco-edge"})
DEVICE = frozenset({"edge-device", "edge-distribution", "edge-compile", "cdn-compute"})
DATA = frozenset({"hybrid-data"})
OWNED = SITE | ZONE | TELCO | DEVICE | DATA
"""The classes that have a rule of their own; the rest is told by the allow-list."""
MUST_STAND_SOMEWHERE = (Role.MODEL, Role.CANDIDATE, Role.STORE, Role.GATEWAY, Role.CLASSIFIER, Role.GUARDRAIL)


def known_class(fact: Placement) -> str:
    """The class that a statement says, or would say in the bad case; "" where nothing tells."""
    return fact.perhaps if isinstance(fact.place_class, Unknown) else fact.place_class


def of_classes(case: Case, classes: frozenset[str]) -> Iterator[tuple[Node, Placement]]:
    """The statements of `classes`, certain or not; every statement is noted as looked at."""
    for node, fact in case.graph.facts(Placement):
        kind = known_class(fact)
        case.examine(node, f"placed: {kind or 'unknown'}")
        if kind in classes:
            yield node, fact


def tell(
    case: Case,
    found: Iterable[tuple[Node, Placement]],
    says: Callable[[Node, Placement], str],
    fix: str,
) -> Iterator[Finding]:
    """One finding for each statement, with what stands on the thing; unknown ones by what would decide them.

    A provider is told only for what has no statement of its own, and a thing once for the statements of one line.
    """
    listed = list(found)
    own = {node.id for node, _ in listed}
    unknown, told = [], set()
    for node, fact in listed:
        if isinstance(fact.place_class, Unknown):
            unknown.append((node, fact))
            continue
        on_it = trace(case.graph, [node.id], [Plane.PLACEMENT], back=True)
        others = {met: way for met, way in on_it.items() if met not in own}
        if (node.kind == "provider" and on_it and not others) or (node.id, fact.origin) in told:
            continue
        told.add((node.id, fact.origin))
        yield _one(case, node, fact, says(node, fact), fix, others)
    yield from case.unknown_places(unknown)


def _one(
    case: Case, node: Node, fact: Placement, message: str, fix: str, on_it: dict[str, tuple[Edge, ...]]
) -> Finding:
    made = case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    if node.state is State.POSSIBLE:
        message = if_it_exists(message)
        made = case.unproven(
            node, message, origin=fact.origin, because=fact.because, decided_by=node.decided_by, fix=fix
        )
    bearing = [met for met in on_it if case.graph.nodes[met].roles & frozenset(MUST_STAND_SOMEWHERE)]
    if bearing:
        first = case.graph.nodes[bearing[0]]
        way = case.way(Way(first, on_it[bearing[0]]), message, about=node)
        hops = (*(replace(hop, cut=False) for hop in way.hops[:-1]), made.hops[0])
        made = replace(made, hops=hops, message=f"{message}; `{first.address}` stands on it")
    also = sorted(case.graph.nodes[met].address for met in on_it)
    return replace(made, also=tuple(also))


def if_it_exists(message: str) -> str:
    """A message about a thing of which nobody knows whether it exists."""
    return f"if it exists, {message}"


def hop_at(node: Node, origin_of: Placement) -> Hop:
    """The last step of a way to a thing: the line that says where it stands."""
    return Hop(node.address, node.kind, node.name, origin_of.origin or node.origin, origin_of.because)
