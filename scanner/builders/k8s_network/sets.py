"""From workloads to targets: members to sets of pods, sets to targets; pods with closed egress one by one."""

from __future__ import annotations

from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.admission import Admission, admissions, described
from scanner.builders.k8s_network.alike import FEW, Alike
from scanner.builders.k8s_network.members import ANY, ON_NODES, Sources, sources_of
from scanner.builders.k8s_network.trusted import Admitted
from scanner.builders.k8s_network.view import ALL, Target, View, host_line, own_line
from scanner.builders.k8s_policy.labels import Match
from scanner.builders.k8s_policy.model import Direction, Peer
from scanner.builders.k8s_policy.ports import PortSet, Span, common, traffic_of, without

NODES = "node-network"
"""The class of callers that reach the addresses of nodes."""


def build_sets(view: View, admitted: Admitted) -> Sources:
    """Every way from a pod of the cluster, or from a block that a policy names, into every target."""
    sources = sources_of(view, admitted.callers)
    many: list[tuple[Target, Admission, frozenset[int]]] = []
    for target in view.targets:
        for pod in target.pods:
            for admission in admissions(view, target, pod):
                each = _from_free(view, sources, target, admission)
                if each:
                    many.append((target, admission, each))
                for out, groups in sources.towards.get(pod, {}).items():
                    spans = Span(common(out.sure, admission.traffic), common(out.maybe, admission.traffic))
                    for group in groups if spans.maybe and admission.who != "block" else ():
                        _from_group(view, sources, target, spans, admission, group, admitted)
            _from_nodes(view, sources, target, pod)
    _from_many(view, sources, many)
    return sources


def _connect(view: View, source: str, target: Target, admission: Admission, traffic: PortSet) -> None:
    doubt = view.settled(target, traffic, admission.doubt)
    for node in target.nodes:
        connect(
            view.world,
            source,
            node,
            admission.because,
            admission.origin,
            traffic=traffic_of(traffic),
            doubt=doubt,
            cut=True,
        )


def _from_free(view: View, sources: Sources, target: Target, admission: Admission) -> frozenset[int]:
    """The relay, once for all pods whose egress is open; those that are let in one by one, where they are many."""
    if admission.who == "block" and admission.peer is not None:
        block = view.world.external(admission.peer.text, "AddressRange")
        _connect(view, block.id, target, admission, admission.traffic)
    elif admission.who == "each" and admission.selected is not None:
        some = admission.selected.maybe & sources.free
        if len(some) > FEW:
            return some
        _from_each(view, target, admission, some)
    elif admission.everyone:
        _connect(view, any_pod(view, sources), target, admission, admission.traffic)
    elif admission.peer is not None:
        _connect(view, _set(view, sources, admission.peer), target, admission, admission.traffic)
    return frozenset()


def _from_each(view: View, target: Target, admission: Admission, some: frozenset[int]) -> None:
    for owner, _ in view.owned(some):
        if owner not in target.nodes and owner != view.node(target.name):
            _connect(view, owner, target, admission, admission.traffic)


def _from_many(view: View, sources: Sources, many: list[tuple[Target, Admission, frozenset[int]]]) -> None:
    """A relay for all pods that no target tells apart: never an edge from each of many pods to each target."""
    alike = Alike(sources.free)
    for _, _, some in many:
        alike.add(some)
    for part in alike.parts() if many else ():
        first = view.cluster.pods[min(part)].owner
        address = f"podset/like/{first}"
        while address in sources.alike:
            address += "~"
        for target, admission, some in many:
            if some.isdisjoint(part):
                continue
            if len(part) <= FEW:
                _from_each(view, target, admission, part)
                continue
            sources.alike[address] = part
            relay = view.relay(address, "PodSet", f"pods that the policies treat like `{first}`")
            _connect(view, relay, target, admission, admission.traffic)


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


def _from_group(
    view: View,
    sources: Sources,
    target: Target,
    spans: Span,
    admission: Admission,
    group: frozenset[int],
    admitted: Admitted,
) -> None:
    """Pods with guarded egress: admitted by both sides to `spans`, or not at all."""
    chosen = group if admission.everyone or admission.selected is None else group & admission.selected.maybe
    if not chosen:
        return
    unsure = admission.doubted(_out_doubt(view, min(group)))
    if admission.everyone and len(group) > 1:
        relay = _group(view, sources, group)
        if spans.sure:
            _connect(view, relay, target, admission, spans.sure)
        rest = without(spans.maybe, spans.sure)
        if rest:
            _connect(view, relay, target, unsure, rest)
        return
    for owner, index in view.owned(chosen):
        if owner == view.node(target.name) or owner in target.nodes:
            continue
        doubt = _member_doubt(view, admission, index)
        removed = admitted.removed(owner, target)
        for one, some in ((admission, spans.sure), (unsure, without(spans.maybe, spans.sure))):
            left = without(some, removed)
            if left:
                _connect(view, owner, target, one.doubted(doubt), left)


def _group(view: View, sources: Sources, group: frozenset[int]) -> str:
    """The relay of pods that the same policies select for egress."""
    side = view.side(min(group), Direction.EGRESS)
    named = side.names()
    address = f"podset/egress/{'+'.join(named)}"
    sources.guarded_used.setdefault(address, frozenset())
    sources.guarded_used[address] |= group
    return view.relay(address, "PodSet", f"pods whose egress {', '.join(named)} governs")


def _member_doubt(view: View, admission: Admission, index: int) -> Doubt | None:
    if admission.selected is None or admission.everyone or index in admission.selected.sure:
        return None
    return view.labels_doubt(index)


def _out_doubt(view: View, index: int) -> Doubt:
    side = view.side(index, Direction.EGRESS)
    some = list(side.doubts())
    if not view.enforced.policies or (side.admin and not view.enforced.admin):
        some.insert(0, view.no_enforcer)
    return some[0] if some else Doubt("value-unknown", (view.cluster.pods[index].owner,))


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
        _connect(view, relay, target, one, ALL)
    host = view.cluster.pods[pod].host
    if host is not False:
        unsure = None if host else Doubt("value-unknown", (f"{target.name}: hostNetwork",))
        because = "it listens on the network of its node (`hostNetwork`)"
        outside = view.world.external(NODES).id
        one = Admission("any", ALL, because, host_line(target) or line, unsure if free else node_addresses)
        _connect(view, outside, target, one, ALL)
