"""Who answers for a model or a classifier, and who carries the labels that a guard admits: machines, and other pods."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan

MACHINE = """\
apiVersion: kubevirt.io/v1
kind: %s
metadata: {name: w, namespace: safety, labels: {app: %s}}
spec: {template: {metadata: {labels: {app: %s}}, spec: {domain: {}}}, domain: {}}
"""
POD = """\
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: %s, labels: {app: %s}}
spec: {containers: [{name: c, image: "r/i@sha256:8c7b6a59483726150f1e2d3c4b5a69780f1e2d3c4b5a69788796a5b4c3d2e1f0"}]}
"""
SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: pg, namespace: safety}
spec: {selector: {app: prompt-guard}, ports: [{port: 8000}]}
"""


def commitments(tmp_path: Path, *texts: str, profile: tuple[str, str] = ("", "")) -> tuple[dict[str, str], list[str]]:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "x.yaml").write_text("---\n".join(texts))
    path = world / "tether.yaml"
    path.write_text(path.read_text().replace(*profile) if profile[0] else path.read_text())
    report = run_scan(world)
    return {one["id"]: one["verdict"] for one in report["commitments"]}, [one["message"] for one in report["findings"]]


@pytest.mark.parametrize(
    ("kind", "own", "pods", "said"),
    [
        ("VirtualMachine", "other", "gateway", "violated"),
        ("VirtualMachine", "gateway", "other", "holds"),
        ("VirtualMachineInstance", "gateway", "other", "violated"),
        ("VirtualMachineInstance", "other", "gateway", "holds"),
        ("VirtualMachineInstanceReplicaSet", "other", "gateway", "violated"),
    ],
)
def test_the_pod_of_a_machine_carries_its_labels(tmp_path: Path, kind: str, own: str, pods: str, said: str) -> None:
    assert commitments(tmp_path, MACHINE % (kind, own, pods))[0]["safety-path"] == said


def test_a_pod_behind_the_service_of_a_model_may_answer_its_calls(tmp_path: Path) -> None:
    verdicts, messages = commitments(tmp_path, POD % ("inference", "claude-gov"))
    assert verdicts["safety-path"] == "unproven"
    assert messages == [
        "calls to model `inference/Deployment/claude-gov` may be answered by `inference/Pod/p`, "
        "which is not declared to be one"
    ]


@pytest.mark.parametrize("where", [("inference", "other"), ("tenant-a", "claude-gov")])
def test_a_pod_that_the_service_does_not_pick_answers_nothing(tmp_path: Path, where: tuple[str, str]) -> None:
    assert commitments(tmp_path, POD % where)[0]["safety-path"] == "holds"


def test_a_pod_behind_the_service_of_a_classifier_may_answer_its_calls(tmp_path: Path) -> None:
    verdicts, messages = commitments(tmp_path, POD % ("safety", "prompt-guard"), SERVICE)
    assert verdicts["live-classifiers"] == "unproven"
    assert "calls to classifier `safety/Deployment/prompt-guard` may be answered by `safety/Pod/p`" in messages[0]


def test_who_is_declared_to_be_the_model_answers_for_it(tmp_path: Path) -> None:
    servers = "servers: [inference/Deployment/claude-gov"
    verdicts, messages = commitments(
        tmp_path, POD % ("inference", "claude-gov"), profile=(servers, servers + ", inference/Pod/p")
    )
    assert verdicts["safety-path"] == "holds", messages
