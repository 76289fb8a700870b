"""Ways in AWS that lead through several planes, through the command line: a pod to a model, anybody to weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.harness import run, run_scan

INFRA = """
provider "aws" {
  region              = "us-gov-west-1"
  allowed_account_ids = ["111122223333"]
}
resource "aws_eks_cluster" "main" {
  name     = "acme"
  role_arn = "arn:aws-us-gov:iam::111122223333:role/cluster"
}
resource "aws_eks_pod_identity_association" "batch" {
  cluster_name    = aws_eks_cluster.main.name
  namespace       = "tenant-a"
  service_account = "batch"
  role_arn        = aws_iam_role.batch.arn
}
resource "aws_iam_role" "batch" {
  name = "batch"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "pods.eks.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "batch" {
  role = aws_iam_role.batch.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Action = "sts:AssumeRole", Resource = aws_iam_role.caller.arn },
    { Effect = "Allow", Action = "s3:PutReplicationConfiguration", Resource = "arn:aws-us-gov:s3:::acme-weights" }] })
}
resource "aws_iam_role" "caller" {
  name = "caller"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = aws_iam_role.batch.arn } }] })
}
resource "aws_iam_role_policy" "caller" {
  role = aws_iam_role.caller.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Action = "bedrock:InvokeModel", Resource = "*" }] })
}
resource "aws_s3_bucket" "weights" {
  bucket = "acme-weights"
}
resource "aws_s3_bucket" "mirror" {
  bucket = "acme-mirror"
}
resource "aws_s3_bucket_replication_configuration" "weights" {
  bucket = aws_s3_bucket.weights.id
  role   = "arn:aws-us-gov:iam::111122223333:role/replication"
  rule {
    status = "Enabled"
    destination { bucket = aws_s3_bucket.mirror.arn }
  }
}
resource "aws_lambda_function" "tool" {
  function_name = "tool"
  role          = aws_iam_role.tool.arn
}
resource "aws_lambda_function_url" "tool" {
  function_name      = aws_lambda_function.tool.function_name
  authorization_type = "URL"
}
resource "aws_iam_role" "tool" {
  name = "tool"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "tool" {
  role = aws_iam_role.tool.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws-us-gov:s3:::acme-mirror/*" }] })
}
"""
POD = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: batch, namespace: tenant-a}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: batch, namespace: tenant-a}
spec:
  selector: {matchLabels: {app: batch}}
  template:
    metadata: {labels: {app: batch}}
    spec:
      serviceAccountName: batch
      containers: [{name: c, image: "example/batch:1"}]
"""
PROFILE = """
units: [{name: acme, terraform: [infra], manifests: [k8s], cluster: aws_eks_cluster.main}]
models: {stores: [aws_s3_bucket.weights]}
operators: ["group:ops"]
"""


def written(folder: Path, auth: str) -> Path:
    (folder / "infra").mkdir(parents=True)
    (folder / "k8s").mkdir()
    (folder / "infra" / "main.tf").write_text(INFRA.replace('"URL"', f'"{auth}"'))
    (folder / "k8s" / "pod.yaml").write_text(POD)
    (folder / "tether.yaml").write_text(PROFILE)
    return folder


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("chains") / "open", "NONE")


def readers(report: dict[str, Any]) -> dict[str, str]:
    found = [one for one in report["findings"] if one["rule"] == "stranger-reads-weights"]
    return {one["subject"]["address"]: one["message"] for one in found}


def test_a_pod_becomes_a_role_that_becomes_one_that_calls_the_model(world: Path) -> None:
    profile = str(world / "tether.yaml")
    ends = ("--from", "tenant-a/Deployment/batch", "--to", "bedrock/models")
    code, out, _ = run("paths", str(world), "--profile", profile, *ends)
    assert code == 1
    steps = [line.split()[-1] for line in out.splitlines() if line.strip().startswith("(")]
    assert steps == ["tenant-a/batch", "aws_iam_role.batch", "aws_iam_role.caller", "bedrock/models"]


def test_anybody_calls_a_function_whose_role_reads_a_replica(world: Path) -> None:
    said = readers(run_scan(world))
    assert set(said) == {"aws_iam_role.tool", "aws_iam_role.batch"}
    assert "`aws_s3_bucket.mirror`, a copy of `aws_s3_bucket.weights`" in said["aws_iam_role.tool"]
    assert "`external/anyone` can call `aws_lambda_function.tool`, which has its identity" in said["aws_iam_role.tool"]


def test_whom_the_function_asks_who_it_is_does_not_just_call_it(tmp_path: Path) -> None:
    said = readers(run_scan(written(tmp_path / "closed", "AWS_IAM")))
    assert "external/anyone" not in said["aws_iam_role.tool"]
