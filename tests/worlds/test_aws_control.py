"""Every action of the control table reaches the stack from whoever holds it, and from no operator: one scan for all."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from scanner.tables import control_actions
from tests.harness import run_scan

WORLD = Path(__file__).parent / "aws_control.tf"
PROFILE = """
models: {servers: [inference/Deployment/vllm]}
safety_stack:
  gateways: [aws_ecs_service.gateway, aws_lambda_function.checker, aws_iam_role.gateway, aws_iam_user.gateway]
  classifiers: [inference/Deployment/shield, aws_instance.classifier, aws_sagemaker_endpoint.guard]
  guardrails: [{id: aws_bedrock_guardrail.acme, version: "1"}]
operators: ["arn:aws-us-gov:iam::111122223333:role/ops-*"]
evidence: {sinks: [aws_s3_bucket.evidence, aws_cloudwatch_log_group.calls]}
"""
ACTIONS = {row.action for row in control_actions("aws")}
BESIDE = {"iam:PassRole": ["lambda:CreateFunction"]}
"""Actions that do nothing without another."""
IDENTITY = {"iam:PassRole"}
"""Actions that change nothing: who holds them becomes the stack, which another rule says."""
RULES = {"outsider-controls-safety-stack": ACTIONS - IDENTITY, "stranger-mints-stack-identity": IDENTITY}
SOMEWHERE = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:elsewhere"
ROLE = """
resource "aws_iam_role" "{name}" {{
  name = "{name}"
  assume_role_policy = jsonencode({{ Statement = [{{
    Effect = "Allow", Action = "sts:AssumeRole", Principal = {{ Service = "batch.amazonaws.com" }}
  }}] }})
}}
resource "aws_iam_role_policy" "{name}" {{
  role = aws_iam_role.{name}.name
  policy = jsonencode({{ Version = "2012-10-17", Statement = [
    {{ Effect = "Allow", Action = [{actions}], Resource = "{resource}" }}] }})
}}
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The findings over control and identity, by who is met: of each action a tenant, an operator and another."""
    folder = tmp_path_factory.mktemp("control")
    shutil.copy(WORLD, folder / "main.tf")
    (folder / "tether.yaml").write_text(PROFILE)
    text = ""
    for action in sorted(ACTIONS):
        listed = ", ".join(f'"{one}"' for one in (action, *BESIDE.get(action, ())))
        for who, resource in (("tenant", "*"), ("ops", "*"), ("other", SOMEWHERE)):
            text += ROLE.format(name=f"{who}-{_name(action)}", actions=listed, resource=resource)
    (folder / "roles.tf").write_text(text)
    found: dict[str, dict[str, Any]] = {}
    for one in run_scan(folder)["findings"]:
        who = one["hops"][0]["address"] if one["hops"] else ""
        if who.partition("-")[2] in {_name(action) for action in RULES.get(one["rule"], ())}:
            found[who] = one
    return found


def _name(action: str) -> str:
    return action.replace(":", "_")


def test_whoever_holds_an_action_of_the_table_is_found(found: dict[str, dict[str, Any]]) -> None:
    assert [action for action in sorted(ACTIONS) if f"aws_iam_role.tenant-{_name(action)}" not in found] == []
    for action in sorted(ACTIONS):
        one = found[f"aws_iam_role.tenant-{_name(action)}"]
        assert one["verdict"] == "violated", (action, one)
        assert f"`{action}`" in one["hops"][0]["because"], (action, one["hops"][0])


def test_no_operator_is_found_and_nobody_who_holds_it_elsewhere(found: dict[str, dict[str, Any]]) -> None:
    assert [one for one in found if not one.startswith("aws_iam_role.tenant-")] == []
