"""A delivery that brings what nobody shows leaves every commitment unproven; one of what is scanned changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.harness import FIXTURES, run_scan

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, namespace: argocd}
spec: {source: {repoURL: "https://git.example/acme/deploy", %s}, destination: {server: https://kubernetes.default.svc}}
"""


@pytest.mark.parametrize(
    ("source", "said", "revisions", "verdict"),
    [
        ("path: k8s", "git@git.example:acme/deploy.git", [], "holds"),
        ("path: k8s, targetRevision: main", "https://git.example/acme/deploy", ["main"], "holds"),
        ("path: k8s, targetRevision: v2", "https://git.example/acme/deploy", ["main"], "unproven"),
        ("path: k8s, kustomize: {images: [a=b]}", "git@git.example:acme/deploy.git", [], "unproven"),
        ("path: k8s", "https://git.example/acme/other", [], "unproven"),
        ("path: k8s", "", [], "unproven"),
        ("path: elsewhere", "https://git.example/acme/deploy", [], "unproven"),
        ("chart: web", "https://git.example/acme/deploy", [], "unproven"),
    ],
)
def test_what_a_delivery_brings_must_be_shown(
    tmp_path: Path, source: str, said: str, revisions: list[str], verdict: str
) -> None:
    """By the profile alone: what a `.git` in the scanned tree says counts for nothing."""
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "application.yaml").write_text(APPLICATION % source)
    (world / ".git").mkdir()
    (world / ".git" / "config").write_text('[remote "origin"]\n\turl = https://git.example/acme/deploy\n')
    settings = yaml.safe_load((world / "tether.yaml").read_text())
    if said:
        settings["units"][0].update({"repository": said, "revisions": revisions})
    (world / "tether.yaml").write_text(yaml.safe_dump(settings))
    report = run_scan(world)
    assert {one["verdict"] for one in report["commitments"]} == {verdict}
    assert len(report["unread"]) == (verdict != "holds")
    assert any("as the profile says" in one for one in report["assumptions"]) is (verdict == "holds")
