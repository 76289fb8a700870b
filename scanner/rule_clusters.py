"""What rules say of clusters in which nobody looked: whatever they promise may be broken there."""

from __future__ import annotations

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Unseen
from scanner.rule import Case


def unseen(case: Case, key: str) -> Iterable[Finding]:
    """A doubt for each cluster whose workloads are in no input.

    key: what the profile must say for the rule to hold at all; where it does not, that is missing, and said.
    """
    if not case.profile.has(key):
        return
    for node, fact in case.graph.facts(Unseen):
        case.examine(node, fact.because)
        message = f"what runs in the cluster `{node.address}` is not known: {fact.because}"
        fix = "scan its manifests, or record it: `units: [{name: NAME, manifests: [DIR], cluster: ADDRESS}]`"
        decided = (f"workloads of {node.address}",)
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
