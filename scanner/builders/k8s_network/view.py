"""One cluster as the network builder sees it: workloads, policies, what enforces them, and the nodes that matter."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.draft import World
from scanner.builders.edges import Doubt
from scanner.builders.inventory import names
from scanner.builders.k8s_network.beyond import machines_of
from scanner.builders.k8s_network.classes import Classes
from scanner.builders.k8s_network.enforcer import Enforcement, enforcement
from scanner.builders.k8s_network.platforms.registry import RUNS
from scanner.builders.k8s_network.pods import Workload, namespaces, opaque, pods_of, undeclared, workloads
from scanner.builders.k8s_network.ports import Listening, listening
from scanner.builders.k8s_policy.cluster import Cluster, named
from scanner.builders.k8s_policy.eval import Evaluator, Other, order
from scanner.builders.k8s_policy.labels import Labels, Match
from scanner.builders.k8s_policy.model import Direction, Engine, Pod, Policy
from scanner.builders.k8s_policy.ports import ALL, EVERYTHING, PortSet, Span, common, ports, union
from scanner.builders.k8s_policy.read import policies_of
from scanner.builders.k8s_policy.side import Side
from scanner.graph.model import Node, Role
from scanner.origin import Origin
from scanner.resource import Resource, mark
from scanner.unknown import Unknown

TARGET_ROLES = frozenset({Role.MODEL, Role.CANDIDATE, Role.GATEWAY, Role.CLASSIFIER})
ROUTING = ("networking.k8s.io", "route.openshift.io", "istio.io", "agentgateway.dev", "envoyproxy.io")
"""API groups whose objects direct traffic, and run nothing."""
PORT_ASSUMED = "port-assumed"


class Target(Struct, frozen=True):
    """A workload that edges are built into: `nodes` are all the nodes that stand for it."""

    workload: Workload
    nodes: tuple[str, ...]
    pods: tuple[int, ...]
    listening: Listening
    model: bool

    @property
    def name(self) -> str:
        """Its address."""
        return self.workload.address


class View(Struct, dict=True):
    """All of one unit. `owners` maps a pod's index to the node of its workload."""

    world: World
    unit: str
    resources: list[Resource]
    workloads: list[Workload]
    cluster: Cluster
    full: Evaluator
    plain: Evaluator
    enforced: Enforcement
    targets: list[Target] = field(default_factory=list)
    owners: list[str] = field(default_factory=list)
    _about: dict[str, list[Policy]] = field(default_factory=dict)
    _kinds: dict[str, list[Resource]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for policy in self.full.policies:
            self._about.setdefault(policy.subject.namespace, []).append(policy)

    @cached_property
    def classes(self) -> Classes:
        """The pods that policies treat alike."""
        return Classes(self.cluster)

    def of(self, *kinds: str) -> list[Resource]:
        """The objects of some kinds, whatever their API group, those that operators make among them."""
        if not self._kinds:
            for one in self.resources:
                self._kinds.setdefault(one.kind, []).append(one)
        return [one for kind in kinds for one in self._kinds.get(kind, ())]

    def add(self, made: list[Resource]) -> None:
        """Add objects that the inputs do not show."""
        self.resources = [*self.resources, *made]
        self._kinds = {}

    def policies_about(self, namespace: str) -> list[Policy]:
        """The policies that can select a pod of a namespace, in the order in which they are asked."""
        return sorted((*self._about.get("", ()), *self._about.get(namespace, ())), key=order)

    @property
    def no_enforcer(self) -> Doubt:
        """Policies close nothing for certain: what would say that something enforces them."""
        return Doubt("enforcer-unknown", self.enforced.unsure or ("network-policy-enforcement",))

    @property
    def unenforced(self) -> str:
        """The end of a sentence that says so."""
        if self.enforced.unsure:
            return "but whether anything enforces them is not known"
        return "but nothing in the inputs enforces them"

    def beyond(self, pod: int) -> Doubt | None:
        """Why nothing may enforce policies on one pod, whatever enforces them on others."""
        one = self.cluster.pods[pod]
        return Doubt("enforcer-unknown", (f"{one.owner}: {one.beyond}",)) if one.beyond else None

    def node(self, address: str) -> str:
        """The id of the node at `address`."""
        return f"{self.unit}:{address}"

    def relay(self, address: str, kind: str, name: str, origin: Origin | None = None) -> str:
        """A node that only forwards; made where there is none yet."""
        node = Node(self.node(address), kind, address, name, origin)
        return self.world.ensure(node).id

    def worlds(self) -> tuple[Evaluator, ...]:
        """The evaluators between which it is not known which one is right, the enforced ones only."""
        return (self.full,) if self.full is self.plain else (self.plain, self.full)

    @property
    def admin_certain(self) -> bool:
        """Whether every admin policy of the inputs is known to be enforced."""
        return self.full is self.plain

    def admits(self, pod: int, direction: Direction, other: Other) -> Span:
        """What one side admits where policies are enforced, over everything that may be."""
        found = EVERYTHING
        for index, evaluator in enumerate(self.worlds()):
            span = evaluator.admits(evaluator.side(pod, direction), other)
            found = span if index == 0 else Span(common(found.sure, span.sure), union(found.maybe, span.maybe))
        return found

    def side(self, pod: int, direction: Direction) -> Side:
        """All that is asked of a pod in one direction."""
        return self.full.side(pod, direction)

    def closed_by(self, pod: int, direction: Direction) -> Match:
        """Whether any policy of any engine speaks of a pod in one direction."""
        return Match.NO if self.side(pod, direction).free else Match.YES

    def settled(self, target: Target, some: PortSet, doubt: Doubt | None) -> Doubt | None:
        """The doubt of an edge with this traffic; ports of which none is known to listen are a doubt themselves."""
        if doubt is not None or common(some, ports("TCP")) == ports("TCP"):
            return doubt
        if any(common(some, ports("TCP", port, port)) for port in target.listening.known):
            return None
        return Doubt(PORT_ASSUMED, (f"the ports that {target.name} listens on",))

    def labels_doubt(self, index: int) -> Doubt:
        """Why it is not certain whether a selector selects a pod."""
        pod = self.cluster.pods[index]
        space = self.cluster.namespaces[pod.namespace].doubt
        return pod.labels.doubt or space or Doubt("value-unknown", (f"the labels of {pod.owner}",))

    def space(self, name: str) -> Labels:
        """The labels of a namespace; unknown but for its name where it is not declared."""
        return self.cluster.namespaces.get(name) or named(name, undeclared(name))

    def owned(self, pods: frozenset[int]) -> Iterator[tuple[str, int]]:
        """The node and index of each pod, in order."""
        for index in sorted(pods, key=lambda one: (self.owners[one], one)):
            yield self.owners[index], index


def view_of(world: World, unit: str, resources: list[Resource]) -> View:
    """Everything about one unit that the network builder asks for."""
    found = workloads(resources, absent_owners=False)
    machines = machines_of(resources)
    pods = [pod for one in found for pod in pods_of(one, machines)]
    for workload, pod in _opaque(world, resources, found):
        found.append(workload)
        pods.append(pod)
    spaces = namespaces(resources)
    for pod in pods:
        spaces.setdefault(pod.namespace, undeclared(pod.namespace))
    cluster = Cluster(pods, spaces)
    enforced = enforcement(world, unit)
    policies = [_standing(one, enforced) for one in policies_of(resources)]
    full = Evaluator(cluster, policies)
    ordinary = [one for one in policies if one.engine is not Engine.ADMIN or enforced.stands(one)]
    plain = full if len(ordinary) == len(policies) else Evaluator(cluster, ordinary)
    view = View(
        world,
        unit,
        resources,
        found,
        cluster,
        full,
        plain,
        enforced,
        owners=[f"{unit}:{pod.owner}" for pod in pods],
    )
    view.targets = list(_targets(view))
    return view


def _standing(policy: Policy, enforced: Enforcement) -> Policy:
    """The policy, in doubt where nothing is known to enforce an API that only one plug-in knows."""
    if policy.engine not in (Engine.CILIUM, Engine.CALICO) or enforced.stands(policy):
        return policy
    doubt = Doubt("enforcer-unknown", enforced.unsure or (f"whether anything enforces {policy.kind}",))
    return replace(policy, doubt=policy.doubt or doubt)


def _opaque(world: World, resources: list[Resource], found: list[Workload]) -> list[tuple[Workload, Pod]]:
    """The models and the like that have no pods of their own in the inputs; a route that is a gateway has none."""
    known = {member.id for workload in found for member in (workload.resource, *workload.members)}
    made = []
    for one in resources:
        roles = world.nodes[one.id].roles & TARGET_ROLES
        routes = roles == {Role.GATEWAY} and one.group.endswith(ROUTING)
        runs = bool(roles) or (one.group, one.kind) in RUNS
        if runs and one.id not in known and not routes:
            made.append(opaque(one))
    return made


def _targets(view: View) -> Iterator[Target]:
    pods: dict[str, list[int]] = {}
    for index, pod in enumerate(view.cluster.pods):
        pods.setdefault(pod.owner, []).append(index)
    for workload in view.workloads:
        ids = dict.fromkeys((view.node(workload.address), *(one.id for one in workload.members)))
        nodes = tuple(one for one in ids if view.world.nodes[one].roles & TARGET_ROLES)
        if nodes:
            model = any(view.world.nodes[one].roles & {Role.MODEL, Role.CANDIDATE} for one in nodes)
            yield Target(workload, nodes, tuple(pods[workload.address]), listening(workload), model)


def profile_names(entry: str, view: View, address: str) -> bool:
    """Whether a profile entry names the node at `address` of this unit."""
    return names(entry, view.unit, address)


def host_line(target: Target) -> Origin | None:
    """The line that puts a workload on its node's network."""
    return next((mark(template.spec, "hostNetwork") for _, template in target.workload.templates), None)


def own_line(resource: Resource) -> Origin:
    """The line that names a resource."""
    return mark(resource.attrs, "metadata", "name") or resource.origin


def unknown_doubt(value: Unknown) -> Doubt:
    """The doubt that an Unknown setting casts."""
    return Doubt("value-unknown", value.decided_by or (value.cause,))


__all__ = [
    "ALL", "Target", "View", "host_line", "own_line", "profile_names", "unknown_doubt", "view_of",
]  # fmt: skip
