"""What delivers the safety stack: what a source of git and one of charts are asked, and keys that nothing shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan, seen

RULE = "stack-delivered-unverified"
CASES = FIXTURES / "operator-control" / RULE
FLUX, ARGO, CODE = (
    "complies-branch-is-followed",
    "complies-project-without-signature-keys",
    "complies-unsigned-code-only-warns",
)
COMMIT = "0a" * 20
YAML, TF, SETTINGS = "delivery/all.yaml", "main.tf", "tether.yaml"
RELEASE = """---
apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {{name: stack, namespace: safety}}
spec:
  chart:
    spec: {{chart: ./stack, {chart} sourceRef: {{kind: GitRepository, name: charts}}}}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: charts, namespace: safety}}
spec: {{url: "https://git.example.gov/safety/stack", {source}}}
"""
VERIFY = "verify: {mode: HEAD, secretRef: {name: keys}}"
PROFILES = '["arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/safety/v1"]'
SINK = """
resource "aws_s3_bucket" "logs" {
  bucket = "logs"
}
"""
OTHER = """---
apiVersion: argoproj.io/v1alpha1
kind: AppProject
metadata: {name: safety, namespace: %s}
spec: {sourceRepos: ["*"]}
"""
MOVED = ("{name: stack, namespace: argocd}", "{name: stack, namespace: apps}")


def judged(tmp_path: Path, case: str, *edits: tuple[str, str, str]) -> str:
    """What the rule says of a case with edits: (file, text, instead), an empty text for what comes at the end."""
    copy = tmp_path / "case"
    shutil.copytree(CASES / case, copy)
    for name, old, new in edits:
        before = (copy / name).read_text()
        assert old in before
        (copy / name).write_text(before.replace(old, new) if old else before + new)
    return seen(run_scan(copy), RULE)


@pytest.mark.parametrize(
    ("case", "edits", "verdict"),
    [
        (FLUX, [(YAML, f"commit: {COMMIT}", 'commit: "", branch: main')], "violated"),
        (FLUX, [(YAML, f"commit: {COMMIT}", "commit: main")], "unproven"),
        (FLUX, [(YAML, VERIFY, "verify: {provider: cosign}")], "unproven"),
        (FLUX, [(YAML, "", RELEASE.format(chart="", source=f"ref: {{commit: {COMMIT}}}, {VERIFY}"))], "holds"),
        (FLUX, [(YAML, "", RELEASE.format(chart=f"{VERIFY},", source=f"ref: {{commit: {COMMIT}}}"))], "violated"),
        (FLUX, [(YAML, "", RELEASE.format(chart='version: "1.2.3",', source=f"ref: {{branch: main}}, {VERIFY}"))],
         "violated"),
        (ARGO, [(YAML, "", OTHER % "other")], "holds"),
        (ARGO, [(YAML, "", OTHER % "other"), (YAML, *MOVED)], "unproven"),
        (ARGO, [(YAML, "{keyID: 4AEE18F83AFDEB23}", "{}")], "unproven"),
        (CODE, [(TF, PROFILES, "var.publishers")], "unproven"),
        (CODE, [(TF, PROFILES, PROFILES.replace("]", ", var.publisher]"))], "unproven"),
        (CODE, [(TF, "", SINK)], "holds"),
        (CODE, [(TF, "", SINK), (SETTINGS, "", "\nevidence: {sinks: [aws_s3_bucket.logs]}\n")], "unproven"),
    ],
)  # fmt: skip
def test_nothing_counts_for_verified_that_is_not(
    tmp_path: Path, case: str, edits: list[tuple[str, str, str]], verdict: str
) -> None:
    said = judged(tmp_path, case, *edits)
    assert said.startswith(f"{RULE}: {verdict}"), said
