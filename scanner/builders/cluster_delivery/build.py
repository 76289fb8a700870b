"""A fact for each cluster to which something delivers workloads, beside the cluster of the objects themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scanner import tables
from scanner.builders.cluster_delivery.argo import applications
from scanner.builders.cluster_delivery.clouds import KINDS, delivered
from scanner.builders.cluster_delivery.gitops import charts, fleet, flux, imported, subscription, work
from scanner.builders.cluster_delivery.targets import Target
from scanner.builders.draft import World
from scanner.graph.facts_delivery import ClusterDelivery
from scanner.resource import Resource
from scanner.unknown import Unknown

Way = Callable[[World, Resource], Iterator[tuple[Target, bool | Unknown]]]
WAYS: dict[str, Way] = {
    "delivery-argo": applications,
    "delivery-flux-kustomization": flux,
    "delivery-flux-helm": flux,
    "delivery-fleet": fleet,
    "delivery-ocm-work": work,
    "delivery-ocm-subscription": subscription,
    "delivery-capi-charts": charts,
    "delivery-inferencepool-import": imported,
}
"""By row of placement_kubernetes: how its objects deliver. The rows without a way describe clusters."""


def build_cluster_deliveries(world: World) -> None:
    """ClusterDelivery facts on every delivery object."""
    for row in tables.kubernetes_facts("delivery"):
        way = WAYS.get(row.id, _nowhere)
        for kind in row.kinds:
            for one in world.inventory.like(kind, row.group):
                _add(world, one, way(world, one))
    for kind in KINDS:
        for one in world.inventory.like(kind):
            _add(world, one, delivered(world, one))


def _nowhere(_world: World, _one: Resource) -> Iterator[tuple[Target, bool | Unknown]]:
    """The objects of a row that describes clusters deliver nothing themselves."""
    return iter(())


def _add(world: World, one: Resource, found: Iterator[tuple[Target, bool | Unknown]]) -> None:
    for target, carried in found:
        fact = ClusterDelivery(
            origin=target.origin or one.origin,
            because=target.because,
            cluster=target.cluster,
            place_class=target.place_class,
            carries_model=carried,
            provider=target.provider,
            region=target.region,
        )
        world.add_fact(one.id, fact)
