"""Whether anything enforces the policies of a cluster: without a sign of it they close nothing for certain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from msgspec import Struct

from scanner.builders.blocks import at, first
from scanner.builders.draft import World
from scanner.builders.k8s_network.agent_settings import CALICO, weakened
from scanner.builders.k8s_network.plugins import Sign, argument, object_signs, switched_off, terraform_signs
from scanner.builders.k8s_policy.model import Engine, Policy
from scanner.graph.model import STACK, Role
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown

GUARDED = STACK | {Role.MODEL, Role.CANDIDATE}
OF_CILIUM = frozenset({"cilium", "azure-cilium", "gke"})
"""The plug-ins whose agent is Cilium's, and goes by its ConfigMap."""
CLUSTERS = ("aws_eks_cluster", "azurerm_kubernetes_cluster", "google_container_cluster")


class Enforcement(Struct, frozen=True):
    """What is known to be enforced; `signs` are the addresses that say so, `unsure` is what might say so if known.

    kinds: of the policies that are enforced for certain, `calico` for all of Calico's own.
    """

    kinds: frozenset[str]
    signs: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()

    @property
    def policies(self) -> bool:
        """Whether NetworkPolicies are."""
        return "NetworkPolicy" in self.kinds

    def stands(self, policy: Policy) -> bool:
        """Whether something is known to enforce policies of this kind; those that are not evaluated are in doubt."""
        return ("calico" if policy.engine is Engine.CALICO else policy.kind) in self.kinds


def enforcement(world: World, unit: str) -> Enforcement:
    """What is enforced in the cluster of `unit`, by signs in the unit and in the unit of the cluster that it joins."""
    kinds: set[str] = set()
    signs: set[str] = set()
    unsure: set[str] = set()
    off: set[str] = set()
    for settings in world.inventory.of("ConfigMap", unit=unit):
        for some, why in switched_off(settings):
            off |= some
            unsure.update(() if why is None else why.decided_by or (settings.address,))
    undone = [
        *_contradicted(world, unit), *_on_fargate(world, unit), *_on_windows(world, unit), *_on_auto(world, unit),
    ]  # fmt: skip
    found = list(_signs(world, unit))
    weak = [*_weakened(world, unit), *_beside(world, unit, found), *_grouped(world, unit)]
    for resource, sign in found:
        doubt = sign if isinstance(sign, Unknown) else resource.possible
        if doubt is not None:
            unsure.update(doubt.decided_by or (resource.address,))
        elif isinstance(sign, Sign) and (weak or (sign.plugin == "vpc-cni" and undone)):
            unsure.update(weak or undone)
        elif isinstance(sign, Sign):
            some = sign.enforces - (off if sign.plugin in OF_CILIUM else set())
            kinds |= some
            signs |= {resource.address} if some else set()
    return Enforcement(frozenset(kinds), tuple(sorted(signs)), tuple(sorted(unsure)))


def _contradicted(world: World, unit: str) -> Iterator[str]:
    """The ConfigMap of the VPC plug-in, where it does not certainly say that policies are enforced; its agent's no."""
    for settings in world.inventory.of("ConfigMap", unit=unit):
        said = dig(settings.attrs, "data", "enable-network-policy-controller")
        if settings.name == "amazon-vpc-cni" and said is not None and str(said).lower() != "true":
            yield settings.address
    for agent in world.inventory.of("DaemonSet", unit=unit):
        if agent.name == "aws-node" and argument(agent, "--enable-network-policy=false"):
            yield f"{agent.address}: --enable-network-policy"


def _weakened(world: World, unit: str) -> Iterator[str]:
    """Settings of any agent in the unit by which policies need not hold: where two run, which one counts is open.

    An API group of Kubernetes that a Service answers for (aggregation) holds other objects than those that were read.
    """
    kinds = ("FelixConfiguration", "CiliumNodeConfig", "ConfigMap", "DaemonSet")
    for one in world.inventory.of(*kinds, unit=unit):
        yield from weakened(one)
    for one in world.inventory.of("APIService", unit=unit):
        if dig(one.attrs, "spec", "group") == "networking.k8s.io" and dig(one.attrs, "spec", "service") is not None:
            yield one.address


def _beside(world: World, unit: str, found: Iterable[tuple[Resource, Sign | Unknown]]) -> Iterator[str]:
    """Settings of Calico's agent where what is seen to enforce is another plug-in: the two do not go together."""
    plugins = {sign.plugin for _, sign in found if isinstance(sign, Sign)}
    if plugins and not any("calico" in one for one in plugins):
        for one in world.inventory.of("FelixConfiguration", unit=unit):
            if one.group in CALICO:
                yield one.address


