"""How a statement of a place is written down: by class, by region, by zone."""

from __future__ import annotations

from scanner import tables
from scanner.builders.draft import World
from scanner.builders.placement.conditions import Outcome
from scanner.graph.facts import Capacity, Placement
from scanner.origin import Origin
from scanner.unknown import Unknown

CLOUDS = {"aws": "aws", "awscc": "aws", "azurerm": "azure", "azapi": "azure", "google": "gcp", "google-beta": "gcp"}
"""By the last part of a provider's source: the word for it in the profile's `places`."""
TABLE_CLOUDS = {"aws": "aws", "azure": "azure", "gcp": "google"}
"""The profile's word, and that of the regions table."""
ZONES = {"standard": "cloud", "local": "near-edge", "wavelength": "telco-edge"}
SIGNALS = frozenset({"strong", "medium", "unknown"})
"""The signals that make a fact; the others support, lead on, or say nothing by themselves."""


def tells(place: str, signal: str) -> bool:
    """Whether a row of this class and signal says where something stands."""
    meaning = tables.place_class(place)
    return signal in SIGNALS and meaning is not None and meaning.verdict is not None


def as_class(place: str, signal: str, because: str, address: str) -> str | Unknown:
    """The class itself, or an Unknown where the class leaves the place open (other than the edge's own)."""
    meaning = tables.place_class(place)
    open_ = meaning is not None and meaning.verdict == "unproven"
    if signal == "unknown" or (open_ and not (place == "edge-distribution" and signal == "strong")):
        return Unknown(because, decided_by=(address,))
    return place


def add_place(world: World, node_id: str, place: str, signal: str, because: str, outcome: Outcome) -> None:
    """A Placement from a table's row, for a condition that holds or may hold."""
    if outcome.holds is False or not tells(place, signal):
        return
    kind: str | Unknown = as_class(place, signal, because, world.nodes[node_id].address)
    if outcome.zone:
        kind = ZONES.get(tables.zone_kind(outcome.zone), kind)  # some rows speak of more than one kind of zone
    bad = ""
    if isinstance(outcome.holds, Unknown):
        bad = "unordinary-zone" if outcome.of_zone else bad_class(place)
        kind = outcome.holds
        facts = world.nodes[node_id].facts
        if any(isinstance(fact, Placement) and (fact.place_class, fact.perhaps) == (kind, bad) for fact in facts):
            return  # two rows ask the same of one value that is not known: once is enough
        because = perhaps("it is no ordinary zone of the region" if outcome.of_zone else because, outcome.holds)
    world.add_fact(
        node_id,
        Placement(origin=outcome.origin, because=because, place_class=kind, zone=outcome.zone, perhaps=bad),
    )


def bad_class(place: str) -> str:
    """The class to remember of a value that is not known: one that would be a violation."""
    meaning = tables.place_class(place)
    return place if meaning is not None and meaning.verdict == "violated" else ""


def perhaps(because: str, unknown: Unknown) -> str:
    """What a row says of a value that is not known: it may be so."""
    return f"{unknown.cause}; it may be that {because}"


def add_capacity(world: World, node_id: str, place: str, because: str, outcome: Outcome) -> None:
    """A Capacity of a cluster, or of what there is instead of one."""
    if outcome.holds is not False:
        kind: str | Unknown = place
        if isinstance(outcome.holds, Unknown):
            kind, because = outcome.holds, perhaps(because, outcome.holds)
        world.add_fact(node_id, Capacity(origin=outcome.origin, because=because, place_class=kind))


def partition_of(region: str | Unknown, cloud: str) -> str | Unknown:
    """The partition of a region, as the profile writes it."""
    if isinstance(region, Unknown):
        return region
    row = tables.partition_of(region, TABLE_CLOUDS.get(cloud, cloud))
    if row is not None:
        return "gcp" if row.id == "google" else row.id
    if cloud == "azure":
        return "azure"
    return Unknown(f"no table knows the region `{region}`", decided_by=(f"region {region}",))


def zone_place(
    zone: str, origin: Origin | None, cloud: str = "aws", because: str = "", account: str | Unknown = ""
) -> Placement:
    """The place that a zone's name says: the zone of a region, a Local Zone, or none that is known."""
    kind = tables.zone_kind(zone, TABLE_CLOUDS.get(cloud, cloud))
    place = ZONES[kind] if kind else "unordinary-zone"
    says = f"the zone is `{zone}`" if kind else f"`{zone}` is not the name of an ordinary zone"
    region = region_of_zone(zone, cloud)
    return Placement(
        origin=origin,
        because=because or says,
        place_class=place,
        provider=cloud,
        partition=partition_of(region, cloud) if region else "",
        account=account,
        region=region,
        zone=zone,
    )


def region_of_zone(zone: str, cloud: str = "aws") -> str:
    """The region in a zone's name; "" where the name has none."""
    if cloud == "gcp":
        return zone.rpartition("-")[0]
    for row in tables.region_facts("zone"):
        found = tables.pattern(row.regex).search(zone) if row.regex and row.id == "aws-zone" else None
        if found is not None:
            return found["region"]
    return ""


def words_of(source: str) -> str:
    """The word for a provider in `places`: of a known cloud, or the last part of the source."""
    last = source.rpartition("/")[2]
    return CLOUDS.get(last, last)
