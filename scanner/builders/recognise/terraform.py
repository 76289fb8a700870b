"""Managed models of the clouds in Terraform: which resources answer inference, which call it, and with what model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec.structs import replace

from scanner.builders.blocks import Found, at, first
from scanner.builders.draft import World
from scanner.builders.recognise import reference
from scanner.builders.recognise.reference import Reference
from scanner.graph.facts import ModelReference
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import COMPUTED, Unknown

MANAGED = {
    "aws_sagemaker_endpoint": "a SageMaker endpoint answers inference",
    "awscc_sagemaker_endpoint": "a SageMaker endpoint answers inference",
    "awscc_sagemaker_inference_component": "an inference component answers inference",
    "aws_sagemaker_inference_component": "an inference component answers inference",
    "aws_bedrock_marketplace_model_endpoint": "an endpoint of Bedrock's marketplace answers inference",
    "aws_bedrock_custom_model_deployment": "a deployment of a custom model answers inference",
    "aws_bedrock_provisioned_model_throughput": "provisioned throughput is a way to call a Bedrock model",
    "aws_bedrock_custom_model": "a custom model is a Bedrock model of this account",
    "aws_bedrock_inference_profile": "an inference profile is a way to call a Bedrock model",
    "awscc_bedrock_application_inference_profile": "an inference profile is a way to call a Bedrock model",
    "azurerm_cognitive_deployment": "a deployment answers inference",
    "azurerm_machine_learning_online_endpoint": "an online endpoint answers inference",
    "azurerm_machine_learning_batch_endpoint": "a batch endpoint answers inference",
    "azurerm_machine_learning_inference_cluster": "the cluster serves models of a workspace",
    "google_vertex_ai_endpoint": "a Vertex AI endpoint answers inference",
    "google_vertex_ai_endpoint_with_model_garden_deployment": "the endpoint serves a model of the model garden",
    "google_vertex_ai_index_endpoint": "",
}
"""Terraform types that are models, with why; "" is a look-alike that is none."""
CLOUD_CONTROL = "aws_cloudcontrolapi_resource"
"""A resource of AWS by the name of its type in CloudFormation, by which the types of awscc are called as well."""
AZURE_TYPES = (
    "microsoft.cognitiveservices/accounts/deployments",
    "microsoft.machinelearningservices/workspaces/onlineendpoints",
    "microsoft.machinelearningservices/workspaces/serverlessendpoints",
    "microsoft.machinelearningservices/workspaces/batchendpoints",
)
CALLERS = {
    "aws_bedrockagent_agent": ("foundation_model",),
    "awscc_bedrock_agent": ("foundation_model",),
    "aws_bedrockagent_flow": ("definition.node.configuration.prompt.source_configuration.inline.model_id",),
    "aws_bedrockagent_knowledge_base": (
        "knowledge_base_configuration.vector_knowledge_base_configuration.embedding_model_arn",
    ),
    "awscc_bedrock_knowledge_base": (
        "knowledge_base_configuration.vector_knowledge_base_configuration.embedding_model_arn",
    ),
    "aws_bedrock_model_invocation_job": ("model_id",),
    "aws_lambda_function": ("environment.variables.BEDROCK_MODEL_ID",),
}
"""Terraform types that call a Bedrock model, and where they name it."""


def managed(resource: Resource) -> str:
    """Why a Terraform resource is a model; "" where it is none."""
    if resource.kind == CLOUD_CONTROL:
        found = first(resource, "type_name")
        return MANAGED.get(as_awscc(found.text), "") if found else ""
    if resource.kind in ("azapi_resource", "azapi_resource_action"):
        found = first(resource, "type")
        kind = found.text.partition("@")[0].lower() if found else ""
        return "a deployment answers inference" if kind in AZURE_TYPES else ""
    return MANAGED.get(resource.kind, "")


def managed_references(world: World, resource: Resource) -> list[ModelReference]:
    """Which model a managed model is."""
    ways: dict[str, Callable[[World, Resource], Iterator[ModelReference]]] = {
        "aws_sagemaker_endpoint": _endpoint,
        "awscc_sagemaker_endpoint": _endpoint,
        "aws_bedrock_provisioned_model_throughput": _at("model_arn"),
        "aws_bedrock_custom_model": _custom,
        "aws_bedrock_inference_profile": _at("model_source.copy_from"),
        "awscc_bedrock_application_inference_profile": _at("model_source.copy_from"),
        "azurerm_cognitive_deployment": _azure("model"),
        "azapi_resource": _azure("body.properties.model"),
        "google_vertex_ai_endpoint_with_model_garden_deployment": _garden,
    }
    found = list(ways.get(resource.kind, _none)(world, resource))
    return found or [_untold(resource, f"nothing written in `{resource.address}` says which model it serves")]


def as_awscc(name: str) -> str:
    """The type of hashicorp/awscc of a type of CloudFormation: `AWS::IAM::Role` is `awscc_iam_role`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name.removeprefix("AWS::"))
    head, _, rest = words.partition("::")
    return f"awscc_{head.replace('_', '')}_{rest}".lower()


def called(resource: Resource) -> list[ModelReference]:
    """The Bedrock models that a resource calls by what is written in it."""
    if resource.kind not in CALLERS:
        return []
    found = [
        _fact(Reference(reference.bedrock(one.value)), one, "it calls this model")
        for path in CALLERS[resource.kind]
        for one in at(resource, path)
    ]
    return [one for one in found if one.reference != "bedrock:"]


def _none(_world: World, _resource: Resource) -> Iterator[ModelReference]:
    return iter(())


