"""The ways that Istio's routes make: from Gateways through VirtualServices and ServiceEntries to the pods."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import strings
from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.backends import Backend, lead_all
from scanner.builders.k8s_network.entry import enter_by_controller
from scanner.builders.k8s_network.ingress_callers import callers_unknown
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Door, Services
from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.k8s_policy.labels import Match, selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.k8s_policy.ports import ALL, NONE, PortSet, ports, traffic_of, union
from scanner.builders.mesh.ingress import Front, front, gateway_callers, gateways_of, serves
from scanner.builders.mesh.patches import is_patch
from scanner.builders.mesh.virtual import GROUP, Sent, Virtuals, gateways, is_virtual
from scanner.patterns import lazy
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_HOST = lazy(r"[a-z0-9-]+\.[a-z0-9-]+\.svc(?:\.[a-z0-9.-]+)?")
"""A Service's name inside the name of a cluster of Envoy (`outbound|80||NAME`)."""


def build_mesh_routes(view: View, services: Services, sources: Sources) -> None:
    """Every VirtualService that a gateway serves. What sidecars follow is their caller's own way, and no other."""
    for one in view.resources:
        if is_patch(one):
            _patched(view, services, sources, one)
    if not any(is_virtual(one) for one in view.resources):
        return
    virtuals, known = Virtuals.of(view.resources), gateways_of(view)
    fronts: dict[str, Front] = {}
    for route in virtuals.by_name.values():
        bound = gateways(route)
        if bound is not None and not bound:
            continue
        shown = [known[one] for one in bound or () if one in known]
        serving = [one for one in shown if serves(one, route)]
        for one in serving:
            fronts.setdefault(one.id, front(view, one))
        via = tuple(sorted({pod for one in serving for pod in fronts[one.id].pods}))
        if not _leads(view, services, virtuals, route, via):
            continue
        for one in serving:
            because = f"VirtualService `{route.address}` is bound to Gateway `{one.address}`"
            connect(view.world, one.id, route.id, because, mark(route.attrs, "spec", "gateways"), cut=True)
        if bound is None or len(shown) < len(bound):
            because = "the VirtualService is bound to an ingress gateway that is not shown"
            callers_unknown(view, sources, route, because)
    for found in fronts.values():
        if any(edge.source == found.gateway.id for edge in view.world.edges):
            gateway_callers(view, services, sources, found)


def _patched(view: View, services: Services, sources: Sources, patch: Resource) -> None:
    """A patch of proxies that names a Service may lead calls to it."""
    doubt = Doubt("policy-engine-unmodelled", (patch.address,))
    found = {name: each.origin for each in strings(patch.attrs) for name in _HOST.findall(each.text.lower())}
    backends = [
        Backend(patch.namespace, None, None, line, f"its patch names `{name}`", doubt, host=name)
        for name, line in sorted(found.items(), key=lambda one: one[0])
    ]
    if backends and lead_all(view, services, patch.id, backends):
        callers_unknown(view, sources, patch, "it patches proxies, and which calls it leads there is not evaluated")


def _leads(view: View, services: Services, virtuals: Virtuals, route: Resource, via: tuple[int, ...]) -> bool:
    """Edges from a VirtualService to all that it sends to; whether there are any."""
    found = False
    for sent in virtuals.sent(route):
        entries = list(entries_at(view.resources, sent.host))
        for entry in entries:
            found = _entry(view, services, route, entry, sent, via) or found
        found = lead_all(view, services, route.id, [_backend(sent)], via) or found
    return found


def _backend(sent: Sent) -> Backend:
    if sent.unread:
        doubt = Doubt("value-unknown", (sent.unread,))
        if isinstance(sent.host, Unknown) and sent.host.decided_by:
            doubt = Doubt("value-unknown", sent.host.decided_by)
        return Backend("", None, None, sent.line, sent.because, doubt, anywhere=True)
    return Backend(sent.namespace, None, sent.port, sent.line, sent.because, host=sent.host)


def entries_at(resources: list[Resource], host: Value) -> Iterator[Resource]:
    """The ServiceEntries that say what stands behind a host."""
    for one in resources:
        if one.kind == "ServiceEntry" and one.group == GROUP and isinstance(host, str):
            names = [each for each in items_of(dig(one.attrs, "spec", "hosts")) if isinstance(each, str)]
            if any(host == name or (name.startswith("*") and host.endswith(name[1:])) for name in names):
                yield one


def _entry(view: View, services: Services, route: Resource, entry: Resource, sent: Sent, via: tuple[int, ...]) -> bool:
    """A way to what a ServiceEntry lists: pods by their labels, or addresses and names."""
    spec, line = dig(entry.attrs, "spec"), own_line(entry)
    found = False
    labels = dig(spec, "workloadSelector", "labels")
    if labels is not None:
        found = _selected(view, route, entry, labels, sent, via)
    listed = [
        Backend(entry.namespace, None, None, mark(one, "address") or line, f"`{entry.address}` lists it", host=address)
        for one in (*items_of(dig(spec, "endpoints")), *_entries(view, entry, labels))
        if (address := one if isinstance(one, Unknown) else dig(one, "address")) is not None
    ]
    if lead_all(view, services, entry.id, listed, via):
        connect(view.world, route.id, entry.id, sent.because, sent.line, cut=True)
        found = True
    return found


def _entries(view: View, entry: Resource, labels: Value) -> Iterator[Value]:
    """The machines that a ServiceEntry selects beside pods."""
    for one in view.resources:
        if one.kind == "WorkloadEntry" and one.group == GROUP and one.namespace == entry.namespace and labels:
            own = dig(one.attrs, "spec", "labels")
            wanted = labels if isinstance(labels, dict) else {}
            if all(dig(own, key) == value or isinstance(dig(own, key), Unknown) for key, value in wanted.items()):
                yield dig(one.attrs, "spec")


def _selected(view: View, route: Resource, entry: Resource, labels: Value, sent: Sent, via: tuple[int, ...]) -> bool:
    peer = Peer(PeerKind.PODS, entry.namespace, pods=selector_of_labels(labels))
    selected, some = view.cluster.select(peer), _ports(dig(entry.attrs, "spec"), sent.port)
    line = mark(entry.attrs, "spec", "workloadSelector", "labels") or own_line(entry)
    found = False
    for target in view.targets:
        for pod in target.pods:
            match = selected.match(pod)
            if match is Match.NO:
                continue
            found = True
            doubt = None if match is Match.YES else peer.pods.doubt or view.labels_doubt(pod)
            for node in target.nodes:
                because = f"ServiceEntry `{entry.address}` selects it"
                connect(view.world, entry.id, node, because, line, traffic=traffic_of(some), doubt=doubt)
            door = Door(entry.id, target, pod, some)
            enter_by_controller(view, route.id, door, sent.because, sent.line, doubt, via)
    return found


def _ports(spec: Value, wanted: Value) -> PortSet:
    """The ports of the pods behind a port of a ServiceEntry; all where they are not known."""
    some = NONE
    for item in items_of(dig(spec, "ports")):
        number = dig(item, "number")
        behind = dig(item, "targetPort") or number
        if wanted in (None, number) or not isinstance(number, int) or not isinstance(wanted, int):
            some = union(some, ports("TCP", behind, behind) if isinstance(behind, int) else ALL)
    return some or ALL
