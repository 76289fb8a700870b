"""Who answers an admission webhook, by Service or by URL, and what it is shown; all of them in one scan."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.harness import FIXTURES, run_scan

HOOK = """\
apiVersion: admissionregistration.k8s.io/v1
kind: {kind}WebhookConfiguration
metadata: {{name: {name}}}
webhooks:
  - name: {name}.acme.example
    clientConfig: {{{client}}}
    sideEffects: None
    failurePolicy: Fail
    namespaceSelector: {selector}
    rules: [{{apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: [{shown}]}}]
"""
WORKER = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: tenant-a}}
spec: {{selector: {{app: {name}}}, ports: [{{port: 443}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: tenant-a}}
spec:
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{containers: [{{name: c, image: "r.example/c:1"}}]}}
"""
SERVICE = "service: {{name: {}, namespace: {}}}"
URL = 'url: "https://{}/x"'
OWN = "{matchLabels: {kubernetes.io/metadata.name: tenant-a}}"
FOLLOWED = {
    "mutates-by-url": ("Mutating", URL.format("mutates-by-url.tenant-a.svc:8443"), "pods", "{}"),
    "denies-by-url": ("Validating", URL.format("denies-by-url.tenant-a.svc.cluster.local"), "pods", "{}"),
    "denies-guards": ("Validating", SERVICE.format("denies-guards", "tenant-a"), "networkpolicies", "{}"),
    "denies-from-outside": ("Validating", URL.format("hooks.acme.example"), "pods", "{}"),
    "denies-grants": ("Validating", SERVICE.format("denies-grants", "tenant-a"), "clusterrolebindings", OWN),
    "looks-local": ("Mutating", URL.format("127.0.0.1.acme.example"), "pods", "{}"),
}
LEFT = {
    "on-the-machine": ("Mutating", URL.format("127.0.0.1:23443"), "pods", "{}"),
    "on-the-machine-v6": ("Validating", URL.format("[::1]:23443"), "pods", "{}"),
    "of-the-platform": ("Validating", SERVICE.format("of-the-platform", "policies"), "networkpolicies, pods", "{}"),
    "of-its-own": ("Validating", SERVICE.format("of-its-own", "tenant-a"), "'*/*'", OWN),
    "of-no-matter": ("Validating", SERVICE.format("of-no-matter", "tenant-a"), "leases", "{}"),
}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    world = tmp_path_factory.mktemp("world") / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    texts = [WORKER.format(name=name) for name in (*FOLLOWED, *LEFT)]
    for name, (kind, client, shown, selector) in {**FOLLOWED, **LEFT}.items():
        texts.append(HOOK.format(kind=kind, name=name, client=client, shown=shown, selector=selector))
    (world / "k8s" / "x.yaml").write_text("---\n".join(texts))
    return run_scan(world)


def told(report: dict[str, Any], name: str) -> set[str]:
    """The verdicts of the findings with a hop by the webhook of this name."""
    said = f"webhook `{name}.acme.example`"
    return {one["verdict"] for one in report["findings"] if any(said in hop["because"] for hop in one["hops"])}


@pytest.mark.parametrize("name", sorted(FOLLOWED))
def test_who_may_answer_a_webhook_is_on_the_way(report: dict[str, Any], name: str) -> None:
    assert told(report, name) == {"unproven"}


def test_who_answers_by_the_name_of_a_service_is_named(report: dict[str, Any]) -> None:
    first = {one["hops"][0]["address"] for one in report["findings"] if one["hops"]}
    assert {"tenant-a/Deployment/mutates-by-url", "tenant-a/Deployment/denies-by-url"} <= first


@pytest.mark.parametrize("name", sorted(LEFT))
def test_what_the_platform_answers_or_is_of_no_matter_is_left(report: dict[str, Any], name: str) -> None:
    assert not told(report, name)
