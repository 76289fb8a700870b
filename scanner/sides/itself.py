"""What AWS makes or sets for a thing without anybody's doing: nobody declares it, and as it is made it is no drift."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scanner.graph.model import Node
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

EVERYWHERE = frozenset({"0.0.0.0/0", "::/0"})
CLUSTER_GROUP = "cluster_security_group_id"


def by_itself(node: Node, resource: Resource | None, beside: Mapping[str, Resource], *, live: bool) -> bool:
    """Whether a thing is one that is there by itself, as it is by itself. beside: all of its side, by node id.

    What is declared as AWS would make it, and is not live, is missed all the same: an old bucket has other defaults.

    What a network, its security group or its route table open beyond that is told as a way.
    """
    if node.kind.startswith("aws_default_") or node.kind == "aws_main_route_table_association":
        return True
    if (node.kind, node.name) in (("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")):
        return True
    return live and resource is not None and resource.kind in _AS_MADE and _AS_MADE[resource.kind](resource, beside)


def _main_table(one: Resource, beside: Mapping[str, Resource]) -> bool:
    """The main route table of a network, with no subnet put to it. Source: Amazon VPC User Guide, "Route tables"."""
    return is_main(one, beside) and not any(
        referred(each, "route_table_id") == one.address for each in _of("aws_route_table_association", beside)
    )


def is_main(one: Resource, beside: Mapping[str, Resource]) -> bool:
    """Whether a route table is the main one of its network."""
    mains = _of("aws_main_route_table_association", beside)
    return any(referred(each, "route_table_id") == one.address for each in mains)


def _access_list(one: Resource, beside: Mapping[str, Resource]) -> bool:
    """All rights for the owner alone. Source: Amazon S3 User Guide, "Access control list overview"."""
    owner = dig(one.attrs, "access_control_policy", 0, "owner", 0, "id")
    grants = items_of(dig(one.attrs, "access_control_policy", 0, "grant"))
    return (
        len(grants) == 1
        and isinstance(owner, str)
        and (dig(grants[0], "grantee", 0, "id"), dig(grants[0], "permission")) == (owner, "FULL_CONTROL")
    )


def _ownership(one: Resource, beside: Mapping[str, Resource]) -> bool:
    """As of a new bucket. Source: Amazon S3 User Guide, "Controlling ownership of objects"."""
    return _all(one.attrs.get("rule"), lambda rule: dig(rule, "object_ownership") == "BucketOwnerEnforced")


def _encryption(one: Resource, beside: Mapping[str, Resource]) -> bool:
    """As of a new bucket. Source: Amazon S3 User Guide, "Setting default server-side encryption"."""
    default = "apply_server_side_encryption_by_default"
    return _all(
        one.attrs.get("rule"),
        lambda rule: (
            dig(rule, default, 0, "sse_algorithm") == "AES256" and dig(rule, default, 0, "kms_master_key_id") is None
        ),
    )


def _versioning(one: Resource, beside: Mapping[str, Resource]) -> bool:
    """A bucket with an object lock keeps versions. Source: Amazon S3 User Guide, "Locking objects with Object Lock"."""
    locks = _of("aws_s3_bucket_object_lock_configuration", beside)
    locked = any(referred(each, "bucket") == referred(one, "bucket") for each in locks)
    return locked and dig(one.attrs, "versioning_configuration", 0, "status") == "Enabled"


def _cluster_rule(one: Resource, beside: Mapping[str, Resource]) -> bool:
    """The two rules of the group that EKS makes for a cluster: all from itself, and all out.

    Source: Amazon EKS User Guide, "View Amazon EKS security group requirements for clusters".
    """
    group = one.attrs.get("security_group_id")
    if not isinstance(group, Unknown) or group.ref is None or not group.ref.attribute.endswith(CLUSTER_GROUP):
        return False
    if one.attrs.get("protocol") != "-1":
        return False
    ranges = {*_texts(one, "cidr_blocks"), *_texts(one, "ipv6_cidr_blocks"), *_texts(one, "prefix_list_ids")}
    others = [each for key in ("security_groups", "source_security_group_id") for each in _each(one.attrs.get(key))]
    own = all(isinstance(each, Unknown) and each.ref == group.ref for each in others)
    if one.attrs.get("type") == "ingress":
        return own and not ranges and bool(others or one.attrs.get("self"))
    return own and ranges <= EVERYWHERE


_AS_MADE: Mapping[str, Callable[[Resource, Mapping[str, Resource]], bool]] = {
    "aws_route_table": _main_table,
    "aws_s3_bucket_acl": _access_list,
    "aws_s3_bucket_ownership_controls": _ownership,
    "aws_s3_bucket_server_side_encryption_configuration": _encryption,
    "aws_s3_bucket_versioning": _versioning,
    "aws_security_group_rule": _cluster_rule,
}
"""By kind: whether a thing of it is as AWS makes it."""


def referred(one: Resource, key: str) -> str:
    """The address of what an argument refers to; "" where it refers to nothing."""
    value = one.attrs.get(key)
    return value.ref.address if isinstance(value, Unknown) and value.ref is not None else ""


def _of(kind: str, beside: Mapping[str, Resource]) -> list[Resource]:
    return [each for each in beside.values() if each.kind == kind]


def _each(value: Value) -> list[Value]:
    return [] if value is None else list(items_of(value)) or [value]


def _texts(one: Resource, key: str) -> set[str]:
    """The texts of a list; a value that is no text is one that nothing is like."""
    return {each if isinstance(each, str) else "?" for each in items_of(one.attrs.get(key))}


def _all(value: Value, is_so: Callable[[Value], bool]) -> bool:
    rules = items_of(value)
    return bool(rules) and all(is_so(each) for each in rules)
