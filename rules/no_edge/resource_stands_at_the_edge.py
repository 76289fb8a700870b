"""A resource is an edge device, a fleet of them, or an appliance.

Why it matters
--------------
The promise names edge devices because nobody can watch them: hardware in other hands, with its own power and its own
way out. A fleet of devices or an appliance in the account that holds the models is one step from running them.

How to fix
----------
Take the edge resource out of the account that holds models.

What it cannot see
------------------
Devices that are registered by hand; a provider that no table knows is not proved, never approved.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Placement
from scanner.rule import Case, counted
from scanner.rule_places import DEVICE, known_class, tell
from scanner.unknown import Unknown

ASSERTION = "EDGE-002"
SEVERITY = "high"
BUILDS = "edge-compile"


def check(case: Case) -> Iterable[Finding]:
    """Every statement of a place: is it a device, is it known at all."""
    if not case.profile.has("places"):
        yield case.missing(
            "places",
            "no place is approved yet: the profile has no `places`",
            "places: [{provider: aws, partition: ..., accounts: [...], regions: [...]}]",
        )
    found, unknown = [], []
    for node, fact in case.graph.facts(Placement):
        kind = known_class(fact)
        case.examine(node, f"placed: {kind or 'unknown'}")
        if kind == BUILDS:
            message = f"`{node.address}` may build a model for devices: {fact.because}"
            decided = (f"what {node.address} builds",)
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif kind in DEVICE:
            found.append((node, fact))
        elif isinstance(fact.place_class, Unknown) and not kind:
            unknown.append((node, fact))
    fix = "keep edge resources away from the models"
    yield from tell(case, found, lambda node, fact: f"`{node.address}` stands at the edge: {fact.because}", fix)
    yield from case.unknown_places(unknown)
    case.summary = f"no edge target among {counted(case.things, 'resource')}"
