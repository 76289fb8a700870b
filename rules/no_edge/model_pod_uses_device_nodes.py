"""A pod of a model or of the safety stack is made for devices: by its nodes, its tolerations or its image.

Why it matters
--------------
A pod that asks for a Jetson, a KubeEdge node or a board with an embedded GPU will run there as soon as one joins, and
an image that is built for such a board runs nowhere else. Then the model is on a device, which is what the promise
rules out.

How to fix
----------
Take the selector, the toleration and the device image away; serve from cloud nodes, and let devices call the gateway.

What it cannot see
------------------
Device nodes under labels of somebody's own, and images that are rebuilt for devices under another name.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import Scheduling
from scanner.graph.model import Role, State
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "EDGE-005"
SEVERITY = "critical"
PODS = (Role.MODEL, Role.CANDIDATE, Role.GATEWAY, Role.CLASSIFIER)
DEVICES = "edge-device"


def check(case: Case) -> Iterable[Finding]:
    """Every pod of a model or the stack: each selector, affinity, toleration and image that means devices."""
    pods = case.graph.with_role(*PODS)
    for node in pods:
        case.examine(node, "neither selects nor tolerates devices")
        sure = not node.roles.isdisjoint({Role.MODEL, Role.GATEWAY, Role.CLASSIFIER})
        for fact in node.facts:
            if not isinstance(fact, Scheduling) or fact.how == "unexcluded":
                continue
            if isinstance(fact.place_class, Unknown):
                if fact.perhaps == DEVICES:
                    message = f"whether `{node.address}` is made for devices is not known: {fact.place_class.cause}"
                    decided = fact.place_class.decided_by
                    yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
            elif fact.place_class == DEVICES:
                message = f"`{node.address}` is made for devices: {fact.because}"
                doubts = node.decided_by if node.state is State.POSSIBLE else ()
                if not sure and fact.how != "selects":
                    doubts = (*doubts, f"whether {node.address} is a model")
                if doubts:
                    yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=doubts)
                else:
                    fix = "serve from cloud nodes"
                    yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    case.summary = f"{counted(len(pods), 'workload')}, none made for devices" if pods else ""
