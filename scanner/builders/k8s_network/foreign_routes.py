"""Routes of ingress controllers with kinds of their own: every Service that one names is a possible way.

Sources: the API references of Traefik (IngressRoute, TraefikService), Contour (HTTPProxy), NGINX Ingress Controller
(VirtualServer, TransportServer), Kong (TCPIngress), Emissary (Mapping), APISIX (ApisixRoute), Skipper (RouteGroup) and
Gloo (VirtualService, Upstream). Matches, rewrites and authentication are not followed: they close nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.backends import Backend, lead_all
from scanner.builders.k8s_network.gateway_backends import any_share
from scanner.builders.k8s_network.hosts import split_url
from scanner.builders.k8s_network.ingress_callers import callers_unknown
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, unknown_doubt
from scanner.origin import Origin
from scanner.resource import Resource, mark
from scanner.unknown import Unknown, Value

_BY_GROUP: dict[str, tuple[str, ...]] = {
    "traefik.io": ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "TraefikService"),
    "traefik.containo.us": ("IngressRoute", "IngressRouteTCP", "IngressRouteUDP", "TraefikService"),
    "projectcontour.io": ("HTTPProxy",),
    "k8s.nginx.org": ("VirtualServer", "VirtualServerRoute", "TransportServer"),
    "configuration.konghq.com": ("TCPIngress", "UDPIngress"),
    "getambassador.io": ("Mapping", "TCPMapping"),
    "apisix.apache.org": ("ApisixRoute",),
    "zalando.org": ("RouteGroup",),
    "gateway.solo.io": ("VirtualService", "RouteTable"),
    "gloo.solo.io": ("Upstream",),
}
FOREIGN = frozenset((kind, group) for group, kinds in _BY_GROUP.items() for kind in kinds)
_LISTS = frozenset({"services", "mirrors", "mirroring", "weighted"})
_OUT_OF_SIGHT = frozenset({"spec", "routes", "upstreams", "backends", "services", "rules", "http", "tcp", "service"})
"""The keys that hold where a route sends: one of them that is not known may send anywhere in its namespace."""
_MAX_DEPTH = 10


def build_foreign_routes(view: View, services: Services, sources: Sources) -> None:
    """Every such object that names a Service before a target, and who may call it."""
    for one in view.of(*sorted({kind for kind, _ in FOREIGN})):
        if (one.kind, one.group) in FOREIGN:
            backends = list(_named(view, one, one.attrs.get("spec"), one.origin, "spec", 0))
            if lead_all(view, services, one.id, backends):
                because = f"the controller of its {one.kind} serves it, and it is not known where that listens"
                callers_unknown(view, sources, one, because)


def _named(view: View, one: Resource, value: Value, line: Origin, key: str, depth: int) -> Iterator[Backend]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, Unknown):
        if key in _OUT_OF_SIGHT:
            because = f"its `{key}` is not known"
            yield Backend(one.namespace, None, None, line, because, unknown_doubt(value), anywhere=True)
    elif isinstance(value, Mapping):
        yield from _of_mapping(view, one, value, line, key)
        for name, item in value.items():
            yield from _named(view, one, item, mark(value, name) or line, name, depth + 1)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _named(view, one, item, mark(value, index) or line, key, depth + 1)


def _of_mapping(view: View, one: Resource, value: Mapping[str, Value], line: Origin, key: str) -> Iterator[Backend]:
    """The Service that a mapping names itself: by `serviceName`, by `name` in a list of services, or as a host."""
    name, port, where = value.get("serviceName"), value.get("servicePort"), mark(value, "serviceName")
    space = value.get("serviceNamespace") or value.get("namespace") or one.namespace
    if name is None and key in _LISTS and value.get("kind") in (None, "Service"):
        name, port, where = value.get("name"), value.get("port"), mark(value, "name")
    sends = any_share(next((value[part] for part in ("weight", "percent") if part in value), None))
    if sends is False:
        shown = name if isinstance(name, str) else "*"
        said = f"`{one.address}` sends to `{shown}` with weight 0: nothing is sent there until it is edited"
        view.world.assumptions[said] = None
        return
    doubt = sends if isinstance(sends, Doubt) else None
    if name is not None:
        shown = name if isinstance(name, str) else "*"
        place = space if isinstance(space, str) else "*"
        because = f"it names Service `{place}/{shown}`"
        yield Backend(place, name, port, where or line, because, doubt)
    host = value.get("service")
    if isinstance(host, str | Unknown):
        because = f"it names `{host if isinstance(host, str) else '*'}`"
        url, port = _host(host, value.get("port"))
        yield Backend(one.namespace, None, port, mark(value, "service") or line, because, doubt, host=url)


def _host(written: str | Unknown, port: Value) -> tuple[Value, Value]:
    """The host and the port that `service` writes: a name, a name with a port, or a URL."""
    if isinstance(written, Unknown) or ("://" not in written and ":" not in written):
        return written, port
    name, number = split_url(written)
    return name, number if port is None else port
