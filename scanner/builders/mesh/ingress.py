"""Gateways of Istio: which proxies serve them, who calls those, and whether a host leads to a route."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.edges import connect
from scanner.builders.k8s_network.exposure import callers
from scanner.builders.k8s_network.ingress_callers import callers_unknown, inside
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.pods import Workload
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.k8s_policy.cluster import NOBODY, Selected
from scanner.builders.k8s_policy.labels import selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.mesh.virtual import GROUP
from scanner.graph.model import Role
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value


class Front(Struct, frozen=True):
    """The proxies of one Gateway: their pods and workloads, as far as the inputs show them."""

    gateway: Resource
    pods: tuple[int, ...]
    workloads: tuple[Workload, ...]


def front(view: View, gateway: Resource) -> Front:
    """The pods that the selector of a Gateway surely selects, in whatever namespace."""
    labels = dig(gateway.attrs, "spec", "selector")
    found: Selected = NOBODY
    if labels:
        found = view.cluster.select(Peer(PeerKind.PODS, pods=selector_of_labels(labels)))
    owners = {view.cluster.pods[index].owner for index in found.sure}
    workloads = tuple(one for one in view.workloads if one.address in owners)
    return Front(gateway, tuple(sorted(found.sure)), workloads)


def gateways_of(view: View) -> dict[tuple[str, str], Resource]:
    """The Gateways of Istio by namespace and name; the Gateway API has a kind of that name as well."""
    return {(one.namespace, one.name): one for one in view.resources if one.kind == "Gateway" and one.group == GROUP}


def serves(gateway: Resource, route: Resource) -> bool:
    """Whether any host of a Gateway and any of a VirtualService have a name in common."""
    spec = dig(gateway.attrs, "spec", "servers")
    if isinstance(spec, Unknown):
        return True
    wanted = items_of(dig(route.attrs, "spec", "hosts"))
    offered = [host for server in items_of(spec) for host in _hosts(server)]
    return any(_meet(one, two) for one in offered for two in wanted)


def _hosts(server: Value) -> Iterator[Value]:
    if isinstance(server, Unknown):
        yield server
        return
    for one in items_of(dig(server, "hosts")):
        yield one.rpartition("/")[2] if isinstance(one, str) else one


def _meet(one: Value, two: Value) -> bool:
    if not isinstance(one, str) or not isinstance(two, str):
        return True
    left, right = one.lower(), two.lower()
    if left.startswith("*") and right.startswith("*"):
        return left[1:].endswith(right[1:]) or right[1:].endswith(left[1:])
    if left.startswith("*"):
        return right.endswith(left[1:])
    return left.endswith(right[1:]) if right.startswith("*") else left == right


def gateway_callers(view: View, services: Services, sources: Sources, found: Front) -> None:
    """Who calls a Gateway: the stack's own gateways where they serve it, else whoever calls its proxies."""
    gateway, world = found.gateway, view.world
    if found.workloads and all(_of_stack(view, one) for one in found.workloads):
        for one in found.workloads:
            because = f"its pods serve Gateway `{gateway.address}`"
            line = mark(gateway.attrs, "spec", "selector") or own_line(gateway)
            connect(world, view.node(one.address), gateway.id, because, line)
        return
    exposed = False
    for service in _fronts(view, services, found):
        for caller in callers(view, service):
            exposed = True
            because = f"`{service.address}` stands before the proxies of the Gateway: {caller.because}"
            connect(world, caller.node.id, gateway.id, because, caller.origin, doubt=caller.doubt, cut=True)
    if exposed:
        inside(view, sources, gateway)
    else:
        callers_unknown(view, sources, gateway, "proxies serve the Gateway, and it is not known where they listen")


def _of_stack(view: View, workload: Workload) -> bool:
    ids = {view.node(workload.address), *(one.id for one in workload.members)}
    return any(Role.GATEWAY in view.world.nodes[one].roles for one in ids if one in view.world.nodes)


def _fronts(view: View, services: Services, found: Front) -> Iterator[Resource]:
    """The Services that surely select the proxies of a Gateway."""
    for service in services.by_name.values():
        selector = dig(service.attrs, "spec", "selector")
        if selector and found.pods:
            peer = Peer(PeerKind.PODS, service.namespace, pods=selector_of_labels(selector))
            if view.cluster.select(peer).sure & set(found.pods):
                yield service
