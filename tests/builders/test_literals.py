"""Strings that give a place away, wherever they stand, and the calls of modules that are not on disk."""

import base64

import pytest

from scanner.builders.literals import build_literals
from scanner.builders.opaque.build import build_opaque
from scanner.graph.facts import Capacity, Opaque, Placement
from scanner.unknown import Unknown
from tests.builders.texts import build, facts, line, shown

OUTPOST = "arn:aws:outposts:us-west-2:111122223333:outpost/op-0123456789abcdef0"


def seen(world, address: str) -> list[str]:
    """Every class but those of a program that is ordinary or out of sight: nothing was recognised in it."""
    found = [one.place_class for kind in (Placement, Capacity, Opaque) for one in facts(world, address, kind)]
    hidden = [one.place_class for one in facts(world, address, Opaque) if isinstance(one.place_class, Unknown)]
    hidden += ["cloud"]
    return sorted(shown(one) for one in found if one not in hidden)


def machine(tmp_path, script: str, key: str = "user_data"):
    text = f'resource "aws_instance" "i" {{\n  {key} = <<-EOT\n{script}\nEOT\n}}'
    return build(tmp_path, {"main.tf": text}, build_literals, build_opaque)


COMMANDS = {
    "curl -OL 'https://hybrid-assets.eks.amazonaws.com/releases/latest/bin/linux/amd64/nodeadm'": ["hybrid-compute"],
    "bash ecs-anywhere-install.sh --region us-west-2": ["hybrid-compute"],
    "azcmagent connect --resource-group rg": ["hybrid-compute"],
    "keadm join --cloudcore-ipport=1.2.3.4:10000": ["edge-device"],
    "eksctl anywhere create cluster -f c.yaml": ["on-prem"],
    "nodeadm init -c file://config.yaml": [],
    "echo knowledge-edge": [],
    "docker run vllm/vllm-openai": [],
}


@pytest.mark.parametrize("script", COMMANDS)
def test_commands(tmp_path, script):
    assert seen(machine(tmp_path, script), "aws_instance.i") == COMMANDS[script]


def test_a_script_in_base64_is_read(tmp_path):
    script = base64.b64encode(b"#!/bin/bash\nkeadm join --token x\n").decode()
    text = f'resource "aws_launch_template" "t" {{\n  user_data = "{script}"\n}}'
    assert seen(build(tmp_path, {"main.tf": text}, build_literals), "aws_launch_template.t") == ["edge-device"]


def test_an_arn_through_locals_and_one_fact_a_row(tmp_path):
    text = f"""
locals {{
  rack = "{OUTPOST}"
}}
resource "aws_ssm_parameter" "p" {{
  value       = local.rack
  description = local.rack
}}
"""
    world = build(tmp_path, {"main.tf": text}, build_literals)
    found = facts(world, "aws_ssm_parameter.p", Placement)
    assert [fact.because for fact in found] == ["the ARN is one of an Outpost"]
    assert [line(fact) for fact in found] == [6]


def test_a_partly_known_arn(tmp_path):
    text = 'variable "a" {\n}\nresource "aws_ssm_parameter" "p" {\n  value = "arn:aws:outposts:us-west-2:${var.a}:x"\n}'
    assert seen(build(tmp_path, {"main.tf": text}, build_literals), "aws_ssm_parameter.p") == ["on-prem"]


def test_settings_and_arguments_of_kubernetes(tmp_path):
    text = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: s, namespace: ns}
data:
  setup.sh: |
    azcmagent connect
---
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: ns}
spec: {containers: [{name: c, image: x, args: [keadm, join]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: q, namespace: ns}
spec: {containers: [{name: c, image: x, args: ["keadm join"]}]}
"""
    world = build(tmp_path, {"a.yaml": text}, build_literals)
    assert seen(world, "ns/ConfigMap/s") == ["hybrid-compute"]
    assert seen(world, "ns/Pod/p") == ["edge-device"]
    assert seen(world, "ns/Pod/q") == ["edge-device"]


CALLS = {
    ("terraform-aws-modules/vpc/aws", f'outpost_arn = "{OUTPOST}"'): ["on-prem"],
    ("terraform-aws-modules/vpc/aws", "outpost_arn = null"): [],
    ("terraform-aws-modules/vpc/aws", 'cidr = "10.0.0.0/16"'): [],
    ("terraform-aws-modules/vpc/aws", 'outpost_arn = var.o\n}\nvariable "o" {'): ["?var.o"],
    ("terraform-aws-modules/vpc/aws", 'outpost_arn = var.o\n}\nvariable "o" {\n  default = null'): [],
    (
        "terraform-aws-modules/eks/aws",
        'remote_network_config = { remote_node_networks = [{ cidrs = ["10.0.0.0/8"] }] }',
    ): ["hybrid-compute"],
    ("terraform-aws-modules/eks/aws", 'access_entries = { a = { type = "HYBRID_LINUX" } }'): ["hybrid-compute"],
    ("terraform-aws-modules/eks/aws", 'access_entries = { a = { type = "EC2_LINUX" } }'): [],
    ("terraform-aws-modules/eks/aws//modules/hybrid-node-role", 'name = "x"'): ["hybrid-compute"],
    ("acme/other/aws", "remote_network_config = { a = 1 }"): [],
}


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_calls_of_modules_that_are_not_on_disk(tmp_path, call):
    source, body = call
    text = f'module "m" {{\n  source = "{source}"\n  {body}\n}}'
    world = build(tmp_path, {"main.tf": text}, build_literals)
    assert seen(world, "module.m") == CALLS[call]
