"""Somebody who is not an operator can change, detach or delete a part of the safety stack, or become an operator.

Why it matters
--------------
Every other verdict rests on objects that can be edited: a guardrail, a network policy, a deployment, a log. Whoever may
edit one can turn the promise off after the scan, and on again before the next; so can whoever may pass as an operator.

How to fix
----------
Narrow the binding or the policy until only the operators named in the profile hold it; give tenants a namespace, or an
account, that holds no part of the stack, no guard of a model and no operator's service account.

What it cannot see
------------------
Pressure on people; who is in a group, and who signs in as an operator; the owner of the cloud organisation above the
inputs.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.model import STACK, Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.rule import Case, counted

ASSERTION = "CTRL-001"
SEVERITY = "critical"
SUBJECTS = frozenset({"User", "Group", "ServiceAccount"})


def check(case: Case) -> Iterable[Finding]:
    """Backwards from the stack, the guards, the models and the stores of evidence, and from every operator."""
    guarded = case.graph.with_role(*STACK, Role.SINK, Role.GUARD)
    models = [node.id for node in case.graph.with_role(Role.MODEL) if _written(case, node)]
    if not guarded and not models:
        return
    targets = [*(node.id for node in guarded), *models]
    found = reach(case.graph, targets, [Plane.CONTROL], allowed=_trusted, verbs=["write"])
    if found.ways and not case.profile.has("operators"):
        yield case.missing(
            "operators",
            "who operates the safety stack is not known: the profile has no `operators`",
            "operators: [group:NAME, arn:aws:iam::ACCOUNT:role/NAME]",
        )
    for way in found.ways:
        yield _finding(case, way)
    case.prove("nobody but the operators writes to the safety stack", found)
    yield from _impostors(case)
    case.summary = (
        f"{counted(len(guarded), 'safety object')}, written by {counted(len(found.allowed), 'operator')} at most"
    )


def _written(case: Case, node: Node) -> bool:
    """Whether somebody may change what guards a model: the model is then a target."""
    return any(edge.plane is Plane.CONTROL and edge.verb == "write" for edge in case.graph.into(node.id))


def _impostors(case: Case) -> Iterator[Finding]:
    """Who can become an operator of the cluster: a workload or a subject of Kubernetes that has that role."""
    operators = [node.id for node in case.graph.with_role(Role.OPERATOR) if _of_the_cluster(case, node)]
    if not operators:
        return
    found = reach(case.graph, operators, [Plane.IDENTITY], allowed=_trusted, verbs=["become"], through_actors=True)
    for way in found.ways:
        yield _impostor(case, way)
    case.prove("nobody but the operators can become an operator of the cluster", found)


def _of_the_cluster(case: Case, node: Node) -> bool:
    return node.kind in SUBJECTS or any(
        edge.verb == "become" and case.graph.nodes[edge.target].kind in SUBJECTS for edge in case.graph.out_of(node.id)
    )


def _trusted(node: Node) -> bool:
    return bool(node.roles & {Role.OPERATOR, Role.PLATFORM})


def _finding(case: Case, way: Way) -> Finding:
    target = case.graph.nodes[way.edges[-1].target]
    able = "can" if way.state is State.OPEN else "may be able to"
    stranger = Role.EXTERNAL in way.actor.roles and "*" not in way.actor.name
    known = stranger or case.profile.has("operators")
    who = "it is not among the operators" if known else "whether it is an operator is not known"
    model = Role.MODEL in target.roles and not target.roles & STACK
    what = f"what guards or runs the model `{target.address}`" if model else f"`{target.address}` of the safety stack"
    message = f"`{way.actor.address}` {able} change {what}: {who}"
    doubts = () if known else ("profile:operators",)
    return case.way(way, message, fix="narrow this grant, or name the operator in the profile", doubts=doubts)


def _impostor(case: Case, way: Way) -> Finding:
    target = case.graph.nodes[way.edges[-1].target]
    able = "can" if way.state is State.OPEN else "may be able to"
    message = f"`{way.actor.address}` {able} become the operator `{target.address}`, and is none"
    outside = Role.EXTERNAL in way.actor.roles
    return case.way(
        way, message, fix="let nobody but operators take an operator's identity", about=target if outside else way.actor
    )
