"""Sessions of a role that a policy narrows: of pod identity, profiles of Roles Anywhere, users of Transfer Family.

Facts: the Terraform provider for AWS, `aws_eks_pod_identity_association` (`policy`) and `aws_rolesanywhere_profile`
(`session_policy`, `managed_policy_arns`), `aws_transfer_user` and `aws_transfer_access` (`policy`); the
IAM user guide, "Session policies": a session may do what the policies of its role and the session policies both allow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from scanner.builders.aws_identity.by_arn import meant
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.principals import Principal, named_policy, principals
from scanner.builders.aws_policy.statements import Policy, listed_in
from scanner.builders.blocks import at
from scanner.builders.draft import World
from scanner.graph.model import Node
from scanner.resource import Resource, mark

NARROWING = {
    "aws_eks_pod_identity_association": "role_arn", "aws_rolesanywhere_profile": "role_arns",
    "aws_transfer_user": "role", "aws_transfer_access": "role",
}  # fmt: skip
"""Kind -> path of the roles whose sessions it narrows."""
TARGET = "target_role_arn"
"""Of a pod identity association: the role that is assumed from the first; which of the two is narrowed is not told."""


def narrowing(world: World, one: Resource) -> tuple[Policy, ...] | None:
    """The session policies of an association or a profile; None where it has none that certainly holds."""
    if one.kind not in NARROWING or one.attrs.get(TARGET) is not None:
        return None
    found = []
    for path in ("policy", "session_policy"):
        if one.attrs.get(path) is not None:
            found.append(policy_at(world.inventory, one, path))
    for value in listed_in(one.attrs.get("managed_policy_arns")):
        line = mark(one.attrs, "managed_policy_arns") or one.origin
        found.append(named_policy(world, value, one, line))
    return tuple(found) or None


def narrowed(world: World, one: Resource, role: Resource) -> str:
    """The node id of the session that an association or a profile gives of a role; "" where nothing narrows it."""
    found = _id(one, role)
    return found if found in world.nodes else ""


def _id(one: Resource, role: Resource) -> str:
    return f"{one.unit}:Session/{one.address}/{role.address}"


def sessions(world: World, roles: Mapping[str, Principal]) -> Iterator[Principal]:
    """The narrowed sessions of the roles of the inputs; each is a node beside its role."""
    for kind, path in NARROWING.items():
        for one in world.inventory.of(kind):
            policies = narrowing(world, one)
            values = [each for found in at(one, path) for each in listed_in(found.value)]
            for value in values if policies is not None else ():
                for named in meant(world, value, one, "aws_iam_role"):
                    if named.resource.id in roles:
                        yield _session(world, one, named.resource, roles[named.resource.id], policies or ())


def everybody(world: World) -> list[Principal]:
    """Every principal of the inputs and every narrowed session, by node id."""
    found = principals(world)
    roles = {one.node_id: one for one in found}
    return sorted([*found, *sessions(world, roles)], key=lambda one: one.node_id)


def _session(world: World, one: Resource, role: Resource, whole: Principal, policies: tuple[Policy, ...]) -> Principal:
    node_id = _id(one, role)
    address = node_id.partition(":")[2]
    world.ensure(Node(id=node_id, kind="Session", address=address, name=role.name, origin=one.origin, actor=True))
    world.add_roles(node_id, world.nodes[role.id].roles)
    return replace(whole, node_id=node_id, session=policies)
