"""A model server can open connections to the outside.

Why it matters
--------------
A server that may call out can fetch weights, adapters and code that nobody approved, and can send prompts and answers
wherever its code, or somebody who broke into it, decides. A model needs its store and its logs, and those are known.

How to fix
----------
Deny egress for the model's pods, or in the security group of its machine, and name the store, the log and the name
server; switch network isolation on for a managed container, and restrict the outbound access of a managed account to
named addresses.

What it cannot see
------------------
What a permitted destination does with what it gets; proxies that the permitted addresses may be.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_access import Egress
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.rule_switches import Words, tell
from scanner.unknown import Unknown

ASSERTION = "ROUTE-006"
SEVERITY = "high"
GATEWAYS = "safety_stack.gateways"
WORDS = Words("can open connections out, by", "isolate it, and name what it may reach")
FIX = "deny egress, and name the store, the log and the name server"


def check(case: Case) -> Iterable[Finding]:
    """Every statement about the egress of a model's pods, then the settings of managed models."""
    models = [node for node in case.graph.with_role(Role.MODEL) if Role.CLASSIFIER not in node.roles]
    for node in models:
        case.examine(node, "nothing lets it call out")
    for node, fact in case.graph.facts(Egress):
        case.examine(node, fact.because)
        yield from _judge(case, node, fact)
    yield from tell(case, ASSERTION, WORDS)
    case.summary = f"{counted(len(models), 'model')}, none of which calls out" if models else ""


def _judge(case: Case, node: Node, fact: Egress) -> Iterator[Finding]:
    if isinstance(fact.closed, Unknown):
        message = f"whether model `{node.address}` can open connections out is not known: {fact.because}"
        decided = fact.closed.decided_by
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=FIX)
    elif not fact.closed and not case.profile.has(GATEWAYS):
        # Whether this server is one of the deployment's models is not known where nobody has said what guards them.
        yield case.missing(
            GATEWAYS,
            f"which actors are the safety stack is not known: the profile has no `{GATEWAYS}`",
            "safety_stack: {gateways: [NAMESPACE/Deployment/NAME]}",
        )
    elif not fact.closed:
        message = f"model `{node.address}` can open connections out: {fact.because}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)
