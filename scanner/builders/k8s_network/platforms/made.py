"""What an operator makes of an object, as if it were written: Services, routes, and the labels of pods."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from scanner.builders.edges import Doubt
from scanner.origin import Origin
from scanner.resource import Attrs, Items, Resource, mark
from scanner.unknown import Unknown, Value

OWNER = "(made of)"
PART = "(part)"
"""Labels of our own, which no manifest can write: whose pods these are, and which part of it."""
ANY_PORT = "*"
"""The `targetPort` of a Service that leads to whatever port the pods serve on."""


class Way(Struct, frozen=True):
    """A way that a platform opens of its own accord: from outside, or (`inside`) from the pods of the cluster."""

    because: str
    origin: Origin | None
    doubt: Doubt
    inside: bool = False


class Port(Struct, frozen=True):
    """A port of a Service, and the port of the pods behind it."""

    number: Value
    target: Value = ANY_PORT
    name: str = ""


WEB = (Port(80),)


def owned(resource: Resource, part: str = "") -> dict[str, str]:
    """The labels of our own on the pods of an object."""
    return {OWNER: resource.address, PART: part} if part else {OWNER: resource.address}


def is_made(service: Resource) -> bool:
    """Whether a Service is one that an operator makes: its ports are what we know of them, and need not be all."""
    spec = service.attrs.get("spec")
    selector = spec.get("selector") if isinstance(spec, Mapping) else None
    return isinstance(selector, Mapping) and OWNER in selector


def line_of(resource: Resource) -> Origin:
    """The line that names an object."""
    return mark(resource.attrs, "metadata", "name") or resource.origin


def service(
    owner: Resource,
    name: str,
    part: str = "",
    ports: Iterable[Port] = WEB,
    kind: Value = None,
    annotations: Value = None,
    line: Origin | None = None,
    headless: bool = False,
) -> Resource:
    """A Service in front of the pods of an object. kind: its `type`; line: where that, or the Service, is asked for."""
    items = [
        Attrs({"name": one.name or None, "port": one.number, "targetPort": one.target, "protocol": "TCP"})
        for one in ports
    ]
    spec: dict[str, Value] = {"selector": Attrs(owned(owner, part)), "ports": Items(items), "type": kind}
    if headless:
        spec["clusterIP"] = "None"
    return made(owner, "Service", "", name, spec, annotations, line)


def made(
    owner: Resource,
    kind: str,
    group: str,
    name: str,
    spec: Mapping[str, Value],
    annotations: Value = None,
    line: Origin | None = None,
    possible: Unknown | None = None,
) -> Resource:
    """An object that an operator makes; every line of it is `line`, else the one that names its owner."""
    where = line or line_of(owner)
    own = spec if isinstance(spec, Attrs) else Attrs(spec, dict.fromkeys(spec, where))
    metadata = Attrs({"name": name, "annotations": annotations}, {"name": where})
    attrs = Attrs({"metadata": metadata, "spec": own}, {"metadata": where, "spec": where})
    return Resource(
        f"{owner.namespace}/{kind}/{name}", owner.unit, kind, name, attrs, where, owner.source,
        group=group, namespace=owner.namespace, possible=possible or owner.possible,
    )  # fmt: skip


def http_route(
    owner: Resource, name: str, parents: Value, backend: Mapping[str, Value], line: Origin | None = None
) -> Resource:
    """A route of the Gateway API to one backend."""
    rules = Items([Attrs({"backendRefs": Items([Attrs(backend)])})])
    spec = {"parentRefs": parents, "rules": rules}
    return made(owner, "HTTPRoute", "gateway.networking.k8s.io", name, spec, None, line)


def ingress(
    owner: Resource,
    name: str,
    to: str,
    port: Value,
    kind: Value = None,
    annotations: Value = None,
    line: Origin | None = None,
    possible: Unknown | None = None,
) -> Resource:
    """An Ingress with one rule, to a Service. kind: its class; possible: what decides whether it is made."""
    backend = Attrs({"service": Attrs({"name": to, "port": Attrs({"number": port})})})
    rules = Items([Attrs({"http": Attrs({"paths": Items([Attrs({"path": "/", "backend": backend})])})})])
    spec = {"ingressClassName": kind, "rules": rules}
    return made(owner, "Ingress", "networking.k8s.io", name, spec, annotations, line, possible)
