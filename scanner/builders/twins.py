"""Types of hashicorp/awscc whose twin in hashicorp/aws decides, and which nothing reads: what they open is not known.

Source: the documentation of both providers; the types of awscc are those of the CloudFormation registry.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.builders.recognise.terraform import CLOUD_CONTROL, as_awscc
from scanner.builders.supply.outside import read
from scanner.graph.model import STACK, Plane, Role
from scanner.resource import Resource

RIGHTS = (
    *("awscc_iam_", "awscc_eks_access_entry", "awscc_eks_pod_identity_association", "awscc_rolesanywhere_"),
    *(
        "awscc_sso_",
        "awscc_lambda_permission",
        "awscc_lambda_function",
        "awscc_lambda_url",
        "awscc_ecs_task_definition",
    ),
    *("awscc_stepfunctions_state_machine", "awscc_scheduler_schedule", "awscc_ssm_document", "awscc_cognito_identity"),
)
"""Who may do what, and what runs with the rights of somebody."""
STORES = (
    *(
        "awscc_s3_bucket_policy",
        "awscc_s3_access_",
        "awscc_s3_multi_region_",
        "awscc_s3_storage_",
        "awscc_s3objectlambda_",
    ),
    *("awscc_ecr_repository", "awscc_ecr_replication_", "awscc_kms_key", "awscc_ram_", "awscc_datasync_"),
    *("awscc_transfer_", "awscc_iottwinmaker_", "awscc_efs_"),
)
"""Who reads what is kept, and where it is copied."""
WAYS = (
    *("awscc_ec2_security_group", "awscc_ec2_vpc_endpoint", "awscc_ec2_vpc_peering_", "awscc_ec2_transit_gateway"),
    *("awscc_ec2_route", "awscc_ec2_network_acl", "awscc_elasticloadbalancing", "awscc_vpclattice_"),
    *("awscc_apigateway", "awscc_cloudfront_distribution", "awscc_globalaccelerator_"),
)
"""What lets a connection through, or leads it on."""


FOREIGN = ("awscc_", CLOUD_CONTROL)


def is_twin(world: World, one: Resource) -> bool:
    """Whether nobody asked for a type of awscc that lets in, leads on or runs something."""
    if one.data or not one.kind.startswith(FOREIGN) or one.kind in world.inventory.asked:
        return False
    return _is(one, *RIGHTS, *STORES, *WAYS)


def _is(one: Resource, *heads: str) -> bool:
    return any(kind.startswith(heads) for kind in _called(one))


def _called(one: Resource) -> tuple[str, ...]:
    """The types of awscc that a resource is: one that Cloud Control makes is of the type it names, or of any."""
    if one.kind != CLOUD_CONTROL:
        return (one.kind,)
    found = first(one, "type_name")
    return (*RIGHTS, *STORES, *WAYS) if found is None or found.unknown is not None else (as_awscc(found.text),)


def open_twin(world: World, one: Resource, members: Iterable[str]) -> None:
    """Possible edges from what such a type may let in to the models, the stack and the stores of its unit."""
    doubt = Doubt("kind-unmodelled", (one.address,))
    because = f"what `{one.kind}` opens is not read: its twin of the provider hashicorp/aws is"
    own = [node for node in members if node.startswith(f"{one.unit}:")]
    if _is(one, *RIGHTS, *WAYS):
        world.set_actor(one.id)
    for node in own if _is(one, *RIGHTS) else ():
        stack = bool(world.nodes[node].roles & STACK)
        verb = "become" if stack else "invoke"
        connect(world, one.id, node, because, one.origin, plane=Plane.IDENTITY, verb=verb, doubt=doubt)
    for node in own if _is(one, *WAYS) else ():
        if not world.nodes[node].roles & STACK:
            connect(world, one.id, node, because, one.origin, doubt=doubt)
    if _is(one, *STORES):
        held = [node.id for node in world.with_role(Role.STORE)]
        for node in sorted(held):
            if node.startswith(f"{one.unit}:"):
                read(world, node, "unknown-readers", because, one.origin, doubt)
