"""The Gateway API: listeners, the routes that attach to them, and the backends that routes send or mirror to."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import text
from scanner.builders.edges import Doubt, connect
from scanner.builders.inventory import text_of
from scanner.builders.k8s_network.backends import Backend, lead
from scanner.builders.k8s_network.entry import CLOUD_NETWORK, CONTROLLER, INTERNET, enter_by_controller
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Door, Services
from scanner.builders.k8s_network.sets import any_pod
from scanner.builders.k8s_network.view import View, own_line, unknown_doubt
from scanner.builders.k8s_policy.labels import Match, selector_of, selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.k8s_policy.ports import ALL, NONE, PortSet, ports, traffic_of, union
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUP = "gateway.networking.k8s.io"
ROUTES = ("HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute")
_POOLS = ("inference.networking.k8s.io", "inference.networking.x-k8s.io")
_OPEN_CLASSES = ("gke-l7-global-external-managed", "gke-l7-regional-external-managed", "gke-l7-gxlb")
_INNER_CLASSES = ("gke-l7-rilb", "gke-l7-cross-regional-internal-managed-mc")
_SERVICE_TYPE = "networking.istio.io/service-type"


def build_gateways(view: View, services: Services, sources: Sources) -> None:
    """Every route that leads to a target, and every Gateway that it attaches to."""
    gateways = {
        (one.namespace, one.name): one for one in view.resources if one.kind == "Gateway" and one.group == GROUP
    }
    called: dict[str, Resource] = {}
    for route in view.resources:
        if route.kind not in ROUTES or route.group != GROUP:
            continue
        led = [_backend(view, services, route, one) for one in _backends(route)]
        if not any(led):
            continue
        for parent, line in _parents(route):
            _attach(view, sources, route, parent, line, gateways, called)
    for gateway in called.values():
        _gateway_callers(view, sources, gateway)


def _backends(route: Resource) -> Iterator[tuple[Value, Origin | None, str]]:
    """Every backend reference of a route, those of its mirrors included."""
    spec = dig(route.attrs, "spec")
    rules = dig(spec, "rules")
    if isinstance(spec, Unknown) or isinstance(rules, Unknown):
        yield (spec if isinstance(spec, Unknown) else rules), route.origin, "its rules are not known"
        return
    for number, rule in enumerate(items_of(rules)):
        base = mark(spec, "rules", number) or route.origin
        for index, one in enumerate(items_of(dig(rule, "backendRefs"))):
            if dig(one, "weight") != 0:
                yield one, mark(one, "name") or mark(rule, "backendRefs", index) or base, "it sends to"
            yield from _mirrors(one, base)
        yield from _mirrors(rule, base)


def _mirrors(holder: Value, line: Origin) -> Iterator[tuple[Value, Origin | None, str]]:
    for index, one in enumerate(items_of(dig(holder, "filters"))):
        reference = dig(one, "requestMirror", "backendRef")
        if reference is not None:
            yield reference, mark(reference, "name") or mark(holder, "filters", index) or line, "it mirrors to"


def _backend(view: View, services: Services, route: Resource, found: tuple[Value, Origin | None, str]) -> bool:
    """Edges from a route to one backend; whether it leads to a target."""
    reference, line, what = found
    if isinstance(reference, Unknown):
        return lead(view, services, route.id, Backend(route.namespace, reference, None, line, what))
    name, kind = dig(reference, "name"), dig(reference, "kind") or "Service"
    space = dig(reference, "namespace") or route.namespace
    if not isinstance(space, str) or (space != route.namespace and not _granted(view, route, reference, space)):
        return isinstance(space, Unknown) and lead(
            view, services, route.id, Backend(route.namespace, space, None, line, what)
        )
    shown = name if isinstance(name, str) else "*"
    because = f"{what} {kind} `{space}/{shown}`"
    if kind == "InferencePool":
        return _pool(view, route, space, name, line, because)
    return lead(view, services, route.id, Backend(space, name, dig(reference, "port"), line, because))


def _granted(view: View, route: Resource, reference: Value, space: str) -> bool:
    """Whether a ReferenceGrant of the other namespace lets the route refer to it."""
    kind, name = dig(reference, "kind") or "Service", dig(reference, "name")
    for one in view.resources:
        if one.kind != "ReferenceGrant" or one.namespace != space:
            continue
        froms = items_of(dig(one.attrs, "spec", "from"))
        tos = items_of(dig(one.attrs, "spec", "to"))
        may = any(
            isinstance(each, Unknown)
            or (dig(each, "kind") in (route.kind, None) and dig(each, "namespace") == route.namespace)
            for each in froms
        )
        if may and any(
            isinstance(each, Unknown) or (dig(each, "kind") == kind and dig(each, "name") in (None, name))
            for each in tos
        ):
            return True
    view.world.assumed_absent[f"ReferenceGrant in `{space}` for {route.kind} of `{route.namespace}`"] = None
    return False


def _pool(view: View, route: Resource, space: str, name: Value, line: Origin | None, because: str) -> bool:
    """An InferencePool: the pods that its selector selects, on its ports."""
    pools = [one for one in view.resources if one.kind == "InferencePool" and one.group in _POOLS]
    found = False
    for pool in (one for one in pools if (one.namespace, one.name) == (space, name)):
        spec = dig(pool.attrs, "spec")
        selector = dig(spec, "selector")
        plain = dig(selector, "matchLabels") is None and not isinstance(selector, Unknown)
        pods = selector_of_labels(selector) if plain else selector_of(selector)
        peer = Peer(PeerKind.PODS, space, pods=pods)
        selected = view.cluster.select(peer)
        some = _pool_ports(spec)
        for target in view.targets:
            for pod in target.pods:
                match = selected.match(pod)
                if match is Match.NO:
                    continue
                found = True
                doubt = None if match is Match.YES else pods.doubt or view.labels_doubt(pod)
                for node in target.nodes:
                    said = f"InferencePool `{pool.address}` selects it"
                    connect(view.world, pool.id, node, said, own_line(pool), traffic=traffic_of(some), doubt=doubt)
                enter_by_controller(view, route.id, Door(pool.id, target, pod, some), because, line, None)
    return found


def _pool_ports(spec: Value) -> PortSet:
    some = NONE
    for number in (dig(spec, "targetPortNumber"), *(dig(one, "number") for one in items_of(dig(spec, "targetPorts")))):
        if isinstance(number, int):
            some = union(some, ports("TCP", number, number))
    return some or ALL


def _parents(route: Resource) -> Iterator[tuple[Value, Origin | None]]:
    spec = dig(route.attrs, "spec")
    for index, one in enumerate(items_of(dig(spec, "parentRefs"))):
        yield one, mark(spec, "parentRefs", index)


def _attach(
    view: View,
    sources: Sources,
    route: Resource,
    parent: Value,
    line: Origin | None,
    gateways: dict[tuple[str, str], Resource],
    called: dict[str, Resource],
) -> None:
    """The edge from a Gateway to a route that it lets attach."""
    world = view.world
    space, name = dig(parent, "namespace") or route.namespace, dig(parent, "name")
    gateway = gateways.get((space, name)) if isinstance(space, str) and isinstance(name, str) else None
    if dig(parent, "kind") not in (None, "Gateway"):
        doubt = Doubt(CONTROLLER, (f"the parent of {route.address}",))
        connect(world, any_pod(view, sources), route.id, "pods call it through the mesh", line, doubt=doubt)
    elif gateway is None:
        doubt = Doubt("gateway-not-in-input", (f"{text(space) or '*'}/Gateway/{text(name) or '*'}",))
        because = "the Gateway that it attaches to is not in the inputs"
        connect(world, world.external(INTERNET).id, route.id, because, line, doubt=doubt)
        connect(world, any_pod(view, sources), route.id, because, line, doubt=doubt)
    else:
        allowed = _allows(view, gateway, route, dig(parent, "sectionName"))
        if allowed is not False:
            unsure = allowed if isinstance(allowed, Doubt) else None
            because = f"{route.kind} `{route.address}` attaches to Gateway `{gateway.address}`"
            connect(world, gateway.id, route.id, because, line, doubt=unsure, cut=True)
            called[gateway.id] = gateway


def _allows(view: View, gateway: Resource, route: Resource, section: Value) -> bool | Doubt:
    """Whether any listener lets the route attach; without a word only routes of its own namespace may."""
    best: bool | Doubt = False
    listeners = dig(gateway.attrs, "spec", "listeners")
    if isinstance(listeners, Unknown):
        return unknown_doubt(listeners)
    for one in items_of(listeners):
        if isinstance(section, str) and isinstance(dig(one, "name"), str) and dig(one, "name") != section:
            continue
        spaces = dig(one, "allowedRoutes", "namespaces")
        origin = dig(spaces, "from")
        if origin == "All" or (origin in (None, "Same") and route.namespace == gateway.namespace):
            return True
        if isinstance(origin, Unknown) or isinstance(one, Unknown):
            best = unknown_doubt(origin if isinstance(origin, Unknown) else one)  # type: ignore[arg-type]
        elif origin == "Selector":
            match = selector_of(dig(spaces, "selector")).match(view.space(route.namespace))
            if match is Match.YES:
                return True
            if match is Match.MAYBE:
                best = Doubt("selector-target-not-in-input", (f"Namespace/{route.namespace}",))
    return best


def _gateway_callers(view: View, sources: Sources, gateway: Resource) -> None:
    """Who calls a Gateway: by its class and annotations where they say it."""
    world, line = view.world, own_line(gateway)
    kind = text_of(gateway, "spec", "gatewayClassName")
    where = mark(gateway.attrs, "spec", "gatewayClassName") or line
    notes = (dig(gateway.attrs, "metadata", "annotations"), dig(gateway.attrs, "spec", "infrastructure", "annotations"))
    service = next((value for note in notes if isinstance(value := dig(note, _SERVICE_TYPE), str)), "")
    unsure = Doubt(CONTROLLER, (f"where the proxies of {gateway.address} listen",))
    if kind in _OPEN_CLASSES:
        said = f"class `{kind}` faces the internet"
        connect(world, world.external(INTERNET).id, gateway.id, said, where, cut=True)
    elif kind in _INNER_CLASSES:
        connect(world, world.external(CLOUD_NETWORK).id, gateway.id, f"class `{kind}` is internal", where, cut=True)
    elif service != "ClusterIP":
        said = "its class makes a load balancer, and it is not known where that listens"
        connect(world, world.external(INTERNET).id, gateway.id, said, where, doubt=unsure, cut=True)
    inside = "pods of the cluster can call its proxies"
    connect(world, any_pod(view, sources), gateway.id, inside, line, doubt=unsure)
