"""Roles of Terraform resources: managed models, tasks and machines that serve, stores, guardrails, operators."""

import base64

import pytest

from scanner.builders.recognise.build import build_roles
from scanner.graph.facts import ModelReference
from tests.builders.texts import build, facts, node, roles, shown


def world_of(tmp_path, text: str, profile: str = ""):
    return build(tmp_path, {"main.tf": text}, build_roles, profile=profile)


def references(world, address: str) -> list[str]:
    return sorted(shown(fact.reference) for fact in facts(world, address, ModelReference))


SAGEMAKER = """
resource "aws_sagemaker_endpoint" "e" {
  endpoint_config_name = aws_sagemaker_endpoint_configuration.c.name
}
resource "aws_sagemaker_endpoint_configuration" "c" {
  production_variants {
    model_name             = aws_sagemaker_model.m.name
    initial_instance_count = 1
  }
}
resource "aws_s3_bucket" "b" {
  bucket = "weights"
}
resource "aws_sagemaker_model" "m" {
  primary_container {
    image          = "x"
    CONTAINER
  }
}
"""


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('model_data_url = "s3://weights/m.tar.gz"', "s3://weights/m.tar.gz"),
        ('model_data_url = "s3://${aws_s3_bucket.b.bucket}/m.tar.gz"', "s3://weights/m.tar.gz"),
        ('environment = { HF_MODEL_ID = "org/name" }', "hf:org/name"),
        ("environment = { HF_MODEL_ID = var.m }", "?var.m"),
        ("", "?aws_sagemaker_model.m"),
    ],
)
def test_an_endpoint_serves_what_its_model_says(tmp_path, body, wanted):
    world = world_of(tmp_path, SAGEMAKER.replace("CONTAINER", body) + 'variable "m" {\n}\n')
    assert roles(world, "aws_sagemaker_endpoint.e") == {"model"}
    assert references(world, "aws_sagemaker_endpoint.e") == [wanted]


def test_the_bucket_of_a_model_is_a_store(tmp_path):
    text = SAGEMAKER.replace("CONTAINER", 'model_data_url = "s3://${aws_s3_bucket.b.bucket}/m.tar.gz"')
    world = world_of(tmp_path, text + 'resource "aws_s3_bucket" "other" {\n bucket = "weights-2"\n}')
    assert roles(world, "aws_s3_bucket.b") == {"store"}
    assert roles(world, "aws_s3_bucket.other") == set()


MANAGED = {
    "provisioned": (
        'resource "aws_bedrock_provisioned_model_throughput" "x" {\n'
        '  model_arn = "arn:aws-us-gov:bedrock:us-gov-west-1::foundation-model/anthropic.claude-v2"\n}',
        "aws_bedrock_provisioned_model_throughput.x",
        "bedrock:anthropic.claude-v2",
    ),
    "inference profile": (
        'resource "aws_bedrock_inference_profile" "x" {\n  model_source {\n'
        '    copy_from = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0"\n  }\n}',
        "aws_bedrock_inference_profile.x",
        "bedrock:amazon.nova-pro-v1:0",
    ),
    "inference profile in a region that is not known": (
        'data "aws_region" "r" {\n}\nresource "aws_bedrock_inference_profile" "x" {\n  model_source {\n'
        '    copy_from = "arn:aws:bedrock:${data.aws_region.r.name}::foundation-model/amazon.nova-pro-v1:0"\n  }\n}',
        "aws_bedrock_inference_profile.x",
        "bedrock:amazon.nova-pro-v1:0",
    ),
    "custom model": (
        'resource "aws_bedrock_custom_model" "x" {\n  custom_model_name = "tuned"\n  base_model_identifier = "b"\n}',
        "aws_bedrock_custom_model.x",
        "bedrock:custom-model/tuned",
    ),
    "azure with a version": (
        'resource "azurerm_cognitive_deployment" "x" {\n  model {\n    format = "OpenAI"\n    name = "gpt-x"\n'
        '    version = "2026-01-01"\n  }\n}',
        "azurerm_cognitive_deployment.x",
        "azure:OpenAI/gpt-x@2026-01-01",
    ),
    "azure without one": (
        'resource "azurerm_cognitive_deployment" "x" {\n  model {\n    format = "OpenAI"\n    name = "gpt-x"\n  }\n}',
        "azurerm_cognitive_deployment.x",
        "?azurerm_cognitive_deployment.x.model.version",
    ),
    "google model garden": (
        'resource "google_vertex_ai_endpoint_with_model_garden_deployment" "x" {\n'
        '  hugging_face_model_id = "org/name"\n}',
        "google_vertex_ai_endpoint_with_model_garden_deployment.x",
        "hf:org/name",
    ),
    "azapi": (
        'resource "azapi_resource" "x" {\n  type = "Microsoft.CognitiveServices/accounts/deployments@2024-10-01"\n'
        '  body = { properties = { model = { format = "OpenAI", name = "g", version = "1" } } }\n}',
        "azapi_resource.x",
        "azure:OpenAI/g@1",
    ),
}


