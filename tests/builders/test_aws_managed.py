"""Policies that AWS keeps, from HCL through the command line: which of them reads weights or changes a guard."""

from __future__ import annotations

import json

import pytest

from tests.builders.identity_world import bare
from tests.harness import run

ACCOUNT = "111122223333"
HEAD = f"""
provider "aws" {{
  region              = "us-east-1"
  allowed_account_ids = ["{ACCOUNT}"]
}}
resource "aws_s3_bucket" "weights" {{
  bucket = "acme-weights"
}}
resource "aws_ecr_repository" "gateway" {{
  name = "gateway"
}}
resource "aws_vpc_endpoint" "runtime" {{
  service_name      = "com.amazonaws.us-east-1.bedrock-runtime"
  vpc_endpoint_type = "Interface"
  vpc_id            = "vpc-1"
}}
resource "aws_cloudwatch_log_group" "calls" {{
  name = "calls"
}}
resource "aws_bedrock_guardrail" "g" {{
  name = "g"
}}
"""
PROFILE = """
agreement: a
models: {stores: ["s3://acme-weights"]}
evidence: {sinks: [aws_cloudwatch_log_group.calls]}
safety_stack: {guardrails: [{id: aws_bedrock_guardrail.g}]}
"""
WEIGHTS, ENDPOINT, CALLS = "aws_s3_bucket.weights", "aws_vpc_endpoint.runtime", "aws_cloudwatch_log_group.calls"
ROWS = (
    ("AmazonS3ReadOnlyAccess", "ec2", {WEIGHTS}),
    ("AmazonEC2RoleforSSM", "ec2", {WEIGHTS}),
    ("AmazonVPCFullAccess", "ec2", {ENDPOINT}),
    ("CloudWatchAgentServerPolicy", "ec2", {CALLS}),
    ("SecurityAudit", "ec2", set()),
    ("ViewOnlyAccess", "ec2", set()),
    ("AmazonEKS_CNI_Policy", "ec2", set()),
    # What AWS wrote for one service counts where somebody else may have the role, and only there.
    ("AWSConfigRole", "config", set()),
    ("AWSConfigRole", "ec2", {WEIGHTS}),
    ("AWSConfigRole", "not config", {WEIGHTS}),
)


OF_SERVICES = (
    ("AWSBackupServiceRolePolicyForRestores", "backup", False),
    ("AWSBackupServiceRolePolicyForRestores", "ec2", True),
    ("AmazonEKSComputePolicy", "eks", False),
    ("AmazonEKSComputePolicy", "lambda", True),
)
"""Policies that AWS wrote for one service, of which no table says more: not known where others may have the role."""


def holder(number, policy, service):
    kind = "NotPrincipal" if service.startswith("not ") else "Principal"
    trust = f'{kind} = {{ Service = "{service.removeprefix("not ")}.amazonaws.com" }}'
    statement = f'{{ Effect = "Allow", Action = "sts:AssumeRole", {trust} }}'
    return f"""
resource "aws_iam_role" "r{number}" {{
  name               = "r{number}"
  assume_role_policy = jsonencode({{ Version = "2012-10-17", Statement = [{statement}] }})
}}
resource "aws_iam_role_policy_attachment" "r{number}" {{
  role       = aws_iam_role.r{number}.name
  policy_arn = "arn:aws:iam::aws:policy/{policy}"
}}
"""


@pytest.fixture(scope="module")
def edges(tmp_path_factory):
    folder = tmp_path_factory.mktemp("managed")
    every = (*ROWS, *OF_SERVICES)
    (folder / "main.tf").write_text(HEAD + "".join(holder(n, one, who) for n, (one, who, _) in enumerate(every)))
    (folder / "tether.yaml").write_text(PROFILE)
    code, out, err = run("graph", str(folder), "--profile", str(folder / "tether.yaml"), "--format", "json")
    assert code == 0, err
    return [(bare(one["source"]), one["verb"], bare(one["target"]), one["state"]) for one in json.loads(out)["edges"]]


@pytest.mark.parametrize(("number", "row"), list(enumerate(ROWS)), ids=[f"{one}-{who}" for one, who, _ in ROWS])
def test_what_a_policy_of_aws_gives(edges, number, row):
    role = f"aws_iam_role.r{number}"
    read = {source for source, verb, target, state in edges if (target, verb, state) == (role, "read", "open")}
    written = {target for source, verb, target, state in edges if (source, verb, state) == (role, "write", "open")}
    assert read | written == row[2]


@pytest.mark.parametrize(("number", "row"), list(enumerate(OF_SERVICES, len(ROWS))), ids=str)
def test_what_aws_wrote_for_one_service_is_not_known_where_others_have_it(edges, number, row):
    role = f"aws_iam_role.r{number}"
    may = {target for source, verb, target, state in edges if (source, verb, state) == (role, "write", "possible")}
    assert bool(may) is row[2]
