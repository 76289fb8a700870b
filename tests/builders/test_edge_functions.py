"""Functions in CloudFront's own locations: who may answer in a gateway's stead, and what stands there."""

from __future__ import annotations

from pathlib import Path

from tests.harness import run_scan

BEHAVIOR = 'target_origin_id = "o"\n viewer_protocol_policy = "https-only"\n'
LAMBDA = 'lambda_function_association {\n event_type = "viewer-request"\n lambda_arn = ARN\n }\n'
OF_GATEWAY = "aws_lambda_function.gateway.qualified_arn"
CASES = {
    "bare": ("", ""),
    "another_function": (LAMBDA.replace("ARN", "aws_lambda_function.near.qualified_arn"), "default"),
    "not_in_the_inputs": (LAMBDA.replace("ARN", '"arn:aws:lambda:us-east-1:111122223333:function:far:1"'), "default"),
    "for_some_paths": (LAMBDA.replace("ARN", "aws_lambda_function.near.qualified_arn"), "ordered"),
    "the_stack_itself": (LAMBDA.replace("ARN", OF_GATEWAY), "default"),
}
GATEWAY = """
resource "aws_lambda_function" "near" {
  function_name = "near"
  role          = "arn:aws:iam::111122223333:role/near"
}
resource "aws_lambda_function" "gateway" {
  function_name = "gateway"
  role          = "arn:aws:iam::111122223333:role/gateway"
}
resource "aws_lambda_function_url" "gateway" {
  function_name      = aws_lambda_function.gateway.function_name
  authorization_type = "AWS_IAM"
}
"""


def distribution(name: str, association: str, where: str) -> str:
    default = association if where != "ordered" else ""
    ordered = f'ordered_cache_behavior {{\n path_pattern = "/v1/*"\n {BEHAVIOR}{association} }}\n'
    origin = 'origin {\n origin_id = "o"\n domain_name = aws_lambda_function_url.gateway.function_url\n }\n'
    behaviors = f"default_cache_behavior {{\n {BEHAVIOR}{default} }}\n {ordered if where == 'ordered' else ''}"
    return f'resource "aws_cloudfront_distribution" "{name}" {{\n enabled = true\n {origin} {behaviors} }}\n'


def test_each_function_before_a_gateway_is_told(tmp_path: Path) -> None:
    blocks = [distribution(name, *case) for name, case in CASES.items()]
    (tmp_path / "main.tf").write_text("\n".join([GATEWAY, *blocks]))
    (tmp_path / "tether.yaml").write_text("safety_stack: {gateways: [aws_lambda_function.gateway]}\n")
    findings = run_scan(tmp_path)["findings"]
    told = {
        hop["because"].split("`")[1].partition(".")[2]
        for one in findings
        if one["rule"] == "model-bypasses-safety-stack"
        for hop in one["hops"]
    }
    assert told == {"another_function", "not_in_the_inputs", "for_some_paths"}
    (placed,) = (
        one for one in findings if one["rule"] == "resource-stands-at-the-edge" and one["verdict"] == "violated"
    )
    assert placed["subject"]["address"] == "aws_lambda_function.gateway"
