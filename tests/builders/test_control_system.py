"""Rights where the cluster itself runs, over what delivers to it, and over objects of controllers."""

from __future__ import annotations

import pytest

from tests.builders.test_control import DEPLOYMENT, GATEWAY, VLLM, binding, rule, writes
from tests.builders.test_rbac_matching import CLUSTER, NONE, RBAC, rules, state

SYSTEM = {"namespace": "kube-system"}
INFRA = """
resource "aws_eks_cluster" "main" {
  name = "c"
  %s
}
variable "mode" {}
"""


def eks(mode: str) -> str:
    return INFRA % (f"access_config {{\n    authentication_mode = {mode}\n  }}" if mode else "")


@pytest.mark.parametrize(
    ("some", "verb", "found"),
    [
        (rule("[apps]", "[daemonsets]", "[patch]"), "become", "possible"),
        (rule("[apps]", "[deployments]", "[create]"), "become", "possible"),
        (rule("[apps]", "[deployments]", "[patch]", "[coredns]"), "become", "possible"),
        (rule("[batch]", "[cronjobs]", "[create]"), "become", "possible"),
        (rule("['']", "[pods/exec]", "[create]"), "become", "possible"),
        (rule("['']", "[pods/ephemeralcontainers]", "[patch]"), "become", "possible"),
        (rule("['']", "[secrets]", "[get]"), "become", "possible"),
        (rule("['']", "[secrets]", "[create]"), "become", "possible"),
        (rule("['']", "[secrets]", "[get]", "[one]"), "become", NONE),
        (rule("['']", "[serviceaccounts/token]", "[create]", "[coredns]"), "become", "possible"),
        (rule("['*']", "['*']", "['*']"), "become", "possible"),
        (rules(rule(RBAC, "[clusterroles]", "[bind]"), rule(RBAC, "[rolebindings]", "[create]")), "become", "possible"),
        # stopped, and no more than that
        (rule("[apps]", "[daemonsets]", "[delete]"), "become", NONE),
        (rule("['']", "[pods, configmaps, events]", "[get, list, watch]"), "become", NONE),
        (rule("['']", "[configmaps]", "[create]"), "become", NONE),
        (rule("['']", "[configmaps]", "[update]", "[leader]"), "become", NONE),
        (rule("[coordination.k8s.io]", "[leases]", "['*']"), "become", NONE),
    ],
)
def test_a_right_where_the_cluster_runs_may_be_one_over_it_all(tmp_path, some, verb, found):
    built = writes(tmp_path, binding(some, **SYSTEM))
    assert state(built, verb=verb) == found
    assert state(built, target=VLLM, verb=verb) == found


@pytest.mark.parametrize("space", ["kyverno", "argocd", "cert-manager", "istio-system", "karpenter"])
def test_other_namespaces_of_the_cluster_count_alike(tmp_path, space):
    assert state(writes(tmp_path, binding(rule("['']", "[pods/exec]", "[create]"), namespace=space))) == "possible"


@pytest.mark.parametrize("what", ["daemonsets", "deployments"])
def test_who_stops_the_plug_in_may_switch_policies_off(tmp_path, what):
    built = writes(tmp_path, binding(rule("[apps]", f"[{what}]", "[delete]"), **SYSTEM))
    assert (state(built, target=VLLM), state(built, target=VLLM, verb="become")) == ("possible", NONE)


def test_a_namespace_of_no_such_name_stays_out_of_it(tmp_path):
    assert state(writes(tmp_path, binding(rule("['']", "[pods/exec]", "[create]"), namespace="web"))) == NONE


def test_where_the_inputs_tell_what_runs_there_its_accounts_are_followed(tmp_path):
    """Exec into cert-manager, whose account may only read: no way; whose account may patch the stack: a sure one."""
    text = binding(rule("['']", "[pods/exec]", "[create]"), namespace="cert-manager")
    text += DEPLOYMENT.format(name="controller", namespace="cert-manager", account="controller")
    held = text + holds("controller", rule("['']", "[nodes]", "[get]"))
    assert state(writes(tmp_path / "a", held), verb="become") == NONE
    built = writes(tmp_path / "b", text + holds("controller", rule("[apps]", "[deployments]", "[patch]")))
    assert state(built, target="cert-manager/ServiceAccount/controller", verb="become") == "open"


def holds(account: str, some: str) -> str:
    """An account of `cert-manager` and what it may do in the whole cluster."""
    return f"""
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {{name: own}}
rules: {some}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {{name: own}}
roleRef: {{kind: ClusterRole, name: own}}
subjects: [{{kind: ServiceAccount, name: {account}, namespace: cert-manager}}]
---
"""


@pytest.mark.parametrize(
    ("mode", "found"),
    [
        ("", "open"),
        ('"CONFIG_MAP"', "open"),
        ('"API_AND_CONFIG_MAP"', "open"),
        ('"API"', NONE),
        ("var.mode", "possible"),
    ],
)
@pytest.mark.parametrize("where", [SYSTEM, CLUSTER])
def test_who_writes_aws_auth_is_whoever_it_likes(tmp_path, mode, found, where):
    some = rule("['']", "[configmaps]", "[patch]", "[aws-auth]")
    assert state(writes(tmp_path, binding(some, **where), eks(mode)), verb="become") == found


def test_without_a_cluster_in_the_inputs_aws_auth_may_count(tmp_path):
    some = rule("['']", "[configmaps]", "[patch]", "[aws-auth]")
    assert state(writes(tmp_path, binding(some, **SYSTEM)), verb="become") == "possible"


