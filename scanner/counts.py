"""How much was read and built: what a report counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from scanner.builders.build import Built
from scanner.resource import Reading
from scanner.unknown import PLAIN, Unknown, Value


def counts(reading: Reading, built: Built) -> dict[str, int]:
    """The counts of a report, by name."""
    sources = [one.source for one in reading.resources]
    undecided = _deciding([one.attrs for one in reading.resources])
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


def _deciding(values: list[Value]) -> set[str]:
    """What would decide the Unknowns inside of the values, but those that name a resource."""
    found: set[str] = set()
    waiting = values
    for here in waiting:
        # The abstract classes last: to ask them costs more than the rest.
        if isinstance(here, list):
            inside: Iterable[Value] = here
        elif isinstance(here, (dict, Mapping)):
            inside = here.values()
        elif isinstance(here, Sequence) and not isinstance(here, str):
            inside = here
        else:
            continue
        for one in inside:
            if type(one) in PLAIN:
                continue
            if type(one) is not Unknown:
                waiting.append(one)
            elif not one.ref:
                found.update(one.decided_by)
    return found
