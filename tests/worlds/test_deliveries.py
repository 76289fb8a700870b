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
    ("source", "origin", "said"),
    [
        ("path: k8s", "git@git.example:acme/deploy.git", "holds"),
        ("path: k8s", "https://git.example/acme/other", "unproven"),
        ("path: k8s", "", "unproven"),
        ("path: elsewhere", "https://git.example/acme/deploy", "unproven"),
        ("chart: web", "https://git.example/acme/deploy", "unproven"),
    ],
)
def test_what_a_delivery_brings_must_be_shown(tmp_path: Path, source: str, origin: str, said: str) -> None:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "application.yaml").write_text(APPLICATION % source)
    (world / ".git").mkdir()
    (world / ".git" / "config").write_text(f'[remote "origin"]\n\turl = {origin}\n')
    report = run_scan(world)
    assert {one["verdict"] for one in report["commitments"]} == {said}
    assert len(report["unread"]) == (said != "holds")


def test_the_profile_says_of_which_repository_the_manifests_are(tmp_path: Path) -> None:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "application.yaml").write_text(APPLICATION % "path: k8s")
    settings = yaml.safe_load((world / "tether.yaml").read_text())
    settings["units"][0]["repository"] = "https://git.example/acme/deploy.git"
    (world / "tether.yaml").write_text(yaml.safe_dump(settings))
    report = run_scan(world)
    assert {one["verdict"] for one in report["commitments"]} == {"holds"}
    assert any("as the profile says" in one for one in report["assumptions"])
