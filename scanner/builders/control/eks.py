"""IAM principals in Kubernetes: EKS access entries and their policies, and the ConfigMap that came before them."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_identity.by_arn import PRINCIPALS, is_certain, meant
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.blocks import first
from scanner.builders.control.clouds import SECRETS, Estate, Given, anything, like
from scanner.builders.control.rights import CLUSTER_WIDE, Right
from scanner.builders.draft import World
from scanner.builders.k8s_identity import subject_node
from scanner.graph.model import Edge, Plane, State
from scanner.origin import Origin
from scanner.resource import Encoded, Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value
from scanner.yamltext import TextError, load_one

POLICIES = {
    "AmazonEKSClusterAdminPolicy": "cluster-admin",
    "AmazonEKSAdminPolicy": "admin",
    "AmazonEKSEditPolicy": "edit",
    "AmazonEKSViewPolicy": "view",
    "AmazonEKSAdminViewPolicy": "view",
    "AmazonEKSSecretReaderPolicy": "",
}
"""Access policy of EKS -> the role of Kubernetes that it stands for."""
READS_SECRETS = frozenset({"AmazonEKSAdminViewPolicy", "AmazonEKSSecretReaderPolicy"})
ENTRY = "aws_eks_access_entry"


def access_rights(world: World, estate: Estate) -> Iterator[Right]:
    """The rights that access policies give to IAM principals, and those of principals whose groups nobody knows."""
    for one in world.inventory.of("aws_eks_access_policy_association"):
        for given in _associated(world, one):
            yield from estate.rights(given)
    for one in world.inventory.of(ENTRY):
        for value in listed_in(one.attrs.get("kubernetes_groups")):
            if isinstance(value, Unknown):
                line = mark(one.attrs, "kubernetes_groups") or one.origin
                grants = anything("the groups of its access entry")
                for who, _ in principal_nodes(world, one, one.attrs.get("principal_arn")):
                    yield from estate.rights(Given(who, grants, (CLUSTER_WIDE,), one, line, value))
    for one in _mappings(world):
        for key, field in MAPPED:
            yield from _mapped_rights(world, estate, one, key, field)


def _mapped_rights(world: World, estate: Estate, one: Resource, key: str, field: str) -> Iterator[Right]:
    """Who is put in `system:masters` may do anything; so may, perhaps, whoever an unknown mapping or group means."""
    line = mark(one.attrs, "data", key) or one.origin
    entries = _entries(one, key)
    if isinstance(entries, Unknown):
        who = subject_node(world, one.unit, "Subject", f"{one.name}.{key}", line).id
        grants = anything(f"the groups of `{key}`")
        yield from estate.rights(Given(who, grants, (CLUSTER_WIDE,), one, line, entries))
        return
    for entry in entries:
        groups = items_of(dig(entry, "groups"))
        unknown = next((group for group in groups if isinstance(group, Unknown)), None)
        if MASTERS in groups or unknown is not None:
            for who, why in principal_nodes(world, one, dig(entry, field)):
                doubt = why if MASTERS in groups else unknown
                yield from estate.rights(Given(who, anything(MASTERS), (CLUSTER_WIDE,), one, line, doubt))


def _entries(one: Resource, key: str) -> list[Value] | Unknown:
    """The entries of a mapping; an Unknown where they are not known, or cannot be read."""
    value = dig(one.attrs, "data", key)
    if isinstance(value, (Encoded, Unknown)) and value.document is not None:
        listed: Value = value.document
    elif isinstance(value, Unknown):
        return value
    else:
        try:
            listed = load_one(value, "").value if isinstance(value, str) else None
        except TextError:
            cause = f"`{key}` of `{one.address}` cannot be read"
            return Unknown(cause, decided_by=(f"{one.address}: {key}",))
    if isinstance(listed, Unknown):
        return listed
    return list(items_of(listed))


def _associated(world: World, one: Resource) -> Iterator[Given]:
    policy = first(one, "policy_arn")
    name = "" if policy is None else policy.text.rpartition("/")[2]
    namespaces, doubt = _scope(one)
    grants = (*like(POLICIES.get(name, ""), name), *((SECRETS,) if name in READS_SECRETS else ()))
    if name not in POLICIES:
        grants = anything(name or "access policy")
        cause = f"what the access policy `{name or '*'}` gives is not known"
        doubt = doubt or Unknown(cause, decided_by=(f"{one.address}.policy_arn",))
    for who, why in principal_nodes(world, one, one.attrs.get("principal_arn")):
        yield Given(who, grants, namespaces, one, mark(one.attrs, "policy_arn") or one.origin, doubt or why)


def _unnamed(world: World, who: str, value: Value) -> Unknown | None:
    """What decides who a principal is that the inputs name by nothing but an unknown value: it may be an operator."""
    return value if isinstance(value, Unknown) and "*" in world.nodes[who].name else None


def _scope(one: Resource) -> tuple[tuple[str, ...], Unknown | None]:
    """The namespaces of an association, which may have wildcards, and what decides them."""
    kind = first(one, "access_scope.type")
    if kind is None or isinstance(kind.value, Unknown):
        return (CLUSTER_WIDE,), kind.unknown if kind is not None else None
    if kind.value != "namespace":
        return (CLUSTER_WIDE,), None
    found = [
        value for block in items_of(one.attrs.get("access_scope")) for value in listed_in(dig(block, "namespaces"))
    ]
    unknown = next((value for value in found if isinstance(value, Unknown)), None)
    if unknown is not None:
        return (CLUSTER_WIDE,), unknown
    return tuple(str(value) for value in found), None


MASTERS = "system:masters"
"""The group that may do anything, by no binding that one could read."""
MAPPED = (("mapRoles", "rolearn"), ("mapUsers", "userarn"))


def _mappings(world: World) -> Iterator[Resource]:
    for one in world.inventory.of("ConfigMap"):
        if one.namespace == "kube-system" and one.name == "aws-auth":
            yield one


def principal_nodes(world: World, one: Resource, value: Value) -> list[tuple[str, Unknown | None]]:
    """The nodes of the IAM principals that an access entry or a mapping means, or may mean, each with what decides it.

    One outside is among them where the inputs may not have the principal.
    """
    named = meant(world, value, one, *PRINCIPALS)
    found = [(each.resource.id, each.doubt) for each in named]
    if not is_certain(named):
        text = value.text() if isinstance(value, Unknown) else str(value)
        outside = world.external(f"aws-principal/{text}").id
        doubt = next((each.doubt for each in named), None)
        found.append((outside, doubt or _unnamed(world, outside, value)))
    return found


def add_groups(world: World, estate: Estate) -> None:
    """Principal -> group, "become", for the groups of access entries and of the `aws-auth` ConfigMap."""
    for one in world.inventory.of(ENTRY):
        line = mark(one.attrs, "kubernetes_groups") or one.origin
        for who in principal_nodes(world, one, one.attrs.get("principal_arn")):
            for value in listed_in(one.attrs.get("kubernetes_groups")):
                if isinstance(value, str):
                    _member(world, estate, one, *who, value, line)
    for one in _mappings(world):
        for key, field in MAPPED:
            entries = _entries(one, key)
            line = mark(one.attrs, "data", key) or one.origin
            for entry in entries if not isinstance(entries, Unknown) else ():
                named = dig(entry, field)
                for who in principal_nodes(world, one, named) if named is not None else ():
                    for group in items_of(dig(entry, "groups")):
                        if isinstance(group, str):
                            _member(world, estate, one, *who, group, line)


def _member(
    world: World, estate: Estate, one: Resource, who: str, doubt: Unknown | None, group: str, origin: Origin
) -> None:
    """The group of the unit, and that of every unit that may run in this cluster."""
    if not world.nodes[who].actor:
        world.set_actor(who)
    for unit in sorted({one.unit, *estate.homeless}):
        if unit != one.unit and f"{unit}:Group/{group}" not in world.nodes:
            continue
        node = subject_node(world, unit, "Group", group, origin)
        across = unit != one.unit
        unsure = across or doubt is not None or one.possible is not None
        decided = ("profile:units",) if across else (one.address,) if doubt is None else doubt.decided_by
        world.add_edge(
            Edge(
                source=who,
                target=node.id,
                plane=Plane.IDENTITY,
                verb="become",
                because=f"`{one.address}` puts it in group `{group}`",
                origin=origin,
                state=State.POSSIBLE if unsure else State.OPEN,
                reason="cross-unit" if across else "value-unknown" if unsure else "",
                decided_by=decided or (one.address,) if unsure else (),
                cut=True,
            )
        )
