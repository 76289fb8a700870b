"""Guards on AWS that a proof rests on beside the stack itself: endpoints, the plug-in that enforces, trails."""

from __future__ import annotations

from scanner.builders.aws_models.doors import SERVICE
from scanner.builders.blocks import at, first
from scanner.builders.draft import World
from scanner.graph.model import Role
from scanner.resource import Resource

TRAIL = "aws_cloudtrail"
ENDPOINT = "aws_vpc_endpoint"
ADDON = "aws_eks_addon"
ACTIONS = {
    ENDPOINT: ("ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"),
    ADDON: ("eks:UpdateAddon", "eks:DeleteAddon"),
}
"""Kind of a guard -> the rows of the control table that change it."""


def mark_aws_guards(world: World) -> None:
    """Give the role of a guard to what closes a way to a model of its unit."""
    models = [node.id for node in world.nodes.values() if Role.MODEL in node.roles]
    managed = {one.partition(":")[0] for one in models if one not in world.inventory.by_id}
    managed |= {one.unit for one in _declared(world, models) if one.kind.startswith(("aws_", "awscc_"))}
    served = {one.unit for one in _declared(world, models) if one.is_manifest}
    for endpoint in world.inventory.of(ENDPOINT):
        service = first(endpoint, "service_name")
        if endpoint.unit in managed and service is not None and SERVICE.search(service.text):
            world.add_roles(endpoint.id, [Role.GUARD])
    for addon in world.inventory.of(ADDON):
        if addon.unit in served and addon.attrs.get("addon_name") == "vpc-cni":
            world.add_roles(addon.id, [Role.GUARD])


def _declared(world: World, models: list[str]) -> list[Resource]:
    return [world.inventory.by_id[one] for one in models if one in world.inventory.by_id]


def sinks_of(world: World, trail: Resource) -> list[str]:
    """The stores of evidence that a trail writes to."""
    found = []
    for path in ("s3_bucket_name", "cloud_watch_logs_group_arn"):
        for value in at(trail, path):
            target = world.inventory.find(value.value, trail.unit, "aws_s3_bucket", "aws_cloudwatch_log_group")
            if isinstance(target, Resource) and Role.SINK in world.nodes[target.id].roles:
                found.append(target.id)
    return found
