"""A gateway or a classifier has a single copy, or all its copies stand in one zone.

Why it matters
--------------
Whatever stands in the path of every call is what everybody wants out of it once it fails. A gateway of one copy is
gone for each update and each failure of a machine; one whose copies share a zone is gone with the zone. What is left
then is no service, or a way around the safety stack that was opened in a hurry.

How to fix
----------
Run at least two copies of each gateway and classifier, also at the least that an autoscaler allows, and give them
subnets in at least two zones.

What it cannot see
------------------
Whether the copies are enough for the load of the models. In a cluster: budgets of disruption, and on which machines
and in which zones the copies land. Of other clouds than AWS: zones.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_spare import Spare
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "GUARD-009"
SEVERITY = "high"


def check(case: Case) -> Iterable[Finding]:
    """Every gateway and classifier that carries traffic: its copies, then its zones."""
    for node, fact in case.graph.facts(Spare):
        case.examine(node, f"{fact.aspect}: {fact.because}")
        what = "gateway" if Role.GATEWAY in node.roles else "classifier"
        if isinstance(fact.enough, Unknown):
            yield _open(case, node, fact, f"{what} `{node.address}`", fact.enough)
        elif not fact.enough:
            bad = "has no second copy" if fact.aspect == "copies" else "is gone with one zone"
            fix = "run at least two copies" if fact.aspect == "copies" else "give it subnets in at least two zones"
            message = f"{what} `{node.address}` {bad}: {fact.because}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    case.summary = f"{counted(len(case.looked_at), 'stack member')}, none of which stands alone"


def _open(case: Case, node: Node, fact: Spare, who: str, why: Unknown) -> Finding:
    what = "has a second copy" if fact.aspect == "copies" else "stands in more than one zone"
    message = f"whether {who} {what} is not known: {why.cause}"
    if fact.aspect == "copies" and Role.CLASSIFIER in node.roles:
        # Whether it runs at all waits for the same number: both rules say the same, which is told once.
        message = f"how many copies of classifier `{node.address}` run is not known: {why.cause}"
    return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=why.decided_by)
