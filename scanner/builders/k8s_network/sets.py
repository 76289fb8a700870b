"""From workloads to targets: members to sets of pods, sets to targets; pods with closed egress one by one."""

from __future__ import annotations

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.admission import Admission, admissions, described
from scanner.builders.k8s_network.alike import FEW, Many, join, join_each, join_many
from scanner.builders.k8s_network.guarded import from_guarded
from scanner.builders.k8s_network.members import ANY, ON_NODES, Sources, sources_of
from scanner.builders.k8s_network.trusted import Admitted
from scanner.builders.k8s_network.view import ALL, Target, View, host_line, own_line
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Direction, Peer

NODES = "node-network"
"""The class of callers that reach the addresses of nodes."""


def build_sets(view: View, admitted: Admitted) -> Sources:
    """Every way from a pod of the cluster, or from a block that a policy names, into every target."""
    sources = sources_of(view, admitted.callers)
    free: list[Many] = []
    guarded: list[Many] = []
    for target in view.targets:
        for pod in target.pods:
            for admission in admissions(view, target, pod):
                each = _from_free(view, sources, target, admission)
                if each:
                    free.append(Many(target, admission, admission.traffic, each))
                guarded.extend(from_guarded(view, sources, target, pod, admission, admitted))
            _from_nodes(view, sources, target, pod)
    join_many(view, sources.alike, free)
    join_many(view, sources.alike_guarded, guarded)
    return sources


def _from_free(view: View, sources: Sources, target: Target, admission: Admission) -> frozenset[int]:
    """The relay, once for all pods whose egress is open; those that are let in one by one, where they are many."""
    if admission.who == "block" and admission.peer is not None:
        block = view.world.external(admission.peer.text, "AddressRange")
        join(view, block.id, target, admission, admission.traffic)
    elif admission.who == "each" and admission.selected is not None:
        some = admission.selected.maybe & sources.free
        if len(some) > FEW:
            return some
        join_each(view, Many(target, admission, admission.traffic, some))
    elif admission.everyone:
        join(view, any_pod(view, sources), target, admission, admission.traffic)
    elif admission.peer is not None:
        join(view, _set(view, sources, admission.peer), target, admission, admission.traffic)
    return frozenset()


def any_pod(view: View, sources: Sources) -> str:
    """The relay that every pod with open egress is a member of."""
    sources.used.setdefault(ANY, None)
    return view.relay(ANY, "PodSet", "any pod of the cluster")


def _set(view: View, sources: Sources, peer: Peer) -> str:
    where = peer.namespace or f"[{peer.namespaces}]"
    address = f"podset/{where}/{peer.pods}"
    # Odd label values can make two selectors look alike: they are never taken for one.
    while (sources.used.setdefault(address, peer) or peer).key != peer.key:
        address += "~"
    return view.relay(address, "PodSet", described(peer))


def _from_nodes(view: View, sources: Sources, target: Target, pod: int) -> None:
    """Pods on the network of their node, and, where the target is one of them, everything that reaches nodes."""
    free = view.closed_by(pod, Direction.INGRESS) is Match.NO
    line = own_line(target.workload.resource)
    node_addresses = Doubt("host-network", ("whether policies hold for node addresses",))
    if sources.hosts - set(target.pods):
        relay = view.relay(ON_NODES, "PodSet", "pods on the network of their node")
        sources.used.setdefault(ON_NODES, None)
        because = f"no policy selects `{target.name}`: all ingress is open, which is the default"
        if not free:
            because = "policies need not hold for pods on the network of their node"
        one = Admission("any", ALL, because, line, None if free else node_addresses)
        join(view, relay, target, one, ALL)
    host = view.cluster.pods[pod].host
    if host is not False:
        unsure = None if host else Doubt("value-unknown", (f"{target.name}: hostNetwork",))
        because = "it listens on the network of its node (`hostNetwork`)"
        outside = view.world.external(NODES).id
        one = Admission("any", ALL, because, host_line(target) or line, unsure if free else node_addresses)
        join(view, outside, target, one, ALL)
