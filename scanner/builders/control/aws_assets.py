"""What on AWS only the operator may change: the stack, its logs and stores, and what these hang on."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_identity.access import OWN
from scanner.builders.aws_identity.guarded import guarded
from scanner.builders.aws_models.enforcement import ENFORCED
from scanner.builders.aws_models.logs import LOGGING
from scanner.builders.aws_policy.authorize import Guarded
from scanner.builders.aws_policy.match import ANY
from scanner.builders.aws_policy.statements import Policy
from scanner.builders.blocks import at, first
from scanner.builders.control.aws_behind import behind
from scanner.builders.control.aws_elsewhere import elsewhere
from scanner.builders.control.aws_holds import Behind, members
from scanner.builders.control.aws_names import arns_of
from scanner.builders.control.guards import ACTIONS, ADDON, ENDPOINT, TRAIL, sinks_of
from scanner.builders.draft import World
from scanner.graph.model import STACK, Node, Role
from scanner.resource import Resource
from scanner.table_rows import ControlAction
from scanner.tables import control_actions
from scanner.unknown import Unknown

GUARDRAIL = "Guardrail"
"""The kind of the node for a guardrail that the profile names and no input declares."""
CLUSTER = "aws_eks_cluster"
LOG_GROUP = "aws_cloudwatch_log_group"
LOG_PATHS = ("logging_config.s3_config.bucket_name", "logging_config.cloudwatch_config.log_group_name")
KINDS = {
    "guardrail": ("aws_bedrock_guardrail", "awscc_bedrock_guardrail"),
    "enforcement": ENFORCED,
    "logging": (LOGGING, LOG_GROUP),
    "trail": (TRAIL,),
    "bucket": ("aws_s3_bucket",),
    "identity": ("aws_iam_role", "aws_iam_user"),
    "cluster": (CLUSTER,),
    "network": (ENDPOINT,),
    "enforcer": (ADDON,),
    "organization": ("aws_organizations_policy",),
    "function": ("aws_lambda_function",),
    "service": ("aws_ecs_service",),
    "machine": ("aws_instance",),
    "endpoint": ("aws_sagemaker_endpoint", "awscc_sagemaker_endpoint"),
}
"""What a row of the control table changes -> the kinds of resources that it can be."""
COMPUTE = frozenset({"function", "service", "machine", "endpoint"})
ON_ROLES = frozenset(
    {"iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:DeleteRolePermissionsBoundary"}
)
ON_USERS = frozenset({"iam:CreateServiceSpecificCredential"})
"""The rows of `identity` that change a role or a user; passing a role on is a matter of becoming it."""
KEY_UNKNOWN = Guarded(
    policy=Policy("its key policy", None, unknown=Unknown("the policy of the key is not in the inputs"))
)
REASONING = "bedrock:DeleteAutomatedReasoningPolicy"
REASONED = "automated_reasoning_policy_config"
ELSEWHERE = {
    REASONING: f"arn:{ANY}:bedrock:{ANY}:{ANY}:automated-reasoning-policy/{ANY}",
    "organizations:MoveAccount": f"arn:{ANY}:organizations:{ANY}:account/{ANY}",
    "organizations:RemoveAccountFromOrganization": f"arn:{ANY}:organizations:{ANY}:account/{ANY}",
}
"""Actions on something else than what they change, as its ARN."""
ENTRIES = frozenset({"eks:AssociateAccessPolicy", "eks:UpdateAccessEntry"})
"""Actions whose resource is an access entry of the cluster, not the cluster (Service Authorization Reference)."""


class Asset(Struct, frozen=True, eq=False):
    """Something that only the operator may change. nodes: what a change of it changes, itself first.

    unit: whose principals can change it. doubt: what decides whether theirs is the account that it stands in.
    owner: the resource itself, None where no input declares it. guarded: what its own policy says.
    """

    nodes: tuple[str, ...]
    unit: str
    kind: str
    rows: tuple[tuple[str, str], ...]
    arns: tuple[str, ...]
    partly: bool
    doubt: tuple[str, ...] = ()
    owner: Resource | None = None
    guarded: Guarded = OWN

    def targets(self, action: str) -> tuple[str, ...]:
        """What a policy must name for the action to change the asset."""
        if self.kind in (*ENFORCED, LOGGING):
            return (f"arn:{ANY}:bedrock:{ANY}",)
        if action in ENTRIES:
            return tuple(f"{one.replace(':cluster/', ':access-entry/')}/{ANY}" for one in self.arns)
        return (ELSEWHERE[action],) if action in ELSEWHERE else self.arns


def assets(world: World, units: list[str]) -> Iterator[Asset]:
    """Every asset of the inputs, and those that the profile alone names; `units` have principals."""
    rows = control_actions("aws")
    speaking: dict[str, list[ControlAction]] = {}
    for one in world.inventory.all:
        if one.data or not one.kind.startswith(("aws_", "awscc_")):
            continue
        if one.kind not in speaking:
            speaking[one.kind] = [row for row in rows if one.kind in KINDS.get(row.changes, ())]
        if not speaking[one.kind]:
            continue
        node = world.nodes[one.id]
        wanted = tuple((row.action, row.because) for row in speaking[one.kind] if _touches(world, row, one, node))
        if wanted:
            yield _asset(world, one, tuple(_held_by(world, one, node)), wanted)
    for each in behind(world):
        wanted = tuple((row.action, row.because) for row in rows if _changes(each, row))
        # What acts by itself is no relay: who may change it changes what it holds as well.
        held = each.holds if world.nodes[each.resource.id].actor else ()
        doubt = tuple(sorted({name for hold in held if hold.doubt is not None for name in hold.doubt.decided_by}))
        made = _asset(world, each.resource, (each.resource.id, *(hold.node_id for hold in held)), wanted)
        yield replace(made, doubt=doubt)
    for far in elsewhere(world, members(world), units):
        wanted = tuple(
            (row.action, row.because)
            for row in rows
            if row.changes == far.changes and (far.only is None or row.action in far.only)
        )
        own = KEY_UNKNOWN if far.changes == "key" else OWN
        yield Asset((far.node_id,), far.unit, far.changes, wanted, (far.arn,), False, far.doubt, guarded=own)
    yield from _undeclared(world, units)


def _asset(world: World, one: Resource, nodes: tuple[str, ...], wanted: tuple[tuple[str, str], ...]) -> Asset:
    arns, partly = arns_of(one)
    return Asset(nodes, one.unit, one.kind, wanted, arns, partly, owner=one, guarded=guarded(world, one))


def _changes(each: Behind, row: ControlAction) -> bool:
    if row.changes != each.changes:
        return False
    if each.changes == "network":
        return "SecurityGroup" in row.action
    if each.changes == "model-consumer":
        return row.action.endswith("Agent") is each.resource.kind.endswith("_agent")
    return each.only is None or row.action in each.only


def _undeclared(world: World, units: list[str]) -> Iterator[Asset]:
    """The guardrails that the profile names and no input declares: one of them stands in some unit's account."""
    rows = tuple((row.action, row.because) for row in control_actions("aws") if row.changes == "guardrail")
    for node in world.with_role(Role.GUARDRAIL):
        if node.kind != GUARDRAIL:
            continue
        known = node.name.startswith("arn:") or node.name.isalnum()
        name = node.name if known else ANY
        arn = name if name.startswith("arn:") else f"arn:{ANY}:bedrock:{ANY}:{ANY}:guardrail/{name}"
        doubt = () if len(units) == 1 else (f"the account of {node.address}",)
        for unit in units:
            yield Asset((node.id,), unit, node.kind, rows, (arn, f"{arn}/{ANY}"), not known, doubt)


