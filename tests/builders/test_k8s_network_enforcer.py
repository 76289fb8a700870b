"""The signs by which a cluster is known to enforce network policies."""

from __future__ import annotations

import json

import pytest

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.enforcer import enforcement
from scanner.graph.model import Role
from scanner.origin import FileOrigin
from scanner.profile import Profile, Unit
from scanner.resource import Attrs, Items, Resource
from scanner.unknown import COMPUTED, Ref, Unknown
from tests.builders.k8s_world import CALICO, CILIUM, resources_of


def terraform(kind: str, name: str = "main", unit: str = "k8s", **attrs) -> Resource:
    return Resource(f"{kind}.{name}", unit, kind, name, Attrs(attrs), FileOrigin("main.tf", 1), "terraform")


def known(*resources: Resource, profile: Profile | None = None):
    return enforcement(World(Inventory(resources), profile or Profile()), "k8s")


ON = json.dumps({"enableNetworkPolicy": "true"})


@pytest.mark.parametrize(
    ("kind", "attrs", "expected"),
    [
        ("aws_eks_addon", {"addon_name": "vpc-cni", "configuration_values": ON}, True),
        ("aws_eks_addon", {"addon_name": "vpc-cni", "configuration_values": "enableNetworkPolicy: 'true'\n"}, True),
        ("aws_eks_addon", {"addon_name": "vpc-cni", "configuration_values": ON.replace("true", "false")}, False),
        ("aws_eks_addon", {"addon_name": "vpc-cni"}, False),
        ("aws_eks_addon", {"addon_name": "coredns", "configuration_values": ON}, False),
        ("azurerm_kubernetes_cluster", {"network_profile": [{"network_policy": "azure"}]}, True),
        ("azurerm_kubernetes_cluster", {"network_profile": [{"network_plugin": "azure"}]}, False),
        ("google_container_cluster", {"datapath_provider": "ADVANCED_DATAPATH"}, True),
        ("google_container_cluster", {"network_policy": [{"enabled": True}]}, True),
        ("google_container_cluster", {"network_policy": [{"enabled": False}]}, False),
        ("helm_release", {"chart": "cilium"}, True),
        ("helm_release", {"chart": "redis"}, False),
    ],
)
def test_terraform_says_what_enforces(kind, attrs, expected):
    assert known(terraform(kind, **attrs)).policies is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CALICO, True),
        (CALICO.replace("calico-node", "fluentd"), False),
        (CILIUM, True),
        (CILIUM.replace("quay.io/cilium/cilium", "example/web"), False),
        (CILIUM.replace("{name: cilium,", "{name: cilium-demo,"), False),
        (
            CILIUM + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\n"
            "data: {enable-policy: never}",
            False,
        ),
        ("apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: x}\nspec: {chart: cilium}", True),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: amazon-vpc-cni, namespace: kube-system}\n"
            "data: {enable-network-policy-controller: 'true'}",
            True,
        ),
        ("apiVersion: operator.tigera.io/v1\nkind: Installation\nmetadata: {name: default}\nspec: {}", True),
    ],
)
def test_manifests_say_what_enforces(text, expected):
    assert known(*resources_of(text)).policies is expected


def test_an_addon_counts_for_its_own_cluster_alone():
    mine, other = (
        terraform("aws_eks_cluster", "mine", unit="infra"),
        terraform("aws_eks_cluster", "other", unit="infra"),
    )
    whose = Unknown("computed", COMPUTED, ref=Ref("aws_eks_cluster.other", "name"))
    attrs = {"addon_name": "vpc-cni", "configuration_values": ON, "cluster_name": whose}
    addon = terraform("aws_eks_addon", "cni", unit="infra", **attrs)
    where = FileOrigin("tether.yaml", 1)
    for cluster, expected in (("aws_eks_cluster.mine", False), ("aws_eks_cluster.other", True), ("", False)):
        profile = Profile(units=(Unit("k8s", where, cluster=cluster),))
        assert known(mine, other, addon, profile=profile).policies is expected


