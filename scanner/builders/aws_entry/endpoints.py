"""VPC endpoints that lead to something of the inputs: endpoint services, App Runner; and ports of whole subnets."""

from __future__ import annotations

from scanner.builders.aws_network.build import carriers, enter, network_of
from scanner.builders.aws_network.routes import SUBNET_KINDS
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.resource import Resource
from scanner.unknown import Unknown

ENDPOINT, SERVICE = "aws_vpc_endpoint", "aws_vpc_endpoint_service"
RUNNER, RUNNER_LINK = "aws_apprunner_service", "aws_apprunner_vpc_ingress_connection"
CUSTOM = "aws_globalaccelerator_custom_routing"
HANDLED = frozenset(
    {
        ENDPOINT, "aws_vpc_endpoint_policy", "aws_vpc_endpoint_route_table_association",
        "aws_vpc_endpoint_security_group_association", "aws_vpc_endpoint_subnet_association",
        "aws_vpc_endpoint_private_dns", RUNNER_LINK, f"{CUSTOM}_accelerator", f"{CUSTOM}_listener",
        f"{CUSTOM}_endpoint_group",
    }
)  # fmt: skip
"""An endpoint of a service of AWS leads to an API, whose gate is identity: no edge of the network stands for it."""


def build_endpoints(world: World) -> None:
    """Edges into the endpoints that lead to something of the inputs, and on from them."""
    used: dict[str, Resource] = {}
    for one in world.inventory.of(ENDPOINT):
        service = world.inventory.find(one.attrs.get("service_name"), one, SERVICE)
        if isinstance(service, Resource):
            because = "the endpoint leads to the endpoint service"
            connect(world, one.id, service.id, because, one.origin, doubt=_accepted(world, one, service), cut=True)
            used[one.id] = one
    for link in world.inventory.of(RUNNER_LINK):
        _runner(world, link, used)
    for one in used.values():
        _enter(world, one)
    for group in world.inventory.of(f"{CUSTOM}_endpoint_group"):
        _custom(world, group)


def _enter(world: World, one: Resource) -> None:
    """Who gets at an endpoint: whom its groups admit."""
    network = network_of(world)
    face = network.interfaces.of.get(one.id)
    if face is not None:
        enter(world, network, face, one.id, doubt=doubt_of(one.possible))
        return
    hidden = Doubt("value-unknown", (f"{one.address}.subnet_ids",))
    because = "which subnets and groups the endpoint has is not known"
    connect(world, world.external("vpc").id, one.id, because, one.origin, doubt=hidden)


def _accepted(world: World, one: Resource, service: Resource) -> Doubt | None:
    """An endpoint is of use once it is accepted: by itself, by an accepter, or where the service does not ask."""
    exists = doubt_of(one.possible)
    if service.attrs.get("acceptance_required") is False or one.attrs.get("auto_accept") is True:
        return exists
    for more in world.inventory.of("aws_vpc_endpoint_connection_accepter", unit=one.unit):
        if world.inventory.find(more.attrs.get("vpc_endpoint_id"), more) is one:
            return first_doubt(exists, doubt_of(more.possible))
    return first_doubt(exists, Doubt("condition-unevaluable", (f"{service.address}.acceptance_required",)))


def _runner(world: World, link: Resource, used: dict[str, Resource]) -> None:
    """A private service of App Runner is reached by the endpoint that its ingress connection names."""
    service = world.inventory.find(link.attrs.get("service_arn"), link, RUNNER)
    if not isinstance(service, Resource):
        return
    for found in values(link, "ingress_vpc_configuration.vpc_endpoint_id"):
        endpoint = world.inventory.find(found.value, link, ENDPOINT)
        because = "the endpoint leads to the service"
        if isinstance(endpoint, Resource):
            used[endpoint.id] = endpoint
            connect(world, endpoint.id, service.id, because, found.origin, doubt=doubt_of(link.possible), cut=True)
        else:
            why = doubt_of(endpoint) if isinstance(endpoint, Unknown) else None
            hidden = why or Doubt("peer-not-in-input", (link.address,))
            connect(world, world.external("vpc").id, service.id, because, found.origin, doubt=hidden)


def _custom(world: World, group: Resource) -> None:
    """A custom routing accelerator maps ports to addresses of whole subnets; which it lets through is no setting."""
    doubt = Doubt("condition-unevaluable", (f"which destinations {group.address} lets through",))
    network = network_of(world)
    said = "an accelerator takes connections from the internet"
    connect(world, world.external("internet").id, group.id, said, group.origin)
    for found in values(group, "endpoint_configuration.endpoint_id"):
        subnet = world.inventory.find(found.value, group, *SUBNET_KINDS)
        if subnet is None:
            continue
        why = first_doubt(doubt_of(subnet) if isinstance(subnet, Unknown) else None, doubt)
        for one in network.interfaces.of.values():
            here = isinstance(subnet, Unknown) or one.elsewhere is not None or subnet.id in one.subnets
            if one.receives and one.unit == group.unit and here:
                for target in carriers(world, one):
                    because = f"`{group.address}` maps ports to its subnet"
                    connect(world, group.id, target, because, found.origin, doubt=why, cut=True)
