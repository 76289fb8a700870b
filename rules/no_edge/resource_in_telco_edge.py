"""Something stands at a site of a telecommunications network: a Wavelength Zone, an edge zone, a packet core.

Why it matters
--------------
Such a site is a room of a carrier, at the foot of its radio network. It is reached by the carrier's subscribers without
passing the region, and it is exactly the place that the promise rules out by name.

How to fix
----------
Move the thing into an ordinary zone of the region, and take the carrier gateway and its routes away.

What it cannot see
------------------
A site that has the name of an ordinary zone; what a carrier does in its own network.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.rule import Case
from scanner.rule_places import TELCO, of_classes, tell

ASSERTION = "EDGE-006"
SEVERITY = "high"


def check(case: Case) -> Iterable[Finding]:
    """Every statement of a place at a carrier's site; a zone that is not known may be there."""
    found = list(of_classes(case, TELCO | {"unordinary-zone"}))
    certain = [pair for pair in found if pair[1].place_class != "unordinary-zone"]
    fix = "use an ordinary zone of the region"
    yield from tell(case, certain, lambda node, fact: f"`{node.address}` is at a carrier's site: {fact.because}", fix)
