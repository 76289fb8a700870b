"""Whether network policies keep a gateway from a classifier that its calls are sent to."""

from __future__ import annotations

from scanner.builders.k8s_network.view import View
from scanner.builders.k8s_policy.model import Direction
from scanner.builders.k8s_policy.ports import common
from scanner.builders.stack_ways.way import Way
from scanner.graph.facts_ways import Leg
from scanner.podspec import PodTemplate
from scanner.unknown import Unknown


def blocked(view: View, pods: tuple[tuple[int, PodTemplate], ...], way: Way) -> Way | None:
    """The way, in doubt, where policies admit nothing from any pod of the gateway; None where they may admit it.

    What the gateway does without an answer is its own: it may let requests pass (`fail-mode-unknown`).
    """
    if way.arrives is not True or not way.ends:
        return None
    for target in view.targets:
        if not set(target.nodes) & set(way.ends):
            continue
        for pod, _ in pods:
            for other in target.pods:
                out = view.admits(pod, Direction.EGRESS, other).maybe
                into = view.admits(other, Direction.INGRESS, pod).maybe
                if pod == other or common(out, into):
                    return None
        node = view.world.nodes[target.nodes[0]]
        because = f"network policies admit nothing from the gateway to `{target.name}`"
        last = Leg(node.address, node.kind, node.name, node.origin, because, True)
        cause = "what the gateway does where a classifier does not answer is not known"
        return Way((*way.legs, last), Unknown(cause, decided_by=("the gateway's fail mode",)), way.ends)
    return None
