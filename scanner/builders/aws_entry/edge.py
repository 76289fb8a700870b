"""Fronts at the edge of AWS: function URLs, CloudFront, Global Accelerator, endpoint services, App Runner, ECS Express.

Facts: Amazon ECS developer guide, "Resources created by Amazon ECS Express Mode services" (a balancer, in the
subnets of the default VPC unless others are written); Lightsail user guide, "Container services" (`publicEndpoint`).
"""

from __future__ import annotations

from scanner.builders.aws_entry.lead import lead
from scanner.builders.blocks import Found, line, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth, connect, doubt_of, first_doubt, truth, values
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

HANDLED = frozenset(
    {
        "aws_lambda_function_url", "aws_lambda_alias", "aws_cloudfront_distribution", "aws_cloudfront_vpc_origin",
        "aws_cloudfront_origin_access_control", "aws_cloudfront_origin_access_identity",
        "aws_cloudfront_cache_policy", "aws_cloudfront_origin_request_policy",
        "aws_cloudfront_response_headers_policy", "aws_globalaccelerator_accelerator",
        "aws_globalaccelerator_listener", "aws_globalaccelerator_endpoint_group", "aws_vpc_endpoint_service",
        "aws_vpc_endpoint_service_allowed_principal", "aws_vpc_endpoint_connection_accepter", "aws_apprunner_service",
        "aws_apprunner_vpc_connector",
    }
)  # fmt: skip
EXPRESS, LIGHTSAIL = "aws_ecs_express_gateway_service", "aws_lightsail_container_service_deployment_version"
ACCOUNT = lazy(r"^(?:arn:[^:]+:(?:iam|sts)::)?(\d{12})(?::.*)?$")


def build_fronts(world: World) -> None:
    """Every front that this file knows."""
    for one in world.inventory.of("aws_lambda_function_url"):
        _function_url(world, one)
    for one in world.inventory.of("aws_cloudfront_distribution"):
        _distribution(world, one)
    for one in world.inventory.of("aws_globalaccelerator_endpoint_group"):
        _accelerator(world, one)
    for one in world.inventory.of("aws_vpc_endpoint_service"):
        _endpoint_service(world, one)
    for one in world.inventory.of("aws_apprunner_service"):
        _app_runner(world, one)
    for one in world.inventory.like(EXPRESS):
        _express(world, one)
    for one in world.inventory.like(LIGHTSAIL):
        if values(one, "public_endpoint"):
            said = "a container service with a public endpoint answers whoever asks"
            connect(world, world.external("internet").id, one.id, said, line(one, "public_endpoint"), cut=True)


def _express(world: World, one: Resource) -> None:
    """A service of ECS Express Mode has a balancer of its own, on the internet unless its subnets are private."""
    subnets = values(one, "network_configuration.subnets")
    said = "Express Mode puts a balancer on the internet before it, where no subnets are written"
    doubt = Doubt("value-unknown", (f"{one.address}.network_configuration.subnets",)) if subnets else None
    doubt = first_doubt(doubt, doubt_of(one.possible))
    connect(world, world.external("internet").id, one.id, said, one.origin, doubt=doubt, cut=True)


def _function_url(world: World, one: Resource) -> None:
    """Anyone may call a URL whose authorization is NONE; AWS_IAM leaves it to identity, which is another plane."""
    value = one.attrs.get("authorization_type")
    if value == "AWS_IAM":
        return
    unsure = None if value == "NONE" else doubt_of(value) if isinstance(value, Unknown) else None
    said = f"`authorization_type` is `{value}`" if value == "NONE" else "`authorization_type` is not known"
    origin = line(one, "authorization_type")
    if value != "NONE" and unsure is None:
        unsure = Doubt("value-unknown", (f"{one.address}.authorization_type",))
    connect(world, world.external("anyone").id, one.id, said, origin, doubt=unsure, cut=True)


def _distribution(world: World, one: Resource) -> None:
    enabled = truth(one.attrs.get("enabled"), True)
    led = False
    for path in ("origin.domain_name", "origin.vpc_origin_config.vpc_origin_id"):
        for found in values(one, path):
            value, origin = _vpc_origin(world, found, one)
            inside = _inside(world, value, one) if path == "origin.domain_name" else False
            if inside is True:
                continue
            because = f"`{one.address}` forwards to this origin"
            doubt = first_doubt(doubt_of(found.possible), inside if isinstance(inside, Doubt) else None)
            led = lead(world, one.id, value, one.unit, because, origin, doubt) or led
    if not led or enabled is False:
        return
    signed = [key for key in ("trusted_signers", "trusted_key_groups") if values(one, f"default_cache_behavior.{key}")]
    unsure = Doubt("condition-unevaluable", tuple(f"{one.address}.{key}" for key in signed)) if signed else None
    also = first_doubt(enabled if isinstance(enabled, Doubt) else None, unsure)
    said = "a distribution serves whoever asks"
    connect(world, world.external("internet").id, one.id, said, line(one, "enabled"), doubt=also, cut=True)


