"""An unknown value never closes a way: wherever a setting of an open world is not known, some way stays."""

import pytest

from scanner.builders.aws_entry.build import build_aws_entry
from scanner.builders.aws_network.build import build_aws_network
from scanner.graph.model import Plane, Role
from scanner.graph.search import reach
from tests.builders.aws import ref, resource, var, world

ALL = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}
VPC = {"aws_vpc.main": {"cidr_block": "10.0.0.0/16"}}
SUBNETS = {
    "aws_subnet.a": {"vpc_id": ref("aws_vpc.main"), "cidr_block": "10.0.1.0/24"},
    "aws_subnet.b": {"vpc_id": ref("aws_vpc.main"), "cidr_block": "10.0.2.0/24"},
}


def group(name, *ingress):
    return {f"aws_security_group.{name}": {"vpc_id": ref("aws_vpc.main"), "ingress": list(ingress), "egress": [ALL]}}


def tcp(port, **peers):
    return {"protocol": "tcp", "from_port": port, "to_port": port, **peers}


def inside(name, subnet):
    return {"vpc_security_group_ids": [ref(f"aws_security_group.{name}")], "subnet_id": ref(f"aws_subnet.{subnet}")}


def front(target, **balancer):
    """A load balancer from the internet to a target group, and its target."""
    return {
        **group("lb", tcp(443, cidr_blocks=["0.0.0.0/0"])),
        "aws_lb.lb": {"subnets": [ref("aws_subnet.a")], "internal": False, **balancer},
        "aws_lb_listener.l": {
            "load_balancer_arn": ref("aws_lb.lb", "arn"),
            "port": 443,
            "protocol": "HTTPS",
            "default_action": [{"type": "forward", "target_group_arn": ref("aws_lb_target_group.tg", "arn")}],
        },
        "aws_lb_target_group.tg": {"port": 8000, "protocol": "HTTP", "target_type": "instance"},
        **target,
    }


ATTACHED = {
    "aws_lb_target_group_attachment.t": {
        "target_group_arn": ref("aws_lb_target_group.tg", "arn"),
        "target_id": ref("aws_instance.model"),
        "port": 8000,
    }
}
BALANCED = {"security_groups": [ref("aws_security_group.lb")], "load_balancer_type": "application"}
MODEL = {"aws_instance.model": inside("model", "a")}
FROM_LB = group("model", tcp(8000, security_groups=[ref("aws_security_group.lb")]))
SERVICE = {
    "aws_ecs_service.model": {
        "network_configuration": [
            {"security_groups": [ref("aws_security_group.model")], "subnets": [ref("aws_subnet.a")]}
        ],
        "load_balancer": [{"target_group_arn": ref("aws_lb_target_group.tg", "arn"), "container_port": 8000}],
    }
}
TEMPLATE = {
    "aws_launch_template.model": {"vpc_security_group_ids": [ref("aws_security_group.model")]},
    "aws_autoscaling_group.model": {
        "vpc_zone_identifier": [ref("aws_subnet.a")],
        "launch_template": [{"id": ref("aws_launch_template.model")}],
        "target_group_arns": [ref("aws_lb_target_group.tg", "arn")],
    },
}
WORLDS = {
    "a group admits a caller": (
        "aws_instance.model",
        {
            **MODEL,
            **group("model", tcp(8000, security_groups=[ref("aws_security_group.app")])),
            **group("app"),
            "aws_instance.app": inside("app", "b"),
        },
    ),
    "a range admits a caller": (
        "aws_instance.model",
        {
            **MODEL,
            **group("model", tcp(8000, cidr_blocks=["10.0.2.0/24"])),
            **group("app"),
            "aws_instance.app": inside("app", "b"),
        },
    ),
    "a separate rule admits a caller": (
        "aws_instance.model",
        {
            **MODEL,
            **group("model"),
            **group("app"),
            "aws_vpc_security_group_ingress_rule.r": {
                "security_group_id": ref("aws_security_group.model"),
                "referenced_security_group_id": ref("aws_security_group.app"),
                "ip_protocol": "tcp",
                "from_port": 8000,
                "to_port": 8000,
            },
            "aws_security_group_rule.out": {
                "type": "egress",
                "security_group_id": ref("aws_security_group.app"),
                "protocol": "-1",
                "from_port": 0,
                "to_port": 0,
                "cidr_blocks": ["0.0.0.0/0"],
            },
            "aws_instance.app": inside("app", "b"),
        },
    ),
    "a public instance": (
        "aws_instance.model",
        {
            "aws_instance.model": {**inside("model", "a"), "associate_public_ip_address": True},
            **group("model", tcp(8000, cidr_blocks=["0.0.0.0/0"])),
            "aws_internet_gateway.g": {"vpc_id": ref("aws_vpc.main")},
            "aws_route_table.t": {
                "vpc_id": ref("aws_vpc.main"),
                "route": [{"cidr_block": "0.0.0.0/0", "gateway_id": ref("aws_internet_gateway.g")}],
            },
            "aws_route_table_association.a": {
                "subnet_id": ref("aws_subnet.a"),
                "route_table_id": ref("aws_route_table.t"),
            },
        },
    ),
    "a load balancer": ("aws_instance.model", {**MODEL, **FROM_LB, **front(ATTACHED, **BALANCED)}),
    "a load balancer of layer 4": (
        "aws_instance.model",
        {
            **MODEL,
            **group("model", tcp(8000, cidr_blocks=["0.0.0.0/0"])),
            **front(ATTACHED, load_balancer_type="network"),
        },
    ),
    "a service of containers": ("aws_ecs_service.model", {**FROM_LB, **front(SERVICE, **BALANCED)}),
    "an autoscaling group": ("aws_autoscaling_group.model", {**FROM_LB, **front(TEMPLATE, **BALANCED)}),
    "an api": (
        "aws_instance.model",
        {
            **MODEL,
            **FROM_LB,
            **front(ATTACHED, **BALANCED, internal=True),
            "aws_apigatewayv2_api.a": {"protocol_type": "HTTP"},
            "aws_apigatewayv2_route.r": {
                "api_id": ref("aws_apigatewayv2_api.a"),
                "authorization_type": "NONE",
                "target": ref("aws_apigatewayv2_integration.i"),
            },
            "aws_apigatewayv2_integration.i": {
                "api_id": ref("aws_apigatewayv2_api.a"),
                "integration_uri": ref("aws_lb_listener.l", "arn"),
            },
        },
    ),
}


def leaves(value, path=()):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from leaves(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*path, index)
            yield from leaves(inner, (*path, index))


def without(value, path):
    """`value` with an unknown value at `path`."""
    if not path:
        return var("hidden")
    if isinstance(value, dict):
        return {key: without(inner, path[1:]) if key == path[0] else inner for key, inner in value.items()}
    return [without(inner, path[1:]) if index == path[0] else inner for index, inner in enumerate(value)]


def ways(target, things):
    made = world(*(resource(address, **attrs) for address, attrs in things.items()), roles={target: Role.MODEL})
    build_aws_network(made)
    build_aws_entry(made)
    return reach(made.freeze(), [f"main:{target}"], [Plane.NETWORK], allowed=lambda _: False).ways


@pytest.mark.parametrize("name", WORLDS)
def test_an_unknown_value_leaves_a_way(name):
    target, things = WORLDS[name]
    things = {**VPC, **SUBNETS, **things}
    assert any(way.state == "open" for way in ways(target, things)), "the world is open"
    for address, attrs in things.items():
        for path in leaves(attrs):
            hidden = {**things, address: without(attrs, path)}
            assert ways(target, hidden), f"{address} {path} is not known, and every way is closed"
