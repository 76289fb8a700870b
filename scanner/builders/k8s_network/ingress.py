"""Ingress: its rules, its default backend and its annotations; which backends each leads to."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.edges import Doubt
from scanner.builders.k8s_network.backends import Backend, lead_all
from scanner.builders.k8s_network.controllers import Controller, controller_of
from scanner.builders.k8s_network.ingress_callers import ingress_callers
from scanner.builders.k8s_network.ingress_notes import USE_ANNOTATION, action_backends, canary, noted_backends
from scanner.builders.k8s_network.members import Sources
from scanner.builders.k8s_network.services import Services
from scanner.builders.k8s_network.view import View, unknown_doubt
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUPS = ("networking.k8s.io", "extensions")
_NO_PROGRAM = frozenset({"StorageBucket", "Bucket"})
"""Resource backends that hold files, and pass nothing on."""


def build_ingress(view: View, services: Services, sources: Sources) -> None:
    """Every Ingress that leads to a target, and who calls it."""
    controllers: dict[str, Controller] = {}
    for one in view.of("Ingress"):
        if one.group not in GROUPS:
            continue
        gets = canary(view, one)
        if gets is False:
            continue
        controller = controller_of(view, one, controllers)
        backends = [*ingress_backends(view, one), *noted_backends(one)]
        if isinstance(gets, Doubt):
            backends = [replace(backend, doubt=backend.doubt or gets) for backend in backends]
        if lead_all(view, services, one.id, backends, controller.pods):
            ingress_callers(view, services, sources, one, controller)


def ingress_backends(view: View, route: Resource) -> Iterator[Backend]:
    """The backends of an Ingress, in both forms that the API has had."""
    spec = dig(route.attrs, "spec")
    for key in ("defaultBackend", "backend"):
        if dig(spec, key) is not None:
            yield from _backend(view, route, dig(spec, key), mark(spec, key), "its default backend")
    rules = dig(spec, "rules")
    if isinstance(rules, Unknown) or isinstance(spec, Unknown):
        unknown = rules if isinstance(rules, Unknown) else spec
        yield Backend(route.namespace, unknown, None, route.origin, "its rules are not known")
        return
    for number, rule in enumerate(items_of(rules)):
        host = dig(rule, "host")
        paths = dig(rule, "http", "paths")
        if isinstance(paths, Unknown):
            yield Backend(
                route.namespace, paths, None, mark(spec, "rules", number), "the paths of a rule are not known"
            )
            continue
        for index, path in enumerate(items_of(paths)):
            line = mark(spec, "rules", number, "http", "paths", index, "backend")
            shown = f"`{_shown(host)}{_shown(dig(path, 'path') or '/')}`"
            yield from _backend(view, route, dig(path, "backend"), line, f"its rule for {shown}")


def _backend(view: View, route: Resource, backend: Value, line: Origin | None, what: str) -> Iterator[Backend]:
    resource = dig(backend, "resource")
    if resource is not None:
        yield from _resource(route, resource, mark(backend, "resource") or line, what)
        return
    name = dig(backend, "service", "name") or dig(backend, "serviceName")
    at = dig(backend, "service", "port")
    at = dig(backend, "service", "ports", 0) if at is None else at  # a block of Terraform
    port = dig(at, "number") or dig(at, "name") or dig(backend, "servicePort")
    if isinstance(backend, Unknown):
        name = backend
    if port == USE_ANNOTATION:
        yield from action_backends(view, route, name, what)
        return
    line = mark(backend, "service", "name") or mark(backend, "serviceName") or line
    yield Backend(route.namespace, name, port, line, f"{what} sends to Service `{_shown(name)}`")


def _resource(route: Resource, resource: Value, line: Origin | None, what: str) -> Iterator[Backend]:
    """A backend that is no Service: what it does with a request is its own affair."""
    kind, name = dig(resource, "kind"), dig(resource, "name")
    if _shown(kind) in _NO_PROGRAM:
        return
    doubt = unknown_doubt(resource) if isinstance(resource, Unknown) else None
    doubt = doubt or Doubt("kind-unmodelled", (f"{route.namespace}/{_shown(kind)}/{_shown(name)}",))
    because = f"{what} is a {_shown(kind)}, and where that leads is not known"
    yield Backend(route.namespace, None, None, line, because, doubt, anywhere=True)


def _shown(name: Value) -> str:
    return name if isinstance(name, str) else "*"
