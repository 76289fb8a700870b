"""The doors to AWS's managed models: the public regional endpoint, and the private ones in VPCs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from scanner.builders.aws_identity.access import INSIDE, INTERNET, Judge, judge
from scanner.builders.aws_identity.by_arn import PRINCIPALS, is_certain, meant
from scanner.builders.aws_identity.carriers import carriers
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.operators import associated
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_identity.targets import ROUTED, Target, targets
from scanner.builders.aws_policy.condition import Given, hold
from scanner.builders.aws_policy.decide import Answer, acts_on
from scanner.builders.aws_policy.match import ANY, Truth, glob
from scanner.builders.aws_policy.statements import Policy, Statement, listed_in
from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.graph.facts import Door
from scanner.graph.model import Role
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

SERVICE = lazy(
    r"\.(?P<name>bedrock-runtime|bedrock-mantle|bedrock-agent-runtime|bedrock-agentcore|sagemaker\.runtime)(?:-fips)?$"
)
NO_SOURCE = "with no condition on `aws:SourceVpce`, `aws:SourceVpc` or `aws:SourceIp`"
CALLS = frozenset({"direct", "batch", "via-service-role", "credential"})
"""Kinds of actions that come through a door of the runtime; making a model or an endpoint does not."""
ROLE = lazy(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):(?:assumed-)?role/(?P<path>.+)")


def add_doors(world: World, everyone: list[Principal]) -> None:
    """Add a Door fact for the public endpoint of each managed model of AWS, and one for each private endpoint."""
    gateways = gateway_roles(world)
    judges: dict[str, Judge] = {}
    for target in targets(world):
        here = [one for one in everyone if one.unit == target.unit]
        if target.unit not in judges:
            judges[target.unit] = judge(world, target.unit)
        world.add_fact(target.node.id, _public(judges[target.unit], target, here))
        for endpoint in world.inventory.of("aws_vpc_endpoint", unit=target.unit):
            name = _service(endpoint)
            if name and (name == "sagemaker.runtime") != target.bedrock:
                world.add_fact(target.node.id, _private(world, endpoint, name, target, gateways))
            untold = _untold(endpoint)
            if untold is not None:
                because = f"which service `{endpoint.address}` leads to is not known: it may be that of the model"
                world.add_fact(
                    target.node.id, Door(origin=endpoint.origin, because=because, door="private", open=untold)
                )


def _untold(endpoint: Resource) -> Unknown | None:
    """What decides whether an endpoint is one of the runtime; None where its service is known, or can be none."""
    service = first(endpoint, "service_name")
    if service is None or not isinstance(service.value, Unknown) or _service(endpoint):
        return None
    last = service.text.rpartition(".")[2]
    return service.value if not last or "*" in last else None


def _service(endpoint: Resource) -> str:
    service = first(endpoint, "service_name")
    found = None if service is None else SERVICE.search(service.text)
    return "" if found is None else found["name"]


def gateway_roles(world: World) -> frozenset[str]:
    """The ids of roles that are the gateway: named so by the profile, or carried by gateways and nothing else."""
    named = {node.id for node in world.with_role(Role.GATEWAY) if node.kind == "aws_iam_role"}
    carried: dict[str, bool] = {}
    for one in (*carriers(world), *associated(world)):
        mine = Role.GATEWAY in world.nodes[one.node_id].roles and one.doubt is None
        carried[one.role_id] = carried.get(one.role_id, True) and mine
    return frozenset(named | {role for role, only in carried.items() if only})


class _Use(Struct, frozen=True, eq=False):
    """How one principal can come in: from the internet, and from a network."""

    principal: Principal
    outside: Answer
    inside: Answer


def _public(judged: Judge, target: Target, here: list[Principal]) -> Door:
    uses = list(_uses(judged, target, here))
    for truth in (Truth.YES, Truth.POSSIBLE):
        for use in uses:
            statement = use.outside.statement
            if use.outside.truth is truth and statement is not None:
                because = f"policy `{statement.policy}` lets `{use.principal.name}` in from anywhere, {NO_SOURCE}"
                if truth is Truth.POSSIBLE:
                    because = (
                        f"whether policy `{statement.policy}` binds `{use.principal.name}` to a network is not known"
                    )
                decided = tuple(sorted(use.outside.decided_by)) or ("condition",)
                unknown = Unknown(because, code="condition-unevaluable", decided_by=decided)
                is_open: bool | Unknown = True if truth is Truth.YES else unknown
                return Door(origin=statement.origin, because=because, door="public", open=is_open)
    for principal in here:
        policy = principal.unknown_policy
        if policy is not None and policy.unknown is not None:
            because = f"what policy `{policy.name}` of `{principal.name}` allows is not known"
            return Door(origin=policy.origin, because=because, door="public", open=policy.unknown)
    closed = next((use for use in uses if use.inside.statement is not None), None)
    if closed is not None and closed.inside.statement is not None:
        because = "every policy that allows inference is bound to a network, or denied from elsewhere"
        return Door(origin=closed.inside.statement.origin, because=because, door="public", open=False)
    because = "nothing in the inputs closes it"
    return Door(origin=target.node.origin, because=because, door="public", open=True)


def _uses(judged: Judge, target: Target, here: list[Principal]) -> Iterator[_Use]:
    rows = tuple(row for row in target.actions() if row.kind in CALLS and row.action not in ROUTED)
    for principal in here:
        if judged.mute(principal, rows):
            continue
        best = {}
        for name, source in (("outside", INTERNET), ("inside", INSIDE)):
            answer = Answer(Truth.NO)
            for row in rows:
                found = judged.under(principal, row.action, target.arns_for(row), source, partly=target.partly)
                answer = found if found.truth > answer.truth else answer
            best[name] = answer
        if best["inside"].truth is not Truth.NO:
            yield _Use(principal, best["outside"], best["inside"])


def _private(world: World, endpoint: Resource, name: str, target: Target, gateways: frozenset[str]) -> Door:
    what = f"`{endpoint.address}`"
    policy = endpoint_policy(world, endpoint)
    if policy is None:
        because = f"{what} has no `policy`: the default lets every principal in"
        return Door(origin=endpoint.origin, because=because, door="private", open=True)
    if policy.unknown is not None and not policy.statements:
        because = f"the policy of {what} is not known"
        return Door(origin=policy.origin, because=because, door="private", open=policy.unknown)
    calls = [row.action for row in target.actions() if row.kind in CALLS and _through(name, row.action)]
    doubt: tuple[Unknown, Statement] | None = None
    admits: Statement | None = None
    for statement in policy.statements:
        if not statement.allows or not any(acts_on(statement, action) is not Truth.NO for action in calls):
            continue
        admits = admits or statement
        truth, decided = _others(world, endpoint.unit, statement, gateways)
        if truth is Truth.YES:
            because = f"the policy of {what} admits others than the gateway"
            return Door(origin=statement.principal_line(), because=because, door="private", open=True)
        if truth is Truth.POSSIBLE and doubt is None:
            cause = f"whom the policy of {what} admits is not known"
            doubt = Unknown(cause, decided_by=decided or (endpoint.address,)), statement
    if doubt is not None:
        return Door(origin=doubt[1].principal_line(), because=doubt[0].cause, door="private", open=doubt[0])
    if policy.unknown is not None:
        return Door(
            origin=policy.origin, because=f"the policy of {what} is not known", door="private", open=policy.unknown
        )
    origin = policy.origin if admits is None else admits.origin
    because = f"the policy of {what} admits {'nobody to inference' if admits is None else 'the gateway alone'}"
    return Door(origin=origin, because=because, door="private", open=False)


def _through(name: str, action: str) -> bool:
    """Whether calls of this action come through that endpoint."""
    service = action.partition(":")[0]
    if name == "sagemaker.runtime":
        return service == "sagemaker"
    return service == {"bedrock-mantle": "bedrock-mantle", "bedrock-agentcore": "bedrock-agentcore"}.get(
        name, "bedrock"
    )


def endpoint_policy(world: World, endpoint: Resource) -> Policy | None:
    """The policy of a VPC endpoint, its own or one attached to it; None where there is none."""
    if endpoint.attrs.get("policy") is not None:
        return policy_at(world.inventory, endpoint, "policy")
    for one in world.inventory.of("aws_vpc_endpoint_policy", unit=endpoint.unit):
        if world.inventory.find(one.attrs.get("vpc_endpoint_id"), endpoint) is endpoint:
            return policy_at(world.inventory, one, "policy")
    return None


def _others(world: World, unit: str, statement: Statement, gateways: frozenset[str]) -> tuple[Truth, tuple[str, ...]]:
    """Whether a statement admits anyone but the gateway's roles."""
    named: list[Value] = []
    if statement.not_principals:
        named = ["*"]
    elif isinstance(statement.principals, Mapping):
        named = [one for value in statement.principals.values() for one in listed_in(value)]
    elif statement.principals is not None:
        named = [statement.principals]
    truths = [_other(world, unit, value, gateways) for value in named]
    worst = max(truths, default=Truth.NO)
    if worst is Truth.NO:
        return worst, ()
    for condition in statement.conditions:
        key = condition.key if isinstance(condition.key, str) else condition.key.text()
        operator = condition.operator.lower() if isinstance(condition.operator, str) else ""
        positive = operator in ("stringequals", "stringlike", "arnequals", "arnlike")
        if key.lower() == "aws:principalarn" and positive:
            worst = min(worst, max((_other(world, unit, value, gateways) for value in condition.values), default=worst))
    if worst is Truth.YES:
        held = hold(statement.conditions, {"aws:principalarn": Given.CHOSEN, "aws:sourcevpce": Given.CHOSEN})
        worst = min(worst, held.truth)
    names = {name for value in named if isinstance(value, Unknown) for name in value.decided_by}
    return worst, tuple(sorted(names))


def _other(world: World, unit: str, value: Value, gateways: frozenset[str]) -> Truth:
    """Whether a principal of a statement is somebody else than a gateway."""
    named = meant(world, value, unit, *PRINCIPALS)
    if is_certain(named):
        return Truth.NO if all(one.resource.id in gateways for one in named) else Truth.YES
    text = glob(value).text
    role = ROLE.fullmatch(text)
    if isinstance(value, Unknown) and (role is None or ANY in role["path"]):
        return Truth.POSSIBLE
    if role is None or ANY in role["path"]:
        return Truth.YES
    if text in world.profile.gateways:
        return Truth.NO  # the profile names it so
    if any(one.resource.id in gateways for one in named):
        return Truth.POSSIBLE
    return Truth.YES if world.profile.gateways or gateways else Truth.POSSIBLE
