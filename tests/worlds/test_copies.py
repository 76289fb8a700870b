"""A classifier runs as many copies as what scales it, takes it over or holds its pods back leaves it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan

TARGET = "scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: prompt-guard}"
REF = "workloadRef: {apiVersion: apps/v1, kind: Deployment, name: prompt-guard"
DEPLOYMENT = "kind: Deployment\nmetadata:\n  name: prompt-guard"
POD = "      labels: {app: prompt-guard}\n    spec:\n"


def verdict(tmp_path: Path, added: str = "", *edit: str) -> str:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "x.yaml").write_text(added)
    path = world / "k8s" / "safety.yaml"
    text = path.read_text()
    if edit:
        assert edit[0] in text
        path.write_text(text.replace(edit[0], edit[1], 1))
    report = run_scan(world)
    verdicts = {one["id"]: one["verdict"] for one in report["commitments"]}
    # A classifier of one copy, or of nobody knows how many, stands alone as well.
    beside = {one["rule"] for one in report["findings"] if one["commitment"] != "live-classifiers"}
    assert beside <= {"safety-component-stands-alone"}, report["findings"]
    return str(verdicts["live-classifiers"])


def made(kind: str, version: str, spec: str, notes: str = "") -> str:
    more = f", annotations: {{{notes}}}" if notes else ""
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: s, namespace: safety{more}}}\nspec: {{{spec}}}\n"


BACK = "minReplicaCount: 2, fallback: {replicas: %d}"
KEDA, HTTP, ROLLOUT = "keda.sh/v1alpha1", "http.keda.sh/v1alpha1", "argoproj.io/v1alpha1"
HELD = "httpscaledobject.keda.sh/skip-scaledobject-creation: 'true'"
SCALED = {
    "KEDA, two": (made("ScaledObject", KEDA, f"{TARGET}, minReplicaCount: 2"), "holds"),
    "KEDA, idle": (made("ScaledObject", KEDA, f"{TARGET}, minReplicaCount: 2, idleReplicaCount: 0"), "violated"),
    "KEDA, fallback": (made("ScaledObject", KEDA, f"{TARGET}, {BACK % 0}"), "violated"),
    "KEDA, good fallback": (made("ScaledObject", KEDA, f"{TARGET}, {BACK % 4}"), "holds"),
    "HTTP, no minimum": (made("HTTPScaledObject", HTTP, TARGET), "violated"),
    "HTTP, two": (made("HTTPScaledObject", HTTP, f"{TARGET}, replicas: {{min: 2}}"), "holds"),
    "HTTP, old name": (made("HTTPScaledObject", HTTP, "scaleTargetRef: {deployment: prompt-guard}"), "violated"),
    "HTTP, scales nothing": (made("HTTPScaledObject", HTTP, TARGET, HELD), "holds"),
    "another maker, zero": (made("WatermarkPodAutoscaler", "acme.example/v1", f"{TARGET}, minReplicas: 0"), "violated"),
    "another maker, two": (made("WatermarkPodAutoscaler", "acme.example/v1", f"{TARGET}, minReplicas: 2"), "holds"),
    "another maker, silent": (made("WatermarkPodAutoscaler", "acme.example/v1", TARGET), "unproven"),
    "Datadog's": (
        made("DatadogPodAutoscaler", "datadoghq.com/v1alpha2",
             "targetRef: {kind: Deployment, name: prompt-guard}, constraints: {minReplicas: 1}"),
        "violated",
    ),
    "sizes alone": (
        made("VerticalPodAutoscaler", "autoscaling.k8s.io/v1", "targetRef: {kind: Deployment, name: prompt-guard}"),
        "holds",
    ),
    "Rollout, none": (made("Rollout", ROLLOUT, f"replicas: 0, {REF}, scaleDown: onsuccess}}"), "violated"),
    "Rollout, three": (made("Rollout", ROLLOUT, f"replicas: 3, {REF}, scaleDown: progressively}}"), "holds"),
    "Rollout, beside it": (made("Rollout", ROLLOUT, f"replicas: 0, {REF}}}"), "holds"),
    "quota, no pods": (made("ResourceQuota", "v1", "hard: {pods: '0'}"), "violated"),
    "quota, many pods": (made("ResourceQuota", "v1", "hard: {pods: '50'}"), "holds"),
    "quota, no counts": (made("ResourceQuota", "v1", "hard: {count/replicasets.apps: 0}"), "violated"),
    "quota, no memory": (made("ResourceQuota", "v1", "hard: {requests.memory: 0Gi}"), "violated"),
    "quota, some memory": (made("ResourceQuota", "v1", "hard: {requests.memory: 100Gi}"), "holds"),
    "quota, scoped": (made("ResourceQuota", "v1", "hard: {pods: '0'}, scopes: [BestEffort]"), "unproven"),
    "quota, not a number": (made("ResourceQuota", "v1", "hard: {pods: few}"), "unproven"),
    "quota elsewhere": (
        made("ResourceQuota", "v1", "hard: {pods: '0'}").replace("namespace: safety", "namespace: tenant-a"), "holds",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SCALED)
def test_what_scales_a_classifier(tmp_path: Path, case: str) -> None:
    added, said = SCALED[case]
    assert verdict(tmp_path, added) == said


NOTE = "kind: Deployment\nmetadata:\n  annotations: {%s}\n  name: prompt-guard"
EDITS = {
    "paused": ("name: prompt-guard\n  namespace: safety\nspec:\n", "  paused: true\n", "unproven"),
    "not paused": ("name: prompt-guard\n  namespace: safety\nspec:\n", "  paused: false\n", "holds"),
    "gated": (POD, "      schedulingGates: [{name: acme/hold}]\n", "unproven"),
    "suspended": ("name: prompt-guard\n  namespace: safety\nspec:\n", "  suspend: true\n", "violated"),
}


@pytest.mark.parametrize("case", EDITS)
def test_what_holds_its_pods_back(tmp_path: Path, case: str) -> None:
    after, line, said = EDITS[case]
    assert verdict(tmp_path, "", after, after + line) == said


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("downscaler/uptime: Mon-Fri 08:00-20:00 UTC", "unproven"),
        ("downscaler/force-downtime: 'true'", "unproven"),
        ("downscaler/uptime: always", "holds"),
        ("downscaler/downtime: never", "holds"),
        ("downscaler/exclude: 'true', downscaler/uptime: never", "holds"),
    ],
)
def test_annotations_that_scale_by_the_clock(tmp_path: Path, note: str, said: str) -> None:
    assert verdict(tmp_path, "", DEPLOYMENT, NOTE % note) == said


NODE = "apiVersion: v1\nkind: Node\nmetadata: {name: n, labels: {pool: %s}}\nspec: {providerID: 'aws:///us-gov-west-1a/i-1'}\n"


@pytest.mark.parametrize(("pool", "said"), [("safety", False), ("other", True)])
def test_machines_that_nobody_has(tmp_path: Path, pool: str, said: bool) -> None:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "x.yaml").write_text(NODE % pool)
    path = world / "k8s" / "safety.yaml"
    path.write_text(path.read_text().replace(POD, POD + "      nodeSelector: {pool: safety}\n", 1))
    messages = [one["message"] for one in run_scan(world)["findings"]]
    assert any("no node that was read has the labels" in one for one in messages) is said


ODD = [
    "spec: {scaleTargetRef: [prompt-guard], minReplicaCount: {a: b}}", "spec: [a]", "spec: {hard: [pods]}",
    "spec: {hard: {pods: {a: b}}, scopes: 3}", "spec: {scaleTargetRef: {name: [x], kind: 4}, fallback: 7}",
    "spec: {workloadRef: x, replicas: [1]}", "metadata: {name: s, namespace: safety, annotations: [a]}",
]  # fmt: skip


@pytest.mark.parametrize("body", ODD)
@pytest.mark.parametrize("kind", ["ScaledObject", "HTTPScaledObject", "ResourceQuota", "Rollout", "Other"])
def test_fields_of_the_wrong_kind_stop_nothing(tmp_path: Path, kind: str, body: str) -> None:
    groups = {"ScaledObject": KEDA, "HTTPScaledObject": HTTP, "Rollout": ROLLOUT, "Other": "acme.example/v1"}
    head = "" if body.startswith("metadata") else "metadata: {name: s, namespace: safety}\n"
    text = f"apiVersion: {groups.get(kind, 'v1')}\nkind: {kind}\n{head}{body}\n"
    assert verdict(tmp_path, text) in ("holds", "unproven", "violated")
