"""Whom the gateway's own guards let in though no input shows them: pods of namespaces that nobody named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.test_switched_off import SAFETY, judged, made

PEER = "        - namespaceSelector:\n            matchLabels: {kubernetes.io/metadata.name: tenant-a}\n"
OWN = "  name: gateway\n  namespace: safety\nspec:\n  podSelector:\n    matchLabels: {app: gateway}"
GONE = (SAFETY, OWN, OWN.replace("{app: gateway}", "{app: nothing}"))
AGREED = 'agreed: ["namespace:tenant-a"]'
ANY, SPACE = "the pods of namespaces that nobody named", "the pods of namespace tenant-b"


def peer(text: str) -> tuple[str, str, str]:
    return (SAFETY, PEER, f"        - {text}\n")


def cilium(text: str) -> str:
    spec = f"spec: {{endpointSelector: {{matchLabels: {{app: gateway}}}}, ingress: [{{{text}}}]}}"
    return made("CiliumNetworkPolicy", "cilium.io/v2", spec, namespace="safety")


ADMIN = (
    "spec: {priority: 5, subject: {pods: {namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: safety}},"
    " podSelector: {matchLabels: {app: gateway}}}}, ingress: [{action: %s, from: [{namespaces: {}}]}]}"
)
OPEN: dict[str, tuple[str, tuple[tuple[str, str, str], ...], str]] = {
    "every namespace": ("", (peer("namespaceSelector: {}"),), ANY),
    "namespaces with a label": ("", (peer("namespaceSelector: {matchLabels: {team: tenants}}"),), ANY),
    "all but one": (
        "",
        (peer("namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn,"
              " values: [tenant-b]}]}"),),
        ANY,
    ),
    "pods with a label anywhere": ("", (peer("{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}"),), ANY),
    "another by name": (
        "", (peer("namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tenant-b}}"),), SPACE,
    ),
    "anyone": ("", ((SAFETY, f"    - from:\n{PEER}      ports:", "    - ports:"),), ANY),
    "no policy": ("", (GONE,), ANY),
    "Cilium, the cluster": (cilium("fromEntities: [cluster]"), (GONE,), ANY),
    "an admin policy beside": (
        made("AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1", ADMIN % "Allow"), (), ANY,
    ),
    "every namespace of one beginning": (
        "", (peer("namespaceSelector: {}"), ("tether.yaml", AGREED, 'agreed: ["namespace:tenant-*"]')), ANY,
    ),
}  # fmt: skip
CLOSED: dict[str, tuple[str, tuple[tuple[str, str, str], ...]]] = {
    "two by name, both agreed": (
        "",
        (peer("namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In,"
              " values: [tenant-a, tenant-b]}]}"),
         ("tether.yaml", AGREED, 'agreed: ["namespace:tenant-*"]')),
    ),
    "every namespace is agreed": (
        "", (peer("namespaceSelector: {}"), ("tether.yaml", AGREED, 'agreed: ["namespace:*"]')),
    ),
    "the stack's own": (
        "", ((SAFETY, PEER, f"{PEER}        - podSelector: {{matchLabels: {{app: output-guard}}}}\n"),),
    ),
    "an admin policy that denies a port": (
        made("AdminNetworkPolicy", "policy.networking.k8s.io/v1alpha1",
             ADMIN.replace("from", "ports: [{portNumber: {protocol: TCP, port: 9}}], from") % "Deny"), (),
    ),
    "policies of another": (made("NetworkPolicy", "networking.k8s.io/v1",
                                 "spec: {podSelector: {}, ingress: [{}]}", namespace="tenant-a"), ()),
}  # fmt: skip


@pytest.mark.parametrize("name", OPEN)
def test_a_gateway_that_lets_in_namespaces_that_nobody_shows_is_not_proven(tmp_path: Path, name: str) -> None:
    added, edits, said = OPEN[name]
    failed, words = judged(tmp_path, added, *edits)
    assert "agreed-tenants" in failed
    assert said in words


@pytest.mark.parametrize("name", CLOSED)
def test_a_gateway_that_lets_in_agreed_namespaces_alone_is(tmp_path: Path, name: str) -> None:
    added, edits = CLOSED[name]
    assert judged(tmp_path, added, *edits) == (set(), "")
