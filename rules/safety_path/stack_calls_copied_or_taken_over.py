"""What comes to the gateway, a classifier or a model is copied, or may be answered, by something else.

Why it matters
--------------
A mirror of a route copies every prompt to a place that nobody agreed to, and no classifier sees the copy. A patch of
the proxy before a classifier can answer in its stead that all is well; a tap of the network reads what passes.

How to fix
----------
Take the mirror, the patch or the tap out, or let it lead to a declared member of the deployment.

What it cannot see
------------------
Taps that are set up on machines or in the network below the cluster, and what a patch of a proxy does.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding, Hop, replace
from scanner.graph.facts_ways import Diverted
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "ROUTE-008"
SEVERITY = "high"
FIX = "take it out, or let it lead to a declared member of the deployment"


def check(case: Case) -> Iterable[Finding]:
    """Every workload of the stack and every model in a cluster, with each object that diverts what comes to it."""
    members = {
        node.id: node
        for role in (Role.GATEWAY, Role.CLASSIFIER, Role.MODEL)
        for node in case.graph.with_role(role)
        if node.kind[:1].isupper() and node.namespace
    }
    diverted: list[tuple[Node, Diverted]] = list(case.graph.facts(Diverted))
    for node in members.values():
        case.examine(node, "nothing of the inputs copies what comes to it, or answers in its stead")
    for node, fact in diverted:
        yield _finding(case, node, fact)
    case.summary = f"{counted(len(members), 'member')} whose calls nothing copies or takes over" if members else ""


def _finding(case: Case, node: Node, fact: Diverted) -> Finding:
    if isinstance(fact.away, Unknown):
        message = f"whether what comes to `{node.address}` goes nowhere else is not known: {fact.away.cause}"
        made = case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=fact.away.decided_by)
    else:
        message = f"what comes to `{node.address}` is copied elsewhere: `{fact.by}`: {fact.because}"
        made = case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)
    return replace(made, hops=tuple(_hops(fact, node)), plane="network")


def _hops(fact: Diverted, node: Node) -> Iterator[Hop]:
    for index, leg in enumerate(fact.legs):
        yield Hop(leg.address, leg.kind, leg.name, leg.origin, leg.because, cut=index == 0)
    yield Hop(node.address, node.kind, node.name, node.origin, "what comes here is meant for it alone")
