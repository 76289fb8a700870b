"""A namespace that holds models is not default-deny, or its policies admit more than the gateway.

Why it matters
--------------
A policy that selects today's model pods says nothing of tomorrow's: a second server, a debug pod, a pod with one label
spelled otherwise is open to the whole cluster from its first second. Only a namespace that denies by default stays
closed while it changes, and only where the cluster's network plug-in enforces what is written.

How to fix
----------
Give the namespace a NetworkPolicy with an empty `podSelector` and `policyTypes: [Ingress]`, let its rules admit the
gateway's pods alone, on the ports that serve, and switch policy enforcement on in the network plug-in.

What it cannot see
------------------
Policies that are applied from elsewhere, and ports on which a model listens without saying so.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_access import Isolation
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "ROUTE-003"
SEVERITY = "critical"
FIX = {
    "default": "add a NetworkPolicy with an empty `podSelector`",
    "enforcement": "switch policy enforcement on in the network plug-in",
    "peer": "admit the gateway's pods alone",
    "ports": "name the ports that serve",
}


def check(case: Case) -> Iterable[Finding]:
    """Every statement about the isolation of a namespace with models."""
    spaces = set()
    stated = case.profile.has("safety_stack.gateways")
    for node, fact in case.graph.facts(Isolation):
        spaces.add(fact.namespace)
        case.examine(node, f"{fact.aspect}: {fact.because}")
        fix = FIX[fact.aspect]
        if isinstance(fact.closed, Unknown):
            message = f"whether namespace `{fact.namespace}` is isolated is not known: {fact.because}"
            decided = fact.closed.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
        elif not fact.closed and not stated:
            # Which pods may call the models is not known where nobody has said who the gateway is.
            yield case.missing(
                "safety_stack.gateways",
                "which actors are the safety stack is not known: the profile has no `safety_stack.gateways`",
                "safety_stack: {gateways: [NAMESPACE/Deployment/NAME]}",
            )
        elif not fact.closed:
            message = f"namespace `{fact.namespace}` of a model is not closed to all but the gateway: {fact.because}"
            severity = "medium" if fact.aspect == "ports" else ""
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix, severity=severity)
    case.summary = f"{counted(len(spaces), 'namespace')} of models, closed by default"
