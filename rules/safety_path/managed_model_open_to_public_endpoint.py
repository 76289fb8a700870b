"""A managed model answers on an endpoint that others than the gateway can use.

Why it matters
--------------
A managed model has a public regional endpoint from its first day: nothing in a VPC closes it, only a condition in an
identity or organisation policy does. A private endpoint with the default policy is a second door for everything in
that network.

How to fix
----------
Deny the inference actions unless `aws:SourceVpce` is the gateway's endpoint, give that endpoint a policy that names the
gateway's role alone, and turn public network access off where the service has such a switch.

What it cannot see
------------------
Organisation policies that are not in the inputs; credentials that leave the account.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Door
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "ROUTE-005"
SEVERITY = "high"


def check(case: Case) -> Iterable[Finding]:
    """Every door of every managed model."""
    doors = 0
    for node, fact in case.graph.facts(Door):
        doors += 1
        door = "the public endpoint" if fact.door == "public" else "a private endpoint"
        state = "unknown" if isinstance(fact.open, Unknown) else "open" if fact.open else "closed"
        case.examine(node, f"{fact.door} door {state}: {fact.because}")
        if isinstance(fact.open, Unknown):
            message = f"whether {door} of `{node.address}` is closed is not known: {fact.because}"
            decided = fact.open.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif fact.open:
            whom = "" if fact.door == "public" else " to others than the gateway"
            message = f"{door} of `{node.address}` is open{whom}: {fact.because}"
            fix = "bind the endpoint to the gateway"
            if case.profile.has("safety_stack.gateways"):
                yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
            else:
                # Who else than the gateway gets in is not known where nobody has said who the gateway is.
                decided = ("profile:safety_stack.gateways",)
                yield case.unproven(
                    node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix
                )
    case.summary = f"{counted(doors, 'door')} of managed models, closed to others" if doors else ""
