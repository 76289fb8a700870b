"""An object inside another one opens what it would open by itself, and closes nothing that may not be there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.harness import FIXTURES, run_scan

OPEN = (
    "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: y, namespace: inference},"
    " spec: {podSelector: {}, policyTypes: [Ingress], ingress: [{}]}}"
)
CROSSPLANE = (
    "apiVersion: kubernetes.crossplane.io/v1alpha2\nkind: Object\nmetadata: {name: a}\n"
    f"spec: {{providerConfigRef: {{name: here}}, forProvider: {{manifest: {OPEN}}}}}\n"
)
HERE = (
    "apiVersion: kubernetes.crossplane.io/v1alpha1\nkind: ProviderConfig\nmetadata: {name: here}\n"
    "spec: {credentials: {source: InjectedIdentity}}\n"
)
WORK = (
    "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nmetadata: {name: a, namespace: c1}\n"
    f"spec: {{workload: {{manifests: [{OPEN}]}}}}\n"
)
TEMPLATE = f"apiVersion: template.openshift.io/v1\nkind: Template\nmetadata: {{name: a}}\nobjects: [{OPEN}]\n"
TENANT = (
    "apiVersion: capsule.clastix.io/v1beta2\nkind: Tenant\nmetadata: {name: t}\n"
    "spec: {networkPolicies: {items: [{podSelector: {}, policyTypes: [Ingress], ingress: [{}]}]}}\n"
)
TERRAFORM = """\
resource "kubernetes_manifest" "a" {
  manifest = {
    apiVersion = "kubernetes.crossplane.io/v1alpha2"
    kind = "Object"
    metadata = { name = "a" }
    spec = { forProvider = { manifest = {
      apiVersion = "networking.k8s.io/v1"
      kind = "NetworkPolicy"
      metadata = { name = "y", namespace = "inference" }
      spec = { podSelector = {}, policyTypes = ["Ingress"], ingress = [{}] }
    } } }
  }
}
"""


def verdict(tmp_path: Path, files: dict[str, str]) -> dict[str, Any]:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    for name, text in files.items():
        (world / name).write_text(text)
    report = run_scan(world)
    return {one["id"]: one["verdict"] for one in report["commitments"]} | {"unread": report["unread"]}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"k8s/x.yaml": CROSSPLANE, "k8s/here.yaml": HERE}, "violated"),
        ({"k8s/x.yaml": CROSSPLANE}, "unproven"),
        ({"k8s/x.yaml": WORK}, "unproven"),
        ({"k8s/x.yaml": WORK.replace("c1", "local-cluster")}, "violated"),
        ({"k8s/x.yaml": TEMPLATE}, "unproven"),
        ({"k8s/x.yaml": TENANT}, "unproven"),
        ({"terraform/x.tf": TERRAFORM}, "unproven"),
    ],
    ids=["crossplane-here", "crossplane", "work", "work-here", "template", "tenant", "terraform"],
)
def test_a_policy_inside_another_object_opens_what_it_opens(tmp_path: Path, files: dict[str, str], said: str) -> None:
    assert verdict(tmp_path, files)["safety-path"] == said


def test_a_guard_inside_another_object_closes_nothing_where_it_may_not_be_there(tmp_path: Path) -> None:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    path = world / "k8s" / "model.yaml"
    first, second = path.read_text().split("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n", 1)
    policy, *rest = second.split("\n---\n", 1)
    inside = "  - apiVersion: networking.k8s.io/v1\n    kind: NetworkPolicy\n" + "\n".join(
        f"    {line}" for line in policy.splitlines()
    )
    head = "apiVersion: work.open-cluster-management.io/v1\nkind: ManifestWork\nmetadata: {name: a, namespace: %s}\n"
    for space, said in (("local-cluster", "holds"), ("c1", "unproven")):
        held = head % space + "spec:\n workload:\n  manifests:\n" + inside + "\n"
        path.write_text("\n---\n".join([first + held.removeprefix("\n"), *rest]))
        report = run_scan(world)
        assert {one["id"]: one["verdict"] for one in report["commitments"]}["safety-path"] == said, space
