"""What security groups let the machine of a model call outside, and what nobody knows of it."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.builders.aws_network.build import build_aws_network
from scanner.graph.facts_access import Egress
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown
from tests.builders.aws import ref, resource, var, world

VPC = resource("aws_vpc.main", cidr_block="10.0.0.0/16")
SUBNET = resource("aws_subnet.near", vpc_id=ref("aws_vpc.main"), cidr_block="10.0.1.0/24")
GATEWAY = resource("aws_internet_gateway.main", vpc_id=ref("aws_vpc.main"))
OUT = {"cidr_block": "0.0.0.0/0", "gateway_id": ref("aws_internet_gateway.main")}
TABLE = resource("aws_route_table.main", vpc_id=ref("aws_vpc.main"), route=[OUT])
LINK = resource(
    "aws_route_table_association.main", subnet_id=ref("aws_subnet.near"), route_table_id=ref("aws_route_table.main")
)


FAR = resource("aws_subnet.far", vpc_id=ref("aws_vpc.main"), cidr_block="10.0.2.0/24")
NAT_ROUTE = (
    FAR,
    GATEWAY,
    resource("aws_route_table.out", route=[OUT]),
    resource("aws_route_table.nat", route=[{"cidr_block": "0.0.0.0/0", "nat_gateway_id": ref("aws_nat_gateway.main")}]),
    resource(
        "aws_route_table_association.far", subnet_id=ref("aws_subnet.far"), route_table_id=ref("aws_route_table.out")
    ),
    resource(
        "aws_route_table_association.near", subnet_id=ref("aws_subnet.near"), route_table_id=ref("aws_route_table.nat")
    ),
)
NAT = resource("aws_nat_gateway.main", subnet_id=ref("aws_subnet.far"))
NAT_MAYBE = resource("aws_nat_gateway.main", subnet_id=ref("aws_subnet.far"), connectivity_type=var("kind"))
NO_EXIT = resource("aws_network_acl.n", subnet_ids=[ref("aws_subnet.near")], ingress=[], egress=[])


def rule(cidr: Any = "0.0.0.0/0", port: Any = 443, **more: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "from_port": port, "to_port": port, "cidr_blocks": [cidr], **more}


def group(*egress: Any) -> Resource:
    return resource("aws_security_group.model", vpc_id=ref("aws_vpc.main"), ingress=[], egress=list(egress))


def machine(*, public: bool = False, groups: Any = None) -> Resource:
    carried = [ref("aws_security_group.model")] if groups is None else groups
    return resource(
        "aws_instance.model",
        subnet_id=ref("aws_subnet.near"),
        vpc_security_group_ids=carried,
        associate_public_ip_address=public,
    )


def closed(*resources: Resource) -> Any:
    made = world(VPC, SUBNET, *resources, roles={"aws_instance.model": Role.MODEL})
    build_aws_network(made)
    (fact,) = [fact for fact in made.nodes["main:aws_instance.model"].facts if isinstance(fact, Egress)]
    return "unknown" if isinstance(fact.closed, Unknown) else fact.closed


PUBLIC = (GATEWAY, TABLE, LINK)


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ((machine(public=True), group(rule()), *PUBLIC), False),
        ((machine(public=True), group(), *PUBLIC), True),
        ((machine(public=True), group(rule("10.0.0.0/8")), *PUBLIC), True),
        ((machine(public=True), group(rule(port=53)), *PUBLIC), True),
        ((machine(public=True), group(rule("52.92.0.0/14")), *PUBLIC), "unknown"),
        ((machine(public=True), group(rule(var("cidr"))), *PUBLIC), "unknown"),
        ((machine(public=True), group(rule(cidr_blocks=[], prefix_list_ids=[var("list")])), *PUBLIC), "unknown"),
        ((machine(public=True), group(rule(cidr_blocks=[], prefix_list_ids=["pl-1"])), *PUBLIC), "unknown"),
        ((machine(public=True), group(rule(cidr_blocks=[], security_groups=["sg-1"])), *PUBLIC), True),
        ((machine(public=True, groups=[var("groups")]), group(), *PUBLIC), "unknown"),
        ((machine(), group(rule())), True),
        ((machine(), group(rule()), NAT), "unknown"),
        ((machine(), group(), NAT), True),
        ((machine(), group(rule()), NAT, *NAT_ROUTE), False),
        ((machine(), group(rule(port=53)), NAT, *NAT_ROUTE), True),
        ((machine(), group(rule()), NAT, *NAT_ROUTE, NO_EXIT), "unknown"),
        ((machine(), group(rule()), NAT_MAYBE, *NAT_ROUTE), "unknown"),
    ],
)
def test_what_a_security_group_lets_out(resources: tuple[Resource, ...], expected: Any) -> None:
    assert closed(*resources) == expected


def test_the_list_of_an_endpoint_is_no_way_to_the_internet() -> None:
    listed = Unknown(
        "`aws_vpc_endpoint.s3.prefix_list_id` is computed", decided_by=("aws_vpc_endpoint.s3.prefix_list_id",)
    )
    assert closed(machine(public=True), group(rule(cidr_blocks=[], prefix_list_ids=[listed])), *PUBLIC) is True


def test_what_is_no_model_is_not_asked() -> None:
    made = world(VPC, SUBNET, machine(public=True), group(rule()), *PUBLIC)
    build_aws_network(made)
    assert not [fact for node in made.nodes.values() for fact in node.facts if isinstance(fact, Egress)]
