"""NVIDIA NIM Operator: NIMService and NIMPipeline.

Read in NVIDIA/k8s-nim-operator, api/apps/v1alpha1: nimservice_types.go (labels, Service, Ingress and routes),
common_types.go (`expose`: the Service is ClusterIP on 8000, `httpRoutesEnabled` is true, where nothing is written).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.platforms.made import Port, Way, http_route, ingress, line_of, made, owned, service
from scanner.resource import Attrs, Items, Key, Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUP = "apps.nvidia.com"
_PORT = 8000


def labels(one: Resource, path: tuple[Key, ...]) -> dict[str, str]:
    """The labels that the operator puts on pods."""
    name, spec = one.name, dig(one.attrs, "spec")
    if one.kind == "NIMPipeline" and len(path) > 2:
        found = dig(one.attrs, *path[:3], "name")
        name, spec = found if isinstance(found, str) else "", dig(one.attrs, *path[:3], "spec")
        if not name:
            return owned(one)
    app = name if dig(spec, "multiNode") is None else f"{name}-lws"
    standard = {
        "app": app, "app.kubernetes.io/name": name, "app.kubernetes.io/instance": name,
        "app.kubernetes.io/part-of": "nim-service", "app.kubernetes.io/managed-by": "k8s-nim-operator",
    }  # fmt: skip
    more = dig(spec, "labels")
    if isinstance(more, Unknown):
        return owned(one, name)
    written = {key: value for key, value in more.items() if isinstance(value, str)} if isinstance(more, Mapping) else {}
    return {**standard, **written, **owned(one, name)}


def _services(one: Resource) -> Iterator[tuple[str, Value]]:
    """The name and the specification of each NIM service in an object."""
    if one.kind == "NIMService":
        yield one.name, dig(one.attrs, "spec")
        return
    for item in items_of(dig(one.attrs, "spec", "services")):
        name = dig(item, "name")
        if isinstance(name, str) and dig(item, "enabled") is not False:
            yield name, dig(item, "spec")


def objects(one: Resource) -> Iterator[Resource]:
    """The Service of each, and the Ingress and the route that `expose` asks for."""
    for name, spec in _services(one):
        expose = dig(spec, "expose")
        front = dig(expose, "service")
        port = dig(front, "port") or _PORT
        line = mark(front, "type") or mark(spec, "expose") or line_of(one)
        part = "" if one.kind == "NIMService" else name
        also = dig(front, "name")
        for each in dict.fromkeys([name, *([also] if isinstance(also, str) else [])]):
            ports = (Port(port, port, "api"),)
            yield service(one, each, part, ports, dig(front, "type"), dig(front, "annotations"), line)
        yield from _ingress(one, name, port, expose)
        yield from _route(one, name, port, dig(expose, "router"))


def _ingress(one: Resource, name: str, port: Value, expose: Value) -> Iterator[Resource]:
    own = dig(expose, "ingress")
    wanted = dig(own, "enabled")
    line = mark(expose, "ingress") or line_of(one)
    possible = wanted if isinstance(wanted, Unknown) else None
    if wanted is True or possible is not None:
        spec = dig(own, "spec")
        if isinstance(spec, Mapping) and "rules" in spec:
            copied = Attrs(spec, spec.marks if isinstance(spec, Attrs) else {})
            yield made(one, "Ingress", "networking.k8s.io", name, copied, dig(own, "annotations"), line, possible)
        else:
            kind = dig(spec, "ingressClassName")
            yield ingress(one, name, name, port, kind, dig(own, "annotations"), line, possible)
    router = dig(expose, "router")
    kind = dig(router, "ingress", "ingressClass")
    if dig(router, "ingress") is not None:
        line = mark(router, "ingress") or line
        yield ingress(one, f"{name}-router", name, port, kind, dig(router, "annotations"), line)


def _route(one: Resource, name: str, port: Value, router: Value) -> Iterator[Resource]:
    gateway = dig(router, "gateway")
    if not isinstance(gateway, Mapping) or dig(gateway, "httpRoutesEnabled") is False:
        return
    parent = Attrs({"name": dig(gateway, "name"), "namespace": dig(gateway, "namespace")})
    backend = dig(gateway, "backendRef")
    to = backend if isinstance(backend, Mapping) else Attrs({"name": name, "port": port})
    yield http_route(one, name, Items([parent]), to, mark(router, "gateway"))


def ways(one: Resource) -> Iterator[Way]:
    """Settings that are not known may open anything that `expose` can."""
    for _, spec in _services(one):
        for path in ((), ("router",), ("router", "gateway"), ("router", "ingress"), ("ingress",), ("service",)):
            value = dig(spec, "expose", *path)
            if isinstance(value, Unknown):
                doubt = Doubt("value-unknown", value.decided_by or (value.cause,))
                yield Way("`expose` is not known", mark(spec, "expose", *path) or line_of(one), doubt)
                break
