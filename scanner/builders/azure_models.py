"""Doors of Azure's managed models: accounts and workspaces that answer on the public network unless told not to."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, at, first
from scanner.builders.draft import World
from scanner.graph.facts import Door
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown

OWNER = {
    "azurerm_cognitive_deployment": ("cognitive_account_id", "azurerm_cognitive_account", "azurerm_ai_services"),
    "azurerm_machine_learning_online_endpoint": ("workspace_id", "azurerm_machine_learning_workspace"),
    "azurerm_machine_learning_batch_endpoint": ("workspace_id", "azurerm_machine_learning_workspace"),
    "azurerm_machine_learning_inference_cluster": (
        "machine_learning_workspace_id",
        "azurerm_machine_learning_workspace",
    ),
}
"""Kind of a model -> (attribute that names what it belongs to, kinds of that)."""
ACCOUNTS = frozenset({"azurerm_cognitive_account", "azurerm_ai_services"})


def build_azure_models(world: World) -> None:
    """Add Door facts to the managed models of Azure."""
    for kind, (attribute, *owners) in OWNER.items():
        for one in world.inventory.of(kind):
            if Role.MODEL not in world.nodes[one.id].roles:
                continue
            owner = world.inventory.find(one.attrs.get(attribute), one, *owners)
            if isinstance(owner, Resource):
                for door in _doors(world, owner):
                    world.add_fact(one.id, door)
            else:
                cause = f"what `{attribute}` of `{one.address}` names is not in the inputs"
                unknown = owner or Unknown(cause, decided_by=(f"{one.address}.{attribute}",))
                world.add_fact(one.id, Door(origin=one.origin, because=cause, door="public", open=unknown))


def _doors(world: World, owner: Resource) -> Iterator[Door]:
    yield _public(owner)
    for link in world.inventory.of("azurerm_private_endpoint", unit=owner.unit):
        for found in at(link, "private_service_connection.private_connection_resource_id"):
            if world.inventory.find(found.value, owner) is owner:
                because = f"`{link.address}` is a private endpoint: whom it lets in is for its network to say"
                unknown = Unknown(because, code="network", decided_by=(link.address,))
                yield Door(origin=found.origin, because=because, door="private", open=unknown)


def _public(owner: Resource) -> Door:
    access = first(owner, "public_network_access_enabled") or first(owner, "public_network_access")
    if access is None:
        return _by_rules(owner, None, "`public_network_access_enabled` is not set: the default is open")
    if access.unknown is not None:
        because = "whether `public_network_access_enabled` is set is not known"
        return Door(origin=access.origin, because=because, door="public", open=access.unknown)
    if str(access.value).lower() in ("false", "disabled"):
        because = "public network access is off"
        return Door(origin=access.origin, because=because, door="public", open=False)
    return _by_rules(owner, access, f"public network access is `{str(access.value).lower()}`")


def _by_rules(owner: Resource, access: Found | None, because: str) -> Door:
    """The account's own rules: with `Deny` by default, only the ranges and subnets that are listed come in."""
    origin = owner.origin if access is None else access.origin
    action = first(owner, "network_acls.default_action") if owner.kind in ACCOUNTS else None
    if action is None:
        return Door(origin=origin, because=because, door="public", open=True)
    if action.unknown is not None:
        return Door(origin=action.origin, because="`default_action` is not known", door="public", open=action.unknown)
    if str(action.value).lower() != "deny":
        return Door(origin=action.origin, because="`default_action` is `Allow`", door="public", open=True)
    listed = [found for path in ("ip_rules", "virtual_network_rules.subnet_id") for found in _items(owner, path)]
    if not listed:
        because = "`default_action` is `Deny`, and no range or subnet is listed"
        return Door(origin=action.origin, because=because, door="public", open=False)
    because = "`default_action` is `Deny`, but for the ranges and subnets that are listed"
    unknown = Unknown(because, code="network", decided_by=(f"{owner.address}.network_acls",))
    return Door(origin=listed[0].origin, because=because, door="public", open=unknown)


def _items(owner: Resource, path: str) -> list[Found]:
    return [found for found in at(owner, f"network_acls.{path}") if found.value not in ([], ())]
