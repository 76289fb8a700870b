"""Every kind of door of AWS onto a model: found with its path, not found where it is shut, unproven where unknown."""

from __future__ import annotations

import pytest

from scanner.builders.aws_entry.build import build_aws_entry
from scanner.builders.aws_network.build import build_aws_network
from scanner.graph.model import Plane, Role
from scanner.graph.search import reach
from tests.builders.aws import read, world

BASE = """
variable "hidden" {}
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_subnet" "b" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.2.0/24"
}
resource "aws_vpc" "other" { cidr_block = "10.9.0.0/16" }
resource "aws_subnet" "other" {
  vpc_id     = aws_vpc.other.id
  cidr_block = "10.9.1.0/24"
}
resource "aws_security_group" "all" {
  vpc_id = aws_vpc.main.id
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_security_group" "other" {
  vpc_id = aws_vpc.other.id
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""


def model(peer, more=""):
    """A machine that serves a model, and lets `peer` in."""
    return f"""
resource "aws_security_group" "model" {{
  vpc_id = aws_vpc.main.id
  ingress {{
    protocol  = "tcp"
    from_port = 8000
    to_port   = 8000
    {peer}
  }}
}}
resource "aws_instance" "model" {{
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.model.id]
  {more}
}}
"""


ROUTE = """
resource "aws_internet_gateway" "g" { vpc_id = aws_vpc.main.id }
resource "aws_route_table" "t" {
  vpc_id = aws_vpc.main.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.g.id
  }
}
resource "aws_route_table_association" "a" {
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.t.id
}
"""
CALLER = """
resource "aws_instance" "caller" {
  subnet_id              = aws_subnet.b.id
  vpc_security_group_ids = [aws_security_group.all.id]
}
"""
FOREIGN = """
resource "aws_instance" "caller" {
  subnet_id              = aws_subnet.other.id
  vpc_security_group_ids = [aws_security_group.other.id]
}
"""
FROM_ALL = "security_groups = [aws_security_group.all.id]"
ANY = 'cidr_blocks = ["0.0.0.0/0"]'
FAR = 'cidr_blocks = ["10.9.0.0/16"]'


def balancer(kind="application", target="aws_instance.model.id", target_type="instance", internal="false"):
    groups = "security_groups = [aws_security_group.lb.id]" if kind == "application" else ""
    protocol, of_group = ("HTTPS", "HTTP") if kind == "application" else ("TCP", "TCP")
    return f"""
