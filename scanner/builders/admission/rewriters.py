"""Policies of the cluster that write themselves: they change, make or delete objects, and nobody evaluates what.

Sources: documentation of Kyverno ("Mutate", "Generate", "Cleanup Policies"), of Gatekeeper ("Mutation"), of
Kubernetes ("Mutating Admission Policy") and of OpenKruise ("SidecarSet").
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.draft import World
from scanner.graph.model import STACK, Edge, Plane, Role, State
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown

KINDS = {
    "MutatingAdmissionPolicy": "admissionregistration.k8s.io",
    "MutatingPolicy": "policies.kyverno.io",
    "GeneratingPolicy": "policies.kyverno.io",
    "DeletingPolicy": "policies.kyverno.io",
    "NamespacedMutatingPolicy": "policies.kyverno.io",
    "NamespacedGeneratingPolicy": "policies.kyverno.io",
    "NamespacedDeletingPolicy": "policies.kyverno.io",
    "CleanupPolicy": "kyverno.io",
    "ClusterCleanupPolicy": "kyverno.io",
    "Assign": "mutations.gatekeeper.sh",
    "AssignImage": "mutations.gatekeeper.sh",
    "ModifySet": "mutations.gatekeeper.sh",
    "SidecarSet": "apps.kruise.io",
}
"""Kinds that do nothing but write -> their API group. `AssignMetadata` of Gatekeeper only adds labels that lack."""
RULES = ("ClusterPolicy", "Policy")
KYVERNO = "kyverno.io"
WRITES = ("mutate", "generate")
REASON = "policy-engine-unmodelled"


def build_rewriters(world: World) -> None:
    """Add possible "write" edges from each such policy to the members of the stack in its unit."""
    found = [*_writers(world)]
    if not found:
        return
    stack = world.with_role(*STACK, Role.GUARD)
    for policy, what, place in found:
        for node in stack:
            member = world.inventory.by_id.get(node.id)
            if member is None or member.unit != policy.unit or not member.is_manifest:
                continue
            world.set_actor(policy.id)
            world.add_edge(
                Edge(
                    source=policy.id,
                    target=node.id,
                    plane=Plane.CONTROL,
                    verb="write",
                    because=f"`{policy.address}` {what}, and which objects of the cluster it changes is not evaluated",
                    origin=mark(policy.attrs, *place) or policy.origin,
                    state=State.POSSIBLE,
                    reason=REASON,
                    decided_by=(policy.address,),
                    cut=True,
                )
            )


def _writers(world: World) -> Iterator[tuple[Resource, str, tuple[str | int, ...]]]:
    for policy in world.inventory.of(*KINDS):
        if policy.group == KINDS[policy.kind]:
            yield policy, "writes or deletes objects", ("spec",)
    for policy in world.inventory.of(*RULES):
        if policy.group != KYVERNO:
            continue
        for index, rule in enumerate(items_of(dig(policy.attrs, "spec", "rules"))):
            done = next((word for word in WRITES if isinstance(rule, Unknown) or dig(rule, word) is not None), "")
            if done:
                yield policy, f"has a rule that may {done}", ("spec", "rules", index)
                break
