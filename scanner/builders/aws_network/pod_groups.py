"""Pods with interfaces of their own: those that a SecurityGroupPolicy of EKS selects carry its security groups.

Facts: Amazon EKS User Guide, "Assign security groups to individual Pods": `ENABLE_POD_ENI` of the VPC plug-in must be
true, pods in the network of their machine keep its groups, and of several policies that select a pod all groups count;
aws/amazon-vpc-resource-controller-k8s, the kind (`podSelector`, `serviceAccountSelector`, `securityGroups.groupIds`).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.blocks import Found
from scanner.builders.edges import Doubt, doubt_of, first_doubt, values
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_policy.labels import Labels, Match, labels_of, selector_of
from scanner.podspec import PodTemplate, pod_templates
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

GROUP = "vpcresources.k8s.aws"


class PodGroups(Struct, frozen=True):
    """A workload whose pods carry security groups. named: the values that name them; doubt: whether they carry them."""

    owner: Resource
    named: tuple[Found, ...]
    doubt: Doubt | None = None


def pods_with_groups(inventory: Inventory) -> Iterator[PodGroups]:
    """Every workload that a policy selects, with the groups of all policies that do."""
    policies = [one for one in inventory.of("SecurityGroupPolicy") if one.group == GROUP]
    for owner in inventory.all if policies else ():
        templates = [each for each in pod_templates(owner) if owner.kind[:1].isupper() and not owner.data]
        found: list[Found] = []
        doubts: list[Doubt | None] = []
        for policy in policies:
            match = max((_selects(inventory, policy, owner, each) for each in templates), default=Match.NO)
            if match is not Match.NO:
                found += values(policy, "spec.securityGroups.groupIds")
                unsure = Doubt("value-unknown", (policy.address,)) if match is Match.MAYBE else None
                doubts += [unsure, doubt_of(policy.possible)]
        if found:
            yield PodGroups(owner, tuple(found), first_doubt(*doubts))


def _selects(inventory: Inventory, policy: Resource, owner: Resource, pod: PodTemplate) -> Match:
    host = dig(pod.spec, "hostNetwork")
    if host is True or policy.unit != owner.unit:
        return Match.NO
    match = Match.YES if host in (None, False) else Match.MAYBE
    if "*" in (policy.namespace + owner.namespace):
        match = Match.MAYBE
    elif policy.namespace != owner.namespace:
        return Match.NO
    spec = policy.attrs.get("spec")
    if isinstance(spec, Unknown):
        return Match.MAYBE
    for key, labels in (("podSelector", _labels(pod)), ("serviceAccountSelector", _account(inventory, owner, pod))):
        selector = dig(spec, key)
        if selector is not None:
            match = min(match, selector_of(selector).match(labels))
    return match


def _labels(pod: PodTemplate) -> Labels:
    found = labels_of(pod.labels)
    return found if pod.labels_known else Labels(found.known, found.unknown, False, found.doubt)


def _account(inventory: Inventory, owner: Resource, pod: PodTemplate) -> Labels:
    """The labels of the service account that the pods run as; of one that no input declares nothing is known."""
    name: Value = dig(pod.spec, "serviceAccountName") or "default"
    declared = inventory.at(owner.unit, f"{owner.namespace}/ServiceAccount/{name}") if isinstance(name, str) else None
    if declared is None:
        unseen = Doubt("peer-not-in-input", (f"{owner.namespace}/ServiceAccount/{name}",))
        return Labels({}, complete=False, doubt=unseen)
    return labels_of(dig(declared.attrs, "metadata", "labels"))
