"""A route of a gateway reaches a model without the policy that guards the others.

Why it matters
--------------
A gateway guards route by route. A second route to the same backend, a pass-through, a copy of the traffic or a policy
on one listener alone is a way in that looks exactly like the guarded one from outside.

How to fix
----------
Attach the policy to the gateway rather than to a route, or to every route that reaches a model; take pass-through
routes, mirrors and patches of the filter chain out.

What it cannot see
------------------
What the attached filter does with a request; routes that a controller makes from objects of its own.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import GatewayRoute
from scanner.graph.model import Node
from scanner.rule import Case, counted
from scanner.rule_switches import GATEWAYS, Words, tell
from scanner.unknown import Unknown

ASSERTION = "ROUTE-004"
SEVERITY = "critical"
FIX = "attach the guardrail's policy to this way as well"
WORDS = Words("lets calls go round the guardrail, by", "take the setting out")


def check(case: Case) -> Iterable[Finding]:
    """Every way of a route to a model; then the settings of gateways that let calls go round the guardrail."""
    count = 0
    for node, fact in case.graph.facts(GatewayRoute):
        count += 1
        case.examine(node, f"{fact.backend}: {fact.because}")
        yield from _judge(case, node, fact)
    yield from tell(case, ASSERTION, WORDS)
    case.summary = f"{counted(count, 'route')} to models, each guarded" if count else ""


def _judge(case: Case, node: Node, fact: GatewayRoute) -> Iterator[Finding]:
    if fact.guarded is True:
        return
    unsure = [one for one in (fact.guarded, fact.model) if isinstance(one, Unknown)]
    if unsure:
        what = f"`{node.address}` reaches model `{fact.backend}` without a guardrail"
        message = f"whether {what} is not known: {unsure[0].cause}"
        decided = tuple(sorted({name for one in unsure for name in one.decided_by}))
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
    elif not case.profile.has(GATEWAYS):
        yield case.missing(
            GATEWAYS,
            f"which actors are the safety stack is not known: the profile has no `{GATEWAYS}`",
            "safety_stack: {gateways: [NAMESPACE/Deployment/NAME]}",
        )
    else:
        message = f"`{node.address}` reaches model `{fact.backend}` without a guardrail: {fact.because}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)
