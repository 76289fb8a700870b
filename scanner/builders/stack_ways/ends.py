"""What a Service leads to: the workloads behind its selector and its addresses, and the ports they answer on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from scanner.builders.k8s_network.endpoints import Address
from scanner.builders.k8s_network.platforms.made import OWNER, is_made
from scanner.builders.k8s_network.services import Services, number_of, wanted
from scanner.builders.k8s_network.view import Target, View
from scanner.builders.k8s_policy.labels import Match, Selector, labels_of, selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.ranges import parse_cidr
from scanner.builders.stack_ways.way import Way, leg, lost, unknown
from scanner.graph.facts_ways import Leg
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.podspec import containers
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

_MAX_SHOWN = 3


class Ends(Struct):
    """The pods of one cluster, and which of them are wanted: those with one of `roles`."""

    view: View
    services: Services
    roles: frozenset[Role]
    what: str
    own: dict[int, Target] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.own = {pod: target for target in self.view.targets for pod in target.pods}

    def nodes(self, pod: int) -> tuple[str, ...]:
        """The nodes of a pod's workload that are wanted; none where it is another's."""
        target = self.own.get(pod)
        some = target.nodes if target is not None else (self.view.owners[pod],)
        return tuple(one for one in some if self.view.world.nodes[one].roles & self.roles)

    def behind(self, service: Resource, port: Value, labels: Value = None) -> Iterator[Way]:
        """Where a Service sends what is asked of a port; `labels` narrow its selector (a subset of a mesh)."""
        if is_made(service):
            yield self._made(service)
            return
        listed = items_of(dig(service.attrs, "spec", "ports"))
        headless = dig(service.attrs, "spec", "clusterIP") == "None"
        if listed and port is not None and not headless:
            some = [(index, item) for index, item in enumerate(listed) if wanted(item, port) is not False]
            if not some:
                line = mark(service.attrs, "spec", "ports")
                yield lost(leg(service, line, f"the Service has no port {port}: nothing answers"))
                return
        else:
            some = list(enumerate(listed)) or [(0, None)]
        found = [way for index, item in some for way in self._of_port(service, index, item, port, headless, labels)]
        yield from dict.fromkeys(found)

    def _made(self, service: Resource) -> Way:
        """The end at the pods of the object that an operator makes a Service for; it knows their ports."""
        owner = dig(service.attrs, "spec", "selector", OWNER)
        for target in self.view.targets:
            if target.name == owner:
                step = leg(service, None, f"the operator of `{owner}` makes it for its pods")
                ends = tuple(one for one in target.nodes if self.view.world.nodes[one].roles & self.roles)
                return Way((step,), True, ends) if ends else Way((step, self._last(target.nodes[0])), False)
        step = leg(service, None, "an operator makes it")
        return unknown(step, "whose pods are behind it is not known", service.address)

    def _of_port(
        self, service: Resource, index: int, item: Value, port: Value, headless: bool, labels: Value
    ) -> Iterator[Way]:
        asked = port if headless else _target_port(item)
        line = mark(service.attrs, "spec", "ports", index, "targetPort")
        selector = dig(service.attrs, "spec", "selector")
        addresses = list(self.services.endpoints.addresses(service, item, selected=bool(selector)))
        if isinstance(selector, Unknown):
            where = mark(service.attrs, "spec", "selector")
            step = leg(service, where, "which pods it selects is not known")
            yield unknown(step, selector.cause, *selector.decided_by)
        elif selector:
            merged = {**selector, **labels} if isinstance(selector, dict) and isinstance(labels, dict) else selector
            yield from self._selected(service, selector_of_labels(merged), asked, line, bool(addresses))
        elif not addresses:
            yield lost(leg(service, None, "the Service has no selector, and no addresses are listed for it"))
        for one in addresses:
            yield from self._address(service, one)

    def _selected(
        self, service: Resource, selector: Selector, port: Value, line: Origin | None, listed: bool
    ) -> Iterator[Way]:
        where = mark(service.attrs, "spec", "selector")
        yield from self.pods(service, service.namespace, selector, port, where, line, quiet=listed)
        for one in self.view.of("WorkloadEntry"):
            # Istio puts a machine that has the labels behind the Service as well ("Workload Entry").
            labels = labels_of(dig(one.attrs, "spec", "labels"))
            if one.namespace == service.namespace and selector.match(labels) is not Match.NO:
                address = dig(one.attrs, "spec", "address")
                shown = address if isinstance(address, str) else "*"
                step = leg(one, mark(one.attrs, "spec", "address"), f"it puts `{shown}` behind `{service.address}`")
                yield unknown(step, f"whether callers follow `{one.address}` is not known", one.address)

    def pods(
        self,
        through: Resource,
        namespace: str,
        selector: Selector,
        port: Value,
        where: Origin | None,
        line: Origin | None = None,
        *,
        quiet: bool = False,
    ) -> Iterator[Way]:
        """The workloads of the pods that a selector of `through` selects; quiet: none is no end of its own."""
        selected = self.view.cluster.select(Peer(PeerKind.PODS, namespace, pods=selector))
        by_owner: dict[str, int] = {}
        for pod in sorted(selected.maybe, key=lambda one: (one not in selected.sure, one)):
            by_owner.setdefault(self.view.owners[pod], pod)
        if not by_owner and not quiet:
            yield lost(leg(through, where, "its selector selects no pod of the inputs: nothing answers"))
        # Who stands beside a wanted one, behind one Service, is told as its Answerer.
        arrive = [owner for owner, pod in by_owner.items() if pod in selected.sure and self.nodes(pod)]
        for owner in arrive or list(by_owner)[:_MAX_SHOWN]:
            yield self._to(through, owner, by_owner[owner], by_owner[owner] in selected.sure, port, where, line)

    def _to(
        self,
        through: Resource,
        owner: str,
        pod: int,
        sure: bool,
        port: Value,
        where: Origin | None,
        line: Origin | None,
    ) -> Way:
        """The way to one workload that a selector selects, surely or perhaps."""
        name, ends = self.view.world.nodes[owner].address, self.nodes(pod)
        if sure:
            step = leg(through, where, f"it sends calls to the pods of `{name}`")
            return self._at(through, step, pod, ends, port, line) if ends else Way((step, self._last(owner)), False)
        step = leg(through, where, f"it may send calls to the pods of `{name}`")
        doubt = Unknown(
            f"whether it selects the pods of `{name}` is not known", decided_by=self.view.labels_doubt(pod).decided_by
        )
        return Way((step,) if ends else (step, self._last(owner)), doubt)

    def _last(self, owner: str) -> Leg:
        node = self.view.world.nodes[owner]
        return Leg(node.address, node.kind, node.name, node.origin, f"this is no declared {self.what}", True)

    def _at(
        self, through: Resource, step: Leg, pod: int, ends: tuple[str, ...], port: Value, line: Origin | None
    ) -> Way:
        """The end at a wanted workload: on a port that it is known not to listen on, nothing answers."""
        target = self.own.get(pod)
        number = self._number(pod, port)
        if isinstance(port, Unknown) or (target is not None and _untold(target)):
            cause = (
                port.cause
                if isinstance(port, Unknown)
                else f"what the pods of `{target.name if target else ''}` run is not known"
            )
            return unknown(leg(through, line or step.origin, step.because), cause, through.address)
        pods = self.view.cluster.pods[pod].ports
        if isinstance(number_of(port), str) and number is None and all(one.number for one in pods):
            return lost(leg(through, line or step.origin, f"no container of `{through.name}` declares port `{port}`"))
        if target is None or number is None or number in target.listening.known or not target.listening.known:
            return Way((step,), True, ends)
        known = ", ".join(str(one) for one in sorted(target.listening.known))
        because = f"it sends calls to port {number} of `{target.name}`, which listens on {known}"
        here = leg(through, line or step.origin, because)
        if target.listening.inference:
            return lost(here)
        return unknown(here, f"whether `{target.name}` listens on port {number} is not known", target.name)

    def _number(self, pod: int, port: Value) -> int | None:
        """A port as a number, that of a name by the pod's own declarations; None where it is not known."""
        number = number_of(port)
        if isinstance(number, int):
            return number
        named = [one.number for one in self.view.cluster.pods[pod].ports if isinstance(port, str) and one.name == port]
        return named[0] if len(named) == 1 and named[0] else None

    def _address(self, service: Resource, one: Address) -> Iterator[Way]:
        """An address that is listed by hand: a pod of the inputs, one outside, or one of which nobody knows."""
        shown = one.value if isinstance(one.value, str) else "*"
        ip = parse_cidr(shown) if shown != "*" else None
        name, kind = dig(one.reference, "name"), dig(one.reference, "kind") or "Pod"
        here = leg(service, one.origin, f"`{shown}` is listed for it")
        for pod, each in enumerate(self.view.cluster.pods):
            if ip is not None and each.ip == ip:
                yield Way((here,), bool(self.nodes(pod)), self.nodes(pod))
                return
        address = f"{service.namespace}/{kind}/{name}"
        for pod, owner in enumerate(self.view.owners):
            if isinstance(name, str) and owner == self.view.node(address):
                yield Way((here,), bool(self.nodes(pod)), self.nodes(pod))
                return
        if ip is not None and ip.version == 4 and not ip.private:
            yield lost(leg(service, one.origin, f"`{shown}` is listed for it, an address outside the cluster"))
            return
        yield unknown(here, f"who has the address `{shown}` is not known", f"the addresses behind {service.address}")

    def service_at(self, address: str) -> Iterable[Resource]:
        """The Services that are given an address of their own in the inputs."""
        for one in self.services.by_name.values():
            own = (dig(one.attrs, "spec", "clusterIP"), *items_of(dig(one.attrs, "spec", "clusterIPs")))
            if address in own:
                yield one


def _untold(target: Target) -> bool:
    """Whether nothing at all is known of a container of the pods, and so of the ports that it has."""
    return any(
        isinstance(one.value, Unknown) for _, template in target.workload.templates for one in containers(template.spec)
    )


def _target_port(item: Value) -> Value:
    if item is None or isinstance(item, Unknown):
        return item
    given = dig(item, "targetPort")
    return dig(item, "port") if given is None else given
