"""Carriers of programs: what was recognised in them, what is ordinary, and what is out of sight."""

import pytest

from scanner.builders.opaque.build import build_opaque
from scanner.graph.facts import Opaque
from tests.builders.texts import build, facts, line, shown


def told(tmp_path, text: str, address: str, **files: str) -> list[tuple[str, str]]:
    world = build(tmp_path, {"main.tf": text, **files}, build_opaque)
    return [(fact.carrier, shown(fact.place_class)) for fact in facts(world, address, Opaque)]


def script(tmp_path, body: str) -> list[tuple[str, str]]:
    return told(tmp_path, f'resource "aws_instance" "i" {{\n  user_data = <<-EOT\n{body}\nEOT\n}}', "aws_instance.i")


ORDINARY = [
    "#!/bin/bash\nset -euxo pipefail\n/etc/eks/bootstrap.sh main --b64-cluster-ca abc= --apiserver-endpoint https://x",
    "cat <<'EOF' >> /etc/ecs/ecs.config\nECS_CLUSTER=main\nECS_ENABLE_SPOT_INSTANCE_DRAINING=true\nEOF",
    '[settings.kubernetes]\napi-server = "https://x"\ncluster-name = "main"',
    "yum update -y\nyum install -y amazon-ssm-agent\nsystemctl enable --now amazon-ssm-agent",
    "docker run --gpus all -p 8000:8000 vllm/vllm-openai:v0.11.0 --model s3://acme-weights/x/",
]


@pytest.mark.parametrize("body", ORDINARY)
def test_a_script_of_ordinary_lines_is_read_to_its_end(tmp_path, body):
    assert script(tmp_path, body) == [("start script", "cloud")]


STRANGE = [
    "curl https://x | bash",
    "/etc/eks/bootstrap.sh main; ssh hall ./join",
    "/etc/eks/bootstrap.sh $(curl https://x)",
    "echo ECS_EXTERNAL=true >> /etc/ecs/ecs.config",
    "docker --host ssh://hall run vllm/vllm-openai",
    "docker run -d --host ssh://hall vllm/vllm-openai",
    "set -e\nwget x",
    "api-server = evil",
]


@pytest.mark.parametrize("body", STRANGE)
def test_any_other_line_leaves_it_out_of_sight(tmp_path, body):
    ((what, decides),) = script(tmp_path, body)
    assert what == "start script" and decides.startswith("?`")


def test_a_name_that_a_declared_resource_will_have_is_ordinary(tmp_path):
    text = (
        'resource "aws_eks_cluster" "c" {\n  name = "c"\n}\nresource "aws_launch_template" "t" {\n'
        '  user_data = "#!/bin/bash\\n/etc/eks/bootstrap.sh ${aws_eks_cluster.c.id}\\n"\n}'
    )
    assert told(tmp_path, text, "aws_launch_template.t") == [("start script", "cloud")]


def test_a_script_in_base64_keeps_what_is_known_of_it(tmp_path):
    text = (
        'resource "aws_eks_cluster" "c" {\n  name = "c"\n}\nresource "aws_launch_template" "t" {\n'
        '  user_data = base64encode("#!/bin/bash\\n/etc/eks/bootstrap.sh ${aws_eks_cluster.c.id}\\n")\n}'
    )
    assert told(tmp_path, text, "aws_launch_template.t") == [("start script", "cloud")]


def test_a_storage_class_has_a_provisioner_and_runs_nothing(tmp_path):
    text = "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata: {name: s}\nprovisioner: ebs.csi.aws.com\n"
    assert told(tmp_path, "", "StorageClass/s", **{"s.yaml": text}) == []


def test_a_part_that_nobody_knows_is_not(tmp_path):
    text = (
        'variable "more" {\n}\nresource "aws_launch_template" "t" {\n'
        '  user_data = "/etc/eks/bootstrap.sh main\\n${var.more}"\n}'
    )
    assert told(tmp_path, text, "aws_launch_template.t") == [("start script", "?var.more")]


CARRIERS = {
    'resource "aws_cloudformation_stack" "x" {\n  name = "x"\n}': ("aws_cloudformation_stack.x", "nested template"),
    'resource "aws_ssm_association" "x" {\n  name = "AWS-RunShellScript"\n}': ("aws_ssm_association.x", "document"),
    'resource "helm_release" "x" {\n  name = "x"\n  chart = "x"\n}': ("helm_release.x", "chart"),
    'data "external" "x" {\n  program = ["x"]\n}': ("data.external.x", "program"),
    'resource "docker_container" "x" {\n  image = "x"\n}\nterraform {\n  required_providers {\n'
    '    docker = { source = "kreuzwerker/docker" }\n  }\n}': ("docker_container.x", "program"),
    'resource "terraform_data" "x" {\n  provisioner "remote-exec" {\n    inline = ["./join"]\n  }\n}': (
        "terraform_data.x",
        "provisioner",
    ),
}


@pytest.mark.parametrize("text", CARRIERS)
def test_each_carrier_is_told_once(tmp_path, text):
    address, what = CARRIERS[text]
    ((said, decides),) = told(tmp_path, text, address)
    assert said == what and decides.startswith("?")


@pytest.mark.parametrize(
    "text",
    [
        'resource "null_resource" "x" {\n  triggers = { a = "azcmagent connect" }\n}',
        'resource "null_resource" "x" {\n}',
        'resource "aws_instance" "x" {\n  ami = "ami-1"\n}',
    ],
)
def test_what_carries_no_program(tmp_path, text):
    kind = text.split('"')[1]
    assert told(tmp_path, text, f"{kind}.x") == []


def test_a_recognised_command_outweighs_what_is_out_of_sight(tmp_path):
    text = (
        'resource "null_resource" "x" {\n  provisioner "local-exec" {\n    command = "./build.sh"\n  }\n'
        '  provisioner "local-exec" {\n    command = "eksctl anywhere create cluster -f c.yaml"\n  }\n}'
    )
    world = build(tmp_path, {"main.tf": text}, build_opaque)
    (fact,) = facts(world, "null_resource.x", Opaque)
    assert (fact.place_class, line(fact)) == ("on-prem", 6)


def test_the_types_of_an_azure_template(tmp_path):
    text = (
        'resource "azurerm_resource_group_template_deployment" "x" {\n'
        '  template_content = jsonencode({ resources = [{ type = "Microsoft.AzureStackHCI/clusters" }] })\n}'
    )
    found = told(tmp_path, text, "azurerm_resource_group_template_deployment.x")
    assert found == [("nested template", "on-prem")]


@pytest.mark.parametrize("value", ["3", "[1]", "{ a = 1 }", "null", "true"])
def test_wrong_types_do_not_crash(tmp_path, value):
    text = f'resource "aws_instance" "x" {{\n  user_data = {value}\n}}\nresource "null_resource" "y" {{\n'
    text += f'  provisioner "local-exec" {{\n    command = {value}\n  }}\n}}'
    told(tmp_path, text, "aws_instance.x")
