"""A route to the gateway lets callers in without asking who they are.

Why it matters
--------------
An agreement names tenants, and a safety stack answers for what each of them does. On a route that takes anonymous
calls nobody is named: no limit, no log and no ban can be laid on anybody, and an agreed tenant cannot be told from
whoever found the address.

How to fix
----------
Set an authorizer on every route (`AWS_IAM`, `JWT`), a `SecurityPolicy` that is not optional, an authentication
annotation on the Ingress, or an action of the listener, so that each call carries the tenant that makes it.

What it cannot see
------------------
Whether the program behind a route asks by itself; a gateway that no route of the inputs leads to is not judged. Who
is behind a shared credential.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_access import CallerIdentity
from scanner.graph.model import Plane, Role
from scanner.graph.search import reach
from scanner.rule import Case, counted
from scanner.rule_switches import Words, tell
from scanner.unknown import Unknown

ASSERTION = "TENANT-004"
SEVERITY = "high"
WORDS = Words("lets in callers whom nobody asked who they are, by", "set an authorizer")
FIX = "ask every caller who it is"


def check(case: Case) -> Iterable[Finding]:
    """Every front that leads to a gateway over relays alone: whether it asks its callers who they are."""
    gateways = [node.id for node in case.graph.with_role(Role.GATEWAY)]
    found = reach(case.graph, gateways, [Plane.NETWORK], allowed=lambda _: False, verbs=["reach"])
    fronts = 0
    for node, fact in case.graph.facts(CallerIdentity):
        if node.id not in found.closed:
            continue
        fronts += 1
        case.examine(node, fact.because)
        if isinstance(fact.asked, Unknown):
            message = f"whether callers of `{node.address}` are asked who they are is not known: {fact.because}"
            decided = fact.asked.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=FIX)
        elif not fact.asked:
            message = f"`{node.address}` leads to the gateway without asking who calls: {fact.because}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)
    yield from tell(case, ASSERTION, WORDS)
    case.summary = f"{counted(fronts, 'route')} to a gateway, each asks who calls" if fronts else ""
