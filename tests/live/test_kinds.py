"""Every kind that a builder or a table looks at is asked of a cluster, and the least role lets the scan ask."""

import ast
import json
import re
from pathlib import Path

import pytest
import yaml

import scanner
from scanner import tables
from scanner.builders.build import STEPS
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.unmodelled import BUILT_IN
from scanner.profile import Profile
from scanner.sources.files import walk
from scanner.sources.kubernetes import read_manifests
from scanner.sources.kubernetes.kinds import CLUSTER_SCOPED
from scanner.sources.kubernetes.listed import INERT_GROUPS, LISTED, NATIVE, listed, permissions, plural, wanted
from scanner.sources.kubernetes.live_prune import STATUS
from tests.harness import FIXTURES, run
from tests.live.server import Cluster, kubeconfig, serving
from tests.live.test_calls import small

LOOKED_AT = ("crd", "filter", "gateway", "delivery")
OF_FILES = {
    "Kustomization": "kustomize.config.k8s.io",
    "CustomResourceDefinition": "apiextensions.k8s.io",
    "AdmissionConfiguration": "apiserver.config.k8s.io",
    "PodSecurityConfiguration": "pod-security.admission.config.k8s.io",
}
"""Kinds that builders name for what they are in files: some are never objects, one only describes some."""
NAMED_FOR_ANOTHER_REASON = {
    "Composition": "makes objects that are listed themselves",
    "PodTemplate": "holds a template that nothing runs",
    "List": "is taken apart by the server",
    "CiliumIdentity": "is made by the agents of Cilium in a cluster, and by hand in files alone",
    "CiliumEndpoint": "is made by the agents of Cilium in a cluster, and by hand in files alone",
    "CiliumEndpointSlice": "is made by the agents of Cilium in a cluster, and by hand in files alone",
}


def kinds_of_tables():
    """(group, kind) of every row of a table of the rules that speaks of Kubernetes objects."""
    found = set()

    def walk_row(row):
        if isinstance(row, dict):
            if row.get("platform") != "terraform" and isinstance(row.get("group"), str) and row.get("group") != "":
                for key in ("kind", "kinds", "type", "types"):
                    value = row.get(key)
                    for kind in [value] if isinstance(value, str) else value or []:
                        if isinstance(kind, str) and (kind[:1].isupper() or kind == "*"):
                            found.add((row["group"], kind))
            for value in row.values():
                walk_row(value)
        elif isinstance(row, list):
            for value in row:
                walk_row(value)

    for path in sorted(tables.tables_dir().glob("*.json")):
        if path.stem not in ("inert_types", "placement_azure"):
            walk_row(json.loads(path.read_text())["rows"])
    return sorted(found)


@pytest.mark.parametrize("what", kinds_of_tables(), ids="/".join)
def test_a_kind_of_a_table_is_asked_for(what):
    group, kind = what
    assert listed(group, kind) if kind != "*" else "*" in LISTED[group]


def every_kind():
    """The names of all kinds that are asked for; of a group asked for as a whole, those that the tables name."""
    whole = {group for group, kinds in LISTED.items() if "*" in kinds}
    return {kind for kinds in LISTED.values() for kind in kinds} | {
        kind for group, kind in kinds_of_tables() if group in whole
    }


def test_a_kind_that_a_builder_asks_the_inventory_for_is_asked_for():
    """Whatever is in the inputs: `of` is called by name."""
    reading = [one for world in ("reference", "broken") for one in resources(FIXTURES / "worlds" / world)]
    world = World(Inventory(reading), Profile())
    for step in STEPS:
        step(world)
    asked = {kind for kind in world.inventory.asked if kind[:1].isupper()}
    assert asked
    assert asked - every_kind() - set(OF_FILES) - set(NAMED_FOR_ANOTHER_REASON) == set()


def test_a_kind_that_a_builder_names_is_asked_for():
    """Every word in the builders that is a kind of some cluster, by the names that this project knows of."""
    known = {kind for kinds in (*CLUSTER_SCOPED.values(), *LISTED.values()) for kind in kinds}
    known |= {one.kind for folder in sorted(FIXTURES.glob("*/*/*")) for one in resources(folder)}
    every = every_kind()
    missing = {}
    root = Path(scanner.__file__).parent
    for path in [*sorted((root / "builders").rglob("*.py")), *sorted(root.glob("podspec*.py"))]:
        for node in ast.walk(ast.parse(path.read_text())):
            word = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            if word in known - every - set(OF_FILES) - set(NAMED_FOR_ANOTHER_REASON):
                missing[word] = path.name
    assert missing == {}


def resources(folder):
    return read_manifests(folder, walk(folder, [folder]).files).resources