@pytest.mark.parametrize("case", MANAGED)
def test_managed_models(tmp_path, case):
    text, address, wanted = MANAGED[case]
    world = world_of(tmp_path, text)
    assert roles(world, address) == {"model"}
    assert references(world, address) == [wanted]


def test_an_agent_calls_a_model_and_is_none(tmp_path):
    text = 'resource "aws_bedrockagent_agent" "a" {\n  agent_name = "a"\n  foundation_model = "anthropic.claude-v2"\n}'
    world = world_of(tmp_path, text)
    assert roles(world, "aws_bedrockagent_agent.a") == set()
    assert references(world, "aws_bedrockagent_agent.a") == ["bedrock:anthropic.claude-v2"]
    assert node(world, "aws_bedrockagent_agent.a").actor


@pytest.mark.parametrize(
    "text", ['resource "aws_s3_bucket" "x" {\n}', 'resource "google_vertex_ai_index_endpoint" "x" {\n}']
)
def test_others_are_no_models(tmp_path, text):
    world = world_of(tmp_path, text)
    assert all(not one.roles for one in world.nodes.values())


TASK = """
resource "aws_ecs_task_definition" "t" {
  container_definitions = jsonencode([{
    name = "c", image = "IMAGE", command = ["--model", "org/name"],
    environment = [{ name = "A", value = "b" }]
  }])
}
resource "aws_ecs_service" "s" {
  task_definition = aws_ecs_task_definition.t.arn
}
"""


def test_an_ecs_service_that_runs_a_server_is_the_model(tmp_path):
    world = world_of(tmp_path, TASK.replace("IMAGE", "vllm/vllm-openai:1"))
    assert roles(world, "aws_ecs_service.s") == {"model"}
    assert roles(world, "aws_ecs_task_definition.t") == set()
    assert references(world, "aws_ecs_service.s") == ["hf:org/name"]


def test_the_keys_of_a_task_are_read_in_any_case(tmp_path):
    """The provider decodes `Image` and `entrypoint` as it does `image` and `entryPoint`; labels are the author's."""
    text = TASK.replace("IMAGE", "vllm/vllm-openai:1")
    for written, other in (("name =", "Name ="), ("image =", "Image ="), ("command =", "Command =")):
        text = text.replace(written, other)
    world = world_of(tmp_path, text)
    assert roles(world, "aws_ecs_service.s") == {"model"}
    assert references(world, "aws_ecs_service.s") == ["hf:org/name"]
    labels = text.replace("Image =", "dockerLabels = { Image = ").replace(':1"', ':1" }')
    assert "vllm" in labels.partition("dockerLabels")[2]
    assert roles(world_of(tmp_path, labels), "aws_ecs_service.s") == set()


def test_an_ecs_service_of_something_else_is_none(tmp_path):
    world = world_of(tmp_path, TASK.replace("IMAGE", "nginx:1"))
    assert roles(world, "aws_ecs_service.s") == set()


SCRIPT = "#!/bin/bash\ndocker run -d --gpus all -p 8000:8000 vllm/vllm-openai:v0.9 --model org/name\n"


