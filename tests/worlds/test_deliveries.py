"""A delivery that brings what nobody shows leaves every commitment unproven; one of what is scanned changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from tests.harness import FIXTURES, run_scan

PINNED = "0123456789abcdef0123456789abcdef01234567"
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
        (f"path: k8s, targetRevision: {PINNED}", "https://git.example/acme/deploy", [PINNED], "holds"),
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
    said_so = [one for one in report["assumptions"] if "as the profile says" in one]
    assert bool(said_so) is (verdict == "holds")
    pinned = f"path: k8s, targetRevision: {PINNED}" == source
    assert all(("for the next scan" in one) is not pinned for one in said_so)


APART = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: only-the-gateway\n"
SUB = "---\n" + APPLICATION.replace("name: a,", "name: b,")


@pytest.mark.parametrize(
    ("source", "more", "verdict"),
    [
        ("path: k8s", "", "unproven"),
        ("path: k8s, directory: {recurse: false}", "", "unproven"),
        ("path: k8s, directory: {recurse: true}", "", "holds"),
        ("path: k8s", SUB % "path: k8s/policies", "holds"),
        ("path: k8s", SUB % "path: k8s/other", "unproven"),
    ],
)
def test_a_folder_comes_without_its_subfolders(tmp_path: Path, source: str, more: str, verdict: str) -> None:
    """Argo CD leaves them out unless it is told to recurse: a policy there closes nothing."""
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    text = (world / "k8s" / "model.yaml").read_text()
    kept, mark, policy = text.partition(APART)
    assert mark
    (world / "k8s" / "model.yaml").write_text(kept.rstrip("-\n") + "\n")
    for folder in ("policies", "other"):
        (world / "k8s" / folder).mkdir()
    (world / "k8s" / "policies" / "x.yaml").write_text(mark + policy)
    other = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: tenant-a}\n"
    (world / "k8s" / "other" / "x.yaml").write_text(other)
    (world / "k8s" / "application.yaml").write_text(APPLICATION % source + more)
    settings = yaml.safe_load((world / "tether.yaml").read_text())
    settings["units"][0]["repository"] = "https://git.example/acme/deploy"
    (world / "tether.yaml").write_text(yaml.safe_dump(settings))
    report = run_scan(world)
    verdicts = {one["id"]: one["verdict"] for one in report["commitments"]}
    assert verdicts["safety-path"] == verdict
    assert report["unread"] == []
    assert verdicts["cloud-only"] == "holds"
