"""Managed models as the ARNs that their actions name, and the actions that yield inference on each."""

from __future__ import annotations

from functools import cache

from msgspec import Struct

from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_policy.match import ANY
from scanner.builders.draft import World
from scanner.graph.model import Node, Role
from scanner.table_rows import InferenceAction
from scanner.tables import inference_actions

BEDROCK_KIND = "BedrockModels"
BEDROCK_ADDRESS = "bedrock/models"
KINDS = frozenset(
    {"direct", "batch", "via-service-role", "creates-endpoint", "creates-model", "enables-model", "credential"}
)
"""Kinds of the actions table that get their holder an answer from a model, at once or by a detour."""
MODEL_ARNS = tuple(
    f"arn:{ANY}:bedrock:{ANY}:{ANY}:{kind}/{ANY}"
    for kind in (
        "foundation-model",
        "inference-profile",
        "application-inference-profile",
        "provisioned-model",
        "custom-model",
        "custom-model-deployment",
        "imported-model",
        "prompt-router",
        "default-prompt-router",
    )
)
NAMING = frozenset({"bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", "bedrock:CreateModelInvocationJob"})
"""Actions whose resource is the model itself."""
_GATEWAY = "sagemaker:InvokeGlobalInferenceGateway"
ROUTED = frozenset({_GATEWAY, f"{_GATEWAY}WithResponseStream"})
"""Actions on a gateway that leads to the models that it was told of; which these are, no input shows.

Source: Amazon SageMaker Gateway Runtime API reference.
"""
GATEWAY_ARN = f"arn:{ANY}:sagemaker:{ANY}:{ANY}:global-inference-gateway/{ANY}"
ENDPOINT_KINDS = (
    "aws_sagemaker_endpoint", "awscc_sagemaker_endpoint", "awscc_sagemaker_inference_component",
    "aws_sagemaker_inference_component",
)  # fmt: skip


class Target(Struct, frozen=True):
    """A managed model. partly: its ARN is not wholly known."""

    node: Node
    unit: str
    arns: tuple[str, ...]
    bedrock: bool
    partly: bool = False

    def actions(self) -> tuple[InferenceAction, ...]:
        """The rows of the actions table that lead to this model."""
        return _rows(self.bedrock)

    def arns_for(self, row: InferenceAction) -> tuple[str, ...]:
        """What the resource of this action is, for this model."""
        if row.action in ROUTED:
            return (GATEWAY_ARN,)
        service = row.action.partition(":")[0]
        if row.action in NAMING or (not self.bedrock and row.kind == "direct"):
            return self.arns
        return (f"arn:{ANY}:{service}:{ANY}",)


@cache
def _rows(bedrock: bool) -> tuple[InferenceAction, ...]:
    services = ("bedrock", "bedrock-mantle", "bedrock-agentcore") if bedrock else ("sagemaker",)
    rows = (row for row in inference_actions() if row.kind in KINDS)
    return tuple(row for row in rows if row.action.partition(":")[0] in services)


def targets(world: World) -> list[Target]:
    """The managed models of the inputs that AWS's IAM guards: Bedrock's by unit, and SageMaker endpoints."""
    found = []
    for node in world.with_role(Role.MODEL):
        unit = node.id.removesuffix(f":{node.address}")
        if node.kind == BEDROCK_KIND:
            found.append(Target(node, unit, MODEL_ARNS, bedrock=True))
        elif node.kind in ENDPOINT_KINDS:
            arn = arn_of(world.inventory.by_id[node.id])
            found.append(Target(node, unit, (arn.text,), bedrock=False, partly=arn.partly))
    return sorted(found, key=lambda one: one.node.id)
