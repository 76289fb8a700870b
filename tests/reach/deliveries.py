"""For each row of deliveries: objects by which a model goes to a cluster that nothing shows, or shows elsewhere."""

from __future__ import annotations

from typing import Any

from scanner.resource import Resource
from tests.reach import world

OCM = "cluster.open-cluster-management.io"
IMAGE = {"image": "vllm/vllm-openai:v0.11.0"}
CHART = {"source": {"repoURL": "https://charts", "chart": "vllm-stack"}}
CAPI = {"metadata": {"name": "hall"}, "spec": {"infrastructureRef": {"kind": "Metal3Cluster"}}}
KUBECONFIG = {"kubeConfig": {"secretRef": {"name": "hall"}}, "path": "serving", "chart": {"spec": {"chart": "vllm"}}}
SECRET = {
    "metadata": {"name": "hall", "labels": {"argocd.argoproj.io/secret-type": "cluster"}},
    "stringData": {"name": "hall", "server": "https://A.gr7.eu-west-1.eks.amazonaws.com"},
}
PLACEMENT = {"metadata": {"name": "all"}, "spec": {"predicates": [{"requiredClusterSelector": {"labelSelector": {}}}]}}
MANAGED = {"metadata": {"name": "hall", "labels": {"cloud": "VMware"}}}


def application(server: str) -> Resource:
    """An Application with a chart of models."""
    return world.manifest("argoproj.io", "Application", {"spec": {**CHART, "destination": {"server": server}}})


def subscription() -> Resource:
    """A Subscription to a channel with models, for the clusters of a placement."""
    spec = {"channel": "charts/vllm", "overrides": IMAGE, "placement": {"placementRef": {"name": "all"}}}
    return world.manifest("apps.open-cluster-management.io", "Subscription", {"spec": spec})


MADE: dict[str, Any] = {
    "delivery-argo": lambda: [application("https://10.0.0.5")],
    "delivery-argo-cluster": lambda: [world.manifest("", "Secret", SECRET), application("hall")],
    "delivery-fleet": lambda: [
        world.manifest("fleet.cattle.io", "GitRepo", {"spec": {"targets": [{"clusterName": "hall"}], "helm": IMAGE}})
    ],
    "delivery-flux-kustomization": lambda: [
        world.manifest("kustomize.toolkit.fluxcd.io", "Kustomization", {"spec": {**KUBECONFIG, "images": IMAGE}})
    ],
    "delivery-flux-helm": lambda: [
        world.manifest("helm.toolkit.fluxcd.io", "HelmRelease", {"spec": {**KUBECONFIG, "values": IMAGE}})
    ],
    "delivery-ocm-placement": lambda: [
        world.manifest(OCM, "ManagedCluster", MANAGED), world.manifest(OCM, "Placement", PLACEMENT), subscription()
    ],
    "delivery-ocm-subscription": lambda: [world.manifest(OCM, "Placement", PLACEMENT), subscription()],
    "delivery-ocm-work": lambda: [
        world.manifest("work.open-cluster-management.io", "ManifestWork", {"spec": {"workload": {"manifests": IMAGE}}})
    ],
    "delivery-capi": lambda: [world.manifest("cluster.x-k8s.io", "Cluster", CAPI), application("hall")],
    "delivery-capi-charts": lambda: [
        world.manifest("cluster.x-k8s.io", "Cluster", CAPI),
        world.manifest("addons.cluster.x-k8s.io", "HelmChartProxy", {"spec": {"chartName": "vllm"}}),
    ],
    "delivery-inferencepool-import": lambda: [
        world.manifest("inference.networking.x-k8s.io", "InferencePoolImport", {"spec": {}})
    ],
}  # fmt: skip


def delivered(row_id: str) -> list[Resource]:
    """The objects of a row."""
    made: list[Resource] = MADE[row_id]()
    return made
