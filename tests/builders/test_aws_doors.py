"""Doors of an account that looked closed: literal names, copies of objects, writers of weights, types of awscc."""

from __future__ import annotations

from pathlib import Path

from tests.harness import run_scan

FOREIGN = "arn:aws:iam::999988887777:root"


def policy(action: str) -> str:
    statement = f'{{ Effect = "Allow", Principal = {{ AWS = "{FOREIGN}" }}, Action = "{action}", Resource = "*" }}'
    return f'jsonencode({{ Version = "2012-10-17", Statement = [{statement}] }})'


ESTATE = f"""
resource "aws_s3_bucket" "weights" {{
  bucket = "acme-weights"
}}
resource "aws_s3_bucket_policy" "weights" {{
  bucket = "acme-weights"
  policy = {policy("s3:PutObject")}
}}
resource "aws_s3_bucket" "evidence" {{
  bucket = "acme-evidence"
}}
resource "aws_s3_bucket_object_lock_configuration" "evidence" {{
  bucket = "acme-evidence"
}}
resource "aws_s3_bucket_policy" "a_first" {{
  bucket = "acme-evidence"
  policy = {policy("s3:GetObject")}
}}
resource "aws_s3_object_copy" "away" {{
  bucket = "nowhere-to-be-seen"
  key    = "w"
  source = "acme-weights/model"
}}
resource "aws_iam_role" "gateway" {{
  name               = "gateway"
  assume_role_policy = "{{}}"
}}
resource "aws_sagemaker_endpoint" "model" {{
  name                 = "model"
  endpoint_config_name = "model"
}}
resource "awscc_iam_role" "right" {{
  role_name = "x"
}}
resource "awscc_s3_bucket_policy" "reader" {{
  bucket = "acme-weights"
}}
resource "awscc_ec2_vpc_endpoint" "way" {{
  service_name = "com.amazonaws.us-east-1.sagemaker.runtime"
}}
resource "awscc_logs_log_group" "harmless" {{
  log_group_name = "x"
}}
"""
PROFILE = """
models: {stores: [aws_s3_bucket.weights], servers: [aws_sagemaker_endpoint.model]}
safety_stack: {gateways: [aws_iam_role.gateway]}
operators: ["arn:aws:iam::111122223333:role/ops"]
tenants: {agreed: ["account:111122223333"]}
evidence: {sinks: [aws_s3_bucket.evidence]}
"""
WANTED = {
    ("stranger-brings-a-model", "violated", "external/aws-account/999988887777"),
    ("shared-with-no-agreed-tenant", "violated", "aws_s3_bucket.evidence"),
    ("weights-copied-out-of-the-cloud", "unproven", "aws_s3_bucket.weights"),
    ("principal-invokes-model-directly", "unproven", "awscc_iam_role.right"),
    ("stranger-mints-stack-identity", "unproven", "awscc_iam_role.right"),
    ("model-bypasses-safety-stack", "unproven", "awscc_ec2_vpc_endpoint.way"),
}


def test_each_door_is_told(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(ESTATE)
    (tmp_path / "tether.yaml").write_text(PROFILE)
    findings = run_scan(tmp_path)["findings"]
    told = {(one["rule"], one["verdict"], one["subject"]["address"]) for one in findings}
    assert told >= WANTED, WANTED - told
    assert any(one["rule"] == "stranger-reads-weights" and "awscc_s3_bucket_policy" in str(one) for one in findings)
    assert not any("harmless" in name for _, _, name in told if _ != "resource-outside-approved-places")
