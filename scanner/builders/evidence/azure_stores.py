"""Stores of evidence in Azure: containers and accounts with an immutability policy, and workspaces that export."""

from __future__ import annotations

from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.builders.evidence.keeping import best, kept, naming, switched
from scanner.graph.facts_audit import Durable
from scanner.resource import Resource
from scanner.unknown import Unknown

CONTAINER = "azurerm_storage_container"
ACCOUNT = "azurerm_storage_account"
POLICY = "azurerm_storage_container_immutability_policy"
WORKSPACE = "azurerm_log_analytics_workspace"
EXPORT = "azurerm_log_analytics_data_export_rule"
LOCKED = "a locked immutability policy: it can be extended, and by nobody shortened or lifted"
OPEN = "an immutability policy that is not locked: whoever may change it lifts it"


def container(world: World, one: Resource) -> Durable:
    """A locked time-based policy holds against everybody (Azure Storage documentation, immutable storage)."""
    policies, doubt = naming(world, one, POLICY, "storage_container_resource_manager_id")
    found = []
    for policy, line in policies:
        locked = switched(policy, "locked", "true", LOCKED, OPEN)
        found.append(locked or kept(line.origin, f"`locked` is not set: the default is no; {OPEN}", False))
    if doubt is not None:
        found.append(kept(one.origin, "", doubt))
    path = next((key for key in ("storage_account_id", "storage_account_name") if first(one, key)), "")
    owner = world.inventory.find(one.attrs.get(path), one, ACCOUNT) if path else None
    if isinstance(owner, Resource):
        whole = account(world, owner)
        if whole.immutable is not False or not found:
            found.append(whole)
    elif isinstance(owner, Unknown) and not found:
        found.append(kept(one.origin, "", owner))
    because = f"no `{POLICY}` locks it: the default lets blobs be changed and deleted"
    return best(found) or kept(one.origin, because, False)


def account(_world: World, one: Resource) -> Durable:
    """The policy of an account binds every new container's versions, once its state is Locked."""
    found = switched(one, "immutability_policy.state", "Locked", LOCKED, OPEN)
    if found is not None:
        return found
    because = "`immutability_policy` is not set: the default lets blobs be changed and deleted"
    return kept(one.origin, because, False)


def workspace(world: World, one: Resource) -> Durable:
    """Records of a workspace can be purged and the workspace deleted: only what it exports can be kept from that."""
    rules, doubt = naming(world, one, EXPORT, "workspace_resource_id")
    found = []
    for rule, _ in rules:
        target = first(rule, "destination_resource_id")
        there = world.inventory.find(target.value if target else None, rule, ACCOUNT)
        if isinstance(there, Resource):
            found.append(account(world, there))
        elif isinstance(there, Unknown):
            found.append(kept(target.origin if target else rule.origin, "", there))
    if doubt is not None:
        found.append(kept(one.origin, "", doubt))
    because = "whoever may purge a workspace deletes its records, and nothing exports them to a locked store"
    return best(found) or kept(one.origin, because, False)