resource "aws_security_group" "lb" {{
  vpc_id = aws_vpc.main.id
  ingress {{
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }}
  egress {{
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }}
}}
resource "aws_lb" "lb" {{
  internal           = {internal}
  load_balancer_type = "{kind}"
  subnets            = [aws_subnet.b.id]
  {groups}
}}
resource "aws_lb_listener" "l" {{
  load_balancer_arn = aws_lb.lb.arn
  port              = 443
  protocol          = "{protocol}"
  default_action {{
    type             = "forward"
    target_group_arn = aws_lb_target_group.tg.arn
  }}
}}
resource "aws_lb_target_group" "tg" {{
  port        = 8000
  protocol    = "{of_group}"
  target_type = "{target_type}"
  vpc_id      = aws_vpc.main.id
}}
resource "aws_lb_target_group_attachment" "t" {{
  target_group_arn = aws_lb_target_group.tg.arn
  target_id        = {target}
}}
"""


FROM_LB = "security_groups = [aws_security_group.lb.id]"
FUNCTION = """
resource "aws_lambda_function" "model" { function_name = "model" }
"""
BEHIND = model(FROM_LB) + balancer(internal="true")
LISTENER = "aws_lb_listener.l"
HTTP_API = """
resource "aws_apigatewayv2_api" "a" { protocol_type = "HTTP" }
resource "aws_apigatewayv2_integration" "i" {
  api_id           = aws_apigatewayv2_api.a.id
  integration_type = "HTTP_PROXY"
  integration_uri  = aws_lb_listener.l.arn
  connection_type  = "VPC_LINK"
  connection_id    = aws_apigatewayv2_vpc_link.v.id
}
resource "aws_apigatewayv2_vpc_link" "v" {
  name               = "v"
  security_group_ids = [aws_security_group.all.id]
  subnet_ids         = [aws_subnet.b.id]
}
resource "aws_apigatewayv2_route" "r" {
  api_id             = aws_apigatewayv2_api.a.id
  route_key          = "POST /v1"
  authorization_type = "NONE"
  target             = "integrations/${aws_apigatewayv2_integration.i.id}"
}
"""
REST_API = """
resource "aws_api_gateway_rest_api" "a" { name = "a" }
resource "aws_api_gateway_resource" "r" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  parent_id   = aws_api_gateway_rest_api.a.root_resource_id
  path_part   = "v1"
}
resource "aws_api_gateway_method" "m" {
  rest_api_id   = aws_api_gateway_rest_api.a.id
  resource_id   = aws_api_gateway_resource.r.id
  http_method   = "POST"
  authorization = "NONE"
}
resource "aws_api_gateway_integration" "i" {
  rest_api_id             = aws_api_gateway_rest_api.a.id
  resource_id             = aws_api_gateway_resource.r.id
  http_method             = aws_api_gateway_method.m.http_method
  type                    = "AWS_PROXY"
  integration_http_method = "POST"
  uri                     = aws_lambda_function.model.invoke_arn
}
"""
LATTICE = """
resource "aws_vpclattice_service_network" "n" { auth_type = "NONE" }
resource "aws_vpclattice_service" "s" { name = "s" }
resource "aws_vpclattice_service_network_vpc_association" "v" {
  vpc_identifier             = aws_vpc.other.id
  service_network_identifier = aws_vpclattice_service_network.n.id
}
resource "aws_vpclattice_service_network_service_association" "s" {
  service_identifier         = aws_vpclattice_service.s.id
  service_network_identifier = aws_vpclattice_service_network.n.id
}
resource "aws_vpclattice_listener" "l" {
  protocol           = "HTTPS"
  service_identifier = aws_vpclattice_service.s.id
  default_action {
    forward {
      target_groups {
        target_group_identifier = aws_vpclattice_target_group.t.id
      }
    }
  }
}
resource "aws_vpclattice_target_group" "t" {
  type = "INSTANCE"
  config {
    port           = 8000
    protocol       = "HTTP"
    vpc_identifier = aws_vpc.main.id
  }
}
resource "aws_vpclattice_target_group_attachment" "t" {
  target_group_identifier = aws_vpclattice_target_group.t.id
  target { id = aws_instance.model.id }
}
"""
SERVICE = """
resource "aws_vpc_endpoint_service" "s" {
  acceptance_required        = false
  network_load_balancer_arns = [aws_lb.lb.arn]
  allowed_principals         = ["arn:aws:iam::111122223333:root"]
}
"""
ENDPOINT = """
resource "aws_security_group" "door" {
  vpc_id = aws_vpc.other.id
  ingress {
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    security_groups = [aws_security_group.other.id]
  }
}
resource "aws_vpc_endpoint" "e" {
  vpc_id             = aws_vpc.other.id
  service_name       = aws_vpc_endpoint_service.s.service_name
  vpc_endpoint_type  = "Interface"
  subnet_ids         = [aws_subnet.other.id]
  security_group_ids = [aws_security_group.door.id]
}
"""
PEERING = """
resource "aws_vpc_peering_connection" "p" {
  vpc_id      = aws_vpc.main.id
  peer_vpc_id = aws_vpc.other.id
  auto_accept = true
}
resource "aws_route" "there" {
  route_table_id            = aws_vpc.other.main_route_table_id
  destination_cidr_block    = "10.0.0.0/16"
  vpc_peering_connection_id = aws_vpc_peering_connection.p.id
}
resource "aws_route" "back" {
  route_table_id            = aws_vpc.main.main_route_table_id
  destination_cidr_block    = "10.9.0.0/16"
  vpc_peering_connection_id = aws_vpc_peering_connection.p.id
}
"""
TRANSIT = """
resource "aws_ec2_transit_gateway" "t" {}
resource "aws_ec2_transit_gateway_vpc_attachment" "main" {
  vpc_id             = aws_vpc.main.id
  transit_gateway_id = aws_ec2_transit_gateway.t.id
  subnet_ids         = [aws_subnet.a.id]
}
resource "aws_ec2_transit_gateway_vpc_attachment" "other" {
  vpc_id             = aws_vpc.other.id
  transit_gateway_id = aws_ec2_transit_gateway.t.id
  subnet_ids         = [aws_subnet.other.id]
}
resource "aws_route" "there" {
  route_table_id         = aws_vpc.other.main_route_table_id
  destination_cidr_block = "10.0.0.0/16"
  transit_gateway_id     = aws_ec2_transit_gateway.t.id
}
resource "aws_route" "back" {
  route_table_id         = aws_vpc.main.main_route_table_id
  destination_cidr_block = "10.9.0.0/16"
  transit_gateway_id     = aws_ec2_transit_gateway.t.id
}
"""
VPN = """
resource "aws_vpn_gateway" "v" { vpc_id = aws_vpc.main.id }
resource "aws_customer_gateway" "c" { type = "ipsec.1" }
resource "aws_vpn_connection" "v" {
  vpn_gateway_id      = aws_vpn_gateway.v.id
  customer_gateway_id = aws_customer_gateway.c.id
  type                = "ipsec.1"
}
resource "aws_route" "v" {
  route_table_id         = aws_vpc.main.main_route_table_id
  destination_cidr_block = "192.168.0.0/16"
  gateway_id             = aws_vpn_gateway.v.id
}
"""
CLIENT_VPN = """
resource "aws_ec2_client_vpn_endpoint" "c" {
  client_cidr_block  = "172.20.0.0/22"
  vpc_id             = aws_vpc.main.id
  security_group_ids = [aws_security_group.all.id]
}
resource "aws_ec2_client_vpn_network_association" "c" {
  client_vpn_endpoint_id = aws_ec2_client_vpn_endpoint.c.id
  subnet_id              = aws_subnet.b.id
}
"""
TASK = """
resource "aws_ecs_cluster" "c" { name = "c" }
resource "aws_ecs_task_definition" "model" {
  family       = "model"
  network_mode = "bridge"
}
resource "aws_ecs_service" "s" {
  cluster         = aws_ecs_cluster.c.id
  task_definition = aws_ecs_task_definition.model.arn
  capacity_provider_strategy {
    capacity_provider = aws_ecs_capacity_provider.p.name
  }
}
resource "aws_ecs_capacity_provider" "p" {
  name = "p"
  auto_scaling_group_provider {
    auto_scaling_group_arn = aws_autoscaling_group.g.arn
  }
}
resource "aws_launch_template" "t" {
  vpc_security_group_ids = [aws_security_group.hosts.id]
}
resource "aws_autoscaling_group" "g" {
  vpc_zone_identifier = [aws_subnet.a.id]
  launch_template {
    id = aws_launch_template.t.id
  }
}
resource "aws_security_group" "hosts" {
  vpc_id = aws_vpc.main.id
  ingress {
    protocol        = "tcp"
    from_port       = 32768
    to_port         = 60999
    security_groups = [aws_security_group.all.id]
  }
}
"""
CDN = """
resource "aws_cloudfront_vpc_origin" "v" {
  vpc_origin_endpoint_config {
    arn = aws_lb.lb.arn
  }
}
resource "aws_cloudfront_distribution" "d" {
  enabled = true
  origin {
    domain_name = aws_lb.lb.dns_name
    origin_id   = "o"
    vpc_origin_config {
      vpc_origin_id = aws_cloudfront_vpc_origin.v.id
    }
  }
}
"""
RUNNER = """
resource "aws_apprunner_service" "model" {
  service_name = "model"
  network_configuration {
    ingress_configuration {
      is_publicly_accessible = true
    }
  }
}
"""
RUNNER_INSIDE = (
    RUNNER.replace("accessible = true", "accessible = false")
    + """
