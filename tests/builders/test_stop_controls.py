"""Stop controls: what stops a part of the calls, what is no policy of that kind, and who may take one away."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan, seen

RULE = "stop-control-not-ready"
CASES = FIXTURES / "operator-control" / RULE
DENY, ROLE, KEY, K8S = (
    "complies-tenant-may-attach-it",
    "complies-tenant-assumes-the-role",
    "complies-tenant-disables-the-key",
    "complies-role-only-reads",
)
ACTIONS = '["bedrock:InvokeModel*"]'
TENANT = """
resource "aws_iam_role_policy" "t" {
  role   = aws_iam_role.tenant.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Action = ["%s"], Resource = "*" }] })
}
"""
SPARED = """
resource "aws_iam_role_policy" "d" {
  role   = aws_iam_role.stop.id
  policy = jsonencode({ Statement = [{ Effect = "Deny", Action = "ecs:*", Resource = "arn:*:ecs:*:*:service/m/c" }] })
}
"""
FUNCTION = """resource "aws_lambda_function" "l" {
  function_name = "l"
  role          = "arn:aws-us-gov:iam::111122223333:role/l"
  kms_key_arn   = aws_kms_key.weights.arn
  environment {
    variables = { WEIGHTS = aws_s3_bucket.weights.id }
  }
}

resource "aws_iam_role" "tenant\""""


def judged(tmp_path: Path, case: str, *edits: tuple[str, str]) -> str:
    """What the rule says of a case with edits; an empty text for what comes at the end."""
    copy = tmp_path / "case"
    shutil.copytree(CASES / case, copy)
    path = copy / ("k8s.yaml" if case == K8S else "main.tf")
    for old, new in edits:
        before = path.read_text()
        assert old in before
        path.write_text(before.replace(old, new) if old else before + new)
    return seen(run_scan(copy), RULE)


def of_type(kind: str) -> tuple[str, str]:
    return 'name = "stop"\n\n  content', f'name = "stop"\n  type = {kind}\n\n  content'


@pytest.mark.parametrize(
    ("case", "edit", "verdict"),
    [
        (DENY, (ACTIONS, '["bedrock:*"]'), "holds"),
        (DENY, (ACTIONS, '["bedrock:InvokeModelWithResponseStream"]'), "unproven"),
        (DENY, (ACTIONS, '["sagemaker:StartSession"]'), "unproven"),
        (DENY, of_type('"SERVICE_CONTROL_POLICY"'), "holds"),
        (DENY, of_type('"RESOURCE_CONTROL_POLICY"'), "unproven"),
        (DENY, of_type("var.kind"), "unproven"),
        (DENY, of_type('"TAG_POLICY"'), "violated"),
        (ROLE, ("", TENANT % "iam:GetRole"), "holds"),
        (ROLE, ("", SPARED), "unproven"),
        (ROLE, ("", TENANT % "iam:DeleteRole"), "violated"),
        (ROLE, ("", TENANT % "iam:UpdateAssumeRolePolicy"), "violated"),
        (KEY, ("", TENANT.replace('"t"', '"u"') % "kms:CancelKeyDeletion"), "violated"),
        (KEY, ("", TENANT.replace('"t"', '"u"') % "kms:DeleteImportedKeyMaterial"), "violated"),
        (K8S, ("name: vllm, namespace: inference", "name: vllm, namespace: models"), "unproven"),
        (K8S, ("kind: Deployment", "kind: StatefulSet"), "unproven"),
    ],
)
def test_a_part_is_no_stop(tmp_path: Path, case: str, edit: tuple[str, str], verdict: str) -> None:
    said = judged(tmp_path, case, edit)
    assert said.startswith(f"{RULE}: {verdict}"), said


def test_a_policy_without_a_text_is_not_known(tmp_path: Path) -> None:
    """A recording may lack the answer that has it: that is no policy that denies nothing."""
    text = (CASES / DENY / "main.tf").read_text()
    start = text.index("  content = ")
    whole = text[start : text.index("  })\n", start) + len("  })\n")]
    said = judged(tmp_path, DENY, (whole, ""))
    assert "its text was not read" in said and said.startswith(f"{RULE}: unproven")


def test_a_key_of_variables_seals_nothing_that_they_name(tmp_path: Path) -> None:
    whole = "kms_master_key_id = aws_kms_key.weights.arn"
    said = judged(tmp_path, KEY, (whole, ""), ('resource "aws_iam_role" "tenant"', FUNCTION))
    assert said.startswith(f"{RULE}: unproven"), said
