"""Where the mesh guards: one guard for each template of a workload, from its labels, Services and waypoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.k8s_network.hosts import names, service_of
from scanner.builders.k8s_network.pods import Workload, pods_of
from scanner.builders.k8s_network.view import Target, View
from scanner.builders.k8s_policy.labels import Match, selector_of_labels
from scanner.builders.k8s_policy.model import Pod
from scanner.builders.mesh.attributes import ANYTHING
from scanner.builders.mesh.authorizer import Authorizer
from scanner.builders.mesh.guard import Caller, Guard, Waypoint
from scanner.builders.mesh.membership import Member, Plane, captured, member
from scanner.builders.mesh.patches import altered, changes
from scanner.builders.mesh.patterns import Attribute
from scanner.builders.mesh.policies import AuthzPolicy, TargetRef
from scanner.podspec import PodTemplate
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown

GATEWAYS = "gateway.networking.k8s.io"
WAYPOINT = "istio.io/use-waypoint"
WAYPOINT_SPACE = "istio.io/use-waypoint-namespace"
WAYPOINT_CLASS = "istio-waypoint"
WAYPOINT_FOR = "istio.io/waypoint-for"
ISTIO = "networking.istio.io"
ACCOUNT = "gateway.istio.io/service-account"
_CONNECTIONS = frozenset({"tcp", "tls", "https", "mongo", "mysql", "redis"})
"""Protocols of a Service port that a sidecar passes on without reading requests."""


class Places(Struct):
    """The workloads of one cluster as the mesh sees them; what is asked twice is answered once."""

    view: View
    authorizer: Authorizer
    services: dict[str, list[Resource]] = field(default_factory=dict)
    rules: list[Resource] = field(default_factory=list)
    patches: list[Resource] = field(default_factory=list)
    gateways: dict[tuple[str, str], Resource] = field(default_factory=dict)

    @classmethod
    def of(cls, view: View, authorizer: Authorizer) -> Places:
        """All of a view."""
        services: dict[str, list[Resource]] = {}
        for one in view.resources:
            if one.kind == "Service" and one.group == "":
                services.setdefault(one.namespace, []).append(one)
        gateways = {
            (one.namespace, one.name): one for one in view.resources if one.kind == "Gateway" and one.group == GATEWAYS
        }
        rules = [one for one in view.resources if without_mtls(one)]
        patches = [one for one in view.resources if changes(one)]
        return cls(view, authorizer, services, rules, patches, gateways)

    def guards(self, target: Target) -> list[Guard]:
        """The guards of a target: callers are in as soon as one of its templates lets them in."""
        return [self._guard(pod, template) for pod, template in self._pods(target)]

    def _pods(self, target: Target) -> Iterator[tuple[Pod, PodTemplate | None]]:
        if not target.workload.templates:
            yield from ((self.view.cluster.pods[index], None) for index in target.pods)
        yield from templates(target.workload)

    def _guard(self, pod: Pod, template: PodTemplate | None) -> Guard:
        found = self.member(pod, template)
        policies = self.authorizer.selected(pod.namespace, pod.labels)
        mesh = self.authorizer.mesh
        return Guard(
            found,
            captured(template, found, mesh),
            policies,
            self.authorizer.peers,
            pod.namespace,
            pod.labels,
            mesh.trust,
            mesh.normalisation,
            tuple(self._waypoints(pod)) if found.plane is Plane.ZTUNNEL else (),
            self._connections(pod),
            altered(self.patches, pod.namespace, pod.labels, mesh.root),
            any(self._in_plaintext(one, pod) for one in self.rules),
        )

    def member(self, pod: Pod, template: PodTemplate | None) -> Member:
        """How a pod is in the mesh."""
        space = self.view.space(pod.namespace)
        return member(template, pod.labels, pod.namespace, space, self.authorizer.mesh)

    def callers(self, workload: Workload) -> tuple[Caller, ...]:
        """A workload as a caller: one for each of its templates."""
        found = {self._caller(pod, template): None for pod, template in templates(workload)}
        return tuple(found) or (Caller((((ANYTHING, Match.YES),), ((None, Match.YES),))),)

    def _caller(self, pod: Pod, template: PodTemplate) -> Caller:
        account = _account(template)
        known = isinstance(account, str) and "*" not in pod.namespace
        identity = self.authorizer.trust.identity(pod.namespace, account) if known else ANYTHING  # type: ignore[arg-type]
        token = identity if isinstance(identity, str) else ""
        found = self.member(pod, template)
        inside = ((identity, Match.YES), (None, Match.MAYBE))
        outside = ((None, Match.YES),)
        if found.plane is Plane.NONE:
            return Caller((outside,), token)
        return Caller((inside,)) if found.sure is Match.YES else Caller((inside, outside), token)

    def _connections(self, pod: Pod) -> frozenset[int]:
        """Ports of a pod that Services declare as connections, and none as anything else."""
        kinds: dict[int, set[bool]] = {}
        for service in self.services.get(pod.namespace, ()):
            match = self._selects(service, pod)
            for item in items_of(dig(service.attrs, "spec", "ports")) if match is not Match.NO else ():
                for port in _numbers(item, pod):
                    kinds.setdefault(port, set()).add(match is Match.YES and _is_connection(item))
        return frozenset(port for port, found in kinds.items() if found == {True})

    def _selects(self, service: Resource, pod: Pod) -> Match:
        selector = dig(service.attrs, "spec", "selector")
        if service.namespace != pod.namespace or not selector:
            return Match.NO
        return selector_of_labels(selector).match(pod.labels)

    def _in_plaintext(self, rule: Resource, pod: Pod) -> bool:
        """Whether a DestinationRule without mTLS speaks of a Service that leads to a pod."""
        host = dig(rule.attrs, "spec", "host")
        meant = service_of(host, rule.namespace) if isinstance(host, str) else None
        return meant is not None and any(
            names(meant, one.namespace, one.name) and self._selects(one, pod) is not Match.NO
            for one in self.services.get(pod.namespace, ())
        )

    def _waypoints(self, pod: Pod) -> Iterator[Waypoint]:
        """The waypoints that calls to a pod may pass: of its Services, of itself or its namespace, and of other use."""
        used = set()
        for one in self._used(pod):
            used.add(one.address)
            yield one
        space = self.view.space(pod.namespace)
        if not space.complete or WAYPOINT in space.unknown or not pod.labels.complete:
            yield Waypoint(f"the waypoint of namespace {pod.namespace}", ANYTHING, (), Match.MAYBE)
        for (namespace, name), gateway in self.gateways.items():
            if f"{namespace}/Gateway/{name}" not in used and _class(gateway) == WAYPOINT_CLASS:
                # What else it is used for is not asked: where its identity is let in, calls may come through it.
                yield Waypoint(gateway.address, self._identity(namespace, name, gateway), (), Match.MAYBE)

    def _used(self, pod: Pod) -> Iterator[Waypoint]:
        space = self.view.space(pod.namespace)
        fallback = pod.labels.known.get(WAYPOINT) or space.known.get(WAYPOINT) or ""
        where = pod.labels.known.get(WAYPOINT_SPACE) or space.known.get(WAYPOINT_SPACE) or pod.namespace
        if fallback not in ("", "none"):
            yield self._waypoint(where, fallback, None, Match.YES)
        for service in self.services.get(pod.namespace, ()):
            match = self._selects(service, pod)
            if match is Match.NO:
                continue
            own = dig(service.attrs, "metadata", "labels", WAYPOINT)
            other = dig(service.attrs, "metadata", "labels", WAYPOINT_SPACE)
            if isinstance(own, Unknown):
                yield Waypoint(f"{service.address}: {WAYPOINT}", ANYTHING, (), Match.MAYBE)
                continue
            name = own if isinstance(own, str) else fallback
            inside = where if own is None else other if isinstance(other, str) else pod.namespace
            if name not in ("", "none"):
                yield self._waypoint(inside, name, service, match)

    def _identity(self, namespace: str, name: str, gateway: Resource | None) -> Attribute:
        """The identity of a waypoint: its service account bears its name where nothing else is said."""
        account = None if gateway is None else dig(gateway.attrs, "metadata", "annotations", ACCOUNT)
        if gateway is None or not isinstance(account, str | None):
            return ANYTHING
        return self.authorizer.trust.identity(namespace, account or name)

    def _waypoint(self, namespace: str, name: str, service: Resource | None, match: Match) -> Waypoint:
        gateway = self.gateways.get((namespace, name))
        covers = None if gateway is None else dig(gateway.attrs, "metadata", "labels", WAYPOINT_FOR)
        return Waypoint(
            f"{namespace}/Gateway/{name}",
            self._identity(namespace, name, gateway),
            tuple(self._attached(namespace, name, service)),
            match if gateway is not None else Match.MAYBE,
            covers in ("all", "workload"),
        )

    def _attached(self, namespace: str, name: str, service: Resource | None) -> Iterator[tuple[AuthzPolicy, Match]]:
        for policy in self.authorizer.policies.every:
            if policy.refs is None:
                yield policy, Match.MAYBE
                continue
            named = service.name if service is not None and policy.namespace == service.namespace else ""
            at_service = bool(named) and any((one.kind, one.name) == ("Service", named) for one in policy.refs)
            at_gateway = policy.namespace == namespace and any(_gateway(one, name) for one in policy.refs)
            at_class = policy.namespace == self.authorizer.mesh.root and any(
                (one.kind, one.name) == ("GatewayClass", WAYPOINT_CLASS) for one in policy.refs
            )
            if at_service or at_gateway or at_class:
                yield policy, Match.YES if policy.doubt is None else Match.MAYBE


def _class(gateway: Resource) -> object:
    return dig(gateway.attrs, "spec", "gatewayClassName")


def without_mtls(rule: Resource) -> bool:
    """Whether a DestinationRule lets sidecars call in plaintext, anywhere in it."""
    if rule.kind != "DestinationRule" or rule.group != ISTIO:
        return False
    spec = dig(rule.attrs, "spec")
    holders = (dig(spec, "trafficPolicy"), *(dig(one, "trafficPolicy") for one in items_of(dig(spec, "subsets"))))
    ports = (one for holder in holders for one in items_of(dig(holder, "portLevelSettings")))
    return any(dig(one, "tls", "mode") == "DISABLE" for one in (*holders, *ports))


def _gateway(one: TargetRef, name: str) -> bool:
    return one.kind == "Gateway" and one.group == GATEWAYS and one.name == name


def templates(workload: Workload) -> Iterator[tuple[Pod, PodTemplate]]:
    """Each template of a workload with its pod."""
    for pair in workload.templates:
        yield pods_of(replace(workload, templates=(pair,)))[0], pair[1]


def _account(template: PodTemplate) -> str | Unknown:
    """The service account of a template; one that an operator makes pods of may be given another."""
    found = dig(template.spec, "serviceAccountName") or dig(template.spec, "serviceAccount")
    if isinstance(found, str | Unknown):
        return found
    return "default" if template.labels_known else Unknown("an operator may give its pods a service account")


def _numbers(item: object, pod: Pod) -> Iterator[int]:
    """The ports of a pod that a Service port leads to."""
    given = item if isinstance(item, Mapping) else {}
    port = given.get("targetPort", given.get("port"))
    if isinstance(port, int):
        yield port
    elif isinstance(port, str):
        yield from (one.number for one in pod.ports if one.name == port and one.number)


def _is_connection(item: object) -> bool:
    given = item if isinstance(item, Mapping) else {}
    word = given.get("appProtocol") or given.get("name")
    return isinstance(word, str) and word.lower().partition("-")[0] in _CONNECTIONS
