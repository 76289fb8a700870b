"""Something stands in a zone that is no ordinary zone of a region: a Local Zone, a dedicated one, one nobody knows.

Why it matters
--------------
A Local Zone carries the name of its region and is in another city, in a building with other neighbours and other
controls; a dedicated zone may be in a customer's own hall. Whoever approved the region has not approved them.

How to fix
----------
Use an ordinary zone of the region. If the zone is meant, name it under `places[].zones` in `tether.yaml`.

What it cannot see
------------------
What a zone is like beyond its name; zones that the provider picks by itself are taken for ordinary ones.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Placement
from scanner.graph.model import Node
from scanner.rule import Case
from scanner.rule_places import ZONE, of_classes, tell

ASSERTION = "CLOUD-003"
SEVERITY = "high"


def check(case: Case) -> Iterable[Finding]:
    """Every zone that is named: is it an ordinary one, or one that the profile lists."""
    approved = {zone for place in case.profile.places for zone in place.zones}
    found = [(node, fact) for node, fact in of_classes(case, ZONE) if fact.zone not in approved]
    unsure = [pair for pair in found if pair[1].place_class == "unordinary-zone" and not case.profile.has("places")]
    yield from _unlisted(case, unsure)
    fix = "use an ordinary zone, or name this one under `places[].zones`"
    rest = [pair for pair in found if pair not in unsure]
    yield from tell(case, rest, lambda node, fact: f"`{node.address}` is in no ordinary zone: {fact.because}", fix)


def _unlisted(case: Case, found: Iterable[tuple[Node, Placement]]) -> Iterator[Finding]:
    """Without a list of places, a name that nobody knows may be the name of an approved zone."""
    for node, fact in found:
        message = f"whether the zone of `{node.address}` is approved is not known: {fact.because}"
        decided = ("profile:places[].zones",)
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
