"""What Terraform resources say of their own place: by the tables, by region and zone, by the subnet they stand in."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from scanner import tables
from scanner.builders.blocks import Found, at, first, heads
from scanner.builders.draft import World
from scanner.builders.placement.conditions import Outcome, all_hold, only_ordinary
from scanner.builders.placement.meets import Meetings
from scanner.builders.placement.places import (
    TABLE_CLOUDS,
    add_capacity,
    add_place,
    partition_of,
    region_of_zone,
    tells,
    words_of,
    zone_place,
)
from scanner.graph.facts import Placement
from scanner.resource import Resource
from scanner.unknown import Unknown

CLUSTER_ARGUMENTS = ("cluster_name", "cluster", "cluster_arn", "cluster_id", "kubernetes_cluster_id")
"""Arguments by which a part of a cluster names the cluster."""
ZONE_ARGUMENTS = ("availability_zone", "availability_zones", "placement.availability_zone")
ZONE_HEADS = heads(ZONE_ARGUMENTS)
REGION_ELSEWHERE = frozenset({"aws_route53_zone", "aws_ec2_managed_prefix_list", "aws_organizations_policy"})
"""Types of AWS whose `region` is not where the resource stands, or that have no region at all."""


def add_table_rows(world: World) -> None:
    """A fact for each row of the placement tables whose condition holds, or may hold."""
    meetings = Meetings(world)
    for resource in world.inventory.all:
        for row in tables.placements(resource.kind, resource.data):
            outcome = all_hold(world, resource, row.when)
            _apply(world, resource, row.place, row.signal, row.because, outcome, meetings)
        if resource.kind == "azapi_resource":
            _azapi(world, resource, meetings)


def _azapi(world: World, resource: Resource, meetings: Meetings) -> None:
    named = first(resource, "type")
    if named is not None and isinstance(named.value, Unknown) and not named.text:
        for each in tables.azure_places():
            outcome = Outcome(named.value, named.origin or resource.origin)
            _apply(world, resource, each.place, each.signal, each.because, outcome, meetings)
        return
    row = tables.azure_placement(named.text) if named is not None else None
    if row is not None and named is not None:
        outcome = Outcome(named.possible or True, named.origin or resource.origin)
        _apply(world, resource, row.place, row.signal, row.because, outcome, meetings)


def _apply(
    world: World, resource: Resource, place: str, signal: str, because: str, outcome: Outcome, meetings: Meetings
) -> None:
    """The fact of one row. Ways out for data are always noted: what flows to them decides, and is not known yet.

    A private link is a way in for callers, and no place.
    """
    if place == "hybrid-link" and outcome.holds is not False and meetings.unit(resource.unit):
        said = f"who comes over the private link `{resource.address}` is not seen: it is a caller like any other"
        world.assumptions[said] = None
    if signal == "medium" and place != "hybrid-data" and (outcome.holds is False or resource not in meetings):
        return
    if place == "hybrid-compute":
        if outcome.holds is not False and tells(place, signal):
            cluster = cluster_of(world, resource)
            add_capacity(world, cluster.id if cluster is not None else resource.id, place, because, outcome)
        return
    add_place(world, resource.id, place, signal, because, outcome)


def cluster_of(world: World, resource: Resource) -> Resource | None:
    """The cluster that a resource names as its own."""
    for key in CLUSTER_ARGUMENTS:
        for one in at(resource, key):
            found = world.inventory.find(one.value, resource)
            if isinstance(found, Resource) and found.id != resource.id and "cluster" in found.kind:
                return found
    return None


def add_regions(world: World) -> None:
    """A Placement for each region, location or zone that a resource itself states."""
    for resource in world.inventory.all:
        if resource.provider is None or resource.data or resource.kind == "provider":
            continue
        row = tables.provider(resource.provider.source)
        if row is None or row.place != "cloud":
            continue
        cloud = words_of(resource.provider.source)
        for fact in _stated(world, resource, cloud):
            world.add_fact(resource.id, fact)


def _stated(world: World, resource: Resource, cloud: str) -> Iterator[Placement]:
    if cloud == "aws":
        for key in ZONE_ARGUMENTS if not resource.attrs.keys().isdisjoint(ZONE_HEADS) else ():
            for one in at(resource, key):
                yield from _zones(world, resource, one)
        if resource.kind not in REGION_ELSEWHERE:
            for one in at(resource, "region"):
                yield _region(resource, one, cloud)
        return
    for key in ("location", "region", "zone") if cloud == "gcp" else ("location",):
        for one in at(resource, key):
            yield _region(resource, one, cloud)


def _zones(world: World, resource: Resource, one: Found) -> Iterator[Placement]:
    values = one.value if isinstance(one.value, list | tuple) else [one.value]
    for value in values:
        if isinstance(value, str) and value:
            if tables.zone_kind(value) in ("", "standard") or not _has_zone_row(resource.kind):
                yield zone_place(value, one.origin)
        elif isinstance(value, Unknown) and not (_has_zone_row(resource.kind) or only_ordinary(world, resource, value)):
            because = f"the zone of `{resource.address}` is not known"
            yield Placement(origin=one.origin, because=because, place_class=value, perhaps="unordinary-zone")


@cache
def _has_zone_row(kind: str) -> bool:
    return any(condition.op == "zone" for row in tables.placements(kind) for condition in row.when)


def _region(resource: Resource, one: Found, cloud: str) -> Placement:
    """A region, an Azure location in either writing, or a Google zone."""
    region: str | Unknown = one.unknown or one.text
    if isinstance(region, str) and cloud == "azure":
        region = region.replace(" ", "").lower()
    zone = ""
    if isinstance(region, str) and cloud == "gcp" and tables.zone_kind(region, TABLE_CLOUDS[cloud]):
        zone, region = region, region_of_zone(region, cloud)
    account: str | Unknown = ""
    for own in at(resource, "project") if cloud == "gcp" else ():
        account = own.unknown or own.text
    return Placement(
        origin=one.origin,
        because=f"the region is `{region}`" if isinstance(region, str) else region.cause,
        place_class="cloud",
        provider=cloud,
        partition="gcp" if cloud == "gcp" else partition_of(region, cloud),
        account=account,
        region=region,
        zone=zone,
    )
