"""Containers that services of AWS run: a server of models, its harmless twin, and an image that nobody knows."""

from __future__ import annotations

import pytest

from scanner.builders.recognise.terraform import as_awscc
from scanner.graph.facts import ModelReference
from tests.builders.identity_world import build

RUNS = {
    "aws_batch_job_definition": """
  type                 = "container"
  container_properties = jsonencode({ image = IMAGE, command = WORDS })""",
    "aws_batch_job_definition.ecs": """
  type           = "container"
  ecs_properties = jsonencode({ taskProperties = [{ containers = [{ image = IMAGE, command = WORDS }] }] })""",
    "aws_batch_job_definition.nodes": """
  type            = "multinode"
  node_properties = jsonencode({ nodeRangeProperties = [{ container = { image = IMAGE, command = WORDS } }] })""",
    "aws_batch_job_definition.eks": """
  eks_properties {
    pod_properties {
      containers {
        image = IMAGE
        args  = WORDS
      }
    }
  }""",
    "aws_ecs_express_gateway_service": """
  primary_container {
    image   = IMAGE
    command = WORDS
  }""",
    "aws_apprunner_service": """
  source_configuration {
    image_repository {
      image_identifier = IMAGE
      image_configuration {
        start_command = "--model acme/model"
      }
    }
  }""",
    "aws_lambda_function": """
  package_type = "Image"
  image_uri    = IMAGE
  image_config {
    command = WORDS
  }""",
    "aws_lightsail_container_service_deployment_version": """
  container {
    container_name = "a"
    image          = IMAGE
    command        = WORDS
  }""",
    "aws_bedrockagentcore_agent_runtime": """
  agent_runtime_artifact {
    container_configuration {
      container_uri = IMAGE
    }
  }
  environment_variables = { MODEL_ID = "acme/model" }""",
    "aws_codebuild_project": """
  environment {
    image = IMAGE
  }""",
}
SERVER, OTHER = '"vllm/vllm-openai:v0.10.0"', '"nginx:1.29"'


def roles(folder, image, words):
    text = ['variable "x" {}']
    for name, body in RUNS.items():
        kind, _, label = name.partition(".")
        filled = body.replace("IMAGE", image).replace("WORDS", words)
        text.append(f'resource "{kind}" "{label or "a"}" {{{filled}\n}}')
    built = build(folder, {"main.tf": "\n".join(text)})
    return built, {f"{one.kind} {one.name}": set(one.roles) for one in built.graph.nodes.values()}


@pytest.mark.parametrize(("image", "words", "seen"), [
    (SERVER, '["--model", "acme/model"]', True), (OTHER, '["-g", "daemon off;"]', False),
    ("var.x", '["vllm", "serve", "acme/model"]', None),
])  # fmt: skip
def test_a_server_of_models_in_a_service(tmp_path, image, words, seen):
    built, found = roles(tmp_path, image, words)
    for name in RUNS:
        kind, _, label = name.partition(".")
        mine = found[f"{kind} {label or 'a'}"]
        if seen is None and (kind.endswith(("_runtime", "_project", "apprunner_service"))):
            continue  # nothing but the image is written there
        assert ("model" in mine) is (seen is not False), (name, mine)
    served = built.facts("aws_batch_job_definition.a", ModelReference)
    assert [one.reference for one in served] == (["hf:acme/model"] if seen is not False else [])


@pytest.mark.parametrize(
    ("network", "state"), [("", "open"), ("network_configuration {\n    subnets = [var.x]\n  }", "possible")]
)
def test_a_service_of_express_mode_is_on_the_internet(tmp_path, network, state):
    from scanner.builders.aws_entry.edge import build_fronts
    from scanner.builders.draft import World
    from scanner.builders.inventory import Inventory
    from scanner.profile import Profile
    from tests.builders.aws import edges, read

    text = f'variable "x" {{}}\nresource "aws_ecs_express_gateway_service" "a" {{\n  {network}\n}}\n'
    made = World(Inventory(read(tmp_path, text)), Profile())
    build_fronts(made)
    (edge,) = edges(made, "aws_ecs_express_gateway_service.a")
    assert edge.startswith("external/internet ->")
    assert state in edge


@pytest.mark.parametrize(("name", "kind"), [
    ("AWS::IAM::Role", "awscc_iam_role"), ("AWS::SageMaker::Endpoint", "awscc_sagemaker_endpoint"),
    ("AWS::EC2::SecurityGroup", "awscc_ec2_security_group"), ("AWS::S3::BucketPolicy", "awscc_s3_bucket_policy"),
    ("AWS::ElasticLoadBalancingV2::Listener", "awscc_elasticloadbalancingv2_listener"),
])  # fmt: skip
def test_a_type_of_cloud_control_is_called_as_in_awscc(name, kind):
    assert as_awscc(name) == kind


@pytest.mark.parametrize(("name", "role"), [('"AWS::SageMaker::Endpoint"', True), ('"AWS::SNS::Topic"', False)])
def test_a_model_that_cloud_control_makes(tmp_path, name, role):
    text = f'resource "aws_cloudcontrolapi_resource" "a" {{\n  type_name     = {name}\n  desired_state = "{{}}"\n}}\n'
    found = {one.kind: one.roles for one in build(tmp_path, {"main.tf": text}).graph.nodes.values()}
    assert ("model" in found["aws_cloudcontrolapi_resource"]) is role


@pytest.mark.parametrize(
    ("variables", "untold"), [("variables = var.x", 1), ('variables = { A = "b" }', 0), ("variables = null", 0)]
)
def test_variables_that_nobody_can_read_are_not_none(tmp_path, variables, untold):
    from scanner.builders.recognise.aws_services import service_containers
    from scanner.builders.recognise.untold import untold_variables
    from tests.builders.aws import read

    function = f'resource "aws_lambda_function" "a" {{\n  image_uri = "a:1"\n  environment {{\n{variables}\n  }}\n}}'
    (found,) = read(tmp_path, f'variable "x" {{}}\n{function}\n')
    (container,) = service_containers(found)
    assert len(list(untold_variables(container))) == untold
