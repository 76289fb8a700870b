"""One thing of both sides: what files say of it, and beside it what they leave to AWS and was recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from scanner.resource import OBSERVED, Attrs, Resource
from scanner.unknown import COMPUTED, Unknown

IDENTITY = frozenset(
    {
        *("id", "arn", "unique_id", "guardrail_id", "guardrail_arn", "key_id", "dns_name", "api_endpoint", "self_link"),
        *("function_url", "domain_name", "endpoint", "invoke_arn", "execution_arn"),
    }
)
"""Attributes that the provider makes, and that say what a thing is called."""
_OF_A_MOMENT = frozenset({OBSERVED, "status"})
"""What an API tells of how a thing fares, and nobody declares."""
_ALWAYS = IDENTITY | {OBSERVED}
LEFT: Mapping[str, tuple[str, ...]] = {
    "aws_security_group": ("ingress", "egress", "name", "vpc_id"),
    "aws_default_security_group": ("vpc_id",),
    "aws_network_acl": ("ingress", "egress", "subnet_ids"),
    "aws_route_table": ("route", "propagating_vgws"),
    "aws_instance": (
        *("vpc_security_group_ids", "security_groups", "subnet_id", "iam_instance_profile", "private_ip", "public_ip"),
        *("associate_public_ip_address", "metadata_options", "ipv6_addresses", "availability_zone"),
    ),
    "aws_network_interface": ("security_groups", "private_ips", "attachment"),
    "aws_lb": ("security_groups", "subnets", "subnet_mapping"),
    "aws_vpc_endpoint": ("policy", "security_group_ids", "subnet_ids", "route_table_ids"),
    "aws_iam_role": ("inline_policy", "managed_policy_arns", "name"),
    "aws_s3_bucket": (
        *("policy", "acl", "grant", "versioning", "logging", "website", "replication_configuration", "bucket"),
        *("server_side_encryption_configuration", "object_lock_configuration"),
    ),
    "aws_kms_key": ("policy",),
    "aws_sqs_queue": ("policy", "name"),
    "aws_sns_topic": ("policy", "name"),
    "aws_secretsmanager_secret": ("policy", "name"),
    "aws_api_gateway_rest_api": ("policy", "body"),
    "aws_apigatewayv2_api": ("body",),
    "aws_efs_file_system": ("policy",),
    "aws_eks_cluster": ("access_config", "vpc_config"),
    "aws_subnet": ("availability_zone", "availability_zone_id"),
    "aws_launch_template": ("default_version", "latest_version"),
    "aws_sagemaker_notebook_instance": ("security_groups",),
    "aws_ecs_service": ("iam_role",),
    "aws_cloudwatch_event_rule": ("state",),
}
"""Arguments that are optional and computed: left out, they stay what they are, whoever set them. Any other one that is
left out has its default once the files are applied. Source: the schemas of the provider hashicorp/aws."""


def laid_over(declared: Resource, recorded: Resource) -> Resource:
    """The declared thing, with what was recorded of it where the files leave that to AWS."""
    return _filled(declared, recorded, LEFT.get(declared.kind, ()))


def called_as(declared: Resource, recorded: Resource) -> Resource:
    """The declared thing, under the names that AWS made up for it."""
    return _filled(declared, recorded, ())


def _filled(declared: Resource, recorded: Resource, left: Sequence[str]) -> Resource:
    always = _ALWAYS if declared.kind.startswith("aws_") else _OF_A_MOMENT
    keep = [key for key in recorded.attrs if key in always or key in left]
    made = declared.action in ("create", "replace")
    missing = [key for key in keep if _left(declared, key, made=made)]
    attrs = Attrs(declared.attrs, declared.attrs.marks if isinstance(declared.attrs, Attrs) else {})
    for key in missing:
        attrs[key] = recorded.attrs[key]
        if key in recorded.attrs.marks:
            attrs.marks[key] = recorded.attrs.marks[key]
    aliases = tuple(dict.fromkeys((*declared.aliases, *recorded.aliases)))
    return replace(declared, attrs=attrs, aliases=aliases)


def _left(one: Resource, key: str, *, made: bool) -> bool:
    """Whether the files leave an argument to AWS; what a plan makes anew has another identity."""
    value = one.attrs.get(key)
    if key in _ALWAYS:
        return not made and (value is None or (isinstance(value, Unknown) and value.code == COMPUTED))
    return value is None