def _at(path: str) -> Callable[[World, Resource], Iterator[ModelReference]]:
    def way(world: World, resource: Resource) -> Iterator[ModelReference]:
        for one in at(resource, path):
            other = world.inventory.find(one.value, resource)
            if isinstance(other, Resource) and other.id != resource.id and managed(other):
                yield from managed_references(world, other)
            else:
                yield _fact(Reference(reference.bedrock(one.value)), one, f"`{path}` names the model")

    return way


def _custom(_world: World, resource: Resource) -> Iterator[ModelReference]:
    base = first(resource, "base_model_identifier")
    for one in at(resource, "custom_model_name"):
        says = f"tuned from `{base.text or '*'}`" if base else "a tuned model"
        name = one.value if isinstance(one.value, Unknown) else f"bedrock:custom-model/{one.text}"
        yield replace(_fact(Reference(name), one, says), adapter=True)


def _azure(path: str) -> Callable[[World, Resource], Iterator[ModelReference]]:
    def way(_world: World, resource: Resource) -> Iterator[ModelReference]:
        name = first(resource, f"{path}.name")
        form, version = first(resource, f"{path}.format"), first(resource, f"{path}.version")
        if name is None:
            return
        for part in (name, form, version):
            if part is not None and part.unknown is not None:
                yield _fact(Reference(part.unknown), part, f"`{path}` names the model")
                return
        start = f"azure:{form.text if form else 'OpenAI'}/{name.text}@"
        if version is None or not version.text:
            cause = f"`{path}.version` is not set: the service's default version is served, and it moves"
            decided = (f"{resource.address}.{path}.version",)
            yield _fact(Reference(Unknown(cause, decided_by=decided, pieces=(start, Unknown(cause)))), name, cause)
        else:
            made = _fact(Reference(start + version.text), version, f"`{path}` names the model and its version")
            yield replace(made, adapter=name.text.startswith("ft:"))

    return way


def _garden(_world: World, resource: Resource) -> Iterator[ModelReference]:
    for one in at(resource, "publisher_model_name"):
        yield _fact(reference.of(one.value, "publisher_model_name", "vertex"), one, "it deploys this model")
    for one in at(resource, "hugging_face_model_id"):
        yield _fact(reference.of(one.value, "hugging_face_model_id"), one, "it deploys this model")


def _endpoint(world: World, resource: Resource) -> Iterator[ModelReference]:
    """Endpoint, then configuration, then models: each step by reference or by name."""
    for one in at(resource, "endpoint_config_name"):
        config = world.inventory.find(
            one.value, resource, "aws_sagemaker_endpoint_configuration", "awscc_sagemaker_endpoint_config"
        )
        if not isinstance(config, Resource):
            yield _missing(one, config, "endpoint configuration")
            continue
        for path in ("production_variants.model_name", "shadow_production_variants.model_name"):
            for named in at(config, path):
                model = world.inventory.find(named.value, config, "aws_sagemaker_model", "awscc_sagemaker_model")
                if isinstance(model, Resource):
                    yield from sagemaker_model(world, model)
                else:
                    yield _missing(named, model, "model")


def sagemaker_model(world: World, model: Resource) -> Iterator[ModelReference]:
    """What the containers of a SageMaker model serve."""
    told = False
    for block in ("primary_container", "container", "containers"):
        for path, scheme in _PLACES:
            for one in at(model, f"{block}.{path}"):
                told = True
                yield _fact(_stored(world, model, one, path, scheme), one, f"`{path}` names the model")
    if not told:
        yield _untold(model, f"`{model.address}` names an image and no model: the image decides")


_PLACES = (
    ("model_data_url", "hf"),
    ("model_data_source.s3_data_source.s3_uri", "hf"),
    ("model_package_name", "sagemaker"),
    ("environment.HF_MODEL_ID", "hf"),
    ("environment.MODEL_ID", "hf"),
    ("environment.OPTION_MODEL_ID", "hf"),
    ("environment.SM_VLLM_MODEL", "hf"),
)


def _stored(world: World, model: Resource, one: Found, path: str, scheme: str) -> Reference:
    """The reference; a URL built from a bucket's attribute is written with the bucket's name where that is known."""
    value = one.value
    if path == "model_package_name" and isinstance(value, str):
        return Reference(f"sagemaker:{value}")
    if isinstance(value, Unknown) and value.pieces:
        filled = "".join(_piece(world, model, piece) for piece in value.pieces)
        if "*" not in filled:
            return reference.of(filled, path, scheme)
    return reference.of(value, path, scheme)


def _piece(world: World, model: Resource, piece: str | Unknown) -> str:
    if isinstance(piece, str):
        return piece
    found = world.inventory.find(piece, model, "aws_s3_bucket")
    if not isinstance(found, Resource) or piece.ref is None or piece.ref.attribute not in ("id", "bucket"):
        return "*"
    name = found.attrs.get("bucket")
    return name if isinstance(name, str) else "*"


def _missing(one: Found, found: Unknown | None, what: str) -> ModelReference:
    if isinstance(found, Unknown):
        return _fact(Reference(found), one, f"its {what} is not known")
    cause = f"the {what} `{one.text}` is not in the inputs"
    return _fact(Reference(Unknown(cause, decided_by=(one.text,))), one, cause)


def _untold(resource: Resource, cause: str) -> ModelReference:
    unknown = Unknown(cause, COMPUTED, decided_by=(resource.address,))
    return ModelReference(origin=resource.origin, because=cause, reference=unknown)


def _fact(found: Reference, where: Found, because: str) -> ModelReference:
    name = where.possible if where.possible is not None and not isinstance(found.name, Unknown) else found.name
    origin: Origin | None = where.origin
    return ModelReference(origin=origin, because=because, reference=name, digest=found.digest)
