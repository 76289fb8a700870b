"""No guardrail is enforced on the calls of an account, and not every caller is bound to one.

Why it matters
--------------
A guardrail is applied where the caller names it in the request. Without one that the account, the project or the
organisation enforces, or a permission that demands it, the caller decides whether anybody looks at the prompt.

How to fix
----------
Declare an enforced guardrail in every region in use, for all models and all content, at a published version; or allow
the invoking actions only with a `bedrock:GuardrailIdentifier` condition.

What it cannot see
------------------
An enforcement that another repository declares; calls of Google's models that no resource shows; batch jobs and the
OpenAI-compatible endpoint, which carry no guardrail and are judged by who may call them.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Bound, Enforcement
from scanner.graph.model import Edge, Node, Role, State
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "GUARD-001"
SEVERITY = "critical"
FIX = "enforce the guardrail for the account, or bind the permission to it by condition"
STACK_KEYS = ("safety_stack.gateways", "safety_stack.guardrails", "safety_stack.classifiers")


def check(case: Case) -> Iterable[Finding]:
    """Every statement of an enforcement, by region; then, where there is none, who may call without a guardrail."""
    places: dict[str, Node] = {}
    for node, fact in case.graph.facts(Enforcement):
        places[node.id] = node
        case.examine(node, fact.because)
    for node in places.values():
        facts = [fact for fact in node.facts if isinstance(fact, Enforcement)]
        declared = [fact for fact in facts if fact.declared]
        if declared:
            yield from _flawed(case, node, declared)
        else:
            yield from _absent(case, node)
    accounts = {(node.id, fact.account) for node, fact in case.graph.facts(Enforcement)}
    case.summary = f"{counted(len(accounts), 'account')} with a guardrail on every call" if places else ""


def _flawed(case: Case, node: Node, facts: list[Enforcement]) -> Iterator[Finding]:
    """A region of an account is covered where one statement of it is whole; what has no region, by any."""
    for account, region in sorted({(fact.account, fact.region) for fact in facts}):
        mine = [fact for fact in facts if fact.account == account]
        here = [fact for fact in mine if fact.region == region]
        if any(fact.complete is True for fact in (here if region else mine)):
            continue
        unknown = next((fact for fact in here if isinstance(fact.complete, Unknown)), None)
        if unknown is not None and isinstance(unknown.complete, Unknown):
            message = f"`{node.address}`: whether a guardrail is enforced on every call is not known: {unknown.because}"
            decided = unknown.complete.decided_by
            yield case.unproven(node, message, origin=unknown.origin, because=unknown.because, decided_by=decided)
        else:
            message = f"`{node.address}`: a guardrail is not enforced on every call: {here[0].because}"
            yield case.violated(node, message, origin=here[0].origin, because=here[0].because, fix=FIX)


def _absent(case: Case, node: Node) -> Iterator[Finding]:
    """Nothing is enforced: every principal that may call must be bound by its permission, or be the gateway."""
    bound = {name for fact in node.facts if isinstance(fact, Bound) for name in fact.principals}
    free = [edge for edge in case.graph.into(node.id) if edge.verb == "invoke" and edge.source not in bound]
    free = [edge for edge in free if not _mediates(case, edge)]
    certain = next((edge for edge in free if edge.state is State.OPEN), None)
    unnamed = not free and not bound and not _has_gateway(case, node)
    if (free or unnamed) and not any(case.profile.has(key) for key in STACK_KEYS):
        yield case.missing(
            "safety_stack.guardrails",
            "which guardrail must stand on every call is not known: the profile has no `safety_stack.guardrails`",
            'safety_stack: {guardrails: [{id: ..., version: "1"}]}',
        )
    elif free:
        yield _free(case, node, certain or free[0])
    elif unnamed:
        message = f"no guardrail is enforced on the calls of `{node.address}`, and who may call is not known"
        yield case.unproven(node, message, decided_by=(f"who may call {node.address}",), fix=FIX)


def _free(case: Case, node: Node, edge: Edge) -> Finding:
    who = case.graph.nodes[edge.source].address
    message = f"no guardrail is enforced on the calls of `{node.address}`, and `{who}` may call without one"
    if edge.state is State.OPEN:
        return case.violated(node, message, origin=edge.origin, because=edge.because, fix=FIX)
    message = message.replace("may call without", "may be able to call without")
    decided = edge.decided_by
    return case.unproven(node, message, origin=edge.origin, because=edge.because, decided_by=decided, fix=FIX)


def _mediates(case: Case, edge: Edge) -> bool:
    """A gateway with classifiers of its own; where the profile names guardrails, it must be bound to one as well."""
    is_gateway = Role.GATEWAY in case.graph.nodes[edge.source].roles
    return is_gateway and not case.profile.has("safety_stack.guardrails")


def _has_gateway(case: Case, node: Node) -> bool:
    edges = [edge for edge in case.graph.into(node.id) if edge.verb == "invoke"]
    return bool(edges) and all(_mediates(case, edge) for edge in edges)