def _inside(world: World, value: Value, one: Resource) -> Truth:
    """Whether an origin is named by the address of an internal balancer, which no distribution gets to that way."""
    named = world.inventory.find(value, one, "aws_lb", "aws_alb", "aws_elb")
    return truth(named.attrs.get("internal"), False) if isinstance(named, Resource) else False


def _vpc_origin(world: World, found: Found, one: Resource) -> tuple[Value, Origin | None]:
    """The value of an origin: for one inside a VPC, the ARN that its own resource names."""
    inner = world.inventory.find(found.value, one, "aws_cloudfront_vpc_origin")
    if isinstance(inner, Resource):
        for arn in values(inner, "vpc_origin_endpoint_config.arn"):
            return arn.value, arn.origin
    return found.value, found.origin


def _accelerator(world: World, one: Resource) -> None:
    for found in values(one, "endpoint_configuration.endpoint_id"):
        because = f"`{one.address}` forwards to this endpoint"
        lead(world, one.id, found.value, one.unit, because, found.origin, doubt_of(found.possible))
    listener = world.inventory.find(one.attrs.get("listener_arn"), one, "aws_globalaccelerator_listener")
    value = listener.attrs.get("accelerator_arn") if isinstance(listener, Resource) else listener
    accelerator = world.inventory.find(value, one, "aws_globalaccelerator_accelerator")
    if isinstance(accelerator, Resource):
        enabled = truth(accelerator.attrs.get("enabled"), True)
        unsure = enabled if isinstance(enabled, Doubt) else None
        if enabled is False:
            return
    else:
        unsure = doubt_of(accelerator) or Doubt("value-unknown", (f"{one.address}.listener_arn",))
    said = "an accelerator takes connections from the internet"
    connect(world, world.external("internet").id, one.id, said, one.origin, doubt=unsure, cut=True)


def _endpoint_service(world: World, one: Resource) -> None:
    """Consumers in other accounts: nobody unless a principal is allowed; a request may have to be accepted."""
    for path in ("network_load_balancer_arns", "gateway_load_balancer_arns"):
        for found in values(one, path):
            because = "the endpoint service forwards to this load balancer"
            lead(world, one.id, found.value, one.unit, because, found.origin, doubt_of(found.possible))
    allowed = [(found, doubt_of(found.unknown)) for found in values(one, "allowed_principals")]
    for more in world.inventory.of("aws_vpc_endpoint_service_allowed_principal", unit=one.unit):
        if world.inventory.find(more.attrs.get("vpc_endpoint_service_id"), one) is one:
            allowed += [(found, doubt_of(more.possible)) for found in values(more, "principal_arn")]
    waits = truth(one.attrs.get("acceptance_required"), True)
    accepted = [
        more
        for more in world.inventory.of("aws_vpc_endpoint_connection_accepter", unit=one.unit)
        if world.inventory.find(more.attrs.get("vpc_endpoint_service_id"), one) is one
    ]
    pending = (
        None if waits is False or accepted else Doubt("condition-unevaluable", (f"{one.address}.acceptance_required",))
    )
    for found, unsure in allowed:
        name = _consumer(found)
        said = f"`{text(found.value) or name}` may connect to the endpoint service"
        also = first_doubt(unsure, pending)
        connect(world, world.external(name).id, one.id, said, found.origin, doubt=also, cut=True)


def _consumer(found: Found) -> str:
    """The external name of an allowed principal: anyone, an account, or what is known of it."""
    written = text(found.value)
    if written == "*":
        return "anyone"
    account = ACCOUNT.match(written)
    if account:
        return f"aws-account/{account.group(1)}"
    return f"aws-principal/{written}" if written else "aws-account/unknown"


def _app_runner(world: World, one: Resource) -> None:
    world.set_actor(one.id)
    settings = values(one, "network_configuration.ingress_configuration.is_publicly_accessible")
    public = truth(settings[0].value, True) if settings else True
    if public is False:
        return
    said = "it is publicly accessible" if settings else "`is_publicly_accessible` is not set: the default is true"
    origin = settings[0].origin if settings else one.origin
    unsure = first_doubt(public if isinstance(public, Doubt) else None)
    connect(world, world.external("internet").id, one.id, said, origin, doubt=unsure, cut=True)
    for found in values(one, "network_configuration.egress_configuration.vpc_connector_arn"):
        connector = world.inventory.find(found.value, one, "aws_apprunner_vpc_connector")
        if isinstance(connector, Resource):
            connect(world, one.id, connector.id, "it sends through the connector", found.origin)
