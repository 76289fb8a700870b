"""`graph --expand`: its shape, its owners, its ranges, and what it does not claim."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

import scanner
from scanner.commands.graph_expand import expand
from tests.builders.k8s_world import BASE, GATEWAY, MODEL, ONLY_GATEWAY, TENANT, policy, resources_of, workload
from tests.changed import replace

SCHEMA = json.loads((Path(scanner.__file__).parent / "schemas" / "graph.schema.json").read_text())
EVERYTHING = "external/0.0.0.0-255.255.255.255"
ALL = [{"protocol": one, "from_port": 1, "to_port": 65535} for one in ("SCTP", "TCP", "UDP")]


def edges(graph: dict, state: str = "open") -> dict[tuple[str, str], list[dict]]:
    return {(one["source"], one["target"]): one["traffic"] for one in graph["edges"] if one["state"] == state}


def expanded(*texts: str) -> dict:
    graph = expand(resources_of(*texts))
    jsonschema.validate(graph, SCHEMA)
    return graph


def test_without_policies_everything_reaches_everything_and_nothing_itself():
    graph = expanded(BASE)
    assert graph["assumed"] == ["policies-enforced", "pods-addressable"]
    ends = [MODEL, GATEWAY, TENANT]
    pairs = {(one, two) for one in ends for two in ends if one != two}
    outside = {(EVERYTHING, one) for one in ends} | {(one, EVERYTHING) for one in ends}
    assert edges(graph) == dict.fromkeys(pairs | outside, ALL)
    assert {node["id"] for node in graph["nodes"]} == {*ends, EVERYTHING}


def test_policies_are_taken_to_be_enforced():
    graph = expanded(BASE, ONLY_GATEWAY)
    into = {source: traffic for (source, target), traffic in edges(graph).items() if target == MODEL}
    assert into == {GATEWAY: [{"protocol": "TCP", "from_port": 8000, "to_port": 8000}]}
    assert (MODEL, TENANT) in edges(graph)


def test_adjacent_port_ranges_are_one():
    ports = "[{port: 80}, {port: 81, endPort: 90}, {port: 91}, {port: 100}]"
    graph = expanded(BASE, policy(f"  podSelector: {{}}\n  ingress: [{{ports: {ports}}}]"))
    assert edges(graph)[TENANT, MODEL] == [
        {"protocol": "TCP", "from_port": 80, "to_port": 91},
        {"protocol": "TCP", "from_port": 100, "to_port": 100},
    ]


def test_the_address_space_is_cut_where_policies_cut_it_and_only_there():
    block = "{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}"
    graph = expanded(BASE, policy(f"  podSelector: {{matchLabels: {{app: vllm}}}}\n  ingress: [{{from: [{block}]}}]"))
    into = {source for source, target in edges(graph) if target == MODEL}
    assert into == {"external/10.0.0.0-10.0.255.255", "external/10.2.0.0-10.255.255.255"}
    out = {target for source, target in edges(graph) if source == MODEL and target.startswith("external/")}
    assert out == {
        "external/0.0.0.0-9.255.255.255",
        "external/10.0.0.0-10.0.255.255",
        "external/10.1.0.0-10.1.255.255",
        "external/10.2.0.0-10.255.255.255",
        "external/11.0.0.0-255.255.255.255",
    }
    same = "[{ipBlock: {cidr: 10.0.0.0/9}}, {ipBlock: {cidr: 10.128.0.0/9}}]"
    merged = expanded(BASE, policy(f"  podSelector: {{}}\n  ingress: [{{from: {same}}}]"))
    assert {source for source, target in edges(merged) if target == MODEL} == {"external/10.0.0.0-10.255.255.255"}


def pod(owner: str, name: str = "bot-1") -> str:
    return (
        f"\n---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: tenant, ownerReferences: [{owner}]}}\n"
        "spec: {containers: [{name: bot, image: example/bot}]}\n"
    )


def test_pods_are_named_by_their_outermost_owner():
    names = {node["id"] for node in expanded(BASE, pod("{kind: ReplicaSet, name: gone, controller: true}"))["nodes"]}
    assert "tenant/ReplicaSet/gone" in names
    assert not [one for one in names if "/Pod/" in one]
    by_name = {node["id"] for node in expanded(BASE, pod("{name: bot, uid: abc}"))["nodes"]}
    assert by_name == {MODEL, GATEWAY, TENANT, EVERYTHING}
    unowned = {node["id"] for node in expanded(BASE, pod("{uid: abc}"))["nodes"]}
    assert "tenant/Pod/bot-1" in unowned


def test_two_clusters_are_two_answers():
    here, there = resources_of(BASE), [replace(one, unit="other") for one in resources_of(BASE)]
    graph = expand([*here, *there])
    assert {node["id"] for node in graph["nodes"]} >= {f"k8s:{MODEL}", f"other:{MODEL}"}
    assert not [one for one in graph["edges"] if {one["source"][:4], one["target"][:4]} == {"k8s:", "othe"}]


def test_a_template_of_another_label_makes_one_workload_of_two_answers():
    cluster = """
---
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: ray, namespace: tenant}
spec:
  headGroupSpec: {template: {metadata: {labels: {part: head}}, spec: {containers: [{name: h, image: rayproject/ray}]}}}
  workerGroupSpecs:
    - groupName: w
      template: {metadata: {labels: {part: worker}}, spec: {containers: [{name: w, image: rayproject/ray}]}}
"""
    only_head = (
        "  podSelector: {}\n  ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {part: head}}}]}]"
    )
    graph = expanded(BASE, cluster, policy(only_head), workload("other", "tenant"))
    assert ("tenant/RayCluster/ray", MODEL) in edges(graph)
    assert ("tenant/Deployment/other", MODEL) not in edges(graph)
