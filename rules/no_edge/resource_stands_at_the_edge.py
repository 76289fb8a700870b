"""A resource stands at the edge: a device, an appliance, or a site of a telecommunications network.

Why it matters
--------------
The promise names edge devices because nobody can watch them: hardware in other hands, with its own power and its own
way out. A fleet of devices, an appliance or a zone inside a carrier's network in the account that holds the models is
one step from running them.

How to fix
----------
Take the edge resource out of the account and the network that hold models, or show in the profile that it is none.

What it cannot see
------------------
Devices that are registered by hand; a zone under a name that no table knows is not proved, never approved.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Placement
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "EDGE-002"
SEVERITY = "high"
EDGE_CLASSES = frozenset({"edge-device", "telco-edge", "edge-distribution", "edge-compile", "near-edge"})


def check(case: Case) -> Iterable[Finding]:
    """Every statement of a place: is it the edge, is it known at all."""
    if not case.profile.has("places"):
        yield case.missing(
            "places",
            "no place is approved yet: the profile has no `places`",
            "places: [{provider: aws, partition: ..., accounts: [...], regions: [...]}]",
        )
    unknown = []
    for node, fact in case.graph.facts(Placement):
        place = fact.place_class if isinstance(fact.place_class, str) else "unknown"
        case.examine(node, f"placed: {place}")
        if isinstance(fact.place_class, Unknown):
            unknown.append((node, fact))
        elif fact.place_class in EDGE_CLASSES:
            message = f"`{node.address}` stands at the edge: {fact.because}"
            fix = "keep edge resources away from the models"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    yield from case.unknown_places(unknown)
    case.summary = f"no edge target among {counted(len(case.graph.nodes), 'resource')}"
