"""Who may call a function that is a gateway or a model: function URLs, resource policies and IAM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.aws_identity.access import Judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.by_arn import meant
from scanner.builders.aws_identity.guarded import across, guarded
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.match import Truth
from scanner.builders.draft import World
from scanner.graph.model import STACK, Edge, Plane, Role, State
from scanner.origin import Origin
from scanner.resource import Resource, mark
from scanner.unknown import Unknown, Value

FUNCTION = "aws_lambda_function"
NARROWING = ("principal_org_id", "source_arn", "source_account")
DEPUTIES = frozenset({"apigateway", "events", "s3", "sns", "elasticloadbalancing", "iot", "ses", "logs", "config"})
"""Services that call a function of another account where its own policy lets them."""
ACTIONS = ("lambda:InvokeFunction", "lambda:InvokeFunctionUrl")


def add_function_callers(world: World, everyone: list[Principal], judges: Mapping[str, Judge]) -> None:
    """Add "invoke" edges to functions that are a model or in the safety stack."""
    for function in world.inventory.of(FUNCTION):
        if not world.nodes[function.id].roles & {*STACK, Role.MODEL}:
            continue
        arn, own = arn_of(function), guarded(world, function)
        for principal in everyone:
            if principal.unit != function.unit:
                continue
            for action in ACTIONS:
                of = across(world, own, function, principal.resource)
                access = judges[principal.unit].access(principal, action, (arn.text,), partly=arn.partly, of=of)
                statement = access.answer.statement
                if access.truth is Truth.NO or statement is None:
                    continue
                why = f"policy `{statement.policy}` allows `{action}` on `{access.answer.scope}`"
                if statement.principals is not None:
                    why = f"`{statement.policy}` lets it call the function"
                unknown = access.decided_by or ("condition",)
                doubt = Unknown(why, decided_by=unknown) if access.truth is Truth.POSSIBLE else None
                _add(world, principal.node_id, function, why, statement.origin, doubt)
                break
    _urls(world)
    _permissions(world)


def _functions(world: World, one: Resource) -> Iterator[tuple[Resource, Unknown | None]]:
    """The functions that count which the resource is of, each with what decides whether it is."""
    value = one.attrs.get("function_name")
    named = meant(world, value, one, FUNCTION)
    for each in named:
        if world.nodes[each.resource.id].roles & {*STACK, Role.MODEL}:
            yield each.resource, one.possible or each.doubt
    if named or (isinstance(value, Unknown) and value.ref is not None):
        return
    for function in world.inventory.of(FUNCTION, unit=one.unit):
        name = function.attrs.get("function_name")
        doubt = next((side for side in (value, name) if isinstance(side, Unknown)), None)
        if doubt is not None and world.nodes[function.id].roles & {*STACK, Role.MODEL}:
            yield function, doubt


def _urls(world: World) -> None:
    for one in world.inventory.of("aws_lambda_function_url"):
        value = one.attrs.get("authorization_type")
        if value == "AWS_IAM":
            continue
        why = f"`{one.address}` answers everyone: `authorization_type` is `NONE`"
        if isinstance(value, Unknown):
            why = f"whom `{one.address}` answers is not known: {value.cause}"
        anyone = world.external("anyone")
        for function, unsure in _functions(world, one):
            doubt = value if isinstance(value, Unknown) else unsure
            _add(world, anyone.id, function, why, mark(one.attrs, "authorization_type") or one.origin, doubt)


def _permissions(world: World) -> None:
    for one in world.inventory.of("aws_lambda_permission"):
        who = one.attrs.get("principal")
        functions = list(_functions(world, one))
        if not functions:
            continue
        if isinstance(who, str) and ".amazonaws.com" in who:
            _deputy(world, one, who, functions)
            continue
        origin = mark(one.attrs, "principal") or one.origin
        found = world.inventory.find(who, one, "aws_iam_role", "aws_iam_user")
        if isinstance(found, Resource) and not found.data:
            # A principal of the inputs: the evaluator has asked its other policies as well.
            continue
        name = _name(who)
        narrowed = any(one.attrs.get(key) is not None for key in NARROWING)
        narrowing = Unknown("a condition narrows whom it lets in", decided_by=(one.address,)) if narrowed else None
        why = f"`{one.address}` lets `{name}` call the function"
        if isinstance(who, Unknown):
            why = f"whom `{one.address}` lets call the function is not known: {who.cause}"
        for function, unsure in functions:
            doubt = who if isinstance(who, Unknown) else unsure or narrowing
            _add(world, world.external(name).id, function, why, origin, doubt)


def _deputy(world: World, one: Resource, who: str, functions: list[tuple[Resource, Unknown | None]]) -> None:
    """A service that calls for whoever sets it up, in any account, where nothing says for whom it may.

    Source: the Lambda developer guide, "Granting Lambda function access to AWS services" (`source_arn` and
    `source_account` keep others from using the service as their deputy).
    """
    service = who.partition(".")[0]
    if service not in DEPUTIES or any(one.attrs.get(key) is not None for key in NARROWING):
        return
    why = f"`{one.address}` lets `{who}` call the function for whatever account sets it up so"
    doubt = Unknown(why, decided_by=(f"{one.address}: source_arn",))
    for function, unsure in functions:
        _add(world, world.external(f"anyone-through-{service}").id, function, why, one.origin, unsure or doubt)


def _name(who: Value) -> str:
    text = who if isinstance(who, str) else "*"
    if text.startswith("arn:"):
        account = text.split(":")[4] if text.count(":") >= 5 else ""
        return f"aws-account/{account}"
    return f"aws-account/{text}" if text.isdecimal() else "anyone"


def _add(world: World, source: str, function: Resource, why: str, origin: Origin | None, doubt: Unknown | None) -> None:
    world.add_edge(
        Edge(
            source=source,
            target=function.id,
            plane=Plane.IDENTITY,
            verb="invoke",
            because=why,
            origin=origin,
            state=State.OPEN if doubt is None else State.POSSIBLE,
            reason="" if doubt is None else doubt.code,
            decided_by=() if doubt is None else doubt.decided_by or (function.address,),
            cut=True,
        )
    )
