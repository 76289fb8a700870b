"""A cluster counts as looked into only where what was read is certainly of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.harness import run_scan

CODE = """
variable "first" {{}}
resource "aws_eks_cluster" "a" {{
  name     = "a"
  role_arn = "arn:aws:iam::111122223333:role/c"
}}
resource "aws_eks_cluster" "b" {{
  name     = "b"
  role_arn = "arn:aws:iam::111122223333:role/c"
}}
provider "kubernetes" {{
  host = {host}
}}
resource "kubernetes_namespace_v1" "n" {{
  metadata {{
    name = "n"
  }}
}}
"""


@pytest.mark.parametrize(
    ("host", "unseen"),
    [
        ("aws_eks_cluster.a.endpoint", {"aws_eks_cluster.b"}),
        (
            "var.first ? aws_eks_cluster.a.endpoint : aws_eks_cluster.b.endpoint",
            {"aws_eks_cluster.a", "aws_eks_cluster.b"},
        ),
    ],
)
def test_a_provider_that_may_act_on_either_shows_neither(tmp_path: Path, host: str, unseen: set[str]) -> None:
    (tmp_path / "main.tf").write_text(CODE.format(host=host))
    (tmp_path / "tether.yaml").write_text("safety_stack: {gateways: [n/Deployment/gateway]}\n")
    report = run_scan(tmp_path)
    found = [one for one in report["findings"] if "what runs in the cluster" in one["message"]]
    assert {one["subject"]["address"] for one in found} == unseen
