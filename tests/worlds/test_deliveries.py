"""A delivery that brings what nobody shows leaves every commitment unproven; one of what is scanned changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan

APPLICATION = """\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: a, namespace: argocd}
spec: {source: {repoURL: "https://git.example/acme/deploy", %s}, destination: {server: https://kubernetes.default.svc}}
"""


@pytest.mark.parametrize(
    ("source", "said"), [("path: k8s", "holds"), ("path: elsewhere", "unproven"), ("chart: web", "unproven")]
)
def test_what_a_delivery_brings_must_be_shown(tmp_path: Path, source: str, said: str) -> None:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "application.yaml").write_text(APPLICATION % source)
    report = run_scan(world)
    assert {one["verdict"] for one in report["commitments"]} == {said}
    assert len(report["unread"]) == (said != "holds")
