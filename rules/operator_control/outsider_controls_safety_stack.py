"""Somebody who is not an operator can change, detach or delete a part of the safety stack.

Why it matters
--------------
Every other verdict rests on objects that can be edited: a guardrail, a network policy, a deployment, a log. Whoever may
edit one can turn the promise off after the scan, and on again before the next.

How to fix
----------
Narrow the binding or the policy until only the operators named in the profile hold it; give tenants a namespace, or an
account, that holds no part of the stack.

What it cannot see
------------------
Pressure on people; who is in a group; the owner of the cloud organisation above the inputs.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import STACK, Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.rule import Case, counted

ASSERTION = "CTRL-001"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Backwards from every stack member, guard and evidence store over the control plane."""
    guarded = case.graph.with_role(*STACK, Role.GUARD, Role.SINK)
    if not guarded:
        return
    targets = [node.id for node in guarded]
    found = reach(case.graph, targets, [Plane.CONTROL], allowed=_may_write, verbs=["write"])
    if found.ways and not case.profile.has("operators"):
        yield case.missing(
            "operators",
            "who operates the safety stack is not known: the profile has no `operators`",
            "operators: [group:NAME, arn:aws:iam::ACCOUNT:role/NAME]",
        )
    for way in found.ways:
        yield _finding(case, way)
    case.prove("nobody but the operators writes to the safety stack", found)
    case.summary = (
        f"{counted(len(guarded), 'safety object')}, written by {counted(len(found.allowed), 'operator')} at most"
    )


def _may_write(node: Node) -> bool:
    return bool(node.roles & {Role.OPERATOR, Role.PLATFORM})


def _finding(case: Case, way: Way) -> Finding:
    target = case.graph.nodes[way.edges[-1].target]
    able = "can" if way.state is State.OPEN else "may be able to"
    known = case.profile.has("operators")
    who = "it is not among the operators" if known else "whether it is an operator is not known"
    message = f"`{way.actor.address}` {able} change `{target.address}` of the safety stack: {who}"
    doubts = () if known else ("profile:operators",)
    return case.way(way, message, fix="narrow this grant, or name the operator in the profile", doubts=doubts)
