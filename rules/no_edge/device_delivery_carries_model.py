"""Something that ships to devices carries a model.

Why it matters
--------------
Greengrass components, device jobs, over-the-air updates and edge packaging put files on machines that the operator
does not hold: no gateway stands before them, no classifier sees their output, and nothing brings the file back.

How to fix
----------
Take the model, or the bucket that holds it, out of the delivery object. Devices that need answers call the gateway.

What it cannot see
------------------
A download by a person who may read the store; what a device fetches at run time from an address in its own code.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Delivery
from scanner.graph.model import Plane, Role, State
from scanner.graph.search import reach
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "EDGE-001"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every delivery object's payload, then every way from a store of weights to a device."""
    judged = set()
    for node, fact in case.graph.facts(Delivery):
        case.examine(node, f"delivers to devices: {fact.because}")
        judged.add(node.id)
        if isinstance(fact.carries_model, Unknown):
            message = f"what `{node.address}` ships to devices is not known: {fact.carries_model.cause}"
            decided = fact.carries_model.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif fact.carries_model:
            message = f"`{node.address}` ships a model to devices: {fact.because}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix="ship no model")
    devices = [node.id for node in case.graph.with_role(Role.DEVICE)]
    stores = frozenset(node.id for node in case.graph.with_role(Role.STORE, Role.MODEL))
    yield from _flows(case, devices, stores, judged)
    for node in case.graph.nodes.values():
        if node.id not in case.looked_at:
            case.examine(node, "delivers nothing to devices")
    case.summary = f"no delivery to a device among {counted(case.things, 'resource')}"


def _flows(case: Case, devices: list[str], stores: frozenset[str], judged: set[str]) -> Iterable[Finding]:
    """A store that flows into a device by copies, each object that is not judged by its payload already."""
    for device in devices:
        found = reach(case.graph, [device], [Plane.SUPPLY], allowed=lambda _: False)
        for store in sorted(found.closed & stores):
            if device in judged and store in {edge.source for edge in case.graph.into(device)}:
                continue
            node = case.graph.nodes[store]
            ways = [edge for edge in case.graph.out_of(store) if edge.target in found.closed]
            certain = any(edge.state is State.OPEN for edge in ways)
            message = f"`{node.address}` flows to the device `{case.graph.nodes[device].address}`"
            decided = tuple(sorted({name for edge in ways for name in edge.decided_by}))
            origin = ways[0].origin if ways else node.origin
            if certain:
                yield case.violated(node, message, origin=origin, because=ways[0].because)
            else:
                yield case.unproven(node, message, origin=origin, decided_by=decided)
