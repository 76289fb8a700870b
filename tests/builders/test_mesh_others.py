"""Authorizers of other meshes: they close nothing, and leave nothing certainly open."""

from __future__ import annotations

import pytest

from tests.builders.k8s_world import BASE, CALICO, TENANT, reasons, state, ways
from tests.builders.mesh_world import mesh_graph

HEAD = "---\napiVersion: {}\nkind: {}\nmetadata: {{name: x, namespace: {}}}\nspec: {}\n"


@pytest.mark.parametrize(
    ("version", "kind", "namespace", "spec", "expected"),
    [
        ("policy.linkerd.io/v1beta3", "Server", "inference", "{podSelector: {matchLabels: {app: vllm}}}", "possible"),
        ("policy.linkerd.io/v1beta3", "Server", "inference", "{podSelector: {matchLabels: {app: x}}}", "open"),
        ("policy.linkerd.io/v1beta3", "Server", "tenant", "{podSelector: {}}", "open"),
        (
            "policy.linkerd.io/v1alpha1",
            "AuthorizationPolicy",
            "inference",
            "{targetRef: {kind: Namespace}}",
            "possible",
        ),
        ("consul.hashicorp.com/v1alpha1", "ServiceIntentions", "inference", "{destination: {name: vllm}}", "possible"),
        ("consul.hashicorp.com/v1alpha1", "ServiceIntentions", "x", '{destination: {name: "*"}}', "possible"),
        ("consul.hashicorp.com/v1alpha1", "ServiceIntentions", "x", "{destination: {name: other}}", "open"),
        ("kuma.io/v1alpha1", "MeshTrafficPermission", "kuma-system", "{targetRef: {kind: Mesh}}", "possible"),
    ],
)
def test_what_another_mesh_may_guard_is_not_certainly_open(version, kind, namespace, spec, expected):
    graph = mesh_graph(BASE, CALICO, HEAD.format(version, kind, namespace, spec))
    assert state(graph, TENANT) == expected
    if expected == "possible":
        assert reasons(graph, TENANT) == {"policy-engine-unmodelled"}
        assert any(kind in edge.because for way in ways(graph, TENANT) for edge in way)


@pytest.mark.parametrize(("value", "expected"), [("deny", "possible"), ("all-unauthenticated", "open")])
def test_a_default_of_linkerd_is_a_guard_that_is_not_evaluated(value, expected):
    noted = BASE.replace(
        "metadata: {name: inference}",
        f"metadata: {{name: inference, annotations: {{config.linkerd.io/default-inbound-policy: {value}}}}}",
    )
    assert state(mesh_graph(noted, CALICO), TENANT) == expected


def test_an_authorizer_of_which_nothing_is_known_closes_nothing():
    for spec in ("text", "[3]", "{podSelector: text}", "{destination: 3}"):
        for version, kind in (("policy.linkerd.io/v1", "Server"), ("consul.hashicorp.com/v1", "ServiceIntentions")):
            assert state(mesh_graph(BASE, CALICO, HEAD.format(version, kind, "inference", spec)), TENANT) != "closed"
