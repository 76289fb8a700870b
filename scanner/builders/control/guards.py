"""Guards on AWS that a proof rests on beside the stack itself: endpoints, the plug-in that enforces, trails."""

from __future__ import annotations

from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.organisation import POLICY, RESOURCE, SERVICE, kind_of
from scanner.builders.aws_models.doors import SERVICE as BY_NAME
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import Truth
from scanner.builders.blocks import at, first
from scanner.builders.draft import World
from scanner.graph.model import STACK, Role
from scanner.resource import Resource
from scanner.tables import control_actions, inference_actions

TRAIL = "aws_cloudtrail"
BEDROCK = "BEDROCK_POLICY"
"""The type of an organisation's policy that enforces guardrails."""
ENDPOINT = "aws_vpc_endpoint"
ADDON = "aws_eks_addon"
ACTIONS = {
    ENDPOINT: ("ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"),
    ADDON: ("eks:UpdateAddon", "eks:DeleteAddon"),
}
"""Kind of a guard -> the rows of the control table that change it."""


def mark_aws_guards(world: World) -> None:
    """Give the role of a guard to what closes a way to a model of its unit."""
    models = [node.id for node in world.with_role(Role.MODEL)]
    managed = {one.partition(":")[0] for one in models if one not in world.inventory.by_id}
    managed |= {one.unit for one in _declared(world, models) if one.kind.startswith(("aws_", "awscc_"))}
    served = {one.unit for one in _declared(world, models) if one.kind[:1].isupper()}
    for endpoint in world.inventory.of(ENDPOINT):
        service = first(endpoint, "service_name")
        if endpoint.unit in managed and service is not None and BY_NAME.search(service.text):
            world.add_roles(endpoint.id, [Role.GUARD])
    for addon in world.inventory.of(ADDON):
        if addon.unit in served and addon.attrs.get("addon_name") == "vpc-cni":
            world.add_roles(addon.id, [Role.GUARD])
    if world.with_role(*STACK, Role.MODEL, Role.SINK):
        for policy in world.inventory.of(POLICY):
            if policy.attrs.get("type") == BEDROCK or _denies(world, policy):
                world.add_roles(policy.id, [Role.GUARD])


def _denies(world: World, policy: Resource) -> bool:
    """Whether a policy of an organisation denies, or may deny, something that the safety of a model rests on."""
    rules = policy_at(world.inventory, policy, "content")
    if rules.unknown is not None and kind_of(policy) in (SERVICE, RESOURCE):
        return True
    actions = [row.action for row in control_actions("aws")] + [row.action for row in inference_actions()]
    denies = [one for one in rules.statements if one.denies]
    return any(acts_on(one, action) is not Truth.NO for one in denies for action in actions)


def _declared(world: World, models: list[str]) -> list[Resource]:
    return [world.inventory.by_id[one] for one in models if one in world.inventory.by_id]


def sinks_of(world: World, trail: Resource) -> list[str]:
    """The stores of evidence that a trail writes to."""
    found = []
    for path in ("s3_bucket_name", "cloud_watch_logs_group_arn"):
        for value in at(trail, path):
            target = world.inventory.find(value.value, trail, "aws_s3_bucket", "aws_cloudwatch_log_group")
            if isinstance(target, Resource) and Role.SINK in world.nodes[target.id].roles:
                found.append(target.id)
    return found
