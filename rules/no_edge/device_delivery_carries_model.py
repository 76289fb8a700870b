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
A download by a person who may read the store; what a device fetches at run time from an address in its own code. Of a
recorded component of Greengrass, scripts and settings that no table knows are not kept: then the rule is unproven.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Delivery
from scanner.graph.model import Plane, Role, State
from scanner.graph.search import Way, reach
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
    """Each store that flows into devices by copies, by its best way, beside what the payload of one says already."""
    ways: dict[str, list[Way]] = {}
    for device in devices:
        found = reach(case.graph, [device], [Plane.SUPPLY], allowed=lambda _: False)
        for store in sorted(found.closed & stores):
            if device in judged and store in {edge.source for edge in case.graph.into(device)}:
                continue
            ways.setdefault(store, []).extend(found.doors(case.graph, case.graph.nodes[store])[:1])
    for store, some in ways.items():
        node = case.graph.nodes[store]
        if not some:
            yield case.unproven(node, f"`{node.address}` flows to a device")
            continue
        best = min(some, key=lambda way: (len(_doubts(case, way)) > 0, -len(way.edges), way.edges[-1].target))
        others = sorted({case.graph.nodes[way.edges[-1].target].address for way in some if way is not best})
        more = f" and {len(others)} more" if others else ""
        message = f"`{node.address}` flows to the device `{case.graph.nodes[best.edges[-1].target].address}`{more}"
        fix = "ship no model"
        yield case.way(best, message, fix=fix, ways=len(some), doubts=_doubts(case, best), about=node)


def _doubts(case: Case, way: Way) -> tuple[str, ...]:
    """What would decide whether a way is one: its edges, and the things that it leads through."""
    nodes = [way.actor, *(case.graph.nodes[edge.target] for edge in way.edges)]
    found = {name for node in nodes if node.state is not State.OPEN for name in node.decided_by or (node.address,)}
    return tuple(sorted(found | (set(way.decided_by) if way.state is not State.OPEN else set())))
