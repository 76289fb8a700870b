"""Who may read a bucket by a service, an identity of CloudFront or a canonical id: ours, others', and not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import run_scan

HEAD = """
provider "aws" {
  region              = "us-gov-west-1"
  allowed_account_ids = ["111122223333"]
}
provider "aws" {
  alias               = "far"
  region              = "us-gov-west-1"
  allowed_account_ids = ["999999999999"]
}
variable "x" {}
variable "y" {}
data "aws_caller_identity" "me" {}
data "aws_caller_identity" "far" {
  provider = aws.far
}
data "aws_canonical_user_id" "me" {}
resource "aws_cloudfront_origin_access_identity" "o" {}
resource "aws_ssm_parameter" "p" {
  name = "p"
}
resource "aws_cloudfront_distribution" "d" {
  enabled = true
  origin {
    domain_name = "example.org"
    origin_id   = "o"
  }
}
"""
BUCKET = """
resource "aws_s3_bucket" "NAME" {
  bucket = "acme-NAME"
}
"""


def policy(principal: str, condition: str = "") -> str:
    more = f", Condition = {{ StringEquals = {{ {condition} }} }}" if condition else ""
    return f"""
resource "aws_s3_bucket_policy" "NAME" {{
  bucket = aws_s3_bucket.NAME.id
  policy = jsonencode({{ Statement = [{{ Effect = "Allow", Action = "s3:GetObject", Resource = "*",
    Principal = {{ {principal} }}{more} }}] }})
}}
"""


def granted(owner: str, grantee: str) -> str:
    return f"""
resource "aws_s3_bucket_acl" "NAME" {{
  bucket = aws_s3_bucket.NAME.id
  access_control_policy {{
    owner {{
      id = {owner}
    }}
    grant {{
      permission = "READ"
      grantee {{
        type = "CanonicalUser"
        id   = {grantee}
      }}
    }}
  }}
}}
"""


FRONT, ME = 'Service = "cloudfront.amazonaws.com"', "data.aws_canonical_user_id.me.id"
CASES = {
    "front": (policy(FRONT), "violated"),
    "front_of_ours": (policy(FRONT, '"aws:SourceArn" = aws_cloudfront_distribution.d.arn'), ""),
    "front_of_our_number": (policy(FRONT, '"aws:SourceAccount" = "111122223333"'), ""),
    "front_of_our_account": (policy(FRONT, '"aws:SourceAccount" = data.aws_caller_identity.me.account_id'), ""),
    "front_of_another": (policy(FRONT, '"aws:SourceAccount" = "999999999998"'), "unproven"),
    "front_of_another_asked": (policy(FRONT, '"aws:SourceAccount" = data.aws_caller_identity.far.id'), "unproven"),
    "front_of_nobody_knows": (policy(FRONT, '"aws:SourceAccount" = var.x'), "unproven"),
    "identity": (policy("CanonicalUser = aws_cloudfront_origin_access_identity.o.s3_canonical_user_id"), ""),
    "kept_id": (policy("CanonicalUser = aws_ssm_parameter.p.value"), "unproven"),
    "list_of_owner": (granted(ME, ME), ""),
    "list_of_two_unknown": (granted("var.x", "var.y"), "unproven"),
}  # fmt: skip
PROFILE = """
models: {stores: [%s]}
operators: ["group:ops"]
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder: Path = tmp_path_factory.mktemp("readers")
    blocks = [(BUCKET + one).replace("NAME", name) for name, (one, _) in CASES.items()]
    (folder / "main.tf").write_text(HEAD + "".join(blocks))
    (folder / "tether.yaml").write_text(PROFILE % ", ".join(f"aws_s3_bucket.{name}" for name in CASES))
    return {
        hop["address"].rpartition(".")[2]: one["verdict"]
        for one in run_scan(folder)["findings"]
        if one["rule"] == "stranger-reads-weights"
        for hop in (one["subject"], *one["hops"])
    }


@pytest.mark.parametrize("case", CASES)
def test_a_reader_by_another_name(found: dict[str, str], case: str) -> None:
    assert found.get(case, "") == CASES[case][1]
