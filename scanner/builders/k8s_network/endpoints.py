"""Endpoints and EndpointSlices: addresses behind a Service that its selector does not say, and whose they are.

A Service sends to every slice that bears its name, whoever wrote it, also beside its selector (Kubernetes,
"EndpointSlices"): a slice written by hand is a way of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from scanner.builders.edges import Doubt
from scanner.builders.inventory import text_of
from scanner.builders.k8s_network.view import Target, View
from scanner.builders.k8s_policy.ports import ALL, NONE, PortSet, Span, ports, union
from scanner.builders.ranges import parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

NAME_LABEL = "kubernetes.io/service-name"
_MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
_CONTROLLER = "endpointslice-controller.k8s.io"
OUTSIDE = "a public IPv4 address behind a Service is taken for one outside the cluster"


class Address(Struct, frozen=True):
    """One address that a Service sends to: `span` is the port there, for one port of the Service."""

    value: Value
    reference: Value
    span: Span
    origin: Origin | None


class Endpoints(Struct):
    """The objects that list addresses, by namespace and Service; `anyone` are those of which the name is not known."""

    by_service: dict[tuple[str, str], list[Resource]] = field(default_factory=dict)
    anyone: list[Resource] = field(default_factory=list)

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> Endpoints:
        """Everything of one cluster that lists addresses, but what the controller makes of a selector."""
        found = cls()
        for one in resources:
            name: Value = None
            if one.kind == "Endpoints" and one.group == "":
                name = one.name
            elif one.kind == "EndpointSlice" and one.group == "discovery.k8s.io":
                labels = dig(one.attrs, "metadata", "labels")
                if dig(labels, _MANAGED_BY) != _CONTROLLER:
                    name = dig(labels, NAME_LABEL)
            if isinstance(name, Unknown):
                found.anyone.append(one)
            elif isinstance(name, str):
                found.by_service.setdefault((one.namespace, name), []).append(one)
        return found

    def addresses(self, service: Resource, item: Value, *, selected: bool) -> Iterator[Address]:
        """What is listed for one port of a Service; a selector (`selected`) overrules an object of kind Endpoints."""
        unnamed = [one for one in self.anyone if one.namespace == service.namespace]
        for one in (*self.by_service.get((service.namespace, service.name), ()), *unnamed):
            if one.kind == "Endpoints" and not selected:
                yield from _of_endpoints(one, item)
            elif one.kind == "EndpointSlice":
                yield from _of_slice(one, item)


def _of_endpoints(one: Resource, item: Value) -> Iterator[Address]:
    for index, subset in enumerate(items_of(dig(one.attrs, "subsets"))):
        span = _span(dig(subset, "ports"), item)
        line = mark(one.attrs, "subsets", index)
        for key in ("addresses", "notReadyAddresses"):
            for number, address in enumerate(items_of(dig(subset, key))):
                where = mark(subset, key, number) or line or one.origin
                yield Address(_ip(address), dig(address, "targetRef"), span, where)


def _of_slice(one: Resource, item: Value) -> Iterator[Address]:
    span = _span(dig(one.attrs, "ports"), item)
    for index, endpoint in enumerate(items_of(dig(one.attrs, "endpoints"))):
        line = mark(one.attrs, "endpoints", index) or one.origin
        if isinstance(endpoint, Unknown):
            yield Address(endpoint, None, span, line)
        for address in items_of(dig(endpoint, "addresses")) if isinstance(endpoint, Mapping) else ():
            yield Address(address, dig(endpoint, "targetRef"), span, line)


def _ip(address: Value) -> Value:
    return dig(address, "ip") if isinstance(address, Mapping) else address


def _span(listed: Value, item: Value) -> Span:
    """The port of the address: that of the same name as the Service's port; one without a number is every port."""
    if listed is None:
        return Span(ALL, ALL)
    wanted = dig(item, "name")
    sure, maybe = NONE, NONE
    for one in items_of(listed):
        name, number, protocol = dig(one, "name"), dig(one, "port"), dig(one, "protocol") or "TCP"
        number = int(number) if isinstance(number, str) and number.isdigit() else number
        unclear = any(isinstance(part, Unknown) for part in (one, name, wanted, number, protocol))
        if not unclear and (name or "") != (wanted or "") and item is not None:
            continue
        here = _ports(number, protocol)
        maybe = union(maybe, here)
        sure = sure if unclear else union(sure, here)
    return Span(sure, maybe)


def _ports(number: Value, protocol: Value) -> PortSet:
    if isinstance(number, int) and isinstance(protocol, str):
        return ports(protocol, number, number)
    return ports(protocol) if isinstance(protocol, str) and number is None else ALL


def owners(view: View, service: Resource, address: Address) -> Iterator[tuple[Target, int, Doubt | None]]:
    """The pods of targets that an address may be: a pod that it names, one that has it, or any whose is not known."""
    ip = parse_cidr(address.value) if isinstance(address.value, str) else None
    name, kind = dig(address.reference, "name"), _kind(address.reference)
    doubt = Doubt("endpoints-unknown", (f"the addresses behind {service.address}",))
    known = ip is not None and any(pod.ip == ip for pod in view.cluster.pods)
    if ip is not None and not known and ip.version == 4 and not ip.private and name is None:
        view.world.assumptions[OUTSIDE] = None
        return
    for target in view.targets:
        named = isinstance(name, str) and any(
            (one.kind, one.name, one.namespace) == (kind, name, service.namespace) for one in target.workload.members
        )
        for pod in target.pods:
            own = view.cluster.pods[pod].ip
            if named or (known and own == ip):
                yield target, pod, None
            elif own is None and not known and not (isinstance(name, str) and _pod_known(view, service, kind, name)):
                yield target, pod, doubt


def _kind(reference: Value) -> str:
    """What a reference names: a pod, or the workload that stands for its pods where a cluster was read."""
    kind = dig(reference, "kind")
    return kind if isinstance(kind, str) and kind else "Pod"


def _pod_known(view: View, service: Resource, kind: str, name: str) -> bool:
    """Whether the inputs hold the pod that a reference names: it is then that pod, and no other."""
    found = view.world.inventory.at(view.unit, f"{service.namespace}/{kind}/{name}")
    return found is not None and bool(text_of(found, "metadata", "name"))
