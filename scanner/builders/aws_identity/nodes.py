"""The role of a cluster's machines: who has it joins one, and pods that reach their machine's metadata act as it.

Facts: EKS user guide, "Amazon EKS node IAM role" (the kubelet calls with it) and "Create access entries" (the types
that let machines join); Kubernetes, "Using Node Authorization": a machine reads the secrets of the pods on it, and
makes tokens of their service accounts.
"""

from __future__ import annotations

from scanner.builders.aws_identity.by_arn import meant
from scanner.builders.aws_identity.carriers import Carrier
from scanner.builders.blocks import at, first
from scanner.builders.draft import World
from scanner.builders.k8s_identity import runs_as
from scanner.graph.facts_access import MachineRole
from scanner.graph.model import STACK, Edge, Plane, Role, State
from scanner.podspec import pod_templates
from scanner.resource import Resource, dig

GROUPS = ("aws_eks_node_group",)
ENTRY, CLUSTER = "aws_eks_access_entry", "aws_eks_cluster"
HELD = STACK | {Role.MODEL}
JOINING = frozenset({"EC2_LINUX", "EC2_WINDOWS", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX"})
"""The types of access entries with which machines join."""


def mark_machine_roles(world: World) -> None:
    """A MachineRole for each role of the inputs with which a machine joins a cluster that runs models or the stack."""
    units = {node.id.partition(":")[0] for node in world.with_role(*HELD) if node.kind[:1].isupper()}
    joined = {one.cluster for one in world.profile.units if one.name in units and one.cluster}
    for kind, path in ((GROUPS[0], "node_role_arn"), (ENTRY, "principal_arn")):
        for one in world.inventory.of(kind):
            if kind == ENTRY and one.attrs.get("type") not in JOINING:
                continue
            cluster = world.inventory.find(one.attrs.get("cluster_name"), one, CLUSTER)
            address = cluster.address if isinstance(cluster, Resource) else ""
            if one.unit not in units and not joined & {address, f"{one.unit}:{address}"}:
                continue
            for found in at(one, path):
                for each in meant(world, found.value, one, "aws_iam_role") if one.possible is None else ():
                    because = f"with it the machines of `{one.address}` join"
                    fact = MachineRole(origin=found.origin, because=because, cluster=address or one.address)
                    if each.doubt is None:
                        world.add_fact(each.resource.id, fact)


def add_node_roles(world: World, carried: list[Carrier]) -> None:
    """Workload -> role of its machines, possible, for the roles of node groups that may call a model."""
    calling = {edge.source for edge in world.edges if edge.verb == "invoke" and edge.plane is Plane.IDENTITY}
    for carrier in carried:
        node = world.nodes[carrier.node_id]
        if node.kind not in GROUPS or carrier.role_id not in calling:
            continue
        group = world.inventory.by_id[carrier.node_id]
        barred = _barred(world, group)
        seen: set[str] = set()
        for one in runs_as(world):
            if one.resource.unit != group.unit or one.resource.id in seen:
                continue
            if barred and not _on_host(one.resource):
                continue
            seen.add(one.resource.id)
            world.set_actor(one.resource.id)
            world.add_edge(
                Edge(
                    source=one.resource.id,
                    target=carrier.role_id,
                    plane=Plane.IDENTITY,
                    verb="become",
                    because=f"its pods may run on machines of `{group.address}`, which hand out their role",
                    origin=carrier.origin,
                    state=State.POSSIBLE,
                    reason="node-placement-unknown",
                    decided_by=(f"{group.address}: metadata_options.http_put_response_hop_limit",),
                )
            )


def _barred(world: World, group: Resource) -> bool:
    """Whether the machines certainly keep pods off their metadata service: a token is needed, and goes one hop."""
    named = first(group, "launch_template.id") or first(group, "launch_template.name")
    template = None if named is None else world.inventory.find(named.value, group, "aws_launch_template")
    if not isinstance(template, Resource):
        return False
    hops = first(template, "metadata_options.http_put_response_hop_limit")
    tokens = first(template, "metadata_options.http_tokens")
    if hops is None or tokens is None or hops.unknown is not None or tokens.unknown is not None:
        return False
    return str(hops.value) == "1" and tokens.value == "required"


def _on_host(workload: Resource) -> bool:
    """Whether pods of the workload use their machine's own network, for all that is known."""
    return any(dig(template.spec, "hostNetwork") not in (None, False) for template in pod_templates(workload))
