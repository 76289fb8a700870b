"""Pods with security groups of their own, of which NetworkPolicies need not hold: by the settings of the VPC plug-in.

Facts: EKS user guide, "Assign security groups to individual Pods" (`ENABLE_POD_ENI` is false unless it is set; in the
mode `strict`, which is the default, Calico has no hold on such pods); EKS Best Practices Guide, "Network
security" (policies and security groups together need the mode `standard`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from scanner.builders.aws_network.pod_groups import pods_with_groups
from scanner.builders.draft import World
from scanner.builders.k8s_network.plugins import setting, true
from scanner.graph.model import STACK, Role
from scanner.podspec import containers, environment, pod_templates
from scanner.resource import Resource, dig
from scanner.unknown import Unknown, Value

GUARDED = STACK | {Role.MODEL, Role.CANDIDATE}
ENABLED, MODE = "ENABLE_POD_ENI", "POD_SECURITY_GROUP_ENFORCING_MODE"
ADDON, AGENT = "aws_eks_addon", "aws-node"


def with_groups(world: World, unit: str, of_cluster: Callable[[Resource], bool]) -> Iterator[str]:
    """Where the policies of a unit need not hold over a model or a member of the stack that has groups of its own.

    of_cluster: whether an add-on is that of the unit's cluster.
    """
    selected = [
        one.owner.address
        for one in pods_with_groups(world.inventory)
        if one.owner.unit == unit and world.nodes[one.owner.id].roles & GUARDED
    ]
    if not selected:
        return
    seen = [(where, env) for where, env in _settings(world, unit, of_cluster)]
    if seen and all(dig(env, ENABLED) is None or _off(dig(env, ENABLED)) for _, env in seen):
        return  # the pods have the interfaces of their machines
    for where, env in seen:
        if dig(env, MODE) != "standard":
            yield f"{where}: {MODE}"
    if not seen:
        yield f"{selected[0]}: {MODE}"


def _off(value: Value) -> bool:
    return not isinstance(value, Unknown) and not true(value)


def _settings(world: World, unit: str, of_cluster: Callable[[Resource], bool]) -> Iterator[tuple[str, Value]]:
    """The variables of the plug-in's agent, by who sets them."""
    for one in world.inventory.like(ADDON):
        if one.attrs.get("addon_name") == "vpc-cni" and of_cluster(one):
            yield one.address, setting(one.attrs.get("configuration_values"), "env")
    for one in world.inventory.like("DaemonSet"):
        if one.name == AGENT and one.unit == unit:
            for each in (part for template in pod_templates(one) for part in containers(template.spec)):
                env = {name: fact.value for name, fact in environment(each).items()}
                if env:
                    yield one.address, env
