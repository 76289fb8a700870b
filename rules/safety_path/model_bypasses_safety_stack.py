"""A caller inside the deployment reaches a model without the safety stack.

Why it matters
--------------
The promise is that every call to a model passes the gateway that the operator runs. One workload with a direct way to
the model's port is enough to get answers that no guardrail and no classifier has seen. So is a setting that sends its
prompts to a model of somebody else, and a Service whose selector also picks pods that nobody declared to be the model.
A cluster that is in the inputs while nothing says what runs in it may hold all of that.

How to fix
----------
Close the hop that the finding marks: let the model's network policy or security group admit the gateway alone, or the
mesh's policy where the model is in the mesh and mTLS is STRICT. A probe or a scraper that needs a port of its own is
admitted under `trusted` in the profile. Let the base URL of every client name the gateway. Scan the manifests of every
cluster, or a recording of it, and say in `units` which cluster they are of.

What it cannot see
------------------
What the gateway does with a call once it has it, what a trusted caller relays for others, and addresses that stand in
the code of a program.
"""

from collections.abc import Iterable, Sequence

from scanner.findings import Finding
from scanner.graph.facts_access import Answerer, ToldEndpoint
from scanner.graph.model import Node, Plane, Role, State
from scanner.graph.search import Reach, Way, reach
from scanner.rule import Case, counted
from scanner.rule_clusters import unseen
from scanner.unknown import Unknown

ASSERTION = "ROUTE-001"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Backwards from every model over relays: each actor met must be a gateway; outside callers are another rule."""
    yield from _told(case)
    yield from _answered(case)
    yield from unseen(case, "safety_stack.gateways")
    models = [node for node in case.graph.with_role(Role.MODEL, Role.CANDIDATE) if _judged(node)]
    if not models:
        return
    found = reach(case.graph, [node.id for node in models], [Plane.NETWORK], allowed=_may_stand)
    inside = [way for way in found.ways if Role.EXTERNAL not in way.actor.roles]
    for group in _by_last_edge(inside):
        yield _finding(case, group)
    if models and not case.profile.has("safety_stack.gateways"):
        yield case.missing(
            "safety_stack.gateways",
            "which actors are the safety stack is not known: the profile has no `safety_stack.gateways`",
            "safety_stack: {gateways: [NAMESPACE/Deployment/NAME]}",
        )
    _certify(case, found, inside)
    ways_in = sum(1 for _ in found.allowed)
    case.summary = f"{counted(len(models), 'model')}, {counted(ways_in, 'way')} in, through a gateway alone"


def _told(case: Case) -> Iterable[Finding]:
    """Callers whose settings send their prompts to a public API of models."""
    known = case.profile.has("safety_stack.gateways")
    for node, fact in case.graph.facts(ToldEndpoint):
        case.examine(node, fact.because)
        doubts = fact.outside.decided_by if isinstance(fact.outside, Unknown) else ()
        fix = "let its base URL name the gateway"
        if fact.outside is True and known:
            message = f"`{node.address}` is told to call the model API `{fact.host}` itself, past the safety stack"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
        elif fact.outside is True:
            message = (
                f"`{node.address}` is told to call the model API `{fact.host}`: whether it is the gateway is not known"
            )
            decided = ("profile:safety_stack.gateways",)
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
        elif doubts and known:
            message = f"where `{node.address}` sends its prompts is not known: {fact.because}"
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=doubts, fix=fix)


def _answered(case: Case) -> Iterable[Finding]:
    """Workloads that get the calls of a model from its Service, and that nobody says are one."""
    for node, fact in case.graph.facts(Answerer):
        if fact.role == Role.GATEWAY.value:
            yield _instead(case, node, fact)
        if fact.role != Role.MODEL.value or Role.CLASSIFIER in node.roles:
            continue
        message = f"calls to model `{node.address}` may be answered by `{fact.other}`, which is not declared to be one"
        fix = "list it under `models.servers`, or let the selector pick the model's pods alone"
        decided = ("profile:models.servers",)
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)


def _instead(case: Case, node: Node, fact: Answerer) -> Finding:
    """A function before a gateway, which may answer calls that are meant for it."""
    message = f"calls to gateway `{node.address}` may be answered by `{fact.other}`, which is not of the safety stack"
    fix = "take the function off the distribution, or name it under `safety_stack.gateways`"
    decided = ("profile:safety_stack.gateways",)
    return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)


def _judged(node: Node) -> bool:
    """A classifier is a model server too; it stands in the stack, not behind it."""
    return Role.CLASSIFIER not in node.roles


def _may_stand(node: Node) -> bool:
    return bool(node.roles & {Role.GATEWAY, Role.PLATFORM})


def _by_last_edge(ways: Sequence[Way]) -> list[list[Way]]:
    """Ways that enter the same model by the same edge are one finding: one cut closes them all."""
    groups: dict[object, list[Way]] = {}
    for way in sorted(ways, key=lambda one: (one.state is not State.OPEN, len(one.edges), one.actor.id)):
        last = way.edges[-1]
        groups.setdefault((last.target, last.source if len(way.edges) > 1 else str(last.origin), way.state), []).append(
            way
        )
    return list(groups.values())


def _finding(case: Case, group: Sequence[Way]) -> Finding:
    way = group[0]
    model = case.graph.nodes[way.edges[-1].target]
    known = case.profile.has("safety_stack.gateways")
    what = "model" if Role.MODEL in model.roles else "possible model"
    able = "can" if way.state is State.OPEN else "may be able to"
    message = f"`{way.actor.address}` {able} call {what} `{model.address}` without the safety stack"
    if not known:
        message = f"`{way.actor.address}` {able} call {what} `{model.address}`: whether it is the gateway is not known"
    others = sorted({one.actor.address for one in group[1:]})
    fix = "admit the gateway alone here" if known else "name the gateways in the profile, then admit them alone"
    return case.way(way, message, fix=fix, ways=len(group), also=others, doubts=_doubts(case, model))


def _doubts(case: Case, model: Node) -> list[str]:
    """What would decide a finding that is not certain: who the gateways are, or whether this is a model at all."""
    doubts = [] if case.profile.has("safety_stack.gateways") else ["profile:safety_stack.gateways"]
    return doubts if Role.MODEL in model.roles else [*doubts, "profile:models.servers"]


def _certify(case: Case, found: Reach, inside: Sequence[Way]) -> None:
    if not inside and not found.ways:
        case.prove("nothing but a gateway reaches a model on the network", found)
        return
    for target in found.targets:
        case.examine(case.graph.nodes[target], "ways in were searched")
