"""Who can make a pod that the guard of a model lets in: selectors of policies together with rights."""

from __future__ import annotations

import pytest

from scanner.builders.control.build import build_cluster_control
from scanner.builders.control.cloud import build_cloud_control
from scanner.graph.model import State
from tests.builders.k8s_world import BASE, CALICO, ONLY_GATEWAY, policy, world_of

ROLE = """
---
apiVersion: rbac.authorization.k8s.io/v1
kind: %s
metadata: {name: r%s}
rules: [{apiGroups: [%s], resources: [%s], verbs: [%s]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: %sBinding
metadata: {name: b%s}
roleRef: {kind: %s, name: r}
subjects: [{kind: User, name: eve}]
"""
BY_NAME = (
    "{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: tenant}}, podSelector: {matchLabels: {a: b}}}"
)
BY_LABEL = "{namespaceSelector: {matchLabels: {team: ml}}}"


def role(group: str, resource: str, verb: str, namespace: str = "") -> str:
    kind, where = ("Role", f", namespace: {namespace}") if namespace else ("ClusterRole", "")
    return ROLE % (kind, where, f"'{group}'", resource, verb, kind, where, kind)


def passes(*texts: str) -> str:
    world = world_of(BASE, *texts)
    build_cluster_control(world)
    build_cloud_control(world)
    graph = world.freeze()
    found = [
        edge
        for edge in graph.out_of("k8s:User/eve")
        if edge.verb == "become" and graph.nodes[edge.target].kind == "AdmittedPods"
    ]
    onward = [next(iter(graph.out_of(edge.target))) for edge in found]
    states = [
        State.OPEN if edge.state is State.OPEN and one.state is State.OPEN else State.POSSIBLE
        for edge, one in zip(found, onward, strict=True)
    ]
    return "open" if State.OPEN in states else "possible" if states else "closed"


def admitting(peer: str) -> str:
    return policy(f"  podSelector: {{}}\n  ingress: [{{from: [{peer}]}}]")


@pytest.mark.parametrize(
    ("guard", "right", "expected"),
    [
        (admitting(BY_NAME), role("", "pods", "create", "tenant"), "open"),
        (admitting(BY_NAME), role("apps", "deployments", "patch", "tenant"), "open"),
        (admitting(BY_NAME), role("batch", "cronjobs", "create", "tenant"), "open"),
        (admitting(BY_NAME), role("ray.io", "rayjobs", "create", "tenant"), "open"),
        (admitting(BY_NAME), role("", "pods", "get", "tenant"), "closed"),
        (admitting(BY_NAME), role("", "pods", "create", "other"), "closed"),
        (admitting(BY_NAME), role("apps", "deployments/scale", "patch", "tenant"), "closed"),
        (admitting(BY_NAME), role("", "namespaces", "patch"), "closed"),
        (admitting(BY_LABEL), role("", "namespaces", "patch"), "possible"),
        (admitting(BY_LABEL), role("", "namespaces", "patch", "tenant"), "possible"),
        (admitting(BY_LABEL), role("", "pods", "create", "tenant"), "closed"),
        (admitting(BY_LABEL), role("", "pods", "create", "undeclared"), "possible"),
        (admitting("{namespaceSelector: {}}"), role("", "pods", "create", "undeclared"), "open"),
        (admitting("{ipBlock: {cidr: 10.0.0.0/8}}"), role("", "pods", "create", "tenant"), "possible"),
        (admitting("{odd: {}}"), role("", "pods", "create", "tenant"), "possible"),
        (ONLY_GATEWAY, role("", "pods", "create", "tenant"), "closed"),
        ("", role("", "pods", "create", "tenant"), "open"),
        (admitting("{podSelector: {}}"), role("", "pods", "create", "inference"), "closed"),
    ],
)
def test_a_label_is_no_identity(guard, right, expected):
    assert passes(CALICO, guard, right) == expected


def test_where_nothing_is_known_to_enforce_anybody_with_pods_may_pass():
    assert passes(ONLY_GATEWAY, role("", "pods", "create", "tenant")) == "possible"


def test_a_port_that_serves_nothing_is_no_way():
    other = policy(f"  podSelector: {{}}\n  ingress: [{{from: [{BY_NAME}], ports: [{{port: 9400}}]}}]")
    assert passes(CALICO, other, role("", "pods", "create", "tenant")) == "closed"


def test_guards_of_the_other_engines_count_too():
    source = "{selector: \"a == 'b'\", namespaceSelector: \"projectcalico.org/name == 'tenant'\"}"
    head = "\n---\napiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: x, namespace: inference}\n"
    calico = f"{head}spec: {{ingress: [{{action: Allow, source: {source}}}]}}\n"
    assert passes(CALICO, calico, role("", "pods", "create", "tenant")) == "open"
    assert passes(CALICO, calico, role("", "pods", "create", "other")) == "closed"
    denied = calico.replace("ingress: [", "ingress: [{action: Deny, source: {selector: \"c == 'd'\"}}, ")
    assert passes(CALICO, denied, role("", "pods", "create", "tenant")) == "possible"
