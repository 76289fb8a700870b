"""Placement: where every thing stands, as far as anything written says."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.builders.placement.clusters import add_clusters, add_manifest_clusters
from scanner.builders.placement.inherit import add_inherited
from scanner.builders.placement.landing import add_landing
from scanner.builders.placement.objects import add_objects
from scanner.builders.placement.providers import add_providers
from scanner.builders.placement.scheduling import add_scheduling
from scanner.builders.placement.terraform import add_regions, add_table_rows
from scanner.builders.placement.unseen import add_unseen


def build_placement(world: World) -> None:
    """Placement, Capacity, EdgeLayer and Scheduling facts, and the edges from each thing to what it runs on."""
    clusters = add_clusters(world)
    add_providers(world, clusters)
    add_manifest_clusters(world)
    add_table_rows(world)
    add_regions(world)
    add_scheduling(world)
    add_objects(world)
    add_inherited(world)
    add_landing(world)
    add_unseen(world)
