"""A bearer or long-lived credential opens a model's API to whoever has it.

Why it matters
--------------
A key is not bound to the gateway: it works from a laptop, a leaked log, another cloud. A role of a workload ends with
the workload; an API key, an access key of a user, or local authentication of an account goes on for months, and no
safety stack is on its way.

How to fix
----------
Let workloads call models as themselves, through the gateway: pod identity, workload identity, managed identity. Deny
`bedrock:CallWithBearerToken`, delete API keys and the access keys of users that may call a model, and set
`local_auth_enabled` to false.

What it cannot see
------------------
Keys made by hand or kept outside the inputs, bearer keys that a wildcard (`bedrock:*`) allows without naming them, and
keys in variables of other names.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_access import Credential
from scanner.graph.model import Node
from scanner.rule import Case, counted
from scanner.rule_switches import Words, tell
from scanner.unknown import Unknown

ASSERTION = "IDENT-003"
SEVERITY = "high"
GATEWAYS = "safety_stack.gateways"
WORDS = Words("admits whoever has a key, by", "switch keys off and let callers sign in")


def check(case: Case) -> Iterable[Finding]:
    """Every credential of the kinds that could open a model's API, and every account that takes keys."""
    count = 0
    for node, fact in case.graph.facts(Credential):
        count += 1
        case.examine(node, f"{fact.what}: {fact.because}")
        if isinstance(fact.reaches, Unknown):
            message = f"whether {fact.what} of `{node.address}` opens a model's API is not known: {fact.because}"
            decided = fact.reaches.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif fact.reaches:
            yield _opens(case, node, fact)
    yield from tell(case, ASSERTION, WORDS)
    case.summary = f"{counted(count, 'credential')} looked at, none opens a model" if count else ""


def _opens(case: Case, node: Node, fact: Credential) -> Finding:
    if fact.static and not case.profile.has(GATEWAYS):
        return case.missing(
            GATEWAYS,
            f"which actors are the safety stack is not known: the profile has no `{GATEWAYS}`",
            "safety_stack: {gateways: [NAMESPACE/Deployment/NAME]}",
        )
    message = f"{fact.what} of `{node.address}` opens a model's API to whoever has it: {fact.because}"
    fix = "call models through the gateway, as the workload itself"
    return case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
