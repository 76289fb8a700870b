"""How much was read and built: what a report counts."""

from __future__ import annotations

from scanner.builders.build import Built
from scanner.resource import Reading
from scanner.unknown import unknowns_in


def counts(reading: Reading, built: Built) -> dict[str, int]:
    """The counts of a report, by name."""
    sources = [one.source for one in reading.resources]
    undecided = {
        name
        for one in reading.resources
        for unknown in unknowns_in(one.attrs)
        if not unknown.ref
        for name in unknown.decided_by
    }
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
