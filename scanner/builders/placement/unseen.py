"""Clusters of Kubernetes in the inputs of which nothing that was read says what runs in them."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.draft import World
from scanner.graph.facts import Unseen
from scanner.graph.model import Plane, State
from scanner.origin import ApiOrigin
from scanner.resource import Resource

KINDS = (
    "aws_eks_cluster", "awscc_eks_cluster", "azurerm_kubernetes_cluster", "azurerm_arc_kubernetes_cluster",
    "google_container_cluster", "google_container_attached_cluster", "google_container_aws_cluster",
    "google_container_azure_cluster", "google_gkeonprem_bare_metal_cluster", "google_gkeonprem_vmware_cluster",
    "google_edgecontainer_cluster",
)  # fmt: skip
"""Terraform types of clusters whose workloads are objects of their own API, and no resources of the cloud."""


def add_unseen(world: World) -> None:
    """An Unseen fact for each cluster on which no manifests, no recorded objects and no provider's objects run."""
    sure = (edge for edge in world.edges if edge.plane is Plane.PLACEMENT and edge.state is State.OPEN)
    used = {edge.target for edge in sure if _holds_objects(world, edge.source)}
    recorded = set(_recorded(world))
    for one in world.inventory.of(*KINDS):
        if one.id in used or not recorded.isdisjoint(_names(one)):
            continue
        because = "no manifest, recorded object or resource that was read is of this cluster"
        world.add_fact(one.id, Unseen(origin=one.origin, because=because))


def _holds_objects(world: World, node_id: str) -> bool:
    """The manifests of a unit, or the configuration of a provider through which Terraform makes objects."""
    return world.nodes[node_id].kind in ("Cluster", "provider")


def _recorded(world: World) -> Iterator[str]:
    """What clusters are called of which an API told."""
    for one in world.inventory.all:
        if isinstance(one.origin, ApiOrigin):
            yield dict(one.origin.scope).get("cluster", "")


def _names(one: Resource) -> set[str]:
    return {value for key in ("arn", "id") if isinstance(value := one.attrs.get(key), str) and value.startswith("arn:")}
