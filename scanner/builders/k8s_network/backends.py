"""What a route sends to: a Service by reference, a host by name, or anything at all where that is out of sight."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from scanner.builders.edges import Doubt, connect, first_doubt
from scanner.builders.k8s_network.entry import enter_by_controller
from scanner.builders.k8s_network.hosts import names, service_of
from scanner.builders.k8s_network.services import NOT_SHOWN, Services
from scanner.builders.k8s_network.view import View, unknown_doubt
from scanner.origin import Origin
from scanner.unknown import Unknown, Value


class Backend(Struct, frozen=True):
    """A Service that a route sends to: `port` is a number, a name, or None for any.

    host: set instead of `name` where the route names a host; a short host name is looked up in `namespace`.
    anywhere: where it sends is out of sight: to any target of `namespace`, or of the cluster where that is "".
    """

    namespace: str
    name: Value
    port: Value
    line: Origin | None
    because: str
    doubt: Doubt | None = None
    host: Value = None
    anywhere: bool = False


def lead_all(
    view: View, services: Services, source: str, backends: Iterable[Backend], via: tuple[int, ...] = ()
) -> bool:
    """Edges from a route to the relays of all its backends; whether there are any. `via`: see `enter_by_controller`."""
    led = [lead(view, services, source, backend, via) for backend in backends]
    return any(led)


def lead(view: View, services: Services, source: str, backend: Backend, via: tuple[int, ...] = ()) -> bool:
    """Edges to where a backend leads; a Service that is not in the inputs may lead to any target of its namespace."""
    if backend.anywhere:
        doubt = backend.doubt or Doubt("value-unknown", (backend.because,))
        return _scattered(view, source, backend, (backend.namespace or "*", "*"), doubt)
    if backend.host is not None:
        return _to_host(view, services, source, backend, via)
    service = services.by_name.get((backend.namespace, backend.name)) if isinstance(backend.name, str) else None
    if service is not None:
        doors = services.doors(service, backend.port)
        for door in doors:
            enter_by_controller(view, source, door, backend.because, backend.line, backend.doubt, via)
        return bool(doors)
    doubt = Doubt(NOT_SHOWN, (f"{backend.namespace}/Service/{backend.name}",))
    if isinstance(backend.name, Unknown):
        doubt = unknown_doubt(backend.name)
    return _scattered(view, source, backend, (backend.namespace, "*"), first_doubt(doubt, backend.doubt) or doubt)


def _to_host(view: View, services: Services, source: str, backend: Backend, via: tuple[int, ...]) -> bool:
    wanted = service_of(backend.host, backend.namespace)
    if wanted is None:
        return False
    unsure = unknown_doubt(backend.host) if isinstance(backend.host, Unknown) else None
    doubt = first_doubt(backend.doubt, unsure)
    doors = services.named(wanted, backend.port)
    for door in doors:
        enter_by_controller(view, source, door, backend.because, backend.line, doubt, via)
    if services.known(wanted):
        return bool(doors)
    missing = Doubt(NOT_SHOWN, (f"{wanted[0]}/Service/{wanted[1]}",))
    return _scattered(view, source, backend, wanted, first_doubt(doubt, missing) or missing) or bool(doors)


def _scattered(view: View, source: str, backend: Backend, wanted: tuple[str, str], doubt: Doubt) -> bool:
    """Possible edges to every target of the namespaces that are meant."""
    found = False
    for target in view.targets:
        if any(names((wanted[0], "*"), view.cluster.pods[pod].namespace, "") for pod in target.pods):
            found = True
            for node in target.nodes:
                connect(view.world, source, node, backend.because, backend.line, doubt=doubt, cut=True)
    return found
