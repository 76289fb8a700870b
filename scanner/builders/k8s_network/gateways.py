"""The Gateway API: Gateways, sets of listeners, the routes that attach to them, and what those routes lead to."""

from __future__ import annotations

from msgspec import Struct, field

from scanner.builders.blocks import text
from scanner.builders.edges import Doubt, Truth, both, connect
from scanner.builders.k8s_network.entry import CONTROLLER, INTERNET
from scanner.builders.k8s_network.gateway_attach import allows, parents, space_allowed
from scanner.builders.k8s_network.gateway_backends import follow, references, upstreams
from scanner.builders.k8s_network.gateway_classes import gateway_callers
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.sets import any_pod
from scanner.builders.k8s_network.view import View, own_line
from scanner.origin import Origin
from scanner.resource import Attrs, Resource, dig, mark
from scanner.unknown import Value

GROUP = "gateway.networking.k8s.io"
EXPERIMENTAL = "gateway.networking.x-k8s.io"
AI = "aigateway.envoyproxy.io"
AGENT = "agentgateway.dev"
ROUTES = frozenset(
    {
        ("HTTPRoute", GROUP), ("GRPCRoute", GROUP), ("TCPRoute", GROUP), ("TLSRoute", GROUP), ("UDPRoute", GROUP),
        ("AIGatewayRoute", AI), ("AgentgatewayModel", AGENT),
    }
)  # fmt: skip
"""Every kind that attaches to a Gateway and leads to backends."""
LISTENER_SETS = frozenset({("ListenerSet", GROUP), ("XListenerSet", EXPERIMENTAL)})


class _Gateways(Struct):
    """The Gateways and sets of listeners of a cluster by kind, namespace and name; those that routes attach to."""

    view: View
    sources: Sources
    by_name: dict[tuple[str, str, str], Resource] = field(default_factory=dict)
    called: dict[str, Resource] = field(default_factory=dict)


def build_gateways(view: View, services: Services, sources: Sources) -> None:
    """Every route that leads to a target, and every Gateway that it attaches to."""
    gateways = _Gateways(view, sources)
    for one in view.of("Gateway", "ListenerSet", "XListenerSet"):
        if (one.kind, one.group) in LISTENER_SETS | {("Gateway", GROUP)}:
            gateways.by_name[(one.kind, one.namespace, one.name)] = one
    for route in view.of(*sorted(kind for kind, _ in ROUTES)):
        if (route.kind, route.group) not in ROUTES:
            continue
        led = [follow(view, services, route, one) for one in references(view, route)]
        if route.group == AGENT:
            led.append(upstreams(view, services, route))
        if not any(led):
            continue
        for parent, key, index in parents(route):
            _attach(gateways, route, parent, mark(route.attrs, "spec", key, index))
        for parent in _defaults(gateways, route):
            _attach(gateways, route, parent, mark(route.attrs, "spec", "useDefaultGateways"))
    for gateway in gateways.called.values():
        gateway_callers(view, sources, gateway)


def _defaults(gateways: _Gateways, route: Resource) -> list[Value]:
    """The Gateways that a route attaches to without naming them; one of no known name where the inputs show none.

    Source: Gateway API, GEP-3793 (`useDefaultGateways` of a route, `defaultScope` of a Gateway; both None by default).
    """
    if dig(route.attrs, "spec", "useDefaultGateways") in (None, "None"):
        return []
    own = [one for (kind, _, _), one in gateways.by_name.items() if kind == "Gateway"]
    found = [one for one in own if dig(one.attrs, "spec", "defaultScope") not in (None, "None")]
    return [Attrs({"name": one.name, "namespace": one.namespace}) for one in found] or [Attrs({"name": "*"})]


def _attach(gateways: _Gateways, route: Resource, parent: Value, line: Origin | None) -> None:
    """The edge to a route from a Gateway, or a set of listeners, that lets it attach."""
    view, world = gateways.view, gateways.view.world
    space, name = dig(parent, "namespace") or route.namespace, dig(parent, "name")
    kind = dig(parent, "kind") or "Gateway"
    holder = None
    if isinstance(space, str) and isinstance(name, str) and isinstance(kind, str):
        holder = gateways.by_name.get((kind, space, name))
    if holder is not None:
        allowed = allows(view, holder, route, parent)
        because = f"{route.kind} `{route.address}` attaches to {holder.kind} `{holder.address}`"
        _join(gateways, holder, route, because, line, allowed)
    elif kind == "Service":
        doubt = Doubt(CONTROLLER, (f"the parent of {route.address}",))
        because = "pods call it through the mesh"
        connect(world, any_pod(view, gateways.sources), route.id, because, line, doubt=doubt)
    else:
        shown = kind if isinstance(kind, str) else "*"
        doubt = Doubt("gateway-not-in-input", (f"{text(space) or '*'}/{shown}/{text(name) or '*'}",))
        because = f"the {shown} that it attaches to is not in the inputs"
        connect(world, world.external(INTERNET).id, route.id, because, line, doubt=doubt)
        connect(world, any_pod(view, gateways.sources), route.id, because, line, doubt=doubt)


def _join(
    gateways: _Gateways, holder: Resource, guest: Resource, because: str, line: Origin | None, allowed: Truth
) -> None:
    """The edge from a holder of listeners; a set of listeners hangs on a Gateway in its turn."""
    if allowed is False:
        return
    unsure = allowed if isinstance(allowed, Doubt) else None
    connect(gateways.view.world, holder.id, guest.id, because, line, doubt=unsure, cut=True)
    if holder.id in gateways.called:
        return
    if holder.kind == "Gateway":
        gateways.called[holder.id] = holder
        return
    parent = dig(holder.attrs, "spec", "parentRef")
    where = mark(holder.attrs, "spec", "parentRef") or own_line(holder)
    space, name = dig(parent, "namespace") or holder.namespace, dig(parent, "name")
    gateway = None
    if isinstance(space, str) and isinstance(name, str):
        gateway = gateways.by_name.get(("Gateway", space, name))
    if gateway is None:
        _attach(gateways, holder, parent, where)
        return
    spaces = dig(gateway.attrs, "spec", "allowedListeners", "namespaces")
    lets = both(True, space_allowed(gateways.view, gateway, spaces, holder.namespace, "None"))
    said = f"{holder.kind} `{holder.address}` adds its listeners to Gateway `{gateway.address}`"
    _join(gateways, gateway, holder, said, where, lets)
