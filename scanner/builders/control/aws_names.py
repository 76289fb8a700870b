"""ARNs of what stands around the stack, as patterns: what is not known before a resource exists is a wildcard.

Source: AWS Service Authorization Reference, "Resource types defined by" each service.
"""

from __future__ import annotations

from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_policy.match import ANY, glob
from scanner.resource import Resource
from scanner.unknown import Unknown

SHAPES: dict[str, tuple[str, str]] = {
    "aws_ssm_parameter": ("ssm:{any}:{any}:parameter/{name}", "name"),
    "aws_secretsmanager_secret": ("secretsmanager:{any}:{any}:secret:{name}-{any}", "name"),
    "aws_appconfig_application": ("appconfig:{any}:{any}:application/{any}", ""),
    "aws_appconfig_environment": ("appconfig:{any}:{any}:application/{any}", ""),
    "aws_appconfig_configuration_profile": ("appconfig:{any}:{any}:application/{any}", ""),
    "aws_security_group": ("ec2:{any}:{any}:security-group/{any}", ""),
    "aws_instance": ("ec2:{any}:{any}:instance/{any}", ""),
    "aws_ecs_service": ("ecs:{any}:{any}:service/{any}/{name}", "name"),
    "aws_lb_listener": ("elasticloadbalancing:{any}:{any}:listener/{any}", ""),
    "aws_alb_listener": ("elasticloadbalancing:{any}:{any}:listener/{any}", ""),
    "aws_lb_listener_rule": ("elasticloadbalancing:{any}:{any}:listener-rule/{any}", ""),
    "aws_alb_listener_rule": ("elasticloadbalancing:{any}:{any}:listener-rule/{any}", ""),
    "aws_lb_target_group": ("elasticloadbalancing:{any}:{any}:targetgroup/{name}/{any}", "name"),
    "aws_alb_target_group": ("elasticloadbalancing:{any}:{any}:targetgroup/{name}/{any}", "name"),
    "aws_api_gateway_rest_api": ("apigateway:{any}::/restapis/{any}", ""),
    "aws_apigatewayv2_api": ("apigateway:{any}::/apis/{any}", ""),
    "aws_wafv2_web_acl": ("wafv2:{any}:{any}:{any}/webacl/{name}/{any}", "name"),
    "aws_sagemaker_model_package_group": (
        "sagemaker:{any}:{any}:model-package/{name}/{any}", "model_package_group_name",
    ),
    "aws_organizations_policy": ("organizations:{any}", ""),
    "awscc_bedrock_agent": ("bedrock:{any}:{any}:agent/{any}", ""),
    "awscc_bedrock_flow": ("bedrock:{any}:{any}:flow/{any}", ""),
}  # fmt: skip
"""Kind -> the ARN behind its partition, and the argument with the name."""
WHOLE = frozenset({"aws_organizations_policy"})
"""Kinds whose actions are asked of anything of the service: on which policy or target they are given says little."""


def arns_of(resource: Resource) -> tuple[tuple[str, ...], bool]:
    """Every pattern that stands for a resource and what is in it, and whether parts of its ARN are not known."""
    known = arn_of(resource)
    if resource.kind not in SHAPES:
        return (known.text, f"{known.text}/{ANY}"), known.partly
    shape, attribute = SHAPES[resource.kind]
    value = resource.attrs.get(attribute) if attribute else None
    named = glob(value, wild=False) if value is not None else glob(Unknown("its id"))
    made = f"arn:{ANY}:" + shape.format(any=ANY, name=named.text.lstrip("/"))
    return (made, known.text), resource.kind not in WHOLE and (named.partly or not attribute)
