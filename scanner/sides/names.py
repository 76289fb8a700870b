"""By which arguments a thing of AWS is told from another of its kind, and what they say of one."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.resource import Resource
from scanner.sides.itself import is_main, referred
from scanner.unknown import Unknown

_OWN = {
    "name": (
        *("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy", "aws_iam_instance_profile", "aws_lb"),
        *("aws_eks_cluster", "aws_ecs_cluster", "aws_cloudtrail", "aws_bedrock_guardrail", "aws_lb_target_group"),
        *("aws_sagemaker_endpoint", "aws_sagemaker_endpoint_configuration", "aws_sagemaker_model", "aws_kms_alias"),
        *("aws_ecr_repository", "aws_cloudwatch_log_group", "aws_sns_topic", "aws_sqs_queue", "aws_ssm_parameter"),
        *("aws_secretsmanager_secret", "aws_dynamodb_table", "aws_kinesis_firehose_delivery_stream"),
        *("aws_cloudwatch_event_rule", "aws_codepipeline"),
    ),
    "bucket": (
        *("aws_s3_bucket", "aws_s3_bucket_policy", "aws_s3_bucket_versioning", "aws_s3_bucket_public_access_block"),
        *("aws_s3_bucket_object_lock_configuration", "aws_s3_bucket_replication_configuration", "aws_s3_bucket_acl"),
        *("aws_s3_bucket_ownership_controls", "aws_s3_bucket_server_side_encryption_configuration"),
    ),
    "function_name": ("aws_lambda_function",),
    "cidr_block": ("aws_vpc",),
}
NAMES: Mapping[str, tuple[str, ...]] = {
    **{kind: (key,) for key, kinds in _OWN.items() for kind in kinds},
    "aws_iam_role_policy": ("role", "name"),
    "aws_iam_user_policy": ("user", "name"),
    "aws_iam_group_policy": ("group", "name"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user_policy_attachment": ("user", "policy_arn"),
    "aws_iam_group_policy_attachment": ("group", "policy_arn"),
    "aws_eks_node_group": ("cluster_name", "node_group_name"),
    "aws_eks_fargate_profile": ("cluster_name", "fargate_profile_name"),
    "aws_eks_addon": ("cluster_name", "addon_name"),
    "aws_eks_access_entry": ("cluster_name", "principal_arn"),
    "aws_eks_pod_identity_association": ("cluster_name", "namespace", "service_account"),
    "aws_ecs_service": ("cluster", "name"),
    "aws_scheduler_schedule": ("group_name", "name"),
    "aws_cloudwatch_event_target": ("rule", "target_id"),
    "aws_security_group": ("vpc_id", "name"),
    "aws_vpc_endpoint": ("vpc_id", "service_name"),
    "aws_subnet": ("vpc_id", "cidr_block"),
    "aws_bedrock_guardrail_version": ("guardrail_arn", "version"),
    "aws_bedrock_enforced_guardrail_configuration": ("guardrail_identifier",),
    "aws_route_table_association": ("subnet_id",),
    "aws_main_route_table_association": ("vpc_id",),
    "aws_bedrock_model_invocation_logging_configuration": (),
}
"""By which arguments one thing of a kind is told from another (the import ids of the provider's documentation, but for
ids that AWS makes up: there, what cannot be changed without another thing)."""
ALONE = {"aws_bedrock_guardrail_version": "guardrail_arn"}
"""Kinds whose own name AWS gives when they are made: one that is alone at its parent, on both sides, is the same."""


UNSAID = {("aws_scheduler_schedule", "group_name"): "default"}
"""What an argument is that files leave out. Source: hashicorp/aws documentation of `aws_scheduler_schedule`."""
STAND_IN = "not-readable"
"""In the address of what stands for all that an API did not tell: each of them may be anything of its kind."""


def natural(resource: Resource, beside: Mapping[str, Resource]) -> tuple[str, ...]:
    """The name of a thing beside those of its kind; () where it has none that is known. beside: all, by node id."""
    if not resource.kind.startswith("aws_"):
        return (resource.kind, resource.group, resource.address)
    if resource.kind == "aws_route_table":
        return _table(resource, beside)
    if resource.possible is not None and STAND_IN in resource.address:
        return ()
    wanted = NAMES.get(resource.kind)
    if wanted is None:
        return ()
    values = [value_of(resource, key, beside) for key in wanted]
    return (resource.kind, *values) if all(values) else ()


def _table(resource: Resource, beside: Mapping[str, Resource]) -> tuple[str, ...]:
    """A route table by the subnets that are put to it, or as the main one of its network."""
    links = [each for each in beside.values() if each.kind == "aws_route_table_association"]
    own = [
        each for each in links if referred(each, "route_table_id") == resource.address and each.unit == resource.unit
    ]
    subnets = [value_of(each, "subnet_id", beside) for each in own]
    network = value_of(resource, "vpc_id", beside)
    if subnets:
        return (resource.kind, network, *sorted(subnets)) if network and all(subnets) else ()
    return (resource.kind, network, "main") if network and is_main(resource, beside) else ()


def value_of(resource: Resource, key: str, beside: Mapping[str, Resource], depth: int = 4) -> str:
    """The text of an argument; of a reference, the name of what it refers to; "" where neither is known."""
    value = resource.attrs.get(key)
    if value is None:
        return UNSAID.get((resource.kind, key), "")
    if isinstance(value, str):
        return value
    if not isinstance(value, Unknown) or value.ref is None or not depth:
        return ""
    other = beside.get(f"{resource.unit}:{value.ref.address}")
    names = NAMES.get(other.kind, ()) if other is not None else ()
    return value_of(other, names[-1], beside, depth - 1) if other is not None and names else ""