def _on_windows(world: World, unit: str) -> Iterator[str]:
    """The groups of machines of an EKS cluster, where all of them run Windows: the VPC plug-in enforces nothing there.

    Source: EKS user guide, "Limit Pod traffic with Kubernetes network policies". Pods that ask for Windows beside
    machines of Linux are told one by one.
    """
    every = list(world.inventory.of("aws_eks_node_group"))
    if not any(map(_runs_windows, every)):
        return  # whose the others are need not be asked
    joined = _joined(world, unit)
    groups = [one for one in every if joined is None or _of_cluster(world, one, joined)]
    if all(map(_runs_windows, groups)):
        yield from (f"{one.address}: ami_type" for one in groups)


def _runs_windows(group: Resource) -> bool:
    return str(group.attrs.get("ami_type") or "").startswith("WINDOWS")


def _grouped(world: World, unit: str) -> Iterator[str]:
    """Settings by which policies need not hold over pods that have security groups of their own."""
    if any(True for _ in world.inventory.of("SecurityGroupPolicy", unit=unit)):
        from scanner.builders.k8s_network.grouped import with_groups

        joined = _joined(world, unit)
        yield from with_groups(world, unit, lambda one: _of_cluster(world, one, joined))


def _on_auto(world: World, unit: str) -> Iterator[str]:
    """A cluster with machines of EKS Auto Mode, where no ConfigMap turns the enforcement on that they have.

    Source: EKS user guide, "Use network policies with EKS Auto Mode" and "Learn about VPC networking and load balancing
    in EKS Auto Mode": settings of the VPC plug-in do not count there.
    """
    joined = _joined(world, unit)
    if joined is None or joined.kind != "aws_eks_cluster":
        return
    on = first(joined, "compute_config.enabled")
    pools = any(one.value not in ([], ()) for one in at(joined, "compute_config.node_pools"))
    if on is None or on.value is False or not (pools or any(world.inventory.like("NodePool"))):
        return
    for settings in world.inventory.of("ConfigMap", unit=unit):
        said = dig(settings.attrs, "data", "enable-network-policy-controller")
        if settings.name == "amazon-vpc-cni" and settings.possible is None and str(said).lower() == "true":
            return
    yield f"{joined.address}: compute_config.enabled"


def _on_fargate(world: World, unit: str) -> Iterator[str]:
    """Fargate profiles that take in namespaces of models or of the stack: no policy is enforced on their pods.

    Source: EKS user guide, "Limit Pod traffic with Kubernetes network policies".
    """
    if not any(True for _ in world.inventory.of("aws_eks_fargate_profile")):
        return
    joined = _joined(world, unit)
    spaces = {
        node.namespace or "default"
        for node in world.with_role(*GUARDED)
        if node.id in world.inventory.by_id and world.inventory.by_id[node.id].unit == unit
    }
    for profile in world.inventory.of("aws_eks_fargate_profile"):
        if joined is None or _of_cluster(world, profile, joined):
            named = [dig(one, "namespace") for one in items_of(profile.attrs.get("selector"))]
            if any(not isinstance(one, str) or any(fnmatchcase(space, one) for space in spaces) for one in named):
                yield profile.address


def _signs(world: World, unit: str) -> Iterator[tuple[Resource, Sign | Unknown]]:
    """Each resource that shows an enforcing plug-in, with the plug-in, or the setting that is not known."""
    joined = _joined(world, unit)
    units = {unit} | ({joined.unit} if joined else set())
    inside = (one for name in sorted(units) for one in world.inventory.in_unit(name))
    for resource in (one for one in inside if not one.data):
        if resource.source != "kubernetes" and resource.kind[:1].islower():
            shown = list(terraform_signs(resource))  # most show nothing: whose they are is not asked
            if shown and _of_cluster(world, resource, joined):
                yield from ((resource, one) for one in shown)
        elif resource.unit == unit:
            yield from ((resource, one) for one in object_signs(resource))


def _joined(world: World, unit: str) -> Resource | None:
    """The managed cluster that the profile joins to the unit, or the only one in it."""
    for entry in world.profile.units:
        if entry.name == unit and entry.cluster:
            here = world.inventory.at(unit, entry.cluster) or world.inventory.by_id.get(entry.cluster)
            return here or next((one for one in world.inventory.all if one.address == entry.cluster), None)
    inside = list(world.inventory.of(*CLUSTERS, unit=unit))
    return inside[0] if len(inside) == 1 else None


def _of_cluster(world: World, resource: Resource, joined: Resource | None) -> bool:
    """Whether a Terraform resource belongs to the unit's cluster."""
    if resource.kind in CLUSTERS:
        return joined is resource
    named = resource.attrs.get("cluster_name")
    if named is None:
        return True
    whose = world.inventory.find(named, resource, *CLUSTERS)
    if isinstance(whose, Resource):
        return joined is whose
    own = joined.attrs.get("name") if joined is not None else None
    if isinstance(named, str) and isinstance(own, str):
        return named == own
    return joined is not None or not list(world.inventory.of(*CLUSTERS, unit=resource.unit))
