"""Services as relays: which targets a Service port leads to, and on which port of theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from scanner.builders.edges import Doubt, connect
from scanner.builders.inventory import text_of
from scanner.builders.k8s_network.view import Target, View, own_line
from scanner.builders.k8s_policy.labels import Match, selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.k8s_policy.ports import (
    ALL,
    PROTOCOLS,
    NamedPort,
    PortSet,
    PortSpec,
    Span,
    ports,
    resolve,
    traffic_of,
)
from scanner.builders.ranges import parse_cidr
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_INSIDE = re.compile(r"^([a-z0-9-]+)\.([a-z0-9-]+)\.svc(\.[a-z0-9.-]+)?\.?$")
_MAX_ALIASES = 5


@dataclass(frozen=True, slots=True)
class Door:
    """One Service port that leads to one pod of a target: `node` is the relay, `ports` are the pod's."""

    node: str
    target: Target
    pod: int
    ports: PortSet


@dataclass(slots=True)
class Services:
    """The Services of one cluster by namespace and name; relays are made once."""

    view: View
    by_name: dict[tuple[str, str], Resource] = field(default_factory=dict)
    made: dict[tuple[str, int], list[Door]] = field(default_factory=dict)

    @classmethod
    def of(cls, view: View) -> Services:
        """All Services of a view."""
        found = cls(view)
        for one in view.resources:
            if one.kind == "Service" and one.group == "":
                found.by_name[(one.namespace, one.name)] = one
        return found

    def doors(self, service: Resource, port: Value = None, depth: int = 0) -> list[Door]:
        """Where a Service port leads (a number or a name; None or an Unknown is every port)."""
        alias = self._alias(service)
        if alias is not None:
            return self.doors(alias, port, depth + 1) if depth < _MAX_ALIASES else []
        found: list[Door] = []
        for index, item in enumerate(items_of(dig(service.attrs, "spec", "ports")) or [None]):
            wanted = port is None or isinstance(port, Unknown) or isinstance(item, Unknown)
            if wanted or item is None or port in (dig(item, "port"), dig(item, "name")):
                found.extend(self._port(service, index, item))
        return found

    def selecting(self, target: Target) -> Iterator[Resource]:
        """The Services that lead to a target."""
        for service in self.by_name.values():
            if any(door.target is target for door in self.doors(service)):
                yield service

    def _alias(self, service: Resource) -> Resource | None:
        """The Service of this cluster that an ExternalName names."""
        if dig(service.attrs, "spec", "type") != "ExternalName":
            return None
        found = _INSIDE.match(text_of(service, "spec", "externalName"))
        return self.by_name.get((found[2], found[1])) if found else None

    def _port(self, service: Resource, index: int, item: Value) -> list[Door]:
        known = self.made.get((service.id, index))
        if known is None:
            known = self.made[(service.id, index)] = list(self._doors(service, index, item))
        return known

    def _doors(self, service: Resource, index: int, item: Value) -> Iterator[Door]:
        several = len(items_of(dig(service.attrs, "spec", "ports"))) > 1
        shown = next((one for one in (dig(item, "port"), dig(item, "name")) if isinstance(one, int | str)), None)
        base = f"{service.address}:{shown}" if several and shown is not None else service.address
        line = mark(service.attrs, "spec", "ports", index, "port") or own_line(service)
        led = list(self._pods(service))
        owners = {target.name for target, _, _ in led}
        for target, pod, doubt in led:
            span = self._target_port(item, pod)
            some = span.sure or span.maybe
            if not some:
                continue
            address = base if len(owners) == 1 else f"{base}#{target.workload.kind}/{target.workload.resource.name}"
            node = self.view.relay(address, "Service", service.name, line)
            why = doubt or (None if span.sure else Doubt("value-unknown", (f"the target port of {service.address}",)))
            said = f"port {shown}" if shown is not None else "its port"
            because = f"Service `{service.address}` sends {said} to the pods of `{target.name}`"
            for end in target.nodes:
                connect(self.view.world, node, end, because, line, traffic=traffic_of(some), doubt=why)
            yield Door(node, target, pod, some)

    def _pods(self, service: Resource) -> Iterator[tuple[Target, int, Doubt | None]]:
        """The pods of targets that a Service sends to; without a selector its endpoints say, if anything does."""
        selector = dig(service.attrs, "spec", "selector")
        if not selector:
            if dig(service.attrs, "spec", "type") != "ExternalName":
                yield from self._endpoints(service)
            return
        peer = Peer(PeerKind.PODS, service.namespace, pods=selector_of_labels(selector))
        selected = self.view.cluster.select(peer)
        for target in self.view.targets:
            for pod in target.pods:
                match = selected.match(pod)
                if match is not Match.NO:
                    doubt = None if match is Match.YES else peer.pods.doubt or self.view.labels_doubt(pod)
                    yield target, pod, doubt

    def _endpoints(self, service: Resource) -> Iterator[tuple[Target, int, Doubt | None]]:
        """The targets at the addresses that Endpoints or EndpointSlices list; an unknown address may be any pod's."""
        doubt = Doubt("endpoints-unknown", (f"the addresses behind {service.address}",))
        for address in self._addresses(service):
            reference = dig(address, "targetRef", "name")
            written = dig(address, "ip") if isinstance(address, dict) and "ip" in address else address
            ip = parse_cidr(written) if isinstance(written, str) else None
            for target in self.view.targets:
                for pod in target.pods:
                    one = self.view.cluster.pods[pod]
                    named = any(member.name == reference for member in target.workload.members)
                    if named or (ip is not None and one.ip == ip) or (one.ip is None and reference is None):
                        yield target, pod, doubt

    def _addresses(self, service: Resource) -> Iterator[Value]:
        for one in self.view.resources:
            if one.namespace != service.namespace:
                continue
            if one.kind == "Endpoints" and one.name == service.name:
                for subset in items_of(dig(one.attrs, "subsets")):
                    yield from items_of(dig(subset, "addresses"))
            label = dig(one.attrs, "metadata", "labels", "kubernetes.io/service-name")
            if one.kind == "EndpointSlice" and label == service.name:
                for endpoint in items_of(dig(one.attrs, "endpoints")):
                    if dig(endpoint, "targetRef") is not None:
                        yield endpoint
                    else:
                        yield from items_of(dig(endpoint, "addresses"))

    def _target_port(self, item: Value, pod: int) -> Span:
        """The port of the pod: `targetPort`, by number or name, or the Service's own port where there is none."""
        if item is None or isinstance(item, Unknown):
            return Span((), ALL)
        protocol = dig(item, "protocol") or "TCP"
        port = dig(item, "targetPort")
        port = dig(item, "port") if port is None else port
        if isinstance(protocol, str) and isinstance(port, int):
            some = ports(protocol, port, port)
            return Span(some, some)
        declared: tuple[NamedPort, ...] = self.view.cluster.pods[pod].ports
        if isinstance(protocol, str) and isinstance(port, str):
            return resolve((PortSpec(protocol, name=port),), declared)
        return resolve(tuple(PortSpec(one, unsure=True) for one in PROTOCOLS), declared)
