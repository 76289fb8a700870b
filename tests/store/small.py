"""A deployment of a few lines, scanned into a store, and what its history says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.harness import run

RULE = "hybrid-node-joins-model-cluster"
ACTIVATION = 'resource "aws_ssm_activation" "a" {\n  iam_role           = "r"\n  registration_limit = 1\n%s}\n'
THERE, GONE, UNKNOWN = ACTIVATION % "", ACTIVATION % "  count = 0\n", ACTIVATION % "  count = var.n\n"
BUCKET = 'variable "n" {}\nresource "aws_s3_bucket" "b" {\n  bucket = "x"\n}\n'
PROFILE = "tenants: {agreed: []}\n"
WAIVER = """waivers:
  - rule: hybrid-node-joins-model-cluster
    subject: aws_ssm_activation.a
    reason: moves in March
    owner: ml-platform
    approver: ciso
    second_approver: cto
    expires: 2026-12-31
"""


class Small:
    """The deployment, its profile beside it, and its store."""

    def __init__(self, folder: Path, store: str) -> None:
        self.root = folder / "deployment"
        self.root.mkdir()
        self.profile = folder / "tether.yaml"
        self.profile.write_text(PROFILE)
        self.store = store
        (self.root / "other.tf").write_text(BUCKET)
        self.write(THERE)

    def write(self, text: str) -> None:
        (self.root / "main.tf").write_text(text)

    def scan(self, *more: str, as_of: str = "2026-11-01", paths: tuple[Path, ...] = ()) -> tuple[int, str, str]:
        given = [str(one) for one in paths or (self.root,)]
        where = ("--store", self.store, "--profile", str(self.profile), "--as-of", as_of)
        return run("scan", *given, *where, *more)

    def history(self, *more: str) -> dict[str, Any]:
        code, out, err = run("history", "--store", self.store, "--format", "json", *more)
        assert code == 0, err
        told: dict[str, Any] = json.loads(out)
        return told

    def after(self, *more: str, **how: Any) -> dict[str, Any]:
        """Scan once more; the counts of that run, and the status of the violation that all is about."""
        code, _, err = self.scan(*more, **how)
        assert code in (1, 3), err
        told = self.history()
        mine = [one for one in told["findings"] if one["rule"] == RULE and one["verdict"] == "violated"]
        counts = {name: number for name, number in told["runs"][-1]["findings"].items() if number}
        return {**counts, "status": mine[0]["status"], "because": mine[0]["because"], "times": mine[0]["regressed"]}
