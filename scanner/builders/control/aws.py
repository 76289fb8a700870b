"""Who can change guardrails, enforcement, logs, stores of evidence, gateway roles and functions through AWS's APIs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from scanner.builders.aws_identity.access import Access, Judge, judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.principals import Principal, principals
from scanner.builders.aws_models.enforcement import ENFORCED
from scanner.builders.aws_models.logs import LOGGING
from scanner.builders.aws_policy.match import ANY, Truth
from scanner.builders.blocks import at
from scanner.builders.control.guards import ACTIONS, ADDON, ENDPOINT, TRAIL, mark_aws_guards, sinks_of
from scanner.builders.draft import World
from scanner.graph.model import STACK, Edge, Node, Plane, Role, State
from scanner.resource import Resource
from scanner.table_rows import ControlAction
from scanner.tables import control_actions

COMPUTE = {
    "aws_lambda_function": {
        "lambda:UpdateFunctionCode": "it replaces the code of the function",
        "lambda:UpdateFunctionConfiguration": "it changes the settings and the role of the function",
        "lambda:DeleteFunction": "it removes the function",
        "lambda:AddPermission": "it lets others call the function",
    },
    "aws_ecs_service": {
        "ecs:UpdateService": "it replaces what the service runs",
        "ecs:DeleteService": "it removes the service",
        "ecs:ExecuteCommand": "it runs commands in the container",
    },
    "aws_instance": {
        "ssm:SendCommand": "it runs commands on the machine",
        "ssm:StartSession": "it opens a shell on the machine",
        "ec2:TerminateInstances": "it removes the machine",
        "ec2:ModifyInstanceAttribute": "it changes what the machine starts with",
    },
}
"""What runs a part of the stack -> the actions that change it; the control table has none for these."""
TAKEOVERS = {
    "iam:UpdateAssumeRolePolicy": "it chooses who may become the role",
    "iam:PutRolePolicy": "it gives the role any right",
    "iam:AttachRolePolicy": "it gives the role any policy",
}
"""Actions on a role that the table has only in part; the first lets its holder become the role."""
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
    "key": ("aws_kms_key",),
    "identity": ("aws_iam_role",),
    "cluster": (CLUSTER,),
    "network": (ENDPOINT,),
    "enforcer": (ADDON,),
}
"""What a row of the control table changes -> the kinds of resources that it can be."""


@dataclass(frozen=True, slots=True, eq=False)
class Asset:
    """Something that only the operator may change. nodes: what a change of it changes, itself first.

    unit: whose principals can change it. doubt: what decides whether theirs is the account that it stands in.
    """

    nodes: tuple[str, ...]
    unit: str
    kind: str
    rows: tuple[tuple[str, str], ...]
    arns: tuple[str, ...]
    partly: bool
    doubt: tuple[str, ...] = ()


def add_aws_control(world: World) -> None:
    """Add "write" edges from IAM principals to what the safety path and the evidence rest on."""
    mark_aws_guards(world)
    everyone = principals(world)
    judges: dict[str, Judge] = {}
    units = sorted({one.unit for one in everyone})
    for asset in [*_assets(world), *_undeclared(world, units)]:
        for principal in everyone:
            if principal.unit != asset.unit or principal.node_id in asset.nodes:
                continue
            judged = judges.setdefault(principal.unit, judge(world, principal.unit))
            _write(world, judged, principal, asset)


def _assets(world: World) -> Iterator[Asset]:
    rows = control_actions("aws")
    for one in world.inventory.all:
        node = world.nodes[one.id]
        if one.data or not one.kind.startswith(("aws_", "awscc_")):
            continue
        wanted = tuple((row.action, row.because) for row in rows if _touches(world, row, one, node))
        if one.kind in COMPUTE and node.roles & STACK:
            wanted = tuple(COMPUTE[one.kind].items())
        if one.kind == "aws_iam_role" and Role.GATEWAY in node.roles:
            wanted = tuple(TAKEOVERS.items())
        if wanted:
            arn = arn_of(one)
            nodes = tuple(_held_by(world, one, node))
            yield Asset(nodes, one.unit, one.kind, wanted, (arn.text, f"{arn.text}/{ANY}"), arn.partly)


def _undeclared(world: World, units: list[str]) -> Iterator[Asset]:
    """The guardrails that the profile names and no input declares: one of them stands in some unit's account."""
    rows = tuple((row.action, row.because) for row in control_actions("aws") if row.changes == "guardrail")
    for node in list(world.nodes.values()):
        if node.kind != GUARDRAIL or Role.GUARDRAIL not in node.roles:
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
        members = (each for each in world.nodes.values() if each.roles & STACK and each.id in world.inventory.by_id)
        for member in members:
            resource = world.inventory.by_id[member.id]
            if resource.unit == one.unit and resource.kind[:1].isupper():
                yield member.id
    paths = (
        ("guardrail_identifier", "guardrail_arn") if one.kind in ENFORCED else LOG_PATHS if one.kind == LOGGING else ()
    )
    for found in (each for path in paths for each in at(one, path)):
        target = world.inventory.find(found.value, one.unit, *KINDS["guardrail"], "aws_s3_bucket", LOG_GROUP)
        if isinstance(target, Resource) and world.nodes[target.id].roles & {Role.GUARDRAIL, Role.SINK}:
            yield target.id


