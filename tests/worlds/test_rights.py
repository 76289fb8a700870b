"""What the reference world says where somebody is given one more right over the Kubernetes API."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan

EVERYWHERE = ""

Right = tuple[str, str, str, str]
"""API group, resource, verb, and the namespace of the binding, EVERYWHERE for the cluster."""

OPENING: dict[str, Right] = {
    "deployments of the system": ("apps", "deployments", "patch", "kube-system"),
    "daemon sets of the system": ("apps", "daemonsets", "create", "kube-system"),
    "a shell in the system": ("", "pods/exec", "create", "kube-system"),
    "secrets of the system": ("", "secrets", "get", "kube-system"),
    "a secret made in the system": ("", "secrets", "create", "kube-system"),
    "a shell in the policy engine": ("", "pods/exec", "create", "kyverno"),
    "settings of the system": ("", "configmaps", "patch", "kube-system"),
    "settings everywhere": ("", "configmaps", "patch", EVERYWHERE),
    "Argo CD": ("argoproj.io", "applications", "create", "argocd"),
    "Argo CD's sets": ("argoproj.io", "applicationsets", "patch", "argocd"),
    "Flux": ("kustomize.toolkit.fluxcd.io", "kustomizations", "create", "tenant-a"),
    "Flux, Helm": ("helm.toolkit.fluxcd.io", "helmreleases", "patch", "tenant-a"),
    "Flux, sources": ("source.toolkit.fluxcd.io", "gitrepositories", "patch", "flux-system"),
    "Crossplane": ("kubernetes.crossplane.io", "objects", "create", EVERYWHERE),
    "the status of pods": ("", "pods/status", "patch", "safety"),
    "the status of services": ("", "services/status", "patch", "inference"),
    "the status of nodes": ("", "nodes/status", "patch", EVERYWHERE),
    "the binding of pods": ("", "pods/binding", "create", "safety"),
    "KEDA": ("keda.sh", "scaledobjects", "create", "safety"),
    "an autoscaler": ("autoscaling", "horizontalpodautoscalers", "patch", "safety"),
    "the account of the stack": ("", "serviceaccounts", "patch", "safety"),
    "captures of packets": ("projectcalico.org", "packetcaptures", "create", "safety"),
    "a quota": ("", "resourcequotas", "create", "safety"),
    "a plug-in of the mesh": ("extensions.istio.io", "wasmplugins", "create", "safety"),
    "an envoy of Cilium": ("cilium.io", "ciliumenvoyconfigs", "create", "inference"),
    "redirects of Cilium": ("cilium.io", "ciliumlocalredirectpolicies", "create", "safety"),
    "identities of Cilium": ("cilium.io", "ciliumidentities", "patch", EVERYWHERE),
    "what the VPC plug-in made": ("networking.k8s.aws", "policyendpoints", "patch", "inference"),
    "security groups of pods": ("vpcresources.k8s.aws", "securitygrouppolicies", "create", "inference"),
    "target groups": ("elbv2.k8s.aws", "targetgroupbindings", "create", "inference"),
    "ingress classes": ("networking.k8s.io", "ingressclasses", "patch", EVERYWHERE),
    "machines": ("karpenter.k8s.aws", "ec2nodeclasses", "patch", EVERYWHERE),
    "pod identity": ("eks.services.k8s.aws", "podidentityassociations", "create", "safety"),
    "virtual machines": ("kubevirt.io", "virtualmachines", "create", "safety"),
    "workspaces of KAITO": ("kaito.sh", "workspaces", "create", "safety"),
    "monitors": ("monitoring.coreos.com", "prometheuses", "create", "safety"),
    "Flink": ("flink.apache.org", "flinkdeployments", "create", "safety"),
    "a kind that no table knows": ("widgets.example.com", "widgets", "create", "safety"),
    "secrets that another writes": ("external-secrets.io", "externalsecrets", "create", "safety"),
    "pods where every pod is admitted": ("", "pods", "create", "unlabelled"),
    "deployments where every pod is admitted": ("apps", "deployments", "patch", "unlabelled"),
}
HARMLESS: dict[str, Right] = {
    "reading in the system": ("", "pods", "get", "kube-system"),
    "leases of the system": ("coordination.k8s.io", "leases", "create", "kube-system"),
    "reading what is delivered": ("argoproj.io", "applications", "list", "argocd"),
    "reading statuses": ("", "pods/status", "get", "safety"),
    "a kind that no table knows, elsewhere": ("widgets.example.com", "widgets", "create", "tenant-a"),
    "pods where privileged ones are refused": ("", "pods", "create", "tenant-a"),
    "reading where every pod is admitted": ("", "pods", "list", "unlabelled"),
    "accounts of another": ("", "serviceaccounts", "patch", "tenant-a"),
    "captures of another": ("projectcalico.org", "packetcaptures", "create", "tenant-a"),
    "reading accounts": ("", "serviceaccounts", "get", "safety"),
    "autoscalers of another": ("keda.sh", "scaledobjects", "create", "tenant-a"),
}


def verdict(folder: Path, right: Right, names: str = "") -> str:
    group, resource, verb, namespace = right
    world = folder / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    kind, where = ("Role", f", namespace: {namespace}") if namespace else ("ClusterRole", "")
    reference = f"roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: {kind}, name: more}}"
    (world / "k8s" / "more.yaml").write_text(
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: more{where}}}\n"
        f"rules: [{{apiGroups: ['{group}'], resources: ['{resource}'], verbs: [{verb}]{names}}}]\n---\n"
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\nmetadata: {{name: more{where}}}\n"
        f"{reference}\nsubjects: [{{apiGroup: rbac.authorization.k8s.io, kind: Group, name: tenant-a-developers}}]\n"
    )
    return worst(world)


def worst(world: Path) -> str:
    found = {one["verdict"] for one in run_scan(world)["commitments"]}
    return next(one for one in ("violated", "unproven", "holds") if one in found)


@pytest.mark.parametrize("right", OPENING.values(), ids=OPENING)
def test_a_right_that_may_change_the_stack_leaves_nothing_proven(tmp_path: Path, right: Right) -> None:
    assert verdict(tmp_path, right) in ("violated", "unproven")


@pytest.mark.parametrize("right", HARMLESS.values(), ids=HARMLESS)
def test_a_right_that_changes_nothing_of_it_proves_as_much_as_before(tmp_path: Path, right: Right) -> None:
    assert verdict(tmp_path, right) == "holds"


def test_settings_of_the_system_count_by_their_name(tmp_path: Path) -> None:
    right = ("", "configmaps", "patch", "kube-system")
    assert verdict(tmp_path / "a", right, ", resourceNames: [aws-auth]") in ("violated", "unproven")
    assert verdict(tmp_path / "b", right, ", resourceNames: [leader-election]") == "holds"


def test_accounts_count_by_their_name(tmp_path: Path) -> None:
    right = ("", "serviceaccounts", "patch", "safety")
    assert verdict(tmp_path / "a", right, ", resourceNames: [gateway]") == "violated"
    assert verdict(tmp_path / "b", right, ", resourceNames: [metrics]") == "holds"


@pytest.mark.parametrize("level", ["baseline", "restricted"])
def test_a_level_of_pod_security_is_what_keeps_privileged_pods_out(tmp_path: Path, level: str) -> None:
    right = ("", "pods", "create", "unlabelled")
    world = tmp_path / "world"
    assert verdict(tmp_path, right) == "unproven"
    label = f"labels: {{pod-security.kubernetes.io/enforce: {level}}}"
    space = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: unlabelled, {label}}}\n"
    (world / "k8s" / "space.yaml").write_text(space)
    assert worst(world) == "holds"
    (world / "k8s" / "space.yaml").write_text(space.replace(level, "privileged"))
    assert worst(world) == "unproven"
