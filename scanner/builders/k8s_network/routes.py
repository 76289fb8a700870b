"""VirtualServices and serving platforms: ways from outside to Services and models; the other routes are called here."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import connect
from scanner.builders.k8s_network.backends import Backend, lead_all
from scanner.builders.k8s_network.entry import INTERNET, shut
from scanner.builders.k8s_network.ingress import build_ingress
from scanner.builders.k8s_network.ingress_callers import callers_unknown
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.other_routes import build_other_routes
from scanner.builders.k8s_network.platforms.registry import platform_ways
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.sets import any_pod
from scanner.builders.k8s_network.view import TARGET_ROLES, View
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value


def build_routes(view: View, services: Services, sources: Sources) -> None:
    """Every route of the cluster but those of the Gateway API."""
    build_ingress(view, services, sources)
    build_other_routes(view, services, sources)
    for one in view.resources:
        if one.kind == "VirtualService" and one.group.endswith("istio.io"):
            gateways = [name for name in items_of(dig(one.attrs, "spec", "gateways")) if name != "mesh"]
            if gateways and lead_all(view, services, one.id, _virtual(one)):
                callers_unknown(view, sources, one, "the VirtualService is bound to an ingress gateway")
    _platforms(view, sources)


def _virtual(route: Resource) -> Iterator[Backend]:
    """Destinations and mirrors of a VirtualService."""
    spec = dig(route.attrs, "spec")
    for section in ("http", "tcp", "tls"):
        for number, rule in enumerate(items_of(dig(spec, section))):
            line = mark(spec, section, number)
            for one in items_of(dig(rule, "route")):
                yield _destination(route, dig(one, "destination"), line, "it sends to")
            for one in (dig(rule, "mirror"), *(dig(each, "destination") for each in items_of(dig(rule, "mirrors")))):
                if one is not None:
                    yield _destination(route, one, line, "it mirrors to")


def _destination(route: Resource, value: Value, line: Origin | None, what: str) -> Backend:
    host = value if isinstance(value, Unknown) else dig(value, "host")
    line = mark(value, "host") or line
    if not isinstance(host, str):
        return Backend(route.namespace, host, None, line, f"{what} a host that is not known")
    name, _, rest = host.partition(".")
    namespace = rest.split(".")[0] if rest else route.namespace
    return Backend(namespace, name, dig(value, "port", "number"), line, f"{what} `{host}`")


def _platforms(view: View, sources: Sources) -> None:
    """Serving platforms that make a way from outside, or from every pod, of their own accord."""
    closed = {node for one in view.targets if all(shut(view, pod) for pod in one.pods) for node in one.nodes}
    for one in view.resources:
        node = view.world.nodes.get(one.id)
        if node is None or not node.roles & TARGET_ROLES or one.id in closed:
            continue
        for way in platform_ways(one):
            source = any_pod(view, sources) if way.inside else view.world.external(INTERNET).id
            connect(view.world, source, one.id, way.because, way.origin, doubt=way.doubt, cut=True)
