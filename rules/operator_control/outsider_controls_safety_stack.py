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
from functools import partial

from scanner.findings import Finding
from scanner.graph.facts_access import MachineRole
from scanner.graph.model import STACK, Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.rule import Case, counted
from scanner.rule_operators import ACCOUNT, OF_THE_ACCOUNTS, OF_THE_MACHINES, is_machine, signs_in

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
    """Who can become an operator: of the cluster, or a principal of AWS; or a machine of the cluster, by its role."""
    everyone = case.graph.with_role(Role.OPERATOR)
    cluster = [node.id for node in everyone if _of_the_cluster(case, node)]
    principals = [node.id for node in everyone if node.kind.startswith("aws_") or _writes(case, node)]
    machines = [node.id for node in case.graph.nodes.values() if _joins(node)]
    for targets, allowed, proof in (
        (cluster, _trusted, "nobody but the operators can become an operator of the cluster"),
        (principals, partial(_signs_in, case), OF_THE_ACCOUNTS),
        (machines, _machine, OF_THE_MACHINES),
    ):
        if targets:
            found = reach(case.graph, targets, [Plane.IDENTITY], allowed=allowed, verbs=["become"], through_actors=True)
            yield from (_impostor(case, way) for way in found.ways)
            case.prove(proof, found)


def _writes(case: Case, node: Node) -> bool:
    """Whether it is a session of an operator's role that a policy narrows, and that may still change something."""
    return node.kind == "Session" and any(edge.plane is Plane.CONTROL for edge in case.graph.out_of(node.id))


def _joins(node: Node) -> bool:
    return any(isinstance(fact, MachineRole) for fact in node.facts)


def _machine(node: Node) -> bool:
    return _trusted(node) or is_machine(node)


def _signs_in(case: Case, node: Node) -> bool:
    return _trusted(node) or signs_in(case.profile.operators, node)


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
    fix = "let nobody but operators take an operator's identity"
    joins = next((fact for fact in target.facts if isinstance(fact, MachineRole)), None)
    if joins is not None and Role.OPERATOR not in target.roles:
        message = f"`{way.actor.address}` {able} join a machine of its own to `{joins.cluster}`, as `{target.address}`"
        fix = "let nobody but operators have, or pass on, the role of the cluster's machines"
    outside = Role.EXTERNAL in way.actor.roles
    # Another account may be where the operators work from: only the profile can say so.
    doubts = ("profile:operators",) if way.actor.address.startswith(ACCOUNT) and joins is None else ()
    return case.way(way, message, fix=fix, doubts=doubts, about=target if outside else way.actor)
