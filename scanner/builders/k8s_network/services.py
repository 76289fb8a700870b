"""Services as relays: which targets a Service port leads to, and on which port of theirs."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from scanner.builders.edges import Doubt, connect
from scanner.builders.k8s_network.endpoints import Endpoints, owners
from scanner.builders.k8s_network.hosts import names, service_of
from scanner.builders.k8s_network.platforms.made import ANY_PORT, OWNER, is_made
from scanner.builders.k8s_network.view import Target, View, own_line, unknown_doubt
from scanner.builders.k8s_policy.labels import selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.k8s_policy.ports import ALL, PROTOCOLS, PortSet, PortSpec, Span, ports, resolve, traffic_of
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_MAX_ALIASES = 5
NOT_SHOWN = "service-not-in-input"


class Door(Struct, frozen=True):
    """One Service port that leads to one pod of a target: `node` is the relay, `ports` are the pod's.

    doubt: why it is not certain that a caller of the wanted port gets here.
    """

    node: str
    target: Target
    pod: int
    ports: PortSet
    doubt: Doubt | None = None


class _Led(Struct, frozen=True):
    """One pod that a Service port leads to."""

    target: Target
    pod: int
    span: Span
    doubt: Doubt | None
    origin: Origin | None


class Services(Struct):
    """The Services of one cluster by namespace and name; relays are made once."""

    view: View
    endpoints: Endpoints
    by_name: dict[tuple[str, str], Resource] = field(default_factory=dict)
    made: dict[tuple[str, int], list[Door]] = field(default_factory=dict)
    owners: dict[int, Target] = field(default_factory=dict)

    @classmethod
    def of(cls, view: View) -> Services:
        """All Services of a view."""
        found = cls(view, Endpoints.of(view.of("Endpoints", "EndpointSlice")))
        for target in view.targets:
            found.owners.update(dict.fromkeys(target.pods, target))
        for one in view.of("Service"):
            if one.group == "":
                found.by_name[(one.namespace, one.name)] = one
        return found

    def doors(self, service: Resource, port: Value = None, depth: int = 0) -> list[Door]:
        """Where a Service port leads (a number or a name; None or an Unknown is every port)."""
        kind = dig(service.attrs, "spec", "type")
        if depth >= _MAX_ALIASES:
            return []
        if kind == "ExternalName":
            return self._through(service, port, depth)
        found: list[Door] = []
        if isinstance(kind, Unknown) and dig(service.attrs, "spec", "externalName") is not None:
            found.extend(_doubted(one, unknown_doubt(kind)) for one in self._through(service, port, depth))
        for index, item in enumerate(items_of(dig(service.attrs, "spec", "ports")) or [None]):
            asked = wanted(item, port)
            if asked is not False:
                doubt = asked if isinstance(asked, Doubt) else None
                found.extend(one if doubt is None else _doubted(one, doubt) for one in self._port(service, index, item))
        if not found and port is not None and is_made(service):
            # What is known of the ports that an operator gives a Service need not be all.
            doubt = Doubt("value-unknown", (f"the ports of {service.address}",))
            return [_doubted(one, doubt) for one in self.doors(service)]
        return found

    def named(self, host: tuple[str, str], port: Value, depth: int = 0) -> list[Door]:
        """Where a name of the cluster's DNS leads: namespace and name of a Service, `*` for what is not known."""
        found: list[Door] = []
        for service in self._meant(host):
            headless = dig(service.attrs, "spec", "clusterIP")
            if headless != "None":
                found.extend(self.doors(service, _port_behind(service, port), depth))
            if headless == "None" or isinstance(headless, Unknown):
                found.extend(self._as_pods(service, port))
        if "*" not in host[0] + host[1]:
            return found
        doubt = Doubt("value-unknown", (f"which Service {host[0]}/{host[1]} is",))
        return [_doubted(one, doubt) for one in found]

    def _meant(self, host: tuple[str, str]) -> list[Resource]:
        if "*" not in host[0] + host[1]:
            found = self.by_name.get(host)
            return [] if found is None else [found]
        return [one for (space, name), one in self.by_name.items() if names(host, space, name)]

    def known(self, host: tuple[str, str]) -> bool:
        """Whether the inputs hold the very Service that a name means."""
        return host in self.by_name

    def _as_pods(self, service: Resource, port: Value) -> Iterator[Door]:
        """The name of a headless Service is the address of its pods: a caller reaches whatever port it asks for."""
        some = ports("TCP", port, port) if isinstance(port, int) else ALL
        line = mark(service.attrs, "spec", "clusterIP") or own_line(service)
        shown = f":{port}" if isinstance(port, int) else ""
        because = f"Service `{service.address}` is headless: its name is the address of the pods themselves"
        for led in (*self._selected(service, None), *self._listed(service, None)):
            node = self.view.relay(f"{service.address}#pods{shown}", "Service", service.name, line)
            for end in led.target.nodes:
                connect(self.view.world, node, end, because, line, traffic=traffic_of(some), doubt=led.doubt)
            yield Door(node, led.target, led.pod, some)

    def _through(self, service: Resource, port: Value, depth: int) -> list[Door]:
        """An ExternalName is a relay to the Service that it names; one that names none of the cluster leads out."""
        given = dig(service.attrs, "spec", "externalName")
        host, short = service_of(given), service_of(given, service.namespace)
        unsure = None
        if host is None and short is not None and short in self.by_name:
            # No absolute name: whether it is completed is up to whoever looks it up.
            host, unsure = short, Doubt("value-unknown", (f"who completes the name in {service.address}",))
        if host is None:
            return []
        line = mark(service.attrs, "spec", "externalName") or own_line(service)
        shown = given if isinstance(given, str) else "*"
        doubt = unknown_doubt(given) if isinstance(given, Unknown) else unsure
        node = self.view.relay(service.address, "Service", service.name, line)
        behind = self.named(host, _number(service, port), depth + 1)
        because = f"Service `{service.address}` is another name for `{shown}`"
        for door in behind:
            connect(self.view.world, node, door.node, because, line, traffic=traffic_of(door.ports), doubt=doubt)
        found = [Door(node, door.target, door.pod, door.ports, doubt or door.doubt) for door in behind]
        if not self.known(host):
            found.extend(self.unshown(host, node, because, line))
        return found

    def unshown(self, host: tuple[str, str], node: str, because: str, line: Origin | None) -> Iterator[Door]:
        """A Service that is not in the inputs may lead to any target of its namespace."""
        doubt = Doubt(NOT_SHOWN, (f"{host[0]}/Service/{host[1]}",))
        for target in self.view.targets:
            for pod in target.pods:
                if names(host, self.view.cluster.pods[pod].namespace, host[1]):
                    for end in target.nodes:
                        connect(self.view.world, node, end, because, line, doubt=doubt)
                    yield Door(node, target, pod, ALL, doubt)

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
        every = [*self._selected(service, item), *self._listed(service, item)]
        if not every and is_made(service):
            every = list(self._of_owner(service, item))
        owned = {led.target.name for led in every}
        exists = None if service.possible is None else unknown_doubt(service.possible)
        for led in every:
            target, some = led.target, led.span.sure or led.span.maybe
            if not some:
                continue
            address = base if len(owned) == 1 else f"{base}#{target.workload.kind}/{target.workload.resource.name}"
            node = self.view.relay(address, "Service", service.name, line)
            unsure = Doubt("value-unknown", (f"the target port of {service.address}",))
            why = led.doubt or (None if led.span.sure else unsure) or exists
            said = f"port {shown}" if shown is not None else "its port"
            because = f"Service `{service.address}` sends {said} to the pods of `{target.name}`"
            if led.origin is not None:
                may = "is" if led.doubt is None else "may be"
                because = f"an address listed for Service `{service.address}` {may} a pod of `{target.name}`"
            for end in target.nodes:
                connect(self.view.world, node, end, because, led.origin or line, traffic=traffic_of(some), doubt=why)
            yield Door(node, target, led.pod, some)

    def _selected(self, service: Resource, item: Value) -> Iterator[_Led]:
        """The pods of targets that the selector selects."""
        selector = dig(service.attrs, "spec", "selector")
        if not selector:
            return
        peer = Peer(PeerKind.PODS, service.namespace, pods=selector_of_labels(selector))
        selected = self.view.cluster.select(peer)
        for pod in sorted(selected.maybe & self.owners.keys()):
            doubt = None if pod in selected.sure else peer.pods.doubt or self.view.labels_doubt(pod)
            yield _Led(self.owners[pod], pod, self._target_port(item, pod), doubt, None)

    def _of_owner(self, service: Resource, item: Value) -> Iterator[_Led]:
        """Any pod of the object that a Service is made of: which of them it selects is not known."""
        doubt = Doubt("value-unknown", (f"the pods behind {service.address}",))
        for target in self.view.targets:
            if target.name == dig(service.attrs, "spec", "selector", OWNER):
                yield from (_Led(target, pod, self._target_port(item, pod), doubt, None) for pod in target.pods)

    def _listed(self, service: Resource, item: Value) -> Iterator[_Led]:
        """The pods of targets at the addresses that are listed for the Service beside, or without, a selector."""
        selected = bool(dig(service.attrs, "spec", "selector"))
        for address in self.endpoints.addresses(service, item, selected=selected):
            for target, pod, doubt in owners(self.view, service, address):
                yield _Led(target, pod, address.span, doubt, address.origin)

    def _target_port(self, item: Value, pod: int) -> Span:
        """The port of the pod: `targetPort`, by number or name, or the Service's own port where there is none."""
        if item is None or isinstance(item, Unknown):
            return Span((), ALL)
        protocol = dig(item, "protocol") or "TCP"
        port = number_of(dig(item, "targetPort"))
        port = number_of(dig(item, "port")) if port is None else port
        if isinstance(protocol, str) and isinstance(port, int):
            some = ports(protocol, port, port)
            return Span(some, some)
        if port == ANY_PORT:
            return Span(ALL, ALL)
        declared = self.view.cluster.pods[pod].ports
        if isinstance(protocol, str) and isinstance(port, str):
            return resolve((PortSpec(protocol, name=port),), declared)
        return resolve(tuple(PortSpec(one, unsure=True) for one in PROTOCOLS), declared)


