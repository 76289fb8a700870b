"""Where Bedrock answers: the provider's region, or nowhere in particular."""

from __future__ import annotations

import json
from pathlib import Path

from tests.harness import run

PROVIDER = 'provider "aws" {\n  region              = "us-gov-west-1"\n  allowed_account_ids = ["111122223333"]\n}\n'
AGENT = """
resource "aws_bedrockagent_agent" "a" {
  agent_name              = "a"
  agent_resource_role_arn = "arn:aws-us-gov:iam::111122223333:role/agent"
  foundation_model        = "%s"
}
"""
PROFILE = "places: [{provider: aws, partition: aws-us-gov, accounts: ['111122223333'], regions: [us-gov-west-1]}]\n"


def findings(folder: Path, text: str) -> list[str]:
    (folder / "main.tf").write_text(text)
    (folder / "tether.yaml").write_text(PROFILE)
    _, out, _ = run("scan", str(folder), "--profile", str(folder / "tether.yaml"), "--format", "json")
    return [one["message"] for one in json.loads(out)["findings"] if one["commitment"] == "cloud-only"]


def test_bedrock_stands_where_the_provider_acts(tmp_path: Path) -> None:
    assert findings(tmp_path, PROVIDER + AGENT % "anthropic.claude-3-haiku-20240307-v1:0") == []


def test_without_a_provider_block_the_region_is_not_known(tmp_path: Path) -> None:
    assert any("region" in one for one in findings(tmp_path, AGENT % "anthropic.claude-3-haiku-20240307-v1:0"))
