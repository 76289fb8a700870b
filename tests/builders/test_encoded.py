"""Texts made by `jsonencode` and `yamlencode`: plain text to all, with the lines of what they were made from."""

from __future__ import annotations

import copy
import pickle

from scanner.resource import Attrs, Encoded, mark
from tests.builders.identity_world import build
from tests.builders.texts import read

TRUST = """
resource "aws_iam_role" "gateway" {
  name = "gateway"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = {
        AWS = "arn:aws:iam::444455556666:root"
      }
    }]
  })
}
"""


def test_a_trust_policy_is_told_by_the_line_of_its_principal(tmp_path):
    edge = build(tmp_path, {"main.tf": TRUST}).edge(
        "external/aws-account/444455556666", "aws_iam_role.gateway", "become"
    )
    assert edge.origin.line == 10


def test_a_statement_of_a_policy_is_told_by_the_line_of_its_actions(tmp_path):
    policy = """
    resource "aws_iam_role_policy" "call" {
      role   = aws_iam_role.gateway.name
      policy = jsonencode({
        Version = "2012-10-17"
        Statement = [{
          Effect   = "Allow"
          Action   = "bedrock:InvokeModel"
          Resource = "*"
        }]
      })
    }
    """
    edge = build(tmp_path, {"main.tf": TRUST, "policy.tf": policy}).edge("aws_iam_role.gateway", "bedrock/models")
    assert (edge.origin.path.rpartition("/")[2], edge.origin.line) == ("policy.tf", 8)


def test_it_is_text_in_every_other_respect():
    document = Attrs({"a": 1})
    made = Encoded('{"a":1}', document)
    assert (
        made == '{"a":1}' and hash(made) == hash('{"a":1}') and f"{made}" == '{"a":1}' and repr(made) == "'{\"a\":1}'"
    )
    assert {type(one) for one in (made + "", made[:], made.strip(), made.replace("x", ""), str(made))} == {str}
    for same in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert same == made and same.document == document


def test_a_manifest_in_yamlencode_keeps_its_lines(tmp_path):
    text = """
    resource "kubectl_manifest" "service" {
      yaml_body = yamlencode({
        apiVersion = "v1"
        kind       = "Service"
        metadata   = { name = "vllm", namespace = "inference" }
        spec = {
          type = "NodePort"
        }
      })
    }
    """
    (service,) = read(tmp_path, {"main.tf": text}).inventory.of("Service")
    assert mark(service.attrs, "spec", "type").line == 8
