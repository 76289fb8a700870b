"""What belongs to an interface and is written elsewhere: cards, groups and subnets that are attached, and hosts."""

from __future__ import annotations

from scanner.builders.blocks import Found
from scanner.builders.edges import values
from scanner.builders.inventory import Inventory
from scanner.resource import Resource
from scanner.unknown import Ref, Unknown, Value

GROUP_LINKS = (
    ("aws_network_interface_sg_attachment", "network_interface_id"),
    ("aws_vpc_endpoint_security_group_association", "vpc_endpoint_id"),
)
SUBNET_LINKS = {
    "aws_vpc_endpoint": (("aws_vpc_endpoint_subnet_association", "vpc_endpoint_id"),),
    "aws_ec2_client_vpn_endpoint": (("aws_ec2_client_vpn_network_association", "client_vpn_endpoint_id"),),
}
"""Types that attach a group or a subnet to something, and what names it there."""


def cards_of(inventory: Inventory) -> dict[str, list[Resource]]:
    """The declared interfaces that are attached to each instance, by its node id."""
    pairs: list[tuple[Resource, Value, Value]] = []
    for one in inventory.of("aws_instance", "aws_spot_instance_request"):
        for path in ("network_interface.network_interface_id", "primary_network_interface.network_interface_id"):
            pairs += [(one, found.value, Unknown("", ref=Ref(one.address))) for found in values(one, path)]
    for card in inventory.of("aws_network_interface"):
        own = Unknown("", ref=Ref(card.address))
        pairs += [(card, own, found.value) for found in values(card, "attachment.instance")]
    for link in inventory.of("aws_network_interface_attachment"):
        pairs.append((link, link.attrs.get("network_interface_id"), link.attrs.get("instance_id")))
    cards: dict[str, list[Resource]] = {}
    for one, card_value, owner_value in pairs:
        attached = inventory.find(card_value, one, "aws_network_interface")
        owner = inventory.find(owner_value, one)
        if isinstance(attached, Resource) and isinstance(owner, Resource):
            cards.setdefault(owner.id, []).append(attached)
    return cards


def links_of(inventory: Inventory) -> dict[str, list[Resource]]:
    """The attachments of further groups, by the node id of what they name."""
    links: dict[str, list[Resource]] = {}
    for kind, key in GROUP_LINKS:
        for link in inventory.of(kind):
            owner = inventory.find(link.attrs.get(key), link)
            if isinstance(owner, Resource):
                links.setdefault(owner.id, []).append(link)
    return links


def linked_subnets(inventory: Inventory, one: Resource) -> list[Found]:
    """The subnets that further resources give to `one`."""
    found: list[Found] = []
    for kind, key in SUBNET_LINKS.get(one.kind, ()):
        for link in inventory.of(kind, unit=one.unit):
            if inventory.find(link.attrs.get(key), link) is one:
                found += values(link, "subnet_id")
    return found


def hosts_of(inventory: Inventory, one: Resource) -> list[Resource]:
    """The groups of machines that the tasks of an ECS service without interfaces of their own run on, where known.

    They are those of the capacity providers of its cluster; a machine that joins by its start script is not seen.
    """
    if one.kind not in ("aws_ecs_service", "aws_ecs_task_set") or one.attrs.get("network_configuration") is not None:
        return []
    named = [found.value for found in values(one, "capacity_provider_strategy.capacity_provider")]
    cluster = inventory.find(one.attrs.get("cluster"), one, "aws_ecs_cluster")
    for link in inventory.of("aws_ecs_cluster_capacity_providers", unit=one.unit) if not named else ():
        if inventory.find(link.attrs.get("cluster_name"), link) is cluster and cluster is not None:
            named += [found.value for found in values(link, "capacity_providers")]
    hosts = []
    for value in named:
        provider = inventory.find(value, one, "aws_ecs_capacity_provider")
        if not isinstance(provider, Resource):
            return []
        for found in values(provider, "auto_scaling_group_provider.auto_scaling_group_arn"):
            group = inventory.find(found.value, one, "aws_autoscaling_group")
            if not isinstance(group, Resource):
                return []
            hosts.append(group)
    return hosts
