"""Objects whose controller applies what they say with rights of its own: who writes one has what the controller has.

Sources: documentation of Argo CD (applications in the namespace of the controller, in others where it is told to),
Flux (a controller acts as itself unless told otherwise), Crossplane, ACK, Open Cluster Management, Rancher, k3s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_policy.match import Truth
from scanner.builders.control.grants import Grant
from scanner.builders.control.rights import Right
from scanner.unknown import Unknown

WRITES = ("create", "update", "patch")


class Delivery(Struct, frozen=True):
    """Objects of one controller. resources: those that say what is applied; `*` for all of the groups."""

    controller: str
    groups: tuple[str, ...]
    resources: tuple[str, ...]


_FLUX_SOURCES = ("gitrepositories", "ocirepositories", "buckets", "helmrepositories", "helmcharts", "externalartifacts")
DELIVERIES = (
    Delivery("Argo CD", ("argoproj.io",), ("applications", "applicationsets", "appprojects")),
    Delivery("Flux", ("kustomize.toolkit.fluxcd.io",), ("kustomizations",)),
    Delivery("Flux", ("helm.toolkit.fluxcd.io",), ("helmreleases",)),
    Delivery("Flux", ("source.toolkit.fluxcd.io",), _FLUX_SOURCES),
    Delivery("Flux", ("fluxcd.controlplane.io",), ("resourcesets", "fluxinstances", "resourcesetinputproviders")),
    Delivery("Crossplane", ("kubernetes.crossplane.io", "kubernetes.m.crossplane.io"), ("objects", "observedobjectcollections")),  # noqa: E501
    Delivery("Crossplane", ("helm.crossplane.io", "helm.m.crossplane.io"), ("releases",)),
    Delivery("Crossplane", ("apiextensions.crossplane.io",), ("compositions", "compositeresourcedefinitions")),
    Delivery("Crossplane", ("pkg.crossplane.io",), ("*",)),
    Delivery("Crossplane", ("eks.aws.upbound.io", "eks.aws.m.upbound.io", "eks.aws.crossplane.io", "iam.aws.upbound.io", "iam.aws.m.upbound.io", "iam.aws.crossplane.io"), ("*",)),  # noqa: E501
    Delivery("the AWS controllers for Kubernetes", ("eks.services.k8s.aws", "iam.services.k8s.aws"), ("*",)),
    Delivery("Config Connector", ("iam.cnrm.cloud.google.com", "container.cnrm.cloud.google.com"), ("*",)),
    Delivery("Azure Service Operator", ("authorization.azure.com", "managedidentity.azure.com", "containerservice.azure.com"), ("*",)),  # noqa: E501
    Delivery("kro", ("kro.run",), ("*",)),
    Delivery("Open Cluster Management", ("work.open-cluster-management.io",), ("manifestworks", "manifestworkreplicasets")),  # noqa: E501
    Delivery("Rancher Fleet", ("fleet.cattle.io",), ("bundles", "gitrepos", "helmops")),
    Delivery("the Helm controller of k3s", ("helm.cattle.io",), ("helmcharts", "helmchartconfigs")),
    Delivery("the Operator Lifecycle Manager", ("operators.coreos.com",), ("subscriptions", "clusterserviceversions", "catalogsources", "operatorgroups", "installplans")),  # noqa: E501
    Delivery("Kyverno", ("kyverno.io",), ("updaterequests", "cleanuppolicies", "clustercleanuppolicies")),
)  # fmt: skip
DELIVERY_GROUPS = frozenset(group for one in DELIVERIES for group in one.groups)


def delivered(right: Right, everything: Iterable[Grant]) -> Iterator[Right]:
    """What the holder of a right has by an object that a controller applies; `everything`: the most it may be.

    Only rules that name the group count: one over every group names no controller, and there may be none.
    """
    if DELIVERY_GROUPS.isdisjoint(group for group in right.grant.groups if isinstance(group, str)):
        return
    for one in DELIVERIES:
        if not _writes(right.grant, one):
            continue
        cause = f"what {one.controller} may do in the cluster, and for whom, is not known"
        doubt = right.doubt or right.grant.unknown or Unknown(cause, decided_by=(f"the rights of {one.controller}",))
        how = f"{one.controller} applies what its objects say, and it may write such an object"
        for grant in everything:
            told = replace(grant, origin=right.grant.origin, role=right.grant.role)
            yield replace(right, namespace="*", grant=told, doubt=doubt, how=how)
        return


def _writes(grant: Grant, one: Delivery) -> bool:
    named = [group for group in one.groups if group in grant.groups]
    wanted = [*grant.resources] if one.resources == ("*",) else one.resources
    return any(
        grant.permits(group, resource if isinstance(resource, str) else "?", verb) is not Truth.NO
        for group in named
        for resource in wanted
        for verb in WRITES
    )
