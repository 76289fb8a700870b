"""Audit trails of Azure: what diagnostic settings send away of clusters and of accounts that hold models."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.blocks import Found, at, doubt, first
from scanner.builders.draft import World
from scanner.graph.facts_audit import Trail
from scanner.graph.model import Role
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown

SETTING = "azurerm_monitor_diagnostic_setting"
CLUSTER = "azurerm_kubernetes_cluster"
ACCOUNTS = ("azurerm_cognitive_account", "azurerm_ai_services")
DEPLOYMENT = "azurerm_cognitive_deployment"
GROUPS = ("alllogs", "audit")
"""Category groups that hold every category of audit (Azure Monitor documentation, diagnostic settings)."""
ENTRA = "azure_active_directory_role_based_access_control"


class Wanted(Struct, frozen=True):
    """A kind of record: any of `categories` holds it. lost: what goes unrecorded without it."""

    categories: tuple[str, ...]
    lost: str


SERVER = Wanted(("kube-audit", "kube-audit-admin"), "who did what in the cluster")
GUARD = Wanted(("guard",), "whom Entra let into the cluster")
CALLS = Wanted(("RequestResponse",), "who called a model of the account")
ACCESS = Wanted(("Audit",), "who read the account's keys")


def azure_trails(world: World, guarded: set[str]) -> Iterator[tuple[Resource, Trail]]:
    """A Trail for each kind of record of the AKS clusters of guarded units, and of the accounts that hold models."""
    for cluster in world.inventory.of(CLUSTER):
        if cluster.unit in guarded:
            for wanted in (SERVER, GUARD) if at(cluster, ENTRA) else (SERVER,):
                yield cluster, _trail(world, cluster, wanted, "cluster-audit")
    for account in _accounts(world):
        for wanted in (CALLS, ACCESS):
            yield account, _trail(world, account, wanted, "account-audit")


def _accounts(world: World) -> Iterator[Resource]:
    held = set()
    for one in world.inventory.of(DEPLOYMENT):
        found = world.inventory.find(one.attrs.get("cognitive_account_id"), one, *ACCOUNTS)
        if Role.MODEL in world.nodes[one.id].roles and isinstance(found, Resource):
            held.add(found.id)
    yield from (world.inventory.by_id[one] for one in sorted(held))


def _trail(world: World, one: Resource, wanted: Wanted, aspect: str) -> Trail:
    """Azure sends no resource log anywhere unless a diagnostic setting says so (Azure Monitor documentation)."""
    unsure: tuple[Unknown, Found | None] | None = None
    seen = None
    for setting in world.inventory.of(SETTING, unit=one.unit):
        target = world.inventory.find(setting.attrs.get("target_resource_id"), setting)
        if isinstance(target, Unknown):
            unsure = unsure or (target, first(setting, "target_resource_id"))
        if target is not one:
            continue
        seen = seen or setting
        found, unknown = _sends(setting, wanted)
        unknown = unknown or (setting.possible if found is not None else None)
        if found is not None and unknown is None:
            because = f"`{setting.address}` sends `{found.text or '*'}`"
            return Trail(origin=found.origin, because=because, aspect=aspect, complete=True)
        if unknown is not None:
            unsure = (unknown, found)
    if unsure is not None:
        unknown, place = unsure
        origin = one.origin if place is None else place.origin
        return Trail(origin=origin, because=unknown.cause, aspect=aspect, complete=unknown)
    names = " or ".join(f"`{name}`" for name in wanted.categories)
    if seen is not None:
        because = f"`{seen.address}` sends no {names}: {wanted.lost} goes unrecorded"
        return Trail(origin=seen.origin, because=because, aspect=aspect, complete=False)
    because = f"no `{SETTING}` sends {names}: the default is no record of {wanted.lost}"
    return Trail(origin=one.origin, because=because, aspect=aspect, complete=False)


def _sends(setting: Resource, wanted: Wanted) -> tuple[Found | None, Unknown | None]:
    """The line by which a setting sends a wanted category; an Unknown where one that is not known may."""
    names = [name.lower() for name in wanted.categories]
    unsure: Unknown | None = None
    for block in [*_blocks(setting, "enabled_log"), *_blocks(setting, "log")]:
        if isinstance(block.value, Unknown):
            unsure = unsure or block.value
            continue
        if dig(block.value, "enabled") is False:
            continue
        for key, accepted in (("category", names), ("category_group", list(GROUPS))):
            value = dig(block.value, key)
            place = Found(value, mark(block.value, key) or block.origin, block.possible)
            if isinstance(value, Unknown):
                unsure = unsure or value
            elif isinstance(value, str) and value.lower() in accepted:
                if block.possible is None and not isinstance(dig(block.value, "enabled"), Unknown):
                    return place, None
                unsure = unsure or block.possible or Unknown("whether the category is enabled is not known")
    return None, unsure


def _blocks(setting: Resource, path: str) -> Iterator[Found]:
    for found in at(setting, path):
        items = found.value if isinstance(found.value, list | tuple) else [found.value]
        for index, item in enumerate(items):
            yield Found(item, mark(found.value, index) or found.origin, found.possible or doubt(item))
