"""Somebody who is no operator can become a gateway or a classifier.

Why it matters
--------------
Every guard of a model admits the gateway by its identity: a role, a service account, a label. Whoever can assume that
role, pass it to code of their own, mint a token of its service account or start a pod that runs as it, is the gateway
to every guard, and filters nothing. Whoever becomes a classifier decides what is harmful.

How to fix
----------
Let the trust policy name the gateway's own workload alone, bound to its namespace and service account; take
`iam:PassRole` on the role, token requests, impersonation and pod creation in the stack's namespace from everybody but
the operators.

What it cannot see
------------------
Credentials that have left the deployment, and what is granted outside the inputs.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import STACK, Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.rule import Case, counted

ASSERTION = "IDENT-006"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Backwards from every gateway and classifier over whoever can become it, and whoever can become that."""
    stack = case.graph.with_role(Role.GATEWAY, Role.CLASSIFIER)
    if not stack:
        return
    targets = [node.id for node in stack]
    found = reach(case.graph, targets, [Plane.IDENTITY], allowed=_may_be, verbs=["become"], through_actors=True)
    yield from (_finding(case, way) for way in found.ways)
    case.prove("nobody but the stack and the operators can become a gateway or a classifier", found)
    case.summary = f"{counted(len(stack), 'stack member')}, which no stranger can become"


def _may_be(node: Node) -> bool:
    return bool(node.roles & {*STACK, Role.OPERATOR, Role.PLATFORM})


def _finding(case: Case, way: Way) -> Finding:
    target = case.graph.nodes[way.edges[-1].target]
    what = "gateway" if Role.GATEWAY in target.roles else "classifier"
    able = "can" if way.state is State.OPEN else "may be able to"
    outside = Role.EXTERNAL in way.actor.roles
    message = f"`{way.actor.address}` {able} become the {what} `{target.address}`"
    # A caller from outside is no operator, whoever is; of one inside only the profile can say that it is none.
    known = outside or case.profile.has("operators")
    doubts = () if known else ("profile:operators",)
    if not known:
        message += ": whether it is an operator is not known"
    fix = "let the stack's own workloads alone have this identity"
    return case.way(way, message, fix=fix, doubts=doubts, about=target if outside else way.actor)