@pytest.mark.parametrize("encoded", [False, True])
def test_a_machine_whose_script_starts_a_server_is_a_model(tmp_path, encoded):
    written = (
        f'user_data_base64 = "{base64.b64encode(SCRIPT.encode()).decode()}"'
        if encoded
        else f"user_data = <<-EOT\n{SCRIPT}EOT"
    )
    world = world_of(tmp_path, f'resource "aws_instance" "i" {{\n  instance_type = "t3.micro"\n  {written}\n}}')
    assert roles(world, "aws_instance.i") == {"model"}
    assert references(world, "aws_instance.i") == ["hf:org/name"]


@pytest.mark.parametrize(
    ("size", "wanted"), [("p5.48xlarge", {"candidate"}), ("inf2.xlarge", {"candidate"}), ("m7i.large", set())]
)
def test_an_accelerated_machine_is_a_candidate(tmp_path, size, wanted):
    world = world_of(tmp_path, f'resource "aws_instance" "i" {{\n  instance_type = "{size}"\n}}')
    assert roles(world, "aws_instance.i") == wanted


@pytest.mark.parametrize(
    ("chart", "values", "wanted"),
    [
        ("vllm-stack", "", {"candidate"}),
        ("app", 'values = [yamlencode({ image = { repository = "vllm/vllm-openai" } })]', {"model"}),
        ("app", 'values = ["image: {repository: nginx}"]', set()),
        ("gpu-operator", "", set()),
    ],
)
def test_charts(tmp_path, chart, values, wanted):
    text = f'resource "helm_release" "r" {{\n  name = "r"\n  chart = "{chart}"\n  {values}\n}}'
    world = world_of(tmp_path, text)
    assert roles(world, "helm_release.r") == wanted


def test_the_model_in_the_values_of_a_chart(tmp_path):
    text = """
resource "helm_release" "r" {
  name  = "r"
  chart = "vllm-stack"
  values = [yamlencode({
    servingEngineSpec = { modelSpec = [{ repository = "vllm/vllm-openai", modelURL = "org/name" }] }
  })]
}
"""
    world = world_of(tmp_path, text)
    assert roles(world, "helm_release.r") == {"model"}
    assert references(world, "helm_release.r") == ["hf:org/name"]


GUARDRAIL = 'resource "aws_bedrock_guardrail" "g" {\n  name = "main"\n}'


@pytest.mark.parametrize(
    ("profile", "wanted"),
    [
        ("", {"guardrail"}),
        ("safety_stack: {guardrails: [{id: aws_bedrock_guardrail.g}]}", {"guardrail"}),
        ("safety_stack: {guardrails: [{id: main}]}", {"guardrail"}),
        ("safety_stack: {guardrails: [{id: other}]}", set()),
    ],
)
def test_guardrails(tmp_path, profile, wanted):
    assert roles(world_of(tmp_path, GUARDRAIL, profile), "aws_bedrock_guardrail.g") == wanted


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("arn:aws-us-gov:iam::111122223333:role/safety-*", {"operator"}),
        ("aws_iam_role.r", {"operator"}),
        ("arn:aws-us-gov:iam::111122223333:role/other-*", set()),
        ("arn:aws-us-gov:iam::111122223333:user/safety-*", set()),
        ("group:safety-ops", set()),
    ],
)
def test_operators(tmp_path, pattern, wanted):
    text = 'resource "aws_iam_role" "r" {\n  name = "safety-admin"\n  assume_role_policy = "{}"\n}'
    assert roles(world_of(tmp_path, text, f'operators: ["{pattern}"]'), "aws_iam_role.r") == wanted


def test_stores_of_the_profile_and_of_a_reference_in_manifests(tmp_path):
    files = {
        "tf/main.tf": 'resource "aws_s3_bucket" "a" {\n  bucket = "named"\n}\n'
        'resource "aws_s3_bucket" "b" {\n  bucket = "used"\n}\nresource "aws_s3_bucket" "c" {\n  bucket = "named-2"\n}',
        "k8s/a.yaml": "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nmetadata: {name: m, "
        "namespace: n}\nspec: {predictor: {model: {modelFormat: {name: vllm}, storageUri: 's3://used/k'}}}\n",
    }
    world = build(tmp_path, files, build_roles, profile="models: {stores: ['s3://named/prefix']}")
    assert {letter: roles(world, f"aws_s3_bucket.{letter}") for letter in "abc"} == {
        "a": {"store"},
        "b": {"store"},
        "c": set(),
    }
