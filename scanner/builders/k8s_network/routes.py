"""Ingress, OpenShift Route, VirtualService and serving platforms: routes from outside to Services and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.backends import Backend, lead_all
from scanner.builders.k8s_network.entry import CONTROLLER, INTERNET
from scanner.builders.k8s_network.ingress import build_ingress
from scanner.builders.k8s_network.ingress_callers import callers_unknown
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import TARGET_ROLES, View, own_line, unknown_doubt
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_LOCAL = "networking.kserve.io/visibility"


def build_routes(view: View, services: Services, sources: Sources) -> None:
    """Every route of the cluster but those of the Gateway API."""
    build_ingress(view, services, sources)
    for one in view.resources:
        if one.kind == "Route" and one.group == "route.openshift.io":
            if lead_all(view, services, one.id, _openshift(one)):
                callers_unknown(
                    view, sources, one, "an OpenShift route is served by the router, which mostly faces the internet"
                )
        elif one.kind == "VirtualService" and one.group.endswith("istio.io"):
            gateways = [name for name in items_of(dig(one.attrs, "spec", "gateways")) if name != "mesh"]
            if gateways and lead_all(view, services, one.id, _virtual(one)):
                callers_unknown(view, sources, one, "the VirtualService is bound to an ingress gateway")
    _platforms(view)


def _shown(name: Value) -> str:
    return name if isinstance(name, str) else "*"


def _openshift(route: Resource) -> Iterator[Backend]:
    spec = dig(route.attrs, "spec")
    port = dig(spec, "port", "targetPort")
    for index, one in enumerate((dig(spec, "to"), *items_of(dig(spec, "alternateBackends")))):
        if one is not None:
            line = mark(spec, "to", "name") if index == 0 else mark(spec, "alternateBackends", index - 1)
            name = one if isinstance(one, Unknown) else dig(one, "name")
            # The port is the pod's, and may be written as a number that the Service does not have.
            wanted = port if isinstance(port, str) else None
            yield Backend(route.namespace, name, wanted, line, f"it sends to Service `{_shown(name)}`")


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


def _platforms(view: View) -> None:
    """Serving platforms that make a way from outside of their own accord."""
    for one in view.resources:
        node = view.world.nodes.get(one.id)
        if node is None or not node.roles & TARGET_ROLES:
            continue
        for because, line, doubt in _platform(one):
            connect(view.world, view.world.external(INTERNET).id, one.id, because, line, doubt=doubt, cut=True)


def _platform(one: Resource) -> Iterator[tuple[str, Origin, Doubt | None]]:
    line = own_line(one)
    unsure = Doubt(CONTROLLER, (f"the ingress gateway of {one.address}",))
    spec = dig(one.attrs, "spec")
    if one.kind == "InferenceService" and one.group == "serving.kserve.io":
        if dig(one.attrs, "metadata", "labels", _LOCAL) != "cluster-local":
            yield f"`{_LOCAL}` is not `cluster-local`: KServe makes a route on its ingress gateway", line, unsure
    elif one.kind == "LLMInferenceService" and one.group == "serving.kserve.io":
        router = dig(spec, "router")
        if isinstance(router, Unknown):
            yield "`spec.router` is not known", line, unknown_doubt(router)
        elif isinstance(router, Mapping) and any(key in router for key in ("route", "gateway", "ingress")):
            yield "`spec.router` makes a route on a gateway", mark(spec, "router") or line, unsure
    elif one.kind == "NIMService":
        yield from _exposed(spec, line, unsure)
    elif one.kind == "NIMPipeline":
        for service in items_of(dig(spec, "services")):
            yield from _exposed(dig(service, "spec"), line, unsure)


def _exposed(spec: Value, line: Origin, unsure: Doubt) -> Iterator[tuple[str, Origin, Doubt | None]]:
    """What `expose` of a NIM service opens."""
    expose = dig(spec, "expose")
    kind = dig(expose, "service", "type")
    where = mark(spec, "expose", "service", "type") or line
    unknown = next((value for value in (expose, kind) if isinstance(value, Unknown)), None)
    if unknown is not None:
        yield "`expose` is not known", where, unknown_doubt(unknown)
    elif kind in ("LoadBalancer", "NodePort"):
        yield f"`expose.service.type: {kind}`", where, None
    if dig(expose, "ingress", "enabled") is True or isinstance(dig(expose, "router"), Mapping):
        yield "`expose` makes a route", mark(spec, "expose") or line, unsure