@pytest.mark.parametrize(
    ("name", "where", "target", "verb", "found"),
    [
        ("coredns", SYSTEM, VLLM, "write", "possible"),
        ("amazon-vpc-cni", SYSTEM, VLLM, "write", "possible"),
        ("cilium-config", SYSTEM, VLLM, "write", "possible"),
        ("kube-proxy", SYSTEM, GATEWAY, "write", "possible"),
        ("cilium-config", {"namespace": "web"}, VLLM, "write", NONE),
        ("kube-root-ca.crt", SYSTEM, VLLM, "write", NONE),
        ("istio", {"namespace": "istio-system"}, VLLM, "become", "possible"),
        ("argocd-rbac-cm", {"namespace": "argocd"}, GATEWAY, "become", "possible"),
        ("argocd-gpg-keys-cm", {"namespace": "argocd"}, GATEWAY, "become", NONE),
        ("kyverno", {"namespace": "kyverno"}, VLLM, "write", "possible"),
    ],
)
def test_what_the_settings_of_the_cluster_decide(tmp_path, name, where, target, verb, found):
    some = rule("['']", "[configmaps]", "[update]", f"[{name}]")
    assert state(writes(tmp_path, binding(some, **where)), target=target, verb=verb) == found


@pytest.mark.parametrize(
    ("group", "kind", "where", "found"),
    [
        ("argoproj.io", "applications", {"namespace": "argocd"}, "possible"),
        ("argoproj.io", "applicationsets", {"namespace": "web"}, "possible"),
        ("kustomize.toolkit.fluxcd.io", "kustomizations", {"namespace": "web"}, "possible"),
        ("helm.toolkit.fluxcd.io", "helmreleases", CLUSTER, "possible"),
        ("source.toolkit.fluxcd.io", "gitrepositories", {"namespace": "flux-system"}, "possible"),
        ("kubernetes.crossplane.io", "objects", CLUSTER, "possible"),
        ("eks.services.k8s.aws", "podidentityassociations", {"namespace": "web"}, "possible"),
        ("iam.aws.upbound.io", "roles", CLUSTER, "possible"),
        ("argoproj.io", "analysisruns", {"namespace": "web"}, NONE),
        ("argoproj.io", "applications/status", {"namespace": "argocd"}, NONE),
    ],
)
def test_who_writes_what_a_controller_applies_may_do_what_it_may(tmp_path, group, kind, where, found):
    built = writes(tmp_path, binding(rule(f"[{group}]", f"[{kind}]", "[create]"), **where))
    assert state(built, verb="become") == found
    read = writes(tmp_path / "read", binding(rule(f"[{group}]", f"[{kind}]", "[get, list]"), **where))
    assert state(read, verb="become") == NONE


def test_a_rule_over_every_group_names_no_controller(tmp_path):
    some = rule("['*']", "['*']", "['*']")
    assert state(writes(tmp_path, binding(some, namespace="web")), verb="become") == NONE


@pytest.mark.parametrize(
    ("group", "kind", "where", "verb", "found"),
    [
        ("''", "pods/status", {}, "write", "possible"),
        ("''", "services/status", {}, "write", "possible"),
        ("''", "nodes/status", CLUSTER, "write", "possible"),
        ("autoscaling", "horizontalpodautoscalers", {}, "write", "possible"),
        ("keda.sh", "scaledobjects", {}, "write", "possible"),
        ("extensions.istio.io", "wasmplugins", {}, "write", "open"),
        ("cilium.io", "ciliumlocalredirectpolicies", {}, "write", "open"),
        ("cilium.io", "ciliumidentities", CLUSTER, "write", "possible"),
        ("networking.k8s.aws", "policyendpoints", {}, "write", "open"),
        ("vpcresources.k8s.aws", "securitygrouppolicies", {}, "write", "open"),
        ("elbv2.k8s.aws", "targetgroupbindings", {}, "write", "open"),
        ("networking.k8s.io", "ingressclasses", CLUSTER, "write", "possible"),
        ("karpenter.k8s.aws", "ec2nodeclasses", CLUSTER, "become", "possible"),
        ("external-secrets.io", "externalsecrets", {}, "write", "possible"),
        ("apps.nvidia.com", "nimservices", {}, "become", "open"),
        ("kubevirt.io", "virtualmachines", {}, "become", "open"),
        ("kaito.sh", "workspaces", {}, "become", "possible"),
        ("flink.apache.org", "flinkdeployments", {}, "become", "open"),
        ("monitoring.coreos.com", "prometheuses", {}, "become", "open"),
        # of a group that nobody knows
        ("acme.example", "tenants", {}, "become", "possible"),
        ("acme.example", "tenants", {"namespace": "web"}, "become", NONE),
        ("acme.example", "tenants/status", {}, "become", NONE),
        ("coordination.k8s.io", "leases", {}, "become", NONE),
        ("monitoring.coreos.com", "servicemonitors", {}, "become", NONE),
        ("networking.k8s.io", "ingressclasses", {}, "write", NONE),
    ],
)
def test_objects_of_controllers(tmp_path, group, kind, where, verb, found):
    assert state(writes(tmp_path, binding(rule(f"[{group}]", f"[{kind}]", "[patch]"), **where)), verb=verb) == found


@pytest.mark.parametrize(("where", "verbs", "found"), [(CLUSTER, "[create]", "possible"), (CLUSTER, "[get]", NONE)])
def test_a_volume_may_be_a_folder_of_a_machine(tmp_path, where, verbs, found):
    some = rule("['']", "[persistentvolumes]", verbs)
    assert state(writes(tmp_path, binding(some, **where)), verb="become") == found


def test_an_eviction_is_made_good_by_the_deployment(tmp_path):
    assert state(writes(tmp_path, binding(rule("['']", "[pods/eviction]", "[create]")))) == NONE
