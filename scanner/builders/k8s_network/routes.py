"""Ingress, OpenShift Route, VirtualService and serving platforms: routes from outside to Services and models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.entry import CLOUD_NETWORK, CONTROLLER, INTERNET, enter_by_controller
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.sets import any_pod
from scanner.builders.k8s_network.view import TARGET_ROLES, View, own_line, unknown_doubt
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

ALB_SCHEME = "alb.ingress.kubernetes.io/scheme"
_CLASS = "kubernetes.io/ingress.class"
_AZURE_PRIVATE = "appgw.ingress.kubernetes.io/use-private-ip"
_LOCAL = "networking.kserve.io/visibility"


@dataclass(frozen=True, slots=True)
class Backend:
    """A Service that a route sends to: `port` is a number, a name, or None for any."""

    namespace: str
    name: Value
    port: Value
    line: Origin | None
    because: str
    doubt: Doubt | None = None


def build_routes(view: View, services: Services, sources: Sources) -> None:
    """Every route of the cluster but those of the Gateway API."""
    for one in view.resources:
        if one.kind == "Ingress" and one.group in ("networking.k8s.io", "extensions"):
            if lead_all(view, services, one, ingress_backends(one)):
                _ingress_callers(view, sources, one)
        elif one.kind == "Route" and one.group == "route.openshift.io":
            if lead_all(view, services, one, _openshift(one)):
                _callers(
                    view, sources, one, "an OpenShift route is served by the router, which mostly faces the internet"
                )
        elif one.kind == "VirtualService" and one.group.endswith("istio.io"):
            gateways = [name for name in items_of(dig(one.attrs, "spec", "gateways")) if name != "mesh"]
            if gateways and lead_all(view, services, one, _virtual(one)):
                _callers(view, sources, one, "the VirtualService is bound to an ingress gateway")
    _platforms(view)


def lead_all(view: View, services: Services, route: Resource, backends: Iterator[Backend]) -> bool:
    """Edges from a route to the relays of its backends; whether there are any."""
    return any([lead(view, services, route.id, backend) for backend in backends])


def lead(view: View, services: Services, source: str, backend: Backend) -> bool:
    """Edges to where a backend leads; a Service that is not in the inputs may lead to any target of its namespace."""
    service = services.by_name.get((backend.namespace, backend.name)) if isinstance(backend.name, str) else None
    if service is not None:
        doors = services.doors(service, backend.port)
        for door in doors:
            enter_by_controller(view, source, door, backend.because, backend.line, backend.doubt)
        return bool(doors)
    doubt = Doubt("service-not-in-input", (f"{backend.namespace}/Service/{backend.name}",))
    if isinstance(backend.name, Unknown):
        doubt = unknown_doubt(backend.name)
    found = False
    for target in view.targets:
        if any(view.cluster.pods[pod].namespace == backend.namespace for pod in target.pods):
            found = True
            for node in target.nodes:
                connect(view.world, source, node, backend.because, backend.line, doubt=doubt, cut=True)
    return found


def ingress_backends(route: Resource) -> Iterator[Backend]:
    """The backends of an Ingress, in both forms that the API has had."""
    spec = dig(route.attrs, "spec")
    for key in ("defaultBackend", "backend"):
        if dig(spec, key) is not None:
            yield _ingress_backend(route, dig(spec, key), mark(spec, key), "its default backend")
    rules = dig(spec, "rules")
    if isinstance(rules, Unknown) or isinstance(spec, Unknown):
        unknown = rules if isinstance(rules, Unknown) else spec
        yield Backend(route.namespace, unknown, None, route.origin, "its rules are not known")
        return
    for number, rule in enumerate(items_of(rules)):
        host = dig(rule, "host")
        paths = dig(rule, "http", "paths")
        for index, path in enumerate(items_of(paths)):
            line = mark(spec, "rules", number, "http", "paths", index, "backend")
            shown = f"`{_shown(host)}{_shown(dig(path, 'path') or '/')}`"
            yield _ingress_backend(route, dig(path, "backend"), line, f"its rule for {shown}")


def _ingress_backend(route: Resource, backend: Value, line: Origin | None, what: str) -> Backend:
    name = dig(backend, "service", "name") or dig(backend, "serviceName")
    port = dig(backend, "service", "port", "number") or dig(backend, "service", "port", "name")
    port = port or dig(backend, "servicePort")
    if isinstance(backend, Unknown):
        name = backend
    line = mark(backend, "service", "name") or mark(backend, "serviceName") or line
    return Backend(route.namespace, name, port, line, f"{what} sends to Service `{_shown(name)}`")


def _shown(name: Value) -> str:
    return name if isinstance(name, str) else "*"


def _ingress_callers(view: View, sources: Sources, route: Resource) -> None:
    """Who calls an Ingress: by its annotations and class where they say it."""
    annotations = dig(route.attrs, "metadata", "annotations")
    kind = dig(route.attrs, "spec", "ingressClassName") or dig(annotations, _CLASS)
    scheme = dig(annotations, ALB_SCHEME)
    line = mark(route.attrs, "metadata", "annotations", ALB_SCHEME) or own_line(route)
    world = view.world
    if scheme == "internet-facing" or (kind == "gce" and not isinstance(kind, Unknown)):
        said = f"`{ALB_SCHEME}: {scheme}`" if scheme else "class `gce` makes a load balancer that faces the internet"
        connect(world, world.external(INTERNET).id, route.id, said, line, cut=True)
    elif scheme == "internal" or (kind == "alb" and scheme is None) or kind == "gce-internal":
        said = "the load balancer is an internal one"
        if kind == "alb" and scheme is None:
            said = f"`{ALB_SCHEME}` is not set: the load balancer is internal, which is the default"
        connect(world, world.external(CLOUD_NETWORK).id, route.id, said, line, cut=True)
    elif dig(annotations, _AZURE_PRIVATE) == "true":
        connect(world, world.external(CLOUD_NETWORK).id, route.id, f"`{_AZURE_PRIVATE}` is set", line, cut=True)
    else:
        _callers(view, sources, route, "an ingress controller serves it, and it is not known where that listens")
        return
    _inside(view, sources, route)


def _callers(view: View, sources: Sources, route: Resource, because: str) -> None:
    doubt = Doubt(CONTROLLER, (f"where the controller of {route.address} listens",))
    line = own_line(route)
    connect(view.world, view.world.external(INTERNET).id, route.id, because, line, doubt=doubt, cut=True)
    _inside(view, sources, route)


def _inside(view: View, sources: Sources, route: Resource) -> None:
    """Pods of the cluster can call the controller too, which then is the caller that policies see."""
    doubt = Doubt(CONTROLLER, (f"the pods that serve {route.address}",))
    because = "pods of the cluster can call the controller that serves it"
    connect(view.world, any_pod(view, sources), route.id, because, own_line(route), doubt=doubt)


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