def _touches(world: World, row: ControlAction, one: Resource, node: Node) -> bool:
    if one.kind not in KINDS.get(row.changes, ()):
        return False
    if one.kind in (*ENFORCED, LOGGING):
        return row.action.startswith("bedrock:")
    if one.kind == CLUSTER:
        return True
    if one.kind in ACTIONS:
        return Role.GUARD in node.roles and row.action in ACTIONS[one.kind]
    if one.kind == TRAIL:
        return Role.SINK in node.roles or bool(sinks_of(world, one))
    if row.changes == "guardrail":
        return Role.GUARDRAIL in node.roles
    service = {LOG_GROUP: "logs"}.get(one.kind, row.action.partition(":")[0])
    return Role.SINK in node.roles and row.action.startswith(f"{service}:")


def _write(world: World, judged: Judge, principal: Principal, asset: Asset) -> None:
    targets = asset.arns
    if asset.kind in (*ENFORCED, LOGGING):
        targets = (f"arn:{ANY}:bedrock:{ANY}",)
    found: list[tuple[str, str, Access]] = []
    for action, because in asset.rows:
        access = judged.access(principal, action, targets, partly=asset.partly)
        if access.truth is not Truth.NO:
            found.append((action, because, access))
    if not found:
        _unknown(world, principal, asset)
        return
    best = max(access.truth for *_, access in found)
    held = [one for one in found if one[2].truth is best]
    action, because, access = held[0]
    statement = access.answer.statement
    more = f"; {len(held) - 1} more such actions as well" if len(held) > 1 else ""
    policy = "" if statement is None else statement.policy
    decided_by = access.decided_by or ("condition",) if best is Truth.POSSIBLE else asset.doubt
    edge = Edge(
        source=principal.node_id,
        target=asset.nodes[0],
        plane=Plane.CONTROL,
        verb="write",
        because=f"policy `{policy}` allows `{action}` on `{access.answer.scope}`: {because}{more}",
        origin=None if statement is None else statement.origin,
        state=State.POSSIBLE if decided_by else State.OPEN,
        reason="condition-unevaluable" if best is Truth.POSSIBLE else "cross-unit" if decided_by else "",
        decided_by=decided_by,
        cut=True,
    )
    for node_id in asset.nodes:
        world.add_edge(replace(edge, target=node_id))
    takeover = next((one for one in held if one[0] == "iam:UpdateAssumeRolePolicy"), None)
    if takeover is not None:
        _become(world, edge, takeover[1])


def _become(world: World, edge: Edge, because: str) -> None:
    why = f"{edge.because.partition(': ')[0]}: {because}"
    world.add_edge(replace(edge, plane=Plane.IDENTITY, verb="become", because=why))


def _unknown(world: World, principal: Principal, asset: Asset) -> None:
    policy = principal.unknown_policy
    if policy is None or policy.unknown is None:
        return
    for node_id in asset.nodes:
        world.add_edge(
            Edge(
                source=principal.node_id,
                target=node_id,
                plane=Plane.CONTROL,
                verb="write",
                because=f"what policy `{policy.name}` allows is not known: {policy.unknown.cause}",
                origin=policy.origin,
                state=State.POSSIBLE,
                reason=policy.unknown.code,
                decided_by=policy.unknown.decided_by or (policy.name,),
                cut=True,
            )
        )
