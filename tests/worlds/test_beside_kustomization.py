"""A file that the kustomization of its folder does not list may be applied or not: it opens perhaps, closes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.harness import FIXTURES, run_scan

FILES = ("model.yaml", "namespaces.yaml", "rbac.yaml", "safety.yaml", "tenant-a.yaml")
POLICY = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
OPEN = POLICY + "metadata: {name: y, namespace: inference}\nspec: {podSelector: {}, ingress: [{}]}\n"
SCALER = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: h, namespace: safety}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: prompt-guard}, minReplicas: 2, maxReplicas: 4}
"""


def world_of(tmp_path: Path, listed: tuple[str, ...], more: dict[str, str]) -> Path:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    (world / "k8s" / "kustomization.yaml").write_text(f"resources: [{', '.join(listed)}]\n")
    for name, text in more.items():
        (world / "k8s" / name).write_text(text)
    return world


def verdicts(world: Path) -> dict[str, Any]:
    return {one["id"]: one["verdict"] for one in run_scan(world)["commitments"]}


def apart(world: Path, file: str, start: str) -> None:
    """Put the document that starts with `start` into a file of its own, `apart.yaml`."""
    path = world / "k8s" / file
    texts = path.read_text().split("\n---\n")
    chosen = next(one for one in texts if start in one)
    path.write_text("\n---\n".join(one for one in texts if one is not chosen))
    (world / "k8s" / "apart.yaml").write_text(chosen)


def test_what_is_listed_is_deployed(tmp_path: Path) -> None:
    assert set(verdicts(world_of(tmp_path, FILES, {})).values()) == {"holds"}


@pytest.mark.parametrize(("listed", "said"), [((*FILES, "apart.yaml"), "holds"), (FILES, "unproven")])
def test_a_policy_in_a_file_that_is_not_listed_closes_nothing(
    tmp_path: Path, listed: tuple[str, ...], said: str
) -> None:
    world = world_of(tmp_path, listed, {})
    apart(world, "model.yaml", "kind: NetworkPolicy")
    assert verdicts(world)["safety-path"] == said


@pytest.mark.parametrize(("listed", "said"), [((*FILES, "x.yaml"), "violated"), (FILES, "unproven")])
def test_a_policy_in_a_file_that_is_not_listed_opens_perhaps(
    tmp_path: Path, listed: tuple[str, ...], said: str
) -> None:
    assert verdicts(world_of(tmp_path, listed, {"x.yaml": OPEN}))["safety-path"] == said


@pytest.mark.parametrize(("listed", "said"), [((*FILES, "h.yaml"), "holds"), (FILES, "unproven")])
def test_an_autoscaler_in_a_file_that_is_not_listed_promises_no_copies(
    tmp_path: Path, listed: tuple[str, ...], said: str
) -> None:
    world = world_of(tmp_path, listed, {"h.yaml": SCALER})
    path = world / "k8s" / "safety.yaml"
    text = path.read_text()
    start = text.index("name: prompt-guard")
    path.write_text(text[:start] + text[start:].replace("  replicas: 2\n", "", 1).replace("  replicas: 3\n", "", 1))
    assert verdicts(world)["live-classifiers"] == said


def test_labels_of_a_namespace_in_a_file_that_is_not_listed_are_no_guard(tmp_path: Path) -> None:
    world = world_of(tmp_path, FILES, {})
    apart(world, "namespaces.yaml", "name: tenant-a")
    path = world / "k8s" / "apart.yaml"
    path.write_text(path.read_text().replace("name: tenant-a", "name: tenant-a\n  labels: {kept: out}"))
    extra = "    - from: [{namespaceSelector: {matchExpressions: [{key: kept, operator: DoesNotExist}]}}]\n"
    model = world / "k8s" / "model.yaml"
    model.write_text(model.read_text().replace("  ingress:\n", "  ingress:\n" + extra, 1))
    assert "tenant-a/Deployment/assistant" in str(run_scan(world)["findings"])


@pytest.mark.parametrize(
    "text",
    [
        "resources: [%s]\nconfigMapGenerator: [{name: c, files: [x=x.yaml]}]\n",
        "resources: [%s]\npatches: [{path: x.yaml}]\n",
    ],
)
def test_what_a_kustomization_uses_in_another_way_is_not_left_out(tmp_path: Path, text: str) -> None:
    world = world_of(tmp_path, FILES, {"x.yaml": OPEN.replace("inference", "nowhere")})
    (world / "k8s" / "kustomization.yaml").write_text(text % ", ".join(FILES))
    assert "does not list" not in str(run_scan(world))


def test_a_file_of_another_folder_has_nothing_to_do_with_it(tmp_path: Path) -> None:
    world = world_of(tmp_path, FILES, {})
    (world / "k8s" / "more").mkdir()
    (world / "k8s" / "more" / "x.yaml").write_text(OPEN)
    assert verdicts(world)["safety-path"] == "violated"
