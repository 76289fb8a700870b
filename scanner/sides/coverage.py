"""Of what the one side tells, what the other tells as well: clusters, namespaces of them, accounts of AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from scanner.resource import RECORDED, Resource
from scanner.sides.places import Shown, account_of

_IN_CLUSTER = ("kubernetes_", "kubectl_", "helm_", "kustomization_")
"""Types of Terraform resources that are objects of a cluster, or hold some."""
_AWS = ("aws_", "awscc_")
_NOBODYS = frozenset({"Node", "CSINode", "Lease", "ComponentStatus", "APIService", "RuntimeClass", "PriorityClass"})
"""Kinds of objects without a namespace that a cluster has by itself."""


def of_cluster(one: Resource) -> bool:
    """Whether a thing is in a cluster."""
    return one.kind[:1].isupper() or one.kind.startswith(_IN_CLUSTER)


def of_aws(one: Resource) -> bool:
    """Whether a thing is of AWS, a provider configuration of it included."""
    return one.kind.startswith(_AWS) or (one.kind == "provider" and one.name in ("aws", "awscc"))


def told_live(recorded: Sequence[Resource]) -> Callable[[Resource, Shown], bool]:
    """Whether what was recorded tells of the place of a declared thing: then it is there only if it was recorded."""
    clusters = {one.unit for one in recorded if one.is_manifest}
    accounts = {account_of(one) for one in recorded if of_aws(one)}

    def told(one: Resource, shown: Shown) -> bool:
        if of_cluster(one):
            return one.unit in clusters
        if not accounts or not of_aws(one):
            return False
        return account_of(one, shown) in (*accounts, "")

    return told


def apart(resources: Sequence[Resource]) -> Iterator[str]:
    """A sentence where manifests and clusters that were asked are taken for different ones: nobody said otherwise."""
    live = {one.unit for one in resources if one.is_manifest and one.source in RECORDED}
    files = {one.unit for one in resources if one.is_manifest and one.source not in RECORDED}
    if files - live and live - files:
        mine, others = (", ".join(f"`{one}`" for one in sorted(some)) for some in (files - live, live - files))
        yield f"the manifests of {mine} are not those of the cluster {others}: `units[].live` would say so"


def told_in_files(declared: Sequence[Resource], shown: Shown) -> Callable[[Resource], bool]:
    """Whether files tell of the place of a recorded thing: then it is only declared if they declare it.

    A namespace in which files declare nothing is somebody else's, and so is an account.
    """
    spaces = {(one.unit, one.namespace) for one in declared if of_cluster(one)}
    clusters = {unit for unit, _ in spaces}
    accounts = {account_of(one, shown) for one in declared if of_aws(one)}

    def told(one: Resource) -> bool:
        if of_cluster(one):
            return (one.unit, one.namespace) in spaces if one.namespace else _shared(one, clusters)
        return of_aws(one) and bool(accounts) and ("" in accounts or account_of(one) in accounts)

    return told


def _shared(one: Resource, clusters: set[str]) -> bool:
    return one.unit in clusters and one.kind not in _NOBODYS
