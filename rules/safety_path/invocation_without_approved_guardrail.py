"""A principal that should be bound to a guardrail can call a model without an approved one.

Why it matters
--------------
A condition on `bedrock:GuardrailIdentifier` lets somebody beside the gateway call a model and be filtered all the same.
It binds only where it demands one of the operator's guardrails at a published version, where it also fails for a call
that names none, and where the actions that carry no such key (batch jobs, agents, the OpenAI-compatible endpoint) are
denied. With any of these missing the caller chooses.

How to fix
----------
Allow `bedrock:InvokeModel` and `bedrock:InvokeModelWithResponseStream` alone, with `StringEquals` on the ARN of the
guardrail and its version number, and nothing else that answers inference.

What it cannot see
------------------
What the guardrail filters, which other rules judge, and policies attached outside the inputs.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_access import GuardrailDemand
from scanner.graph.model import Node, Role, State
from scanner.graph.search import Way
from scanner.rule import Case, counted

ASSERTION = "IDENT-002"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every principal of whom a guardrail is demanded: what it may still call without an approved one."""
    bound = 0
    for node in case.graph.nodes.values():
        demands = [fact for fact in node.facts if isinstance(fact, GuardrailDemand)]
        if not demands:
            continue
        case.examine(node, demands[0].because)
        if Role.GATEWAY in node.roles:
            continue
        ways = list(_unbound(case, node))
        yield from ways
        bound += not ways
    if bound and not case.profile.has("safety_stack.guardrails"):
        yield case.missing(
            "safety_stack.guardrails",
            "which guardrails are approved is not known: the profile has no `safety_stack.guardrails`",
            'safety_stack: {guardrails: [{id: ID, version: "1"}]}',
        )
    case.summary = f"{counted(bound, 'principal')} bound to an approved guardrail" if bound else ""


def _unbound(case: Case, node: Node) -> Iterator[Finding]:
    for edge in case.graph.out_of(node.id):
        target = case.graph.nodes[edge.target]
        if edge.verb != "invoke" or Role.MODEL not in target.roles or Role.CLASSIFIER in target.roles:
            continue
        way = Way(node, (edge,))
        can = "can" if way.state is State.OPEN else "may be able to"
        message = f"`{node.address}` {can} call model `{target.address}` without an approved guardrail"
        yield case.way(way, message, fix="demand the guardrail at a version, and deny what carries no such condition")
