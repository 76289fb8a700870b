"""What leads calls to a Service elsewhere and is not evaluated: Envoy beside Cilium, other clusters, Consul, Kuma.

Sources: docs.cilium.io "Envoy Configuration" and "Load-balancing & Service Discovery" of Cluster Mesh;
developer.hashicorp.com, Consul configuration entries; kuma.io "MeshHTTPRoute", "MeshTCPRoute", "TrafficRoute".
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import strings
from scanner.builders.k8s_network.view import View, own_line
from scanner.builders.stack_ways.way import Way, leg, unknown
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown

_GLOBAL = ("service.cilium.io/global", "io.cilium/global-service")
_ENVOY = ("CiliumEnvoyConfig", "CiliumClusterwideEnvoyConfig")
_CONSUL = ("ServiceResolver", "ServiceRouter", "ServiceSplitter")
_KUMA = ("MeshHTTPRoute", "MeshTCPRoute", "TrafficRoute")


def ways_of_others(view: View, service: Resource) -> Iterator[Way]:
    """A way that nobody knows for each object that may take calls to the Service over."""
    notes = dig(service.attrs, "metadata", "annotations")
    for key in _GLOBAL:
        said = dig(notes, key)
        if said is not None and str(said).lower() != "false":
            where = mark(notes, key) or own_line(service)
            step = leg(service, where, f"`{key}` joins to it the Services of its name in other clusters")
            yield unknown(step, "what stands behind its name in other clusters is not in the inputs", service.address)
    for one in view.of(*_ENVOY):
        if one.group == "cilium.io" and _taken(one, service):
            yield _open(one, "its Envoy takes the calls to the Service over")
    for one in view.of(*_CONSUL):
        if one.group == "consul.hashicorp.com" and one.name == service.name:
            yield _open(one, "it leads calls to the Service by rules of Consul")
    for one in view.of(*_KUMA):
        if one.group == "kuma.io" and _addressed(one, service):
            yield _open(one, "it leads calls to the Service by rules of Kuma")


def _open(one: Resource, because: str) -> Way:
    return unknown(leg(one, own_line(one), because), f"where `{one.address}` leads them is not evaluated", one.address)


def _taken(one: Resource, service: Resource) -> bool:
    """Whether an Envoy configuration of Cilium is for the Service; one that is not known may be."""
    spec = dig(one.attrs, "spec")
    listed = dig(spec, "services")
    if isinstance(spec, Unknown) or isinstance(listed, Unknown):
        return True
    for each in items_of(listed):
        names = (dig(each, "namespace") or one.namespace, dig(each, "name"))
        wanted = zip(names, (service.namespace, service.name), strict=True)
        if isinstance(each, Unknown) or all(isinstance(name, Unknown) or name == own for name, own in wanted):
            return True
    return False


def _addressed(one: Resource, service: Resource) -> bool:
    """Whether a route of Kuma names the Service, by its own name or by Kuma's, or every one."""
    spec = dig(one.attrs, "spec")
    ends = (dig(spec, "to"), dig(spec, "destinations"))
    if any(isinstance(each, Unknown) for each in (spec, *ends)):
        return True
    said = [found.text for end in ends for each in items_of(end) for found in strings(each)]
    own = f"{service.name}_{service.namespace}_svc"
    return any(word in ("*", service.name) or word.startswith(own) for word in said)
