"""Audit trails of accounts and clusters that hold models or the safety stack, and what they leave out."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, at, first, line
from scanner.builders.draft import World
from scanner.builders.edges import values
from scanner.builders.evidence.trail_reach import accounts, beside, regions, regions_of, selected
from scanner.graph.facts_audit import Trail
from scanner.graph.model import STACK, Role
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown

TRAIL = "aws_cloudtrail"
CLUSTER = "aws_eks_cluster"
GUARDED = frozenset({*STACK, Role.MODEL, Role.STORE})


def build_audit_trails(world: World) -> None:
    """Trail facts on every trail, on clusters of guarded units, on managed models, and on AWS without any trail."""
    guarded = {node.id.partition(":")[0] for node in world.with_role(*GUARDED)}
    trails = list(world.inventory.of(TRAIL))
    said = {one.id: [*_trail(world, one), *selected(one)] for one in trails}
    whole = [one for one in trails if one.possible is None and all(fact.complete is True for fact in said[one.id])]
    for one in trails:
        for fact in beside(world, one, said[one.id], whole):
            world.add_fact(one.id, fact)
    for owner, reach in (*accounts(world, trails), *regions(world, trails)):
        world.add_fact(owner.id, reach)
    for one in world.inventory.of(CLUSTER):
        if one.unit in guarded:
            world.add_fact(one.id, _cluster(one))
    _of_other_clouds(world, guarded)
    for node in list(world.nodes.values()) if not trails else ():
        if node.kind == "provider" and node.name == "aws" and node.id.partition(":")[0] in guarded:
            unknown = Unknown("no `aws_cloudtrail` is in the inputs", decided_by=("aws_cloudtrail",))
            because = "no trail is in the inputs: who calls and changes what in the account may go unrecorded"
            world.add_fact(node.id, Trail(origin=node.origin, because=because, aspect="declared", complete=unknown))


def _of_other_clouds(world: World, guarded: set[str]) -> None:
    """What Azure and Google Cloud keep; each is loaded only where there is anything of it."""
    if world.inventory.has_azure:
        from scanner.builders.evidence.azure_trails import azure_trails

        for owner, trail in list(azure_trails(world, guarded)):
            world.add_fact(owner.id, trail)
    if world.inventory.has_google:
        from scanner.builders.evidence.google_trails import google_logs, google_trails

        for owner, trail in list(google_trails(world, guarded)):
            world.add_fact(owner.id, trail)
        for owner, log in google_logs(world):
            world.add_fact(owner.id, log)


def _trail(world: World, one: Resource) -> Iterator[Trail]:
    """Defaults: hashicorp/aws documentation of `aws_cloudtrail`."""
    yield _flag(one, "enable_logging", "on", True, "the trail is switched off")
    yield _flag(one, "include_global_service_events", "global-events", True, "events of IAM and STS are left out")
    if not regions_of(world):
        yield _flag(one, "is_multi_region_trail", "regions", False, "events of other regions are left out")
    if not (one.attrs.get("event_selector") or one.attrs.get("advanced_event_selector")):
        because = "no event selector is set: the default is all management events"
        yield Trail(origin=one.origin, because=because, aspect="management-events", complete=True)
    for found in at(one, "event_selector.include_management_events"):
        yield _said(found, found.value is True, "management-events", "management events are left out")
    for found in values(one, "event_selector.exclude_management_event_sources"):
        yield _said(found, not found.value, "management-events", "management events of a service are left out")


def _flag(one: Resource, key: str, aspect: str, default: bool, bad: str) -> Trail:
    found = first(one, key)
    if found is None:
        because = f"`{key}` is not set: the default is {str(default).lower()}" + ("" if default else f": {bad}")
        return Trail(origin=one.origin, because=because, aspect=aspect, complete=default)
    return _said(found, found.value is True, aspect, bad)


def _said(found: Found, good: bool, aspect: str, bad: str) -> Trail:
    if isinstance(found.value, Unknown):
        return Trail(origin=found.origin, because=found.value.cause, aspect=aspect, complete=found.value)
    if found.possible is not None:
        return Trail(origin=found.origin, because=found.possible.cause, aspect=aspect, complete=found.possible)
    return Trail(origin=found.origin, because="nothing is left out" if good else bad, aspect=aspect, complete=good)


def _cluster(one: Resource) -> Trail:
    """EKS sends no control-plane log unless asked to (Amazon EKS User Guide, "Control plane logs")."""
    found = values(one, "enabled_cluster_log_types")
    where: Origin = line(one, "enabled_cluster_log_types")
    unknown = next((each.value for each in found if isinstance(each.value, Unknown)), None)
    if any(each.value == "audit" for each in found):
        return Trail(origin=where, because="the cluster's audit log is on", aspect="cluster-audit", complete=True)
    if unknown is not None:
        return Trail(origin=where, because=unknown.cause, aspect="cluster-audit", complete=unknown)
    because = "`enabled_cluster_log_types` has no `audit`: the default is no log of who did what in the cluster"
    return Trail(origin=where, because=because, aspect="cluster-audit", complete=False)