def test_a_sign_that_is_not_known_is_no_sign_and_names_what_decides_it():
    switch = Unknown("`var.enforce` has no value", decided_by=("var.enforce",))
    hidden = Unknown("partly known", pieces=("{...",), document=Attrs({"enableNetworkPolicy": switch}))
    whole = Unknown("`var.settings` has no value", decided_by=("var.settings",))
    for kind, attrs, expected in (
        ("aws_eks_addon", {"addon_name": "vpc-cni", "configuration_values": hidden}, ("var.enforce",)),
        ("aws_eks_addon", {"addon_name": "vpc-cni", "configuration_values": whole}, ("var.settings",)),
        ("aws_eks_addon", {"addon_name": "coredns", "configuration_values": whole}, ()),
        ("azurerm_kubernetes_cluster", {"network_profile": [Attrs({"network_policy": switch})]}, ("var.enforce",)),
        ("google_container_cluster", {"datapath_provider": switch}, ("var.enforce",)),
    ):
        found = known(terraform(kind, **attrs))
        assert (found.policies, found.unsure) == (False, expected)


def settings(**data: str) -> str:
    lines = ", ".join(f"{key.replace('_', '-')}: '{value}'" for key, value in data.items())
    head = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: cilium-config, namespace: kube-system}\n"
    return f"{head}data: {{{lines}}}\n"


OLD_ADMIN = {"AdminNetworkPolicy", "BaselineAdminNetworkPolicy"}
ALL_OF_CALICO = {"NetworkPolicy", "calico"}
ANTREA = CALICO.replace("name: calico-node", "name: antrea-agent").replace("calico/node", "antrea/antrea")
ALL_OF_CILIUM = {"NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CALICO, ALL_OF_CALICO | OLD_ADMIN),
        (CALICO.replace("v3.30.1", "v3.29.0"), {"NetworkPolicy", "calico", "AdminNetworkPolicy"}),
        (CALICO.replace("v3.30.1", "v3.32.2"), {"NetworkPolicy", "calico", "ClusterNetworkPolicy"}),
        (CALICO.replace(":v3.30.1", ""), {"NetworkPolicy", "calico"}),
        (CALICO.replace("v3.30.1", "v3.28.0"), {"NetworkPolicy", "calico"}),
        (CILIUM, ALL_OF_CILIUM),
        (CILIUM + settings(enable_policy="default"), ALL_OF_CILIUM),
        (CILIUM + settings(enable_policy="never"), set()),
        (CILIUM + settings(enable_k8s_networkpolicy="false"), ALL_OF_CILIUM - {"NetworkPolicy"}),
        (CILIUM + settings(enable_cilium_network_policy="false"), ALL_OF_CILIUM - {"CiliumNetworkPolicy"}),
        (CALICO + settings(enable_policy="never"), ALL_OF_CALICO | OLD_ADMIN),
        (ANTREA, {"NetworkPolicy"}),
        (
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: c}\n"
            "spec: {chart: {spec: {chart: cilium}}, values: {policyEnforcementMode: never}}",
            set(),
        ),
        (
            "apiVersion: helm.cattle.io/v1\nkind: HelmChart\nmetadata: {name: c}\n"
            "spec: {chart: cilium, valuesContent: 'policyEnforcementMode: \"never\"'}",
            set(),
        ),
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: c}\n"
            "spec: {source: {chart: tigera-operator, targetRevision: v3.31.0}}",
            ALL_OF_CALICO | OLD_ADMIN,
        ),
    ],
)  # fmt: skip
def test_each_plug_in_enforces_kinds_of_its_own(text, expected):
    assert known(*resources_of(text)).kinds == expected


@pytest.mark.parametrize(
    ("kind", "attrs", "expected"),
    [
        ("azurerm_kubernetes_cluster", {"network_profile": [{"network_data_plane": "cilium"}]}, ALL_OF_CILIUM),
        ("azurerm_kubernetes_cluster", {"network_profile": [{"network_policy": "cilium"}]}, ALL_OF_CILIUM),
        ("azurerm_kubernetes_cluster", {"network_profile": [{"network_policy": "calico"}]}, ALL_OF_CALICO),
        ("google_container_cluster", {"datapath_provider": "ADVANCED_DATAPATH"}, {"NetworkPolicy"}),
        (
            "google_container_cluster",
            {"datapath_provider": "ADVANCED_DATAPATH", "enable_cilium_clusterwide_network_policy": True},
            {"NetworkPolicy", "CiliumClusterwideNetworkPolicy"},
        ),
        ("helm_release", {"chart": "cilium", "set": [{"name": "policyEnforcementMode", "value": "never"}]}, set()),
        ("helm_release", {"chart": "cilium", "values": ["policyEnforcementMode: always"]}, ALL_OF_CILIUM),
    ],
)  # fmt: skip
def test_a_managed_cluster_enforces_kinds_of_its_own(kind, attrs, expected):
    assert known(terraform(kind, **attrs)).kinds == expected


