"""The scheduler may put a pod of a model or of the safety stack on a machine outside the cloud.

Why it matters
--------------
A cluster that has hybrid or edge nodes is one pool: without a rule that keeps a pod off them, a busy day is enough for
the weights to be pulled to a machine in somebody's hall. A selector that asks for such a node is worse than a missing
rule: it is the decision itself.

How to fix
----------
Require in the pod's affinity that it stays off them (`eks.amazonaws.com/compute-type NotIn [hybrid]`, or the label of
the edge layer with `DoesNotExist`), or select a node group that only the cloud has. Better still: give outside machines
a cluster of their own.

What it cannot see
------------------
Labels and taints that people put on nodes by hand, and admission controllers that change constraints on the way in.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Scheduling
from scanner.graph.model import Node, Role, State
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "CLOUD-006"
SEVERITY = "high"
PODS = (Role.MODEL, Role.CANDIDATE, Role.GATEWAY, Role.CLASSIFIER)
SAYS = {
    "selects": "asks for machines outside the cloud",
    "prefers": "prefers machines outside the cloud",
    "tolerates": "may land on machines outside the cloud",
    "unexcluded": "may land on machines outside the cloud",
}


def check(case: Case) -> Iterable[Finding]:
    """Every pod of a model or the stack: what its constraints ask for, and what they leave open."""
    pods = case.graph.with_role(*PODS)
    for node in pods:
        facts = [fact for fact in node.facts if isinstance(fact, Scheduling) and _mine(fact)]
        case.examine(node, "; ".join(fact.because for fact in facts) or "no machine outside the cloud is open to it")
        certain = [fact for fact in facts if not isinstance(fact.place_class, Unknown)]
        for fact in (certain or facts)[:1]:
            yield from _judge(case, node, fact)
    case.summary = f"{counted(len(pods), 'workload')} kept in the cloud" if pods else ""


def _mine(fact: Scheduling) -> bool:
    """All but what asks for devices, which is told as such."""
    kind = fact.perhaps if isinstance(fact.place_class, Unknown) else fact.place_class
    return fact.how == "unexcluded" or kind != "edge-device"


def _judge(case: Case, node: Node, fact: Scheduling) -> Iterator[Finding]:
    more = {"origin": fact.origin, "because": fact.because, "fix": "require an affinity that keeps it off them"}
    doubts: tuple[str, ...] = node.decided_by if node.state is State.POSSIBLE else ()
    if node.roles.isdisjoint({Role.MODEL, Role.GATEWAY, Role.CLASSIFIER}) and fact.how != "selects":
        doubts = (*doubts, f"whether {node.address} is a model")
    if isinstance(fact.place_class, Unknown):
        message = f"whether `{node.address}` {SAYS[fact.how]} is not known: {fact.place_class.cause}"
        yield case.unproven(node, message, decided_by=(*fact.place_class.decided_by, *doubts), **more)
    elif doubts:
        yield case.unproven(node, f"`{node.address}` {SAYS[fact.how]}: {fact.because}", decided_by=doubts, **more)
    else:
        yield case.violated(node, f"`{node.address}` {SAYS[fact.how]}: {fact.because}", **more)
