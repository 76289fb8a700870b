"""Which declared thing is which live one: by address in a cluster, by the name that AWS knows a thing by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from scanner.commands.drift_itself import is_main, referred
from scanner.graph.model import Node, State
from scanner.resource import Resource, items_of
from scanner.scan import Scanned
from scanner.unknown import Unknown

_OWN = {
    "name": (
        *("aws_iam_role", "aws_iam_user", "aws_iam_group", "aws_iam_policy", "aws_iam_instance_profile", "aws_lb"),
        *("aws_eks_cluster", "aws_ecs_cluster", "aws_cloudtrail", "aws_bedrock_guardrail", "aws_lb_target_group"),
        *("aws_sagemaker_endpoint", "aws_sagemaker_endpoint_configuration", "aws_sagemaker_model", "aws_kms_alias"),
        *("aws_ecr_repository", "aws_cloudwatch_log_group", "aws_sns_topic", "aws_sqs_queue", "aws_ssm_parameter"),
        *("aws_secretsmanager_secret", "aws_dynamodb_table", "aws_kinesis_firehose_delivery_stream"),
    ),
    "bucket": (
        *("aws_s3_bucket", "aws_s3_bucket_policy", "aws_s3_bucket_versioning", "aws_s3_bucket_public_access_block"),
        *("aws_s3_bucket_object_lock_configuration", "aws_s3_bucket_replication_configuration", "aws_s3_bucket_acl"),
        *("aws_s3_bucket_ownership_controls", "aws_s3_bucket_server_side_encryption_configuration"),
    ),
    "function_name": ("aws_lambda_function",),
    "cidr_block": ("aws_vpc",),
}
NAMES: Mapping[str, tuple[str, ...]] = {
    **{kind: (key,) for key, kinds in _OWN.items() for kind in kinds},
    "aws_iam_role_policy": ("role", "name"),
    "aws_iam_user_policy": ("user", "name"),
    "aws_iam_group_policy": ("group", "name"),
    "aws_iam_role_policy_attachment": ("role", "policy_arn"),
    "aws_iam_user_policy_attachment": ("user", "policy_arn"),
    "aws_iam_group_policy_attachment": ("group", "policy_arn"),
    "aws_eks_node_group": ("cluster_name", "node_group_name"),
    "aws_eks_fargate_profile": ("cluster_name", "fargate_profile_name"),
    "aws_eks_addon": ("cluster_name", "addon_name"),
    "aws_eks_access_entry": ("cluster_name", "principal_arn"),
    "aws_eks_pod_identity_association": ("cluster_name", "namespace", "service_account"),
    "aws_ecs_service": ("cluster", "name"),
    "aws_vpc_endpoint": ("vpc_id", "service_name"),
    "aws_subnet": ("vpc_id", "cidr_block"),
    "aws_bedrock_guardrail_version": ("guardrail_arn", "version"),
    "aws_bedrock_enforced_guardrail_configuration": ("guardrail_identifier",),
    "aws_route_table_association": ("subnet_id",),
    "aws_main_route_table_association": ("vpc_id",),
    "aws_bedrock_model_invocation_logging_configuration": (),
}
"""By which arguments one thing of a kind is told from another (the import ids of the provider's documentation, but for
ids that AWS makes up: there, what cannot be changed without another thing)."""
_ALONE = {"aws_bedrock_guardrail_version": "guardrail_arn"}
"""Kinds whose own name AWS gives when they are made: one that is alone at its parent, on both sides, is the same."""
_GLOBAL = ("aws_iam_", "aws_s3_bucket")
"""Kinds that an account has once, whatever the region of the provider that declares them."""


class Side(Struct, frozen=True):
    """One side. resources: by node id, those that are nodes of its graph."""

    scanned: Scanned
    resources: Mapping[str, Resource]


class Joined(Struct, frozen=True):
    """keys: of each node on either side, the same for the same thing. doubtful: nodes of which it is not known whether
    the other side has them, each with why; theirs are the keys of no thing of the other side.
    """

    declared: Mapping[str, str]
    live: Mapping[str, str]
    doubtful: Mapping[str, str]


def side(scanned: Scanned) -> Side:
    """A side of the comparison."""
    nodes = scanned.built.graph.nodes
    return Side(scanned, {one.id: one for one in scanned.reading.resources if one.id in nodes and not one.data})


def join(declared: Side, live: Side) -> Joined:
    """Tell what is the same on both sides."""
    units = frozenset(one.name for one in declared.scanned.profile.units)
    groups: dict[tuple[str, ...], tuple[list[Node], list[Node]]] = {}
    nameless: dict[str, tuple[list[Node], list[Node]]] = {}
    alone = _only_children(declared, live)
    for index, one in enumerate((declared, live)):
        for node in _nodes(one):
            name = alone.get(node.id) or _natural(node, one)
            into = groups.setdefault(name, ([], [])) if name else nameless.setdefault(node.kind, ([], []))
            into[index].append(node)
    keys: tuple[dict[str, str], dict[str, str]] = ({}, {})
    doubtful: dict[str, str] = {}
    for name, (ours, theirs) in groups.items():
        _pair(
            name[-1] if name[0] in name[-1] else " ".join(name), ours, theirs, (declared, live), units, keys, doubtful
        )
    for kind, both in nameless.items():
        hidden = len(groups_of(groups, kind, 0)), len(groups_of(groups, kind, 1))
        for index, nodes in enumerate(both):
            for node in nodes:
                keys[index][node.id] = f"{kind} {node.address}"
                if both[1 - index] or hidden[1 - index]:
                    doubtful[node.id] = f"things of the kind `{kind}` cannot be told apart by name"
    for kind, both in nameless.items():
        for index, nodes in enumerate(both):
            # One without a name may be any of the other side that has no partner.
            for other in groups_of(groups, kind, 1 - index) if nodes else ():
                if keys[1 - index][other.id] not in keys[index].values():
                    doubtful[other.id] = f"`{nodes[0].address}` may be it: its name is not known"
    return Joined(keys[0], keys[1], doubtful)


def groups_of(groups: Mapping[tuple[str, ...], tuple[list[Node], list[Node]]], kind: str, index: int) -> list[Node]:
    """The named nodes of a kind on one side."""
    return [node for name, both in groups.items() if name[0] == kind for node in both[index]]


def _nodes(one: Side) -> Iterator[Node]:
    """The nodes that stand for something; those of providers only say where others are."""
    for node in one.scanned.built.graph.nodes.values():
        if node.kind in ("provider", "terraform") or node.address.startswith("provider."):
            continue
        yield node


def _natural(node: Node, one: Side) -> tuple[str, ...]:
    """The name of a node beside those of its kind; () where it has none that is known."""
    resource = one.resources.get(node.id)
    if resource is None or not resource.kind.startswith("aws_"):
        return (node.kind, node.address)
    if resource.kind == "aws_route_table":
        return _table(resource, one)
    wanted = NAMES.get(resource.kind)
    if wanted is None:
        return ()
    values = [_value(resource, key, one) for key in wanted]
    return (resource.kind, *values) if all(values) else ()


def _table(resource: Resource, one: Side) -> tuple[str, ...]:
    """A route table by the subnets that are put to it, or as the main one of its network."""
    links = [each for each in one.resources.values() if each.kind == "aws_route_table_association"]
    subnets = [_value(each, "subnet_id", one) for each in links if referred(each, "route_table_id") == resource.address]
    network = _value(resource, "vpc_id", one)
    if subnets:
        return (resource.kind, network, *sorted(subnets)) if network and all(subnets) else ()
    return (resource.kind, network, "main") if network and is_main(resource, one.resources) else ()


def _only_children(declared: Side, live: Side) -> dict[str, tuple[str, ...]]:
    """The names of things that are the only ones of their kind at their parent, on either side."""
    found: tuple[dict[tuple[str, str], list[str]], ...] = ({}, {})
    for index, one in enumerate((declared, live)):
        for id_, resource in one.resources.items():
            parent = _value(resource, _ALONE[resource.kind], one) if resource.kind in _ALONE else ""
            if parent and resource.possible is None:
                found[index].setdefault((resource.kind, parent), []).append(id_)
    both = found[0].keys() & found[1].keys()
    alone = [key for key in both if len(found[0][key]) == len(found[1][key]) == 1]
    return {each[key][0]: key for key in alone for each in found}


def _value(resource: Resource, key: str, one: Side, depth: int = 4) -> str:
    """The text of an argument; of a reference, the name of what it refers to; "" where neither is known."""
    value = resource.attrs.get(key)
    if isinstance(value, str):
        return value
    if not isinstance(value, Unknown) or value.ref is None or not depth:
        return ""
    other = one.resources.get(f"{resource.unit}:{value.ref.address}")
    names = NAMES.get(other.kind, ()) if other is not None else ()
    return _value(other, names[-1], one, depth - 1) if other is not None and names else ""


def _pair(
    name: str,
    ours: Sequence[Node],
    theirs: Sequence[Node],
    sides: tuple[Side, Side],
    units: frozenset[str],
    keys: tuple[dict[str, str], dict[str, str]],
    doubtful: dict[str, str],
) -> None:
    """Join things of one name where each fits one of the other side; what fits several is doubtful."""
    fits = {a.id: [b.id for b in theirs if not _apart(a, b, sides, units)] for a in ours}
    many = {one for found in fits.values() for one in found if sum(one in each for each in fits.values()) > 1}
    for a in ours:
        found = fits[a.id]
        if len(found) == 1 and found[0] not in many:
            keys[0][a.id] = keys[1][found[0]] = name
            continue
        keys[0][a.id] = f"{name} (declared as {a.id})" if theirs else name
        if found:
            doubtful[a.id] = f"several things may be `{name}`"
        elif a.state is State.POSSIBLE:
            doubtful[a.id] = f"whether `{name}` is declared is not known"
    for b in theirs:
        if b.id not in keys[1]:
            keys[1][b.id] = f"{name} (live as {b.id})" if ours else name
            if any(b.id in found for found in fits.values()):
                doubtful[b.id] = f"several things may be `{name}`"
            elif b.state is State.POSSIBLE:
                doubtful[b.id] = f"whether there is `{name}` is not known"


def _apart(a: Node, b: Node, sides: tuple[Side, Side], units: frozenset[str]) -> bool:
    """Whether two things of one name are surely not the same: in other units, accounts or regions."""
    mine, other = sides[0].resources.get(a.id), sides[1].resources.get(b.id)
    if mine is None or other is None:
        return False
    if not mine.kind.startswith("aws_"):
        return mine.unit != other.unit and {mine.unit, other.unit} <= units
    places = [_account(mine), _account(other)]
    if not mine.kind.startswith(_GLOBAL):
        places += [_region(mine), _region(other)]
    return any(x and y and x != y for x, y in zip(places[::2], places[1::2], strict=True))


def _account(one: Resource) -> str:
    accounts = items_of(one.provider.attrs.get("allowed_account_ids")) if one.provider is not None else ()
    return accounts[0] if len(accounts) == 1 and isinstance(accounts[0], str) else ""


def _region(one: Resource) -> str:
    region = one.attrs.get("region") or (one.provider.attrs.get("region") if one.provider is not None else None)
    return region if isinstance(region, str) else ""