def test_values_and_settings_that_are_not_known_may_switch_it_off():
    whole = Unknown("`var.values` has no value", decided_by=("var.values",))
    found = known(terraform("helm_release", chart="cilium", values=[whole]))
    assert (found.kinds, found.unsure) == (frozenset(), ("var.values",))
    cilium = resources_of(CILIUM)
    attrs, line = Attrs({"data": Attrs({"enable-policy": whole})}), FileOrigin("a.yaml", 1)
    address = "kube-system/ConfigMap/cilium-config"
    config = Resource(address, "k8s", "ConfigMap", "cilium-config", attrs, line, "kubernetes", namespace="kube-system")
    found = known(*cilium, config)
    assert (found.policies, found.unsure) == (False, ("var.values",))


AUTO = {"enabled": True, "node_pools": ["general-purpose"]}
SWITCH = """
apiVersion: v1
kind: ConfigMap
metadata: {name: amazon-vpc-cni, namespace: kube-system}
data: {enable-network-policy-controller: "true"}
"""
POOL = "apiVersion: karpenter.sh/v1\nkind: NodePool\nmetadata: {name: gpu}\n"
UNKNOWN = Unknown("`var.x` has no value", decided_by=("var.x",))


@pytest.mark.parametrize(
    ("compute", "objects", "expected"),
    [
        (None, "", True),
        ({"enabled": False}, "", True),
        ({"enabled": True, "node_pools": []}, "", True),  # no machines of Auto Mode
        (AUTO, "", False),
        ({**AUTO, "enabled": UNKNOWN}, "", False),
        ({"enabled": True, "node_pools": UNKNOWN}, "", False),
        ({"enabled": True}, POOL, False),
        (AUTO, SWITCH, True),
        (AUTO, SWITCH.replace('"true"', '"false"'), False),
    ],
)
def test_machines_of_auto_mode_enforce_by_a_setting_of_their_own(compute, objects, expected):
    blocks = {} if compute is None else {"compute_config": Items([Attrs(compute)])}
    cluster = terraform("aws_eks_cluster", **blocks)
    cluster.attrs["name"] = "main"
    addon = terraform("aws_eks_addon", addon_name="vpc-cni", cluster_name="main", configuration_values=ON)
    others = resources_of(objects) if objects else []
    assert known(cluster, addon, *others).policies is expected


GROUPED = """
apiVersion: vpcresources.k8s.aws/v1beta1
kind: SecurityGroupPolicy
metadata: {name: p, namespace: team}
spec: {podSelector: {matchLabels: {app: SELECTED}}, securityGroups: {groupIds: [sg-1]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: model, namespace: team}
spec:
  selector: {matchLabels: {app: model}}
  template:
    metadata: {labels: {app: model}}
    spec: {containers: [{name: a, image: x}]}
"""
PODS_ENI = {"ENABLE_POD_ENI": "true"}


@pytest.mark.parametrize(
    ("env", "selected", "expected"),
    [
        ({**PODS_ENI, "POD_SECURITY_GROUP_ENFORCING_MODE": "standard"}, "model", True),
        ({**PODS_ENI, "POD_SECURITY_GROUP_ENFORCING_MODE": "strict"}, "model", False),
        (PODS_ENI, "model", False),  # strict is the default
        (PODS_ENI, "another", True),
        ({"ENABLE_POD_ENI": "false"}, "model", True),
        ({}, "model", True),
    ],
)
def test_pods_with_groups_of_their_own_need_the_standard_mode(env, selected, expected):
    settings = json.dumps({"enableNetworkPolicy": "true", "env": env})
    addon = terraform("aws_eks_addon", addon_name="vpc-cni", configuration_values=settings)
    made = World(Inventory([addon, *resources_of(GROUPED.replace("SELECTED", selected))]), Profile())
    made.add_roles("k8s:team/Deployment/model", [Role.MODEL])
    assert enforcement(made, "k8s").policies is expected


def test_a_setting_that_nobody_knows_leaves_open_whether_policies_hold():
    settings = {"enableNetworkPolicy": "true", "env": {"ENABLE_POD_ENI": UNKNOWN}}
    addon = terraform("aws_eks_addon", addon_name="vpc-cni", configuration_values=settings)
    made = World(Inventory([addon, *resources_of(GROUPED.replace("SELECTED", "model"))]), Profile())
    made.add_roles("k8s:team/Deployment/model", [Role.MODEL])
    found = enforcement(made, "k8s")
    assert not found.policies
    assert found.unsure == ("aws_eks_addon.main: POD_SECURITY_GROUP_ENFORCING_MODE",)