def _held_by(world: World, one: Resource, node: Node) -> Iterator[str]:
    """The nodes that a change of the resource changes: itself, the guardrail it enforces, the store its logs go to."""
    yield node.id
    if one.kind == TRAIL:
        yield from sinks_of(world, one)
    if one.kind == CLUSTER:
        for resource in world.inventory.in_unit(one.unit):
            if resource.kind[:1].isupper() and world.nodes[resource.id].roles & STACK:
                yield resource.id
    paths = (
        ("guardrail_identifier", "guardrail_arn") if one.kind in ENFORCED else LOG_PATHS if one.kind == LOGGING else ()
    )
    for found in (each for path in paths for each in at(one, path)):
        target = world.inventory.find(found.value, one, *KINDS["guardrail"], "aws_s3_bucket", LOG_GROUP)
        if isinstance(target, Resource) and world.nodes[target.id].roles & {Role.GUARDRAIL, Role.SINK}:
            yield target.id


def _touches(world: World, row: ControlAction, one: Resource, node: Node) -> bool:
    """Whether a row of its kind changes the resource."""
    if row.changes in COMPUTE:
        return bool(node.roles & STACK)
    if row.changes == "identity":
        return Role.GATEWAY in node.roles and row.action in (ON_ROLES if one.kind == "aws_iam_role" else ON_USERS)
    if row.changes == "organization":
        return Role.GUARD in node.roles
    if one.kind in (*ENFORCED, LOGGING):
        return row.action.startswith("bedrock:")
    if one.kind == CLUSTER:
        return True
    if one.kind in ACTIONS:
        return Role.GUARD in node.roles and row.action in ACTIONS[one.kind]
    if one.kind == TRAIL:
        return Role.SINK in node.roles or bool(sinks_of(world, one))
    if row.changes == "guardrail":
        checked = row.action != REASONING or first(one, REASONED) is not None
        return Role.GUARDRAIL in node.roles and checked
    service = {LOG_GROUP: "logs"}.get(one.kind, row.action.partition(":")[0])
    return Role.SINK in node.roles and row.action.startswith(f"{service}:")
