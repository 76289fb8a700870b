"""Clusters: where Terraform's stand, and on which one a set of manifests runs."""

from __future__ import annotations

from scanner import podspec
from scanner.builders.blocks import at
from scanner.builders.draft import World
from scanner.builders.inventory import names, text_of
from scanner.graph.facts import Placement
from scanner.graph.model import STACK, Edge, Node, Plane, Role
from scanner.origin import ApiOrigin
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown

CLUSTERS = (
    "aws_eks_cluster", "awscc_eks_cluster", "aws_ecs_cluster", "awscc_ecs_cluster", "azurerm_kubernetes_cluster",
    "azurerm_arc_kubernetes_cluster", "google_container_cluster", "google_container_attached_cluster",
    "google_container_aws_cluster", "google_container_azure_cluster", "google_gkeonprem_bare_metal_cluster",
    "google_gkeonprem_vmware_cluster", "google_edgecontainer_cluster", "azurerm_container_app_environment",
)  # fmt: skip
"""Terraform types that schedule workloads."""
MEMBERS = (
    "aws_eks_node_group", "aws_eks_fargate_profile", "aws_ecs_service", "aws_ecs_task_set", "aws_ecs_capacity_provider",
    "google_container_node_pool", "azurerm_kubernetes_cluster_node_pool", "azurerm_container_app",
)  # fmt: skip
"""Terraform types that run in a cluster, or are machines of it."""
MEMBER_ARGUMENTS = (
    "cluster_name", "cluster", "cluster_id", "kubernetes_cluster_id", "container_app_environment_id",
)  # fmt: skip
_EKS = lazy(r"arn:(?P<partition>aws[\w-]*):eks:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):cluster/[\w-]+\Z")
"""What `aws eks update-kubeconfig` calls a cluster."""
WITH_PLACE = STACK | {Role.MODEL, Role.CANDIDATE, Role.STORE}


def add_clusters(world: World) -> frozenset[str]:
    """Role CLUSTER for Terraform's clusters, and edges from what runs in them; returns the clusters' ids."""
    found = list(world.inventory.of(*CLUSTERS))
    for cluster in found:
        world.add_roles(cluster.id, [Role.CLUSTER], "a cluster")
    for member in world.inventory.of(*MEMBERS):
        for key in MEMBER_ARGUMENTS:
            for one in at(member, key):
                cluster_ = world.inventory.find(one.value, member, *CLUSTERS)
                if isinstance(cluster_, Resource):
                    because = f"it belongs to the cluster `{cluster_.address}`"
                    world.add_edge(Edge(member.id, cluster_.id, Plane.PLACEMENT, "run-on", because, one.origin))
    return frozenset(one.id for one in found)


def add_manifest_clusters(world: World) -> None:
    """One cluster node for each unit with manifests, what runs on it, and what it is."""
    for unit, members in sorted(_by_unit(world).items()):
        node = world.ensure(
            Node(
                id=f"{unit}:cluster",
                kind="Cluster",
                address="cluster",
                name=unit,
                origin=members[0].origin,
                roles=frozenset({Role.CLUSTER}),
            )
        )
        if not _machines(world, unit, node, members):
            _say_which(world, unit, node)
        for resource in members:
            if podspec.pod_templates(resource) or world.nodes[resource.id].roles & WITH_PLACE:
                because = f"the manifests of `{unit}` are one cluster's"
                world.add_edge(Edge(resource.id, node.id, Plane.PLACEMENT, "run-on", because, resource.origin))


def _by_unit(world: World) -> dict[str, list[Resource]]:
    """The objects that no Terraform provider makes, by unit."""
    found: dict[str, list[Resource]] = {}
    for resource in world.inventory.objects:
        if resource.provider is None:
            found.setdefault(resource.unit, []).append(resource)
    return found


def _machines(world: World, unit: str, node: Node, members: list[Resource]) -> bool:
    """An edge to each machine of a cluster that was read; False where the profile says which one it is, or none is.

    The API server of a cluster lists every machine that is in it; files may name some.
    """
    if any(one.name == unit and one.cluster for one in world.profile.units):
        return False
    machines = [one for one in members if (one.kind, one.group) == ("Node", "") and one.source in ("bundle", "live")]
    for one in machines:
        because = f"`{one.address}` is a machine of the cluster"
        world.add_edge(Edge(node.id, one.id, Plane.PLACEMENT, "run-on", because, one.origin))
    if any(text_of(one, "spec", "providerID").startswith("aws:") for one in machines):
        world.add_fact(node.id, _account(machines[0]))
    return bool(machines)


def _account(machine: Resource) -> Placement:
    """The account of a cluster of EC2 machines, by its ARN: an instance id says none."""
    scope = dict(machine.origin.scope) if isinstance(machine.origin, ApiOrigin) else {}
    name = scope.get("cluster", "")
    found = _EKS.match(name)
    if found is None:
        cause = f"no machine tells the account of the cluster `{name}`: call it by its ARN, or name it in `units`"
        unknown = Unknown(cause, decided_by=("units[].cluster",))
        return Placement(origin=machine.origin, because=cause, place_class="cloud", provider="aws", account=unknown)
    return Placement(
        origin=machine.origin,
        because=f"the cluster is called `{name}`",
        place_class="cloud",
        provider="aws",
        partition=found["partition"],
        account=found["account"],
        region=found["region"],
    )


def _say_which(world: World, unit: str, node: Node) -> None:
    entry = next((one for one in world.profile.units if one.name == unit and one.cluster), None)
    if entry is None:
        cause = f"nothing says on which cluster the manifests of `{unit}` run"
        unknown = Unknown(cause, decided_by=("units[].cluster",))
        world.add_fact(node.id, Placement(origin=node.origin, because=cause, place_class=unknown))
        return
    named = [one for one in world.inventory.of(*CLUSTERS) if names(entry.cluster, one.unit, one.address)]
    named = [one for one in named if one.unit == unit] or named
    if len(named) == 1:
        because = f"the profile says that the manifests of `{unit}` run on `{entry.cluster}`"
        world.add_edge(Edge(node.id, named[0].id, Plane.PLACEMENT, "run-on", because, entry.origin))
        return
    cause = f"the cluster `{entry.cluster}` of the unit `{unit}` is not in the inputs"
    if named:
        cause = f"`{entry.cluster}` names {len(named)} clusters; a unit runs on one"
    unknown = Unknown(cause, decided_by=(entry.cluster,))
    world.add_fact(node.id, Placement(origin=entry.origin, because=cause, place_class=unknown))


def cluster_node(world: World, resource: Resource) -> str:
    """The id of the node for the cluster that an object is in: its provider's, or that of its unit's manifests."""
    if resource.provider is not None:
        node_id = f"{resource.unit}:{resource.provider.address}"
        for edge in world.edges:
            if edge.source == node_id and edge.plane is Plane.PLACEMENT:
                return edge.target
        return node_id if node_id in world.nodes else resource.id
    node_id = f"{resource.unit}:cluster"
    return node_id if node_id in world.nodes else resource.id