def number_of(port: Value) -> Value:
    """A port as a number where it is written as one in quotes, as the provider of Terraform takes it; else as it is."""
    return int(port) if isinstance(port, str) and port.isdigit() else port


def wanted(item: Value, port: Value) -> bool | Doubt:
    """Whether an item of `ports` is the port that is asked for, by number or name."""
    if port is None or item is None or number_of(port) in (number_of(dig(item, "port")), dig(item, "name")):
        return True
    unsure = next((one for one in (port, item, dig(item, "port"), dig(item, "name")) if isinstance(one, Unknown)), None)
    return unknown_doubt(unsure) if unsure is not None else False


def _doubted(door: Door, doubt: Doubt) -> Door:
    return Door(door.node, door.target, door.pod, door.ports, door.doubt or doubt)


def _number(service: Resource, port: Value) -> Value:
    """The port that a caller of an alias asks the Service behind it for; every port where it is not known."""
    for item in items_of(dig(service.attrs, "spec", "ports")):
        if port is not None and wanted(item, port) is True:
            number = number_of(dig(item, "targetPort") or dig(item, "port"))
            return number if isinstance(number, int) else None
    return number_of(port) if isinstance(number_of(port), int) else None


def _port_behind(service: Resource, port: Value) -> Value:
    """A Service in front of which a name stands is asked for a number; one that declares no ports has every port."""
    return port if items_of(dig(service.attrs, "spec", "ports")) else None
