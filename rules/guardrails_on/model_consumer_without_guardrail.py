"""An agent, a flow or a deployment calls a model without the approved guardrail.

Why it matters
--------------
Such an object calls the model on behalf of whoever calls it, with its own permission. A guardrail that the caller names
in a request of its own does not reach through: what is not bound to the object is not applied, and a draft can be
changed under it at any time.

How to fix
----------
Bind the guardrail of the profile to the agent, to each flow node that calls a model, and to each deployment, at a
published version.

What it cannot see
------------------
Guardrails that a program names in the calls it makes itself; whether the bound guardrail is strict enough is another
rule's.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Binding, Enforcement
from scanner.graph.model import Node
from scanner.rule import Case, counted
from scanner.rule_switches import Words, tell
from scanner.unknown import Unknown

ASSERTION = "GUARD-002"
SEVERITY = "critical"
FIX = "bind the guardrail of the profile at a published version"
CONFIGURED = Words("uses a guardrail that is not published, by", FIX)
LIST = "safety_stack.guardrails"


def check(case: Case) -> Iterable[Finding]:
    """Every object that calls a model for others; then the settings of gateways that name a guardrail's draft."""
    count = 0
    for node, fact in case.graph.facts(Binding):
        count += 1
        case.examine(node, fact.because)
        yield from _judge(case, node, fact)
    for found in tell(case, ASSERTION, CONFIGURED):
        if found.subject.kind in ("ConfigMap", "Secret"):
            yield found
    case.summary = f"{counted(count, 'consumer')}, bound to the guardrail" if count else ""


def _judge(case: Case, node: Node, fact: Binding) -> Iterator[Finding]:
    what = f"{fact.part} of `{node.address}`" if fact.part else f"`{node.address}`"
    if isinstance(fact.guardrail, Unknown):
        message = f"which guardrail {what} is bound to is not known: {fact.guardrail.cause}"
        decided = fact.guardrail.decided_by
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
    elif not fact.guardrail and _enforced(case, node):
        message = f"{what} binds no guardrail, and whether the one that is enforced reaches its calls is not known"
        decided = (f"calls of {node.address}",)
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=FIX)
    elif fact.published is False or fact.approved is False:
        yield case.violated(node, _wrong(what, fact), origin=fact.origin, because=fact.because, fix=FIX)
    elif isinstance(fact.published, Unknown):
        message = f"which version of its guardrail {what} is bound to is not known: {fact.published.cause}"
        decided = fact.published.decided_by
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
    elif isinstance(fact.approved, Unknown):
        yield _unlisted(case, node, what, fact, fact.approved)


def _enforced(case: Case, node: Node) -> bool:
    """Whether the account of the object's own unit enforces a guardrail on every call."""
    unit = node.id.partition(":")[0]
    facts = case.graph.facts(Enforcement)
    return any(fact.complete is True and other.id.partition(":")[0] == unit for other, fact in facts)


def _wrong(what: str, fact: Binding) -> str:
    if not fact.guardrail:
        return f"{what} is bound to no guardrail: {fact.because}"
    if fact.published is False:
        return f"{what} is bound to a guardrail that is not the published one: {fact.because}"
    return f"{what} is bound to `{fact.guardrail}`, which is no guardrail of the profile"


def _unlisted(case: Case, node: Node, what: str, fact: Binding, why: Unknown) -> Finding:
    if not case.profile.has(LIST):
        return case.missing(
            LIST,
            f"which guardrail must stand on every call is not known: the profile has no `{LIST}`",
            'safety_stack: {guardrails: [{id: ..., version: "1"}]}',
        )
    message = f"whether the guardrail of {what} is one of the profile is not known: {why.cause}"
    return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=why.decided_by)
