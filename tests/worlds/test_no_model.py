"""A deployment in which no model is found: nothing is proved of calls to one, whatever else was looked at."""

from __future__ import annotations

from pathlib import Path

from tests.harness import run_scan

TEXT = """
resource "aws_iam_user" "ci" {
  name = "ci"
}

resource "aws_iam_access_key" "ci" {
  user = aws_iam_user.ci.name
}
"""


def test_no_model_is_no_proof_of_the_safety_path(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(TEXT)
    report = run_scan(tmp_path)
    judged = {one["id"] for one in report["rules"] if one["verdict"] == "holds" and one["commitment"] == "safety-path"}
    assert judged == {"long-lived-credential-reaches-model"}, "something was looked at"
    commitment = next(one for one in report["commitments"] if one["id"] == "safety-path")
    assert (commitment["verdict"], commitment["summary"]) == ("unproven", "no model was found")
    assert "certificate" not in commitment
