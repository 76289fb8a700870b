"""A classifier of the safety stack is declared with fewer running copies than it needs, or runs no server.

Why it matters
--------------
A classifier that is scaled to zero is a guardrail that is off: the gateway either waits for it, or goes on without it.
An autoscaler that may go to zero does this on every quiet night, and a command that only sleeps does it all day. Pods
that its Service picks beside its own answer in its place.

How to fix
----------
Declare at least the replicas that the profile asks for, and give the autoscaler the same minimum. Leave the command of
the image alone, or let it start the server.

What it cannot see
------------------
Whether the copies are ready at this moment (`classifier-not-seen-running` tells, where an API was asked), how good the
classifier is, and whether a program of your own answers.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Replicas
from scanner.graph.facts_access import Answerer
from scanner.graph.facts_ways import Program
from scanner.graph.model import Node, Role, State
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "CLASS-001"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every classifier that the profile names; one that is not in the inputs is not proved."""
    classifiers = case.graph.with_role(Role.CLASSIFIER)
    for node in classifiers:
        if node.state is State.POSSIBLE:
            message = f"whether classifier `{node.address}` exists is not known"
            yield case.unproven(node, message, decided_by=node.decided_by)
        replicas = [fact for fact in node.facts if isinstance(fact, Replicas)]
        case.examine(node, "; ".join(fact.because for fact in replicas) or "no statement of replicas")
        if not replicas:
            message = f"how many copies of classifier `{node.address}` run is not known"
            yield case.unproven(node, message, decided_by=(node.address,))
        for fact in replicas:
            yield from _judge(case, node, fact)
        yield from _answered(case, node)
        yield from (_runs(case, node, one) for one in node.facts if isinstance(one, Program))
    for entry in case.absent(case.profile.classifiers):
        yield case.missing(
            f"safety_stack.classifiers: {entry}",
            f"classifier `{entry}` of the profile is not in what was read",
            "scan the manifests that declare it, or correct the address",
        )
    if not case.profile.has("safety_stack.classifiers"):
        yield case.missing(
            "safety_stack.classifiers",
            "which classifiers must run is not known: the profile has no `safety_stack.classifiers`",
            "safety_stack: {classifiers: [NAMESPACE/Deployment/NAME]}",
        )
    case.summary = f"{counted(len(classifiers), 'classifier')}, with running copies declared"


def _answered(case: Case, node: Node) -> Iterator[Finding]:
    """Workloads that get the calls of a classifier from its Service, and that nobody says are one."""
    for fact in node.facts:
        if isinstance(fact, Answerer) and fact.role == Role.CLASSIFIER.value:
            other = f"`{fact.other}`, which is not declared to be one"
            message = f"calls to classifier `{node.address}` may be answered by {other}"
            fix = "list it under `safety_stack.classifiers`, or let the selector pick the classifier's pods alone"
            decided = ("profile:safety_stack.classifiers",)
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)


def _judge(case: Case, node: Node, fact: Replicas) -> Iterator[Finding]:
    least = max(1, case.profile.min_replicas)
    if isinstance(fact.minimum, Unknown):
        message = f"how many copies of classifier `{node.address}` run is not known: {fact.minimum.cause}"
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=fact.minimum.decided_by)
    elif fact.minimum < least:
        running = counted(fact.minimum, "replica")
        message = f"classifier `{node.address}` may run with {running}: at least {least} must run"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=f"declare at least {least}")


def _runs(case: Case, node: Node, fact: Program) -> Finding:
    """A classifier whose container runs something else than its server."""
    if isinstance(fact.serves, Unknown):
        message = f"whether classifier `{node.address}` runs a server is not known: {fact.serves.cause}"
        return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=fact.serves.decided_by)
    message = f"classifier `{node.address}` runs no server: {fact.because}"
    return case.violated(node, message, origin=fact.origin, because=fact.because, fix="let it start the server")