resource "aws_apprunner_vpc_ingress_connection" "i" {
  name        = "i"
  service_arn = aws_apprunner_service.model.arn
  ingress_vpc_configuration {
    vpc_id          = aws_vpc.other.id
    vpc_endpoint_id = aws_vpc_endpoint.e.id
  }
}
"""
    + ENDPOINT.replace("aws_vpc_endpoint_service.s.service_name", '"com.amazonaws.eu-west-1.apprunner.requests"')
)
URL = """
resource "aws_lambda_function_url" "u" {
  function_name      = "model"
  authorization_type = "NONE"
}
"""
ACCELERATOR = """
resource "aws_globalaccelerator_accelerator" "a" {
  name    = "a"
  enabled = true
}
resource "aws_globalaccelerator_listener" "l" {
  accelerator_arn = aws_globalaccelerator_accelerator.a.id
}
resource "aws_globalaccelerator_endpoint_group" "g" {
  listener_arn = aws_globalaccelerator_listener.l.id
  endpoint_configuration {
    endpoint_id = aws_lb.lb.arn
  }
}
"""
MACHINE, INTERNET = "aws_instance.model", "external/internet"
CALLED = "aws_instance.caller"
HIDDEN = "var.hidden"

# name: (text, model, who gets in, nodes on the way, {what is written: what shuts it}, {what is written: not known})
DOORS = {
    "public address": (
        model(ANY, "associate_public_ip_address = true") + ROUTE,
        MACHINE,
        INTERNET,
        (),
        [("address = true", "address = false"), ("gateway_id = aws_internet_gateway.g.id", "gateway_id = null")],
        [("address = true", "address = var.hidden"), ('["0.0.0.0/0"]', "[var.hidden]")],
    ),
    "group": (
        model(FROM_ALL) + CALLER,
        MACHINE,
        CALLED,
        (),
        [("[aws_security_group.all.id]\n  }", "[aws_security_group.other.id]\n  }")],
        [("from_port = 8000", "from_port = var.hidden"), ("[aws_security_group.all.id]\n  }", "[var.hidden]\n  }")],
    ),
    "peering": (
        model(FAR) + FOREIGN + PEERING,
        MACHINE,
        CALLED,
        (),
        [('destination_cidr_block    = "10.9.0.0/16"', 'destination_cidr_block = "10.8.0.0/16"')],
        [("auto_accept = true", "auto_accept = var.hidden"), ('"10.9.0.0/16"\n  vpc_p', "var.hidden\n  vpc_p")],
    ),
    "transit gateway": (
        model(FAR) + FOREIGN + TRANSIT,
        MACHINE,
        CALLED,
        (),
        [('"t" {}', '"t" { default_route_table_propagation = "disable" }')],
        [('"t" {}', '"t" { default_route_table_propagation = var.hidden }')],
    ),
    "vpn": (
        model('cidr_blocks = ["192.168.0.0/16"]') + VPN,
        MACHINE,
        "external/on-premises/aws_vpn_gateway.v",
        (),
        [('"192.168.0.0/16"]', '"10.0.2.0/24"]')],
        [("gateway_id             = aws_vpn_gateway.v.id", "gateway_id = var.hidden")],
    ),
    "client vpn": (
        model(FROM_ALL) + CLIENT_VPN,
        MACHINE,
        "aws_ec2_client_vpn_endpoint.c",
        (),
        [("[aws_security_group.all.id]\n  }", "[aws_security_group.other.id]\n  }")],
        [("security_group_ids = [aws_security_group.all.id]", "security_group_ids = [var.hidden]")],
    ),
    "application load balancer": (
        model(FROM_LB) + balancer(),
        MACHINE,
        INTERNET,
        (LISTENER, "aws_lb_target_group.tg"),
        [("internal           = false", "internal = true"), ("from_port   = 443", "from_port = 444")],
        [
            ("internal           = false", "internal = var.hidden"),
            ("target_id        = aws_instance.model.id", "target_id = var.hidden"),
        ],
    ),
    "network load balancer": (
        model(ANY) + balancer("network"),
        MACHINE,
        INTERNET,
        (LISTENER, "aws_lb_target_group.tg"),
        [("internal           = false", "internal = true")],
        [("internal           = false", "internal = var.hidden")],
    ),
    "target by address": (
        model(FROM_LB, 'private_ip = "10.0.1.7"') + balancer(target='"10.0.1.7"', target_type="ip"),
        MACHINE,
        INTERNET,
        (LISTENER,),
        [('target_id        = "10.0.1.7"', 'target_id = "10.0.1.8"')],
        [('target_id        = "10.0.1.7"', "target_id = var.hidden")],
    ),
    "target that is a function": (
        FUNCTION + balancer(target="aws_lambda_function.model.arn", target_type="lambda"),
        "aws_lambda_function.model",
        INTERNET,
        (LISTENER,),
        [("from_port   = 443", "from_port = 444")],
        [("port              = 443", "port = var.hidden"), ("internal           = false", "internal = var.hidden")],
    ),
    "http api": (
        BEHIND + HTTP_API,
        MACHINE,
        "external/anyone",
        ("aws_apigatewayv2_route.r", LISTENER),
        [("integration_uri  = aws_lb_listener.l.arn", 'integration_uri = "https://example.org"')],
        [('authorization_type = "NONE"', "authorization_type = var.hidden"), ('"NONE"', '"JWT"')],
    ),
    "rest api": (
        FUNCTION + REST_API,
        "aws_lambda_function.model",
        "external/anyone",
        ("aws_api_gateway_method.m",),
        [("aws_lambda_function.model.invoke_arn", '"arn:aws:apigateway:eu-west-1:s3:path/b"')],
        [('authorization = "NONE"', "authorization = var.hidden"), ('"NONE"', '"AWS_IAM"')],
    ),
    "function url": (
        FUNCTION + URL,
        "aws_lambda_function.model",
        "external/anyone",
        ("aws_lambda_function_url.u",),
        [('"NONE"', '"AWS_IAM"')],
        [('"NONE"', "var.hidden")],
    ),
    "distribution": (
        BEHIND + CDN,
        MACHINE,
        INTERNET,
        ("aws_cloudfront_distribution.d", "aws_lb.lb", LISTENER),
        [
            ("enabled = true", "enabled = false"),
            ("vpc_origin_id = aws_cloudfront_vpc_origin.v.id", "vpc_origin_id = null"),
        ],
        [("enabled = true", "enabled = var.hidden")],
    ),
    "global accelerator": (
        BEHIND + ACCELERATOR,
        MACHINE,
        INTERNET,
        ("aws_globalaccelerator_endpoint_group.g", "aws_lb.lb", LISTENER),
        [("enabled = true", "enabled = false")],
        [("enabled = true", "enabled = var.hidden")],
    ),
    "lattice": (
        model(ANY) + FOREIGN + LATTICE,
        MACHINE,
        CALLED,
        (
            "aws_vpclattice_service_network_vpc_association.v",
            "aws_vpclattice_service.s",
            "aws_vpclattice_target_group.t",
        ),
        [
            ("{ id = aws_instance.model.id }", "{ id = aws_instance.caller.id }"),
            ("from_port = 8000", "from_port = 8001"),
        ],
        [('auth_type = "NONE"', "auth_type = var.hidden"), ("{ id = aws_instance.model.id }", "{ id = var.hidden }")],
    ),
    "endpoint service": (
        model(ANY) + balancer("network", internal="true") + SERVICE,
        MACHINE,
        "external/aws-account/111122223333",
        ("aws_vpc_endpoint_service.s", LISTENER),
        [('["arn:aws:iam::111122223333:root"]', "[]")],
        [("acceptance_required        = false", "acceptance_required = var.hidden")],
    ),
    "endpoint": (
        model(ANY) + balancer("network", internal="true") + SERVICE + ENDPOINT + FOREIGN,
        MACHINE,
        CALLED,
        ("aws_vpc_endpoint.e", "aws_vpc_endpoint_service.s", LISTENER),
        [("security_groups = [aws_security_group.other.id]", "security_groups = [aws_security_group.door.id]")],
        [("security_groups = [aws_security_group.other.id]", "security_groups = [var.hidden]")],
    ),
    "service on shared machines": (
        TASK + CALLER,
        "aws_ecs_task_definition.model",
        CALLED,
        (),
        [("security_groups = [aws_security_group.all.id]", "security_groups = [aws_security_group.other.id]")],
        [("from_port       = 32768", "from_port = var.hidden"), ("id = aws_launch_template.t.id", "id = var.hidden")],
    ),
    "app runner": (
        RUNNER,
        "aws_apprunner_service.model",
        INTERNET,
        (),
        [("accessible = true", "accessible = false")],
        [("accessible = true", "accessible = var.hidden")],
    ),
    "app runner inside": (
        RUNNER_INSIDE + FOREIGN,
        "aws_apprunner_service.model",
        CALLED,
        ("aws_vpc_endpoint.e",),
        [("security_groups = [aws_security_group.other.id]", "security_groups = [aws_security_group.door.id]")],
        [("security_groups = [aws_security_group.other.id]", "security_groups = [var.hidden]")],
    ),
}


def callers(folder, text, target):
    """Who gets at the model: the best state, and the nodes on the way."""
    made = world(*read(folder, BASE + text), roles={target: Role.MODEL})
    build_aws_network(made)
    build_aws_entry(made)
    found = reach(made.freeze(), [f"main:{target}"], [Plane.NETWORK], allowed=lambda _: False)
    nodes = {}
    for way in found.ways:
        steps = [edge.target.partition(":")[2] for edge in way.edges]
        nodes[way.actor.address] = (way.state, steps)
    return nodes


@pytest.mark.parametrize("name", DOORS)
def test_a_door_is_found_with_its_path_and_its_closed_twin_is_not(name, tmp_path):
    text, target, caller, through, shut, unknown = DOORS[name]
    found = callers(tmp_path, text, target)
    assert caller in found, sorted(found)
    state, steps = found[caller]
    assert state == "open" and set(through) <= set(steps), (state, steps)
    for written, other in shut:
        assert text.count(written) >= 1, written
        assert caller not in callers(tmp_path, text.replace(written, other), target), other
    for written, other in unknown:
        assert text.count(written) >= 1, written
        left = callers(tmp_path, text.replace(written, other), target)
        assert any(state == "possible" for state, _ in left.values()), (other, left)
        assert left.get(caller, ("possible",))[0] == "possible", (other, left)


def test_a_group_across_two_different_ways_may_be_meant(tmp_path):
    """There by a transit gateway that lets no group be named, back by a peering: nothing says which counts."""
    there = TRANSIT.partition('resource "aws_route" "back"')[0]
    peering, _, routes = PEERING.partition('resource "aws_route" "there"')
    back = 'resource "aws_route" "back"' + routes.partition('resource "aws_route" "back"')[2]
    named = model("security_groups = [aws_security_group.other.id]") + FOREIGN
    assert CALLED not in callers(tmp_path, named + TRANSIT, MACHINE)
    assert callers(tmp_path, named + PEERING, MACHINE)[CALLED][0] == "open"
    assert callers(tmp_path, named + there + peering + back, MACHINE)[CALLED][0] == "possible"
