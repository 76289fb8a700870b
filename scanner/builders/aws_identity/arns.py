"""ARNs of declared resources as patterns: what is not known before a resource exists is a wildcard."""

from __future__ import annotations

from msgspec.structs import replace

from scanner.builders.aws_policy.decide import Spell
from scanner.builders.aws_policy.match import ANY, DIGIT, Glob, glob
from scanner.builders.inventory import Inventory
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

SHAPES: dict[str, tuple[str, str, str]] = {
    "aws_sagemaker_endpoint": ("sagemaker", "endpoint/", "name"),
    "awscc_sagemaker_endpoint": ("sagemaker", "endpoint/", "endpoint_name"),
    "awscc_sagemaker_inference_component": ("sagemaker", "inference-component/", "inference_component_name"),
    "aws_sagemaker_inference_component": ("sagemaker", "inference-component/", "name"),
    "aws_bedrock_guardrail": ("bedrock", "guardrail/", ""),
    "awscc_bedrock_guardrail": ("bedrock", "guardrail/", ""),
    "aws_bedrock_guardrail_version": ("bedrock", "guardrail/", ""),
    "aws_bedrock_custom_model": ("bedrock", "custom-model/", ""),
    "aws_bedrock_inference_profile": ("bedrock", "application-inference-profile/", ""),
    "awscc_bedrock_application_inference_profile": ("bedrock", "application-inference-profile/", ""),
    "aws_bedrock_provisioned_model_throughput": ("bedrock", "provisioned-model/", ""),
    "aws_bedrockagent_agent": ("bedrock", "agent/", ""),
    "aws_bedrockagent_agent_alias": ("bedrock", "agent-alias/", ""),
    "aws_bedrockagent_flow": ("bedrock", "flow/", ""),
    "aws_bedrockagent_knowledge_base": ("bedrock", "knowledge-base/", ""),
    "aws_iam_role": ("iam", "role/", "name"),
    "aws_iam_user": ("iam", "user/", "name"),
    "aws_iam_group": ("iam", "group/", "name"),
    "aws_iam_policy": ("iam", "policy/", "name"),
    "aws_iam_saml_provider": ("iam", "saml-provider/", "name"),
    "aws_ssoadmin_permission_set": ("sso", "permissionSet/", ""),
    "aws_lambda_function": ("lambda", "function:", "function_name"),
    "aws_s3_bucket": ("s3", "", "bucket"),
    "aws_cloudwatch_log_group": ("logs", "log-group:", "name"),
    "aws_cloudtrail": ("cloudtrail", "trail/", "name"),
    "aws_kms_key": ("kms", "key/", ""),
    "aws_eks_cluster": ("eks", "cluster/", "name"),
    "aws_eks_addon": ("eks", "addon/", "cluster_name"),
    "aws_ecr_repository": ("ecr", "repository/", "name"),
    "aws_vpc_endpoint": ("ec2", "vpc-endpoint/", ""),
}
"""Kind -> (service, what stands before the name in the ARN, attribute that holds the name or "")."""
HEADS = {"s3": f"arn:{ANY}:s3:::", "iam": f"arn:{ANY}:iam::{DIGIT * 12}:"}
"""What the ARNs of a service begin with, where it is not region and account; `aws` is the account of nobody's own."""
LOOKED_UP = {
    "aws_bedrock_foundation_model": "foundation-model",
    "aws_bedrock_inference_profile": "inference-profile",
    "aws_bedrock_custom_model": "custom-model",
}
"""Data sources that look up a model: which one is not known, that it is one is."""


def arn_of(resource: Resource) -> Glob:
    """The ARN of a resource; `partly` where more than partition, region and account is not known."""
    literal = resource.attrs.get("arn")
    if isinstance(literal, str) and literal:
        return Glob(literal)
    if resource.kind not in SHAPES:
        return Glob(f"arn:{ANY}:{resource.kind}:{resource.address}", partly=True)
    service, before, attribute = SHAPES[resource.kind]
    value = resource.attrs.get(attribute) if attribute else None
    named = glob(value, wild=False) if value is not None else Glob(ANY, partly=True)
    head = HEADS.get(service, f"arn:{ANY}:{service}:{ANY}:{ANY}:")
    path = resource.attrs.get("path")
    middle = path.lstrip("/") if isinstance(path, str) and service == "iam" else "" if path is None else ANY
    return Glob(f"{head}{before}{middle}{named.text}", named.partly)


def speller(inventory: Inventory, unit: str) -> Spell:
    """A Spell that writes a reference to the ARN of a declared resource as that resource's ARN."""

    def spell(value: Value) -> Glob:
        if isinstance(value, Unknown):
            if value.ref is not None and value.ref.attribute.endswith("arn"):
                found = inventory.at(unit, value.ref.address)
                if found is not None and not found.data:
                    return _sure(arn_of(found))
                if found is not None and found.kind in LOOKED_UP:
                    return Glob(f"arn:{ANY}:bedrock:{ANY}:{ANY}:{LOOKED_UP[found.kind]}/{ANY}", partly=True)
            if value.pieces:
                parts = [spell(piece) for piece in value.pieces]
                return Glob("".join(part.text for part in parts), any(part.partly for part in parts))
        return glob(value)

    return spell


def _sure(arn: Glob) -> Glob:
    """The ARN of one declared thing is one string, known or not: no wildcard that a caller could fill."""
    return replace(arn, partly=arn.partly or ANY in arn.text)


def principal_arn(resource: Resource | None, name: str) -> Glob:
    """The ARN under which a principal signs its requests."""
    if resource is not None:
        return _sure(arn_of(resource))
    return Glob(name) if name.startswith("arn:") else Glob(f"{HEADS['iam']}role/{ANY}{name}", True)