def test_a_kind_in_a_fixture_is_asked_for():
    """What a case can hold, a cluster can hold; or some table says that it opens nothing."""
    missing = {
        (one.group, one.kind)
        for folder in sorted(FIXTURES.glob("*/*/*"))
        for one in resources(folder)
        if not wanted(one.group, one.kind) and not tables.is_inert(one.kind, one.group) and one.kind not in OF_FILES
    }
    assert {what for what in missing if "config" not in what[0]} == set()


def test_what_rules_read_of_a_status_is_kept():
    """A builder that looks at one more part of a status says so in the table."""
    kept = {path.partition(".")[0] for paths in STATUS.values() for path in paths}
    used = set()
    root = Path(scanner.__file__).parent
    for path in [*sorted((root / "builders").rglob("*.py")), *sorted(root.glob("podspec*.py"))]:
        text = path.read_text()
        used |= set(re.findall(r"[\"']status\.(\w+)", text)) | set(re.findall(r"\"status\", \"(\w+)\"", text))
        if re.search(r"[\"']status\.\{", text):
            used |= {"exportingClusters", "controllers"}  # gitops.py names them in a loop
    assert {"nodeInfo", "podIP", "exportingClusters"} <= used
    assert used - {"metadata", "name"} <= kept  # they stand side by side where both are passed over


def test_the_groups_that_come_with_kubernetes_are_those_of_the_builders():
    assert BUILT_IN - {"kustomize.config.k8s.io"} <= NATIVE
    assert not NATIVE & INERT_GROUPS


def test_the_names_of_resources_are_those_of_kube_conventions():
    names = {
        "NetworkPolicy": "networkpolicies", "Ingress": "ingresses", "Gateway": "gateways", "Endpoints": "endpoints",
        "Proxy": "proxies", "GatewayClass": "gatewayclasses", "EndpointSlice": "endpointslices", "Pod": "pods",
        "AgentgatewayParameters": "agentgatewayparameters", "*": "*",
    }  # fmt: skip
    assert {kind: plural(kind) for kind in names} == names


def test_the_least_role_is_one_that_a_cluster_takes():
    code, out, err = run("permissions", "--kubernetes")
    assert (code, err) == (0, "")
    role = yaml.safe_load(out)
    assert (role["kind"], role["apiVersion"]) == ("ClusterRole", "rbac.authorization.k8s.io/v1")
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
    granted = {(group, name) for rule in role["rules"] for group in rule["apiGroups"] for name in rule["resources"]}
    assert granted == {(group, name) for group, names in permissions() for name in names}
    assert {("", "pods"), ("apps", "deployments"), ("constraints.gatekeeper.sh", "*")} <= granted
    assert not any(group == "*" for group, _ in granted)


def test_a_scan_asks_for_nothing_that_the_role_does_not_grant(tmp_path):
    granted = {(group, name) for group, names in permissions() for name in names}
    more = [(f"{group}/v1", kind) for group, kinds in LISTED.items() for kind in kinds if group and kind != "*"]
    cluster = Cluster(small(), more=more)
    with serving(cluster) as address:
        config = str(kubeconfig(tmp_path, address))
        run("scan", "--live", "kubernetes", "--kubeconfig", config, "--format", "json")
    lists = [one for one in cluster.requests if "limit" in one.query]
    assert len(lists) > 150
    for one in lists:
        parts = one.path.strip("/").split("/")
        group = parts[1] if parts[0] == "apis" else ""
        assert (group, one.resource) in granted or (group, "*") in granted, one.path


def test_the_role_for_one_cluster_has_what_no_table_knows(tmp_path):
    cluster = Cluster(small(), more=[("acme.example/v1", "Widget"), ("metrics.k8s.io/v1beta1", "PodMetrics")])
    with serving(cluster) as address:
        config = str(kubeconfig(tmp_path, address))
        code, out, _ = run("permissions", "--kubernetes", "--live", "kubernetes", "--kubeconfig", config)
    rules = {rule["apiGroups"][0]: rule["resources"] for rule in yaml.safe_load(out)["rules"]}
    assert code == 0
    assert rules["acme.example"] == ["widgets"]
    assert "metrics.k8s.io" not in rules
    assert not any("limit" in one.query for one in cluster.requests)  # nothing is listed for it


def test_names_of_a_server_cannot_write_a_role(tmp_path):
    evil = 'w"]\n    verbs: ["*'
    cluster = Cluster(small())
    cluster.kinds["acme.example/v1"] = {}
    broken = {"resources": [{"name": evil, "kind": "Widget", "namespaced": True, "verbs": ["list"]}]}

    from tests.live.server import Answer

    cluster.faults.append(lambda one: Answer(200, broken) if one.path == "/apis/acme.example/v1" else None)
    with serving(cluster) as address:
        config = str(kubeconfig(tmp_path, address))
        _, out, _ = run("permissions", "--kubernetes", "--live", "kubernetes", "--kubeconfig", config)
    role = yaml.safe_load(out)
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list"}
