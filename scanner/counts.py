"""How much was read and built: what a report counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scanner.builders.build import Built
from scanner.resource import Reading
from scanner.unknown import PLAIN, Unknown, Value


def counts(reading: Reading, built: Built) -> dict[str, int]:
    """The counts of a report, by name."""
    sources = [one.source for one in reading.resources]
    undecided: set[str] = set()
    for one in reading.resources:
        _decide(one.attrs, undecided)
    return {
        "files": len(reading.inputs),
        "resources": len(sources),
        "terraform": sources.count("terraform"),
        "kubernetes": sources.count("kubernetes"),
        **{name: sources.count(name) for name in ("plan", "state", "bundle", "live") if name in sources},
        "unread": len(reading.unread),
        "unmodelled": built.unmodelled,
        "passed_over": len(reading.passed_over),
        "unknown_values": len(undecided),
        "nodes": len(built.graph.nodes),
        "edges": len(built.graph.edges),
    }


def _decide(value: Value, found: set[str]) -> None:
    """Add what would decide the Unknowns inside of a value, but those that name a resource."""
    waiting = [value]
    while waiting:
        here = waiting.pop()
        # The abstract classes last: to ask them costs more than the rest.
        if isinstance(here, Unknown):
            if not here.ref:
                found.update(here.decided_by)
        elif isinstance(here, list):
            waiting += [item for item in here if type(item) not in PLAIN]
        elif isinstance(here, (dict, Mapping)):
            waiting += [item for item in here.values() if type(item) not in PLAIN]
        elif isinstance(here, Sequence) and not isinstance(here, str):
            waiting += [item for item in here if type(item) not in PLAIN]
