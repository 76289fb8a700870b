"""Where a front leads: the functions, balancers, endpoints and managed models that a value names."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_network.build import receivers
from scanner.builders.blocks import strings
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.graph.model import Plane, Role
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown, Value, refs_in

LED_TO = frozenset(
    {
        "aws_lambda_function", "aws_lambda_alias", "aws_lambda_function_url", "aws_lb", "aws_alb", "aws_elb",
        "aws_lb_listener", "aws_alb_listener", "aws_instance", "aws_apigatewayv2_api", "aws_api_gateway_rest_api",
        "aws_api_gateway_stage", "aws_apigatewayv2_stage", "aws_cloudfront_distribution", "aws_apprunner_service",
        "aws_sagemaker_endpoint", "aws_service_discovery_service",
        "aws_ecs_service", "aws_vpc_endpoint", "aws_eip", "aws_sfn_state_machine",
    }
)  # fmt: skip
"""Types that a front can forward to; what else a value refers to (a certificate, a zone) is no destination."""
MANAGED = {
    "bedrock": lazy(r":bedrock(-runtime|-agent-runtime)?:|bedrock-runtime\.|bedrock-agent-runtime\."),
    "sagemaker": lazy(r":(runtime\.)?sagemaker:|runtime\.sagemaker\."),
}
"""A service integration or an address that is the API of managed models."""
FUNCTION_ARN = lazy(r":function:([A-Za-z0-9_-]+)")


def destinations(world: World, value: Value, unit: str) -> list[str]:
    """The node ids of what `value` names: by reference, or by the name of a function in a literal ARN."""
    found = {one.id: None for ref in refs_in(value) if (one := world.inventory.at(unit, ref.address)) is not None}
    ids = [one for one in found if world.inventory.by_id[one].kind in LED_TO]
    for text in strings(value):
        named = FUNCTION_ARN.search(str(text.value))
        if named:
            functions = world.inventory.of("aws_lambda_function", unit=unit)
            ids += [one.id for one in functions if one.attrs.get("function_name") == named.group(1)]
    return list(dict.fromkeys(ids))


def managed_models(world: World, value: Value, unit: str) -> Iterator[tuple[str, Doubt | None]]:
    """The managed models that an integration calls by itself, without any code of ours between."""
    texts = [str(text.value) for text in strings(value)]
    referred = {world.inventory.at(unit, ref.address) for ref in refs_in(value)}
    for service, pattern in MANAGED.items():
        if not any(pattern.search(text) for text in texts):
            continue
        nodes = [node for node in world.nodes.values() if _is_managed(node.id, node.kind, service, unit)]
        exact = [node.id for node in nodes if world.inventory.by_id.get(node.id) in referred or _in(node.name, texts)]
        for node in nodes:
            if node.id in exact or (service == "bedrock" and node.id == f"{unit}:bedrock/models"):
                yield node.id, None
            elif not exact and Role.MODEL in node.roles:
                yield node.id, Doubt("value-unknown", ("which model the path names",))


def _is_managed(node_id: str, kind: str, service: str, unit: str) -> bool:
    own = node_id.startswith(f"{unit}:")
    if service == "bedrock":
        return own and (kind.startswith("aws_bedrock") or node_id.startswith(f"{unit}:bedrock/"))
    return own and kind == "aws_sagemaker_endpoint"


def _in(name: str, texts: list[str]) -> bool:
    return bool(name) and any(f"/{name}/" in text for text in texts)


def lead(
    world: World, source: str, value: Value, unit: str, because: str, origin: Origin | None, doubt: Doubt | None = None
) -> bool:
    """Edges from a front to everything that `value` names; whether it names anything.

    A call of a managed model is an identity edge: the integration calls with credentials of its own.
    """
    led = False
    for target in destinations(world, value, unit):
        connect(world, source, target, because, origin, doubt=doubt, cut=True)
        led = True
    for model, unsure in managed_models(world, value, unit):
        also = first_doubt(doubt, unsure)
        connect(world, source, model, because, origin, plane=Plane.IDENTITY, verb="invoke", doubt=also, cut=True)
        led = True
    if not led and isinstance(value, Unknown) and not any(strings(value)):
        for receiver in receivers(world, unit):
            also = first_doubt(doubt, doubt_of(value))
            connect(world, source, receiver, "where it forwards to is not known", origin, doubt=also)
            led = True
    return led


def follow_names(world: World) -> None:
    """An alias and a function URL lead to their function, a name of service discovery to its service."""
    for one in world.inventory.of("aws_ecs_service"):
        for found in values(one, "service_registries.registry_arn"):
            registry = world.inventory.find(found.value, one, "aws_service_discovery_service")
            if isinstance(registry, Resource):
                connect(world, registry.id, one.id, "its tasks are registered under the name", found.origin)
    for one in world.inventory.of("aws_lambda_alias", "aws_lambda_function_url"):
        function = world.inventory.find(one.attrs.get("function_name"), one, "aws_lambda_function")
        if not isinstance(function, Resource) and isinstance(one.attrs.get("function_name"), str):
            some = world.inventory.of("aws_lambda_function", unit=one.unit)
            function = next((f for f in some if f.attrs.get("function_name") == one.attrs.get("function_name")), None)
        if isinstance(function, Resource):
            connect(world, one.id, function.id, f"`{one.address}` leads to the function", one.origin)
