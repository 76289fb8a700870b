"""A classifier or guardrail of the safety stack was not at work when the account was asked.

Why it matters
--------------
What is deployed need not run: tasks that die at start, an endpoint that failed, a guardrail that no call goes through.
Files say what should be; only the API says what was there, at the moment when it was asked.

How to fix
----------
Find out why it does not run, and start it. Where nothing calls it, let the gateway call it on every request, or name
what does its work in its place.

What it cannot see
------------------
Before and after the moment that the finding and the certificate give; whether what runs classifies well. Counted are
copies of ECS services and SageMaker endpoints, calls of Bedrock guardrails, endpoints and functions, and the pods of
Deployments, StatefulSets and DaemonSets that were ready; of another kind of workload it is unproven.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_observed import Observed
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "CLASS-001"
SEVERITY = "critical"
BASES = ("recorded", "live")


def check(case: Case) -> Iterable[Finding]:
    """Every classifier and guardrail of the stack of which an API told."""
    moments = []
    for node in case.graph.with_role(Role.CLASSIFIER, Role.GUARDRAIL):
        facts = [fact for fact in node.facts if isinstance(fact, Observed) and fact.what != "age"]
        if facts:
            case.examine(node, "; ".join(fact.because for fact in facts))
            moments += [fact.at for fact in facts]
        for fact in facts:
            yield from _judge(case, node, fact)
    case.summary = f"{counted(len(case.looked_at), 'guard')} seen at work, as of {min(moments, default='')}"


def _judge(case: Case, node: Node, fact: Observed) -> Iterator[Finding]:
    what = "guardrail" if Role.GUARDRAIL in node.roles else "classifier"
    least = max(1, case.profile.min_replicas)
    if isinstance(fact.count, Unknown):
        message = f"whether {what} `{node.address}` is at work is not known: {fact.count.cause}"
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=fact.count.decided_by)
    elif fact.what == "copies" and fact.count < least:
        message = f"{what} `{node.address}` ran with {fact.count} cop{'y' if fact.count == 1 else 'ies'}"
        fix = "find out why it does not run, and start it"
        yield case.violated(
            node, f"{message}: at least {least} must run", origin=fact.origin, because=fact.because, fix=fix
        )
    elif fact.what == "calls" and not fact.count:
        message = f"nothing called {what} `{node.address}`: that it is at work is not shown"
        fix = "let every request go through it, or ask again once there were some"
        decided = (f"calls of {node.address}",)
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
