"""A principal other than the gateway may call a model.

Why it matters
--------------
For a managed model the network decides nothing: whoever holds `bedrock:InvokeModel` or `sagemaker:InvokeEndpoint`
calls the model from anywhere. Batch jobs, agents and the OpenAI-compatible endpoint have actions of their own that no
guardrail condition covers.

How to fix
----------
Take the action from the principal, or allow it only with a `bedrock:GuardrailIdentifier` condition on a published
version; deny what cannot carry the condition.

What it cannot see
------------------
Policies attached outside the inputs, and what a service does with a role that was passed to it. Whether a guardrail
condition binds is judged by `invocation-without-approved-guardrail`.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_access import GuardrailDemand
from scanner.graph.model import Node, Plane, Role, State
from scanner.graph.search import Reach, Way, reach
from scanner.rule import Case, counted

ASSERTION = "IDENT-001"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Who may invoke a model, or become one; whom a condition binds to a guardrail is judged by a rule of its own."""
    models = [node.id for node in case.graph.with_role(Role.MODEL) if Role.CLASSIFIER not in node.roles]
    if models:
        found = reach(case.graph, models, [Plane.IDENTITY], allowed=_may_invoke, verbs=["invoke"])
        yield from (_invokes(case, way) for way in found.ways)
        case.prove(
            "no principal but the gateway's, and those of whom a guardrail is demanded, may invoke a model", found
        )
        yield from _becomers(case, models, found)
    case.summary = f"{counted(len(models), 'model')}, invoked by the gateway alone" if models else ""


def _becomers(case: Case, models: list[str], direct: Reach) -> Iterator[Finding]:
    """Who can become a model's own pods, who must be an operator; or become what stands before a model."""
    told = {way.actor.id for way in direct.ways if way.state is State.OPEN}
    within = reach(case.graph, models, [Plane.IDENTITY], allowed=_may_become, verbs=["become"])
    before = direct.closed - set(models)
    behind = reach(case.graph, before, [Plane.IDENTITY], allowed=_may_invoke, verbs=["become"])
    yield from (_becomes(case, way) for way in within.ways if way.actor.id not in told)
    yield from (_invokes(case, way) for way in behind.ways if way.actor.id not in told)
    case.prove("nobody but the operators can become a model's own pods", within)


def _may_become(node: Node) -> bool:
    return bool(node.roles & {Role.GATEWAY, Role.OPERATOR, Role.PLATFORM})


def _may_invoke(node: Node) -> bool:
    """A gateway, or a principal of whom a policy demands a guardrail."""
    return Role.GATEWAY in node.roles or any(isinstance(fact, GuardrailDemand) for fact in node.facts)


def _invokes(case: Case, way: Way) -> Finding:
    model = case.graph.nodes[way.edges[-1].target]
    allowed = "is" if way.state is State.OPEN else "may be"
    message = f"`{way.actor.address}` {allowed} allowed to call model `{model.address}` itself"
    fix = "take the action away, or bind it to the guardrail by condition"
    return case.way(way, message, fix=fix, about=_about(way, model))


def _becomes(case: Case, way: Way) -> Finding:
    model = case.graph.nodes[way.edges[-1].target]
    able = "can" if way.state is State.OPEN else "may be able to"
    message = f"`{way.actor.address}` {able} act inside model `{model.address}` itself"
    # A caller from outside is no operator, whoever is; of one inside only the profile can say that it is none.
    known = Role.EXTERNAL in way.actor.roles or case.profile.has("operators")
    message += "" if known else ": whether it is an operator is not known"
    doubts = () if known else ("profile:operators",)
    fix = "take the right away, or name the operator in the profile"
    return case.way(way, message, fix=fix, doubts=doubts, about=_about(way, model))


def _about(way: Way, target: Node) -> Node:
    """A caller outside the inputs has no line: the finding is about what it gets at."""
    return target if Role.EXTERNAL in way.actor.roles else way.actor
