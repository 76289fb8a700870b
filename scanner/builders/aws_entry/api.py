"""API Gateway: who may call a route, and which function, link, address or model it leads to."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_entry.lead import lead, managed_models
from scanner.builders.blocks import line
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, truth, values
from scanner.builders.inventory import text_of
from scanner.graph.model import Plane
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown, Value, refs_in

HANDLED = frozenset(
    {
        "aws_apigatewayv2_api", "aws_apigatewayv2_route", "aws_apigatewayv2_integration", "aws_apigatewayv2_vpc_link",
        "aws_apigatewayv2_stage", "aws_apigatewayv2_deployment", "aws_apigatewayv2_authorizer",
        "aws_apigatewayv2_domain_name", "aws_apigatewayv2_api_mapping", "aws_apigatewayv2_integration_response",
        "aws_apigatewayv2_route_response", "aws_api_gateway_rest_api", "aws_api_gateway_method",
        "aws_api_gateway_integration", "aws_api_gateway_vpc_link", "aws_api_gateway_resource", "aws_api_gateway_stage",
        "aws_api_gateway_deployment", "aws_api_gateway_authorizer", "aws_api_gateway_rest_api_policy",
        "aws_api_gateway_domain_name", "aws_api_gateway_base_path_mapping", "aws_api_gateway_method_settings",
        "aws_api_gateway_integration_response", "aws_api_gateway_method_response", "aws_api_gateway_usage_plan",
        "aws_api_gateway_usage_plan_key", "aws_api_gateway_api_key", "aws_api_gateway_model",
        "aws_api_gateway_account", "aws_api_gateway_request_validator", "aws_api_gateway_gateway_response",
    }
)  # fmt: skip


def build_apis(world: World) -> None:
    """HTTP and WebSocket APIs (version 2) and REST APIs (version 1)."""
    for route in world.inventory.of("aws_apigatewayv2_route"):
        _route(world, route)
    for method in world.inventory.of("aws_api_gateway_method"):
        _method(world, method)
    for api in world.inventory.of("aws_apigatewayv2_api", "aws_api_gateway_rest_api"):
        _whole(world, api)
    for one in world.inventory.of("aws_api_gateway_stage", "aws_apigatewayv2_stage"):
        key = "rest_api_id" if one.kind == "aws_api_gateway_stage" else "api_id"
        api_of = world.inventory.find(one.attrs.get(key), one)
        if isinstance(api_of, Resource):
            connect(world, one.id, api_of.id, "the stage serves the API", one.origin)


def _admit(world: World, one: Resource, more: Doubt | None, private: bool, models: bool) -> None:
    """Who may call a route or method: anyone where its authorization is NONE, which is the default.

    models: it calls a managed model by itself, so that the callers count on the identity plane as well.
    """
    setting = "authorization_type" if one.kind == "aws_apigatewayv2_route" else "authorization"
    value = one.attrs.get(setting)
    origin = line(one, setting)
    said = f"`{setting}` is not set: the default is NONE" if value is None else f"`{setting}` is `{value}`"
    unsure = more
    if isinstance(value, Unknown):
        unsure, said = first_doubt(doubt_of(value), more), f"`{setting}` is not known"
    elif value not in (None, "NONE"):
        unsure = first_doubt(Doubt("condition-unevaluable", (f"{one.address}.{setting}",)), more)
    source = world.external("vpc" if private else "anyone").id
    planes = [(Plane.NETWORK, "reach")] + ([(Plane.IDENTITY, "invoke")] if models else [])
    for plane, verb in planes:
        connect(world, source, one.id, said, origin, plane=plane, verb=verb, doubt=unsure, cut=True)


def _route(world: World, route: Resource) -> None:
    api = world.inventory.find(route.attrs.get("api_id"), route, "aws_apigatewayv2_api")
    if isinstance(api, Resource):
        connect(world, api.id, route.id, "a route of the API", route.origin)
    calls = False
    for found in values(route, "target"):
        integrations = [
            one for one in _named(world, found.value, route.unit) if one.kind == "aws_apigatewayv2_integration"
        ]
        for one in integrations or (_of_api(world, api) if isinstance(found.value, Unknown) else ()):
            unsure = None if integrations else doubt_of(found.unknown)
            calls = _integrate(world, route, one, found.origin, unsure) or calls
    _admit(world, route, _endpoint_off(api), private=False, models=calls)


def _endpoint_off(api: Resource | Unknown | None) -> Doubt | None:
    """An API whose own address is off is reached through a custom domain, if there is one."""
    if not isinstance(api, Resource):
        return None
    off = truth(api.attrs.get("disable_execute_api_endpoint"), False)
    return Doubt("condition-unevaluable", (f"{api.address}.disable_execute_api_endpoint",)) if off else None


def _of_api(world: World, api: Resource | Unknown | None) -> Iterator[Resource]:
    if isinstance(api, Resource):
        for one in world.inventory.of("aws_apigatewayv2_integration", unit=api.unit):
            if world.inventory.find(one.attrs.get("api_id"), one) is api:
                yield one


def _named(world: World, value: Value, unit: str) -> Iterator[Resource]:
    for ref in refs_in(value):
        found = world.inventory.at(unit, ref.address)
        if found is not None and found.kind == "aws_apigatewayv2_integration":
            yield found


def _integrate(world: World, route: Resource, one: Resource, origin: Origin | None, unsure: Doubt | None) -> bool:
    """Edges from a route through its integration; whether it calls a managed model by itself."""
    doubt = first_doubt(unsure, doubt_of(one.possible))
    uris = [found for key in ("integration_uri", "uri") for found in values(one, key)]
    because = f"`{one.address}` forwards to it"
    calls = False
    for found in uris:
        where = found.origin or origin
        lead(world, route.id, found.value, one.unit, because, where, first_doubt(doubt, doubt_of(found.possible)))
        calls = calls or any(True for _ in managed_models(world, found.value, one.unit))
    for found in values(one, "connection_id"):
        link = world.inventory.find(found.value, one, "aws_api_gateway_vpc_link")
        if isinstance(link, Resource):
            for target in values(link, "target_arns"):
                lead(world, route.id, target.value, one.unit, because, target.origin, doubt)
    service = text_of(one, "integration_subtype")
    if service.startswith(("Bedrock", "SageMaker")):
        calls = (
            lead(world, route.id, f":{service.partition('-')[0].lower()}:", one.unit, because, one.origin, doubt)
            or calls
        )
    return calls


def _method(world: World, method: Resource) -> None:
    api = world.inventory.find(method.attrs.get("rest_api_id"), method, "aws_api_gateway_rest_api")
    if isinstance(api, Resource):
        connect(world, api.id, method.id, "a method of the API", method.origin)
    calls = False
    for one in world.inventory.of("aws_api_gateway_integration", unit=method.unit):
        unsure = _same_method(world, method, one)
        if unsure is not None:
            calls = _integrate(world, method, one, one.origin, unsure if isinstance(unsure, Doubt) else None) or calls
    key = truth(method.attrs.get("api_key_required"), False)
    keyed = Doubt("condition-unevaluable", (f"{method.address}.api_key_required",)) if key else None
    private, policy = _rest_guards(world, api)
    _admit(world, method, first_doubt(keyed, policy), private, calls)


def _same_method(world: World, method: Resource, one: Resource) -> Doubt | bool | None:
    """True where an integration is that method's, a doubt where it may be, None where it is another's."""
    doubts = []
    for key in ("rest_api_id", "resource_id", "http_method"):
        left, right = method.attrs.get(key), one.attrs.get(key)
        mine, theirs = (world.inventory.find(value, method) for value in (left, right))
        if isinstance(mine, Resource) and isinstance(theirs, Resource):
            if theirs is not mine and theirs is not method:
                return None
        elif isinstance(left, str) and isinstance(right, str):
            if left != right:
                return None
        elif theirs is not method:
            doubts += [doubt_of(value) for value in (left, right) if isinstance(value, Unknown)]
    return first_doubt(*doubts) or True


def _rest_guards(world: World, api: Resource | Unknown | None) -> tuple[bool, Doubt | None]:
    """Whether a REST API is private, and the doubt that a resource policy leaves."""
    if not isinstance(api, Resource):
        return False, None
    types = [found.value for found in values(api, "endpoint_configuration.types")]
    policies = [api.attrs.get("policy")]
    for one in world.inventory.of("aws_api_gateway_rest_api_policy", unit=api.unit):
        if world.inventory.find(one.attrs.get("rest_api_id"), one) is api:
            policies.append(one.attrs.get("policy"))
    guarded = any(policy is not None for policy in policies)
    return types == ["PRIVATE"], Doubt("condition-unevaluable", (f"{api.address}.policy",)) if guarded else None


def _whole(world: World, api: Resource) -> None:
    """An API that is given as a document, or has one target for everything."""
    anyone = world.external("anyone").id
    for key in ("body", "target"):
        for found in values(api, key):
            unsure = Doubt("condition-unevaluable", (f"{api.address}.{key}",)) if key == "body" else None
            doubt = first_doubt(unsure, doubt_of(found.possible))
            if lead(world, api.id, found.value, api.unit, f"`{key}` of the API names it", found.origin, doubt):
                said = "an API is on the internet unless it is private"
                connect(world, anyone, api.id, said, found.origin, doubt=doubt)
