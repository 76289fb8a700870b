"""Ways to a role that no trust policy shows: passing it on, rewriting its trust, changing what runs as it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from scanner.builders.aws_identity.access import Access, Judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.carriers import Carrier
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import ANY, Truth, glob, meets
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.draft import World
from scanner.graph.model import Edge, Plane, Role, State

RUNNERS: dict[str, tuple[str, ...]] = {
    "lambda": ("lambda:CreateFunction",),
    "ec2": ("ec2:RunInstances",),
    "ecs-tasks": ("ecs:RunTask", "ecs:CreateService"),
    "sagemaker": ("sagemaker:CreateNotebookInstance", "sagemaker:CreateTrainingJob", "sagemaker:CreateProcessingJob"),
    "cloudformation": ("cloudformation:CreateStack",),
    "codebuild": ("codebuild:CreateProject",),
    "glue": ("glue:CreateJob", "glue:CreateDevEndpoint"),
    "bedrock": ("bedrock:CreateAgent", "bedrock:CreateFlow"),
    "bedrock-agentcore": ("bedrock-agentcore:CreateAgentRuntime",),
    "states": ("states:CreateStateMachine",),
    "pods.eks": ("eks:CreatePodIdentityAssociation",),
}
"""Service that a role trusts -> the actions that start something which runs with a role that is passed to it."""
REWRITES = ("iam:UpdateAssumeRolePolicy",)
CODE = {
    "aws_lambda_function": ("lambda:UpdateFunctionCode", "it replaces the code of the function that runs as the role")
}


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """A way to a node. why: the sentence of the edge."""

    target: str
    why: str
    truth: Truth
    access: Access
    decided_by: tuple[str, ...]


def add_detours(world: World, everyone: list[Principal], judges: Mapping[str, Judge], carried: list[Carrier]) -> None:
    """Add "become" edges for the roles that may call a model, or are the gateway, and for the functions that run so."""
    calling = {edge.source for edge in world.edges if edge.verb == "invoke" and edge.plane is Plane.IDENTITY}
    roles = [one for one in everyone if one.node_id in calling or Role.GATEWAY in world.nodes[one.node_id].roles]
    roles = [one for one in roles if one.resource is not None and one.resource.kind == "aws_iam_role"]
    for principal in everyone:
        for role in roles:
            if role is principal or role.unit != principal.unit:
                continue
            for way in _ways(world, judges[principal.unit], principal, role, carried):
                _add(world, principal, way)


def _ways(world: World, judged: Judge, principal: Principal, role: Principal, carried: list[Carrier]) -> Iterator[Way]:
    assert role.resource is not None
    arn = arn_of(role.resource)
    for action in REWRITES:
        if _may(principal, action) and Role.GATEWAY not in world.nodes[role.node_id].roles:
            access = judged.access(principal, action, (arn.text,), partly=arn.partly)
            yield Way(role.node_id, f"`{action}`: it chooses who may become the role", access.truth, access, ())
    if _may(principal, "iam:PassRole"):
        passes = judged.access(principal, "iam:PassRole", (arn.text,), partly=arn.partly)
        if passes.truth is not Truth.NO:
            yield from _passed(world, judged, principal, role, passes)
    for carrier in carried:
        kind = world.nodes[carrier.node_id].kind
        if carrier.role_id == role.node_id and kind in CODE and _may(principal, CODE[kind][0]):
            function = arn_of(world.inventory.by_id[carrier.node_id])
            access = judged.access(principal, CODE[kind][0], (function.text,), partly=function.partly)
            yield Way(carrier.node_id, f"`{CODE[kind][0]}`: {CODE[kind][1]}", access.truth, access, ())


def _may(principal: Principal, action: str) -> bool:
    """Whether any statement of the principal speaks of the action at all: a cheap look before the whole judgement."""
    return any(
        statement.allows and acts_on(statement, action) is not Truth.NO
        for policy in principal.policies
        for statement in policy.statements
    )


def _passed(world: World, judged: Judge, principal: Principal, role: Principal, passes: Access) -> Iterator[Way]:
    for service, trusted in _services(world, role).items():
        for action in RUNNERS.get(service, ()):
            if not _may(principal, action):
                continue
            access = judged.access(principal, action, (f"arn:{ANY}:{action.partition(':')[0]}:{ANY}",))
            truth = min(passes.truth, access.truth, trusted)
            if truth is not Truth.NO:
                why = f"`iam:PassRole` on it, and `{action}`, which starts something that runs as the role"
                yield Way(role.node_id, why, truth, passes, access.decided_by)
                return


def _services(world: World, role: Principal) -> dict[str, Truth]:
    """The services that a role's trust policy lets run as it."""
    assert role.resource is not None
    policy = policy_at(world.inventory, role.resource, "assume_role_policy")
    if policy.unknown is not None:
        return dict.fromkeys(RUNNERS, Truth.POSSIBLE)
    found: dict[str, Truth] = {}
    for statement in policy.statements:
        if not statement.allows or not isinstance(statement.principals, Mapping):
            continue
        for value in listed_in(statement.principals.get("Service")):
            pattern = glob(value)
            for service in RUNNERS:
                if meets(pattern.text.lower(), f"{service}.amazonaws.com"):
                    found[service] = Truth.POSSIBLE if pattern.partly else Truth.YES
    return found


def _add(world: World, principal: Principal, way: Way) -> None:
    statement = way.access.answer.statement
    if way.truth is Truth.NO or statement is None:
        return
    possible = way.truth is Truth.POSSIBLE
    decided = tuple(sorted({*way.access.decided_by, *way.decided_by})) or ("condition",)
    world.add_edge(
        Edge(
            source=principal.node_id,
            target=way.target,
            plane=Plane.IDENTITY,
            verb="become",
            because=f"policy `{statement.policy}` allows {way.why}",
            origin=statement.origin,
            state=State.POSSIBLE if possible else State.OPEN,
            reason="condition-unevaluable" if possible else "",
            decided_by=decided if possible else (),
            cut=True,
        )
    )
