"""IAM principals in Kubernetes: EKS access entries and their policies, and the ConfigMap that came before them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.aws_identity.carriers import role_by_arn
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.blocks import first
from scanner.builders.control.rbac_rules import built_in
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.draft import World
from scanner.builders.k8s_identity import subject_node
from scanner.graph.model import Edge, Plane, State
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value
from scanner.yamltext import TextError, load_one

POLICIES = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
    "AmazonEKSAdminViewPolicy": "view",
    "AmazonEKSSecretReaderPolicy": "view",
}
"""Access policy of EKS -> the role of Kubernetes that it stands for."""


def access_rights(world: World) -> Iterator[Right]:
    """The rights that access policies give to IAM principals, in the manifests of the same unit."""
    for one in world.inventory.of("aws_eks_access_policy_association"):
        who = principal_node(world, one, one.attrs.get("principal_arn"))
        policy = first(one, "policy_arn")
        name = "" if policy is None else policy.text.rpartition("/")[2]
        grants = built_in(POLICIES.get(name, ""))
        doubt = one.possible
        if not name or name not in POLICIES:
            grants = built_in("cluster-admin")
            cause = f"what the access policy `{name or '*'}` gives is not known"
            doubt = doubt or Unknown(cause, decided_by=(f"{one.address}.policy_arn",))
        origin = mark(one.attrs, "policy_arn") or one.origin
        for namespace in _scope(one):
            for grant in grants or ():
                yield Right(who, one.unit, namespace, grant, origin, one.address, doubt=doubt)


def _scope(one: Resource) -> list[str]:
    kind = first(one, "access_scope.type")
    if kind is None or kind.value != "namespace":
        return [CLUSTER_WIDE]
    found = [
        value for block in items_of(one.attrs.get("access_scope")) for value in listed_in(dig(block, "namespaces"))
    ]
    return [value if isinstance(value, str) else CLUSTER_WIDE for value in found]


def principal_node(world: World, one: Resource, value: Value) -> str:
    """The node of an IAM principal that an access entry or a mapping names; one outside where the inputs lack it."""
    found = world.inventory.find(value, one.unit, "aws_iam_role", "aws_iam_user")
    if isinstance(found, Resource):
        return found.id
    text = value.text() if isinstance(value, Unknown) else str(value)
    named = role_by_arn(world, text, one.unit)
    return named.id if named is not None else world.external(f"aws-principal/{text}").id


def add_groups(world: World) -> None:
    """Principal -> group, "become", for the groups of access entries and of the `aws-auth` ConfigMap."""
    for one in world.inventory.of("aws_eks_access_entry"):
        who = principal_node(world, one, one.attrs.get("principal_arn"))
        for value in listed_in(one.attrs.get("kubernetes_groups")):
            if isinstance(value, str):
                _member(world, one, who, value, mark(one.attrs, "kubernetes_groups") or one.origin)
    for one in world.inventory.of("ConfigMap"):
        if one.namespace == "kube-system" and one.name == "aws-auth":
            for key, field in (("mapRoles", "rolearn"), ("mapUsers", "userarn")):
                _mapped(world, one, key, field)


def _mapped(world: World, one: Resource, key: str, field: str) -> None:
    value = dig(one.attrs, "data", key)
    origin = mark(one.attrs, "data", key) or one.origin
    if not isinstance(value, str):
        return
    try:
        listed = load_one(value, "").value
    except TextError:
        return
    for entry in items_of(listed):
        if isinstance(entry, Mapping) and isinstance(entry.get(field), str):
            who = _outside(world, one, str(entry[field]))
            for group in items_of(entry.get("groups")):
                if isinstance(group, str):
                    _member(world, one, who, group, origin)


def _outside(world: World, one: Resource, arn: str) -> str:
    """A principal of a mapping, in whichever unit its role is declared."""
    for role in world.inventory.of("aws_iam_role"):
        if arn.rpartition("/")[2] == role.attrs.get("name"):
            return role.id
    return principal_node(world, one, arn)


def _member(world: World, one: Resource, who: str, group: str, origin: Origin) -> None:
    node = subject_node(world, one.unit, "Group", group, origin)
    if not world.nodes[who].actor:
        world.set_actor(who)
    across = not who.startswith((f"{one.unit}:", "external:"))
    world.add_edge(
        Edge(
            source=who,
            target=node.id,
            plane=Plane.IDENTITY,
            verb="become",
            because=f"`{one.address}` puts it in group `{group}`",
            origin=origin,
            state=State.POSSIBLE if across or one.possible is not None else State.OPEN,
            reason="cross-unit" if across else "value-unknown" if one.possible is not None else "",
            decided_by=("profile:units",) if across else () if one.possible is None else (one.address,),
            cut=True,
        )
    )
