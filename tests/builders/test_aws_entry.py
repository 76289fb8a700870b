"""Load balancers, APIs and other fronts: what they let in, and where they lead."""

from scanner.builders.aws_entry.build import build_aws_entry
from scanner.builders.aws_network.build import build_aws_network
from scanner.graph.model import Node, Role
from tests.builders.aws import edges, manifest, read, ref, resource, var, world

ALL = {"protocol": "-1", "from_port": 0, "to_port": 0, "cidr_blocks": ["0.0.0.0/0"]}
MODEL_ROLE = {"aws_instance.model": Role.MODEL}
VPC = resource("aws_vpc.main", cidr_block="10.0.0.0/16")
NEAR = resource("aws_subnet.near", vpc_id=ref("aws_vpc.main"), cidr_block="10.0.1.0/24")


def group(name, *ingress):
    return resource(f"aws_security_group.{name}", vpc_id=ref("aws_vpc.main"), ingress=list(ingress), egress=[ALL])


def tcp(port, **peers):
    return {"protocol": "tcp", "from_port": port, "to_port": port, **peers}


MODEL = resource(
    "aws_instance.model",
    vpc_security_group_ids=[ref("aws_security_group.model")],
    subnet_id=ref("aws_subnet.near"),
)
ADMITS_BALANCER = group("model", tcp(8000, security_groups=[ref("aws_security_group.lb")]))
PUBLIC = group("lb", tcp(443, cidr_blocks=["0.0.0.0/0"]))
LB = resource("aws_lb.lb", security_groups=[ref("aws_security_group.lb")], subnets=[ref("aws_subnet.near")])
TARGETS = resource("aws_lb_target_group.tg", port=8000, protocol="HTTP", name="tg")
ATTACHED = resource(
    "aws_lb_target_group_attachment.a",
    target_group_arn=ref("aws_lb_target_group.tg", "arn"),
    target_id=ref("aws_instance.model"),
)
FORWARD = [{"type": "forward", "target_group_arn": ref("aws_lb_target_group.tg", "arn")}]
LISTENER = resource(
    "aws_lb_listener.https",
    load_balancer_arn=ref("aws_lb.lb", "arn"),
    port=443,
    protocol="HTTPS",
    default_action=FORWARD,
)


def built(*resources, roles=MODEL_ROLE, target=None, plane="network", extra=()):
    made = world(VPC, NEAR, *resources, roles=roles)
    for node in extra:
        made.ensure(node)
    build_aws_network(made)
    build_aws_entry(made)
    return edges(made, target, plane)


BEHIND = (MODEL, ADMITS_BALANCER, PUBLIC, TARGETS, ATTACHED)


def test_the_internet_reaches_an_instance_through_every_hop():
    assert built(*BEHIND, LB, LISTENER) == [
        "aws_instance.model -> aws_lb_listener.https TCP:443-443 open",
        "aws_lb.lb -> aws_lb_listener.https TCP:443-443 open",
        "aws_lb_listener.https -> aws_lb_target_group.tg all open",
        "aws_lb_target_group.tg -> aws_instance.model TCP:8000-8000 open",
        "external/internet -> aws_lb_listener.https TCP:443-443 open",
    ]


def test_an_internal_balancer_is_reached_from_its_network():
    internal = resource(
        "aws_lb.lb", internal=True, security_groups=[ref("aws_security_group.lb")], subnets=[ref("aws_subnet.near")]
    )
    found = built(*BEHIND, internal, LISTENER, target="aws_lb_listener.https")
    assert "external/vpc -> aws_lb_listener.https TCP:443-443 open" in found
    assert not any("internet" in line for line in found)


def test_a_balancer_that_may_be_internal_is_possible():
    unsure = resource(
        "aws_lb.lb",
        internal=var("internal"),
        security_groups=[ref("aws_security_group.lb")],
        subnets=[ref("aws_subnet.near")],
    )
    found = built(*BEHIND, unsure, LISTENER, target="aws_lb_listener.https")
    assert "external/internet -> aws_lb_listener.https TCP:443-443 possible(var.internal)" in found


def test_a_group_that_does_not_admit_the_port_closes_the_listener():
    closed = group("lb", tcp(80, cidr_blocks=["0.0.0.0/0"]))
    found = built(MODEL, ADMITS_BALANCER, closed, TARGETS, ATTACHED, LB, LISTENER, target="aws_lb_listener.https")
    assert found == ["aws_lb.lb -> aws_lb_listener.https TCP:443-443 open"]


def test_a_target_that_does_not_admit_the_balancer_is_not_reached():
    shut = group("model")
    assert built(MODEL, shut, PUBLIC, TARGETS, ATTACHED, LB, LISTENER, target="aws_instance.model") == []


def test_a_network_balancer_without_groups_is_open_and_its_targets_see_others():
    nlb = resource("aws_lb.lb", load_balancer_type="network", subnets=[ref("aws_subnet.near")])
    narrow = group("model", tcp(8000, cidr_blocks=["203.0.113.0/24"]))
    found = built(MODEL, narrow, TARGETS, ATTACHED, nlb, LISTENER)
    assert "external/internet -> aws_lb_listener.https TCP:443-443 open" in found
    assert "aws_lb_target_group.tg -> aws_instance.model TCP:8000-8000 possible(preserve_client_ip)" in found


def test_a_rule_leads_on_and_a_source_condition_is_a_doubt():
    answer = [{"type": "fixed-response", "fixed_response": [{"status_code": "404"}]}]
    plain = resource(
        "aws_lb_listener.https",
        load_balancer_arn=ref("aws_lb.lb", "arn"),
        port=443,
        protocol="HTTPS",
        default_action=answer,
    )
    listener = ref("aws_lb_listener.https", "arn")
    by_path = resource(
        "aws_lb_listener_rule.r",
        listener_arn=listener,
        action=FORWARD,
        condition=[{"path_pattern": [{"values": ["/v1/*"]}]}],
    )
    by_source = resource(
        "aws_lb_listener_rule.r",
        listener_arn=listener,
        action=FORWARD,
        condition=[{"source_ip": [{"values": ["10.0.0.0/8"]}]}],
    )
    assert built(*BEHIND, LB, plain, target="aws_lb_target_group.tg") == []
    assert built(*BEHIND, LB, plain, by_path, target="aws_lb_listener_rule.r") == [
        "aws_lb_listener.https -> aws_lb_listener_rule.r all open"
    ]
    assert built(*BEHIND, LB, plain, by_source, target="aws_lb_listener_rule.r") == [
        "aws_lb_listener.https -> aws_lb_listener_rule.r all possible(aws_lb_listener_rule.r.condition.source_ip)"
    ]


def test_a_target_group_of_weight_nought_gets_nothing():
    weights = [
        {"arn": ref("aws_lb_target_group.tg", "arn"), "weight": 0},
        {"arn": ref("aws_lb_target_group.other", "arn"), "weight": 1},
    ]
    split = resource(
        "aws_lb_listener.https",
        load_balancer_arn=ref("aws_lb.lb", "arn"),
        port=443,
        default_action=[{"type": "forward", "forward": [{"target_group": weights}]}],
    )
    other = resource("aws_lb_target_group.other", port=80)
    assert built(*BEHIND, other, LB, split, target="aws_lb_target_group.tg") == []
    assert built(*BEHIND, other, LB, split, target="aws_lb_target_group.other") == [
        "aws_lb_listener.https -> aws_lb_target_group.other all open"
    ]


def test_a_service_of_containers_is_a_target_on_its_own_port():
    service = resource(
        "aws_ecs_service.model",
        network_configuration=[
            {"security_groups": [ref("aws_security_group.model")], "subnets": [ref("aws_subnet.near")]}
        ],
        load_balancer=[{"target_group_arn": ref("aws_lb_target_group.tg", "arn"), "container_port": 8000}],
    )
    ip_targets = resource("aws_lb_target_group.tg", port=80, target_type="ip")
    found = built(
        *(service, ADMITS_BALANCER, PUBLIC, ip_targets, LB, LISTENER),
        roles={"aws_ecs_service.model": Role.MODEL},
        target="aws_ecs_service.model",
    )
    assert found == ["aws_lb_target_group.tg -> aws_ecs_service.model TCP:8000-8000 open"]


def test_an_unknown_target_may_be_any_model():
    unsure = resource(
        "aws_lb_target_group_attachment.a",
        target_group_arn=ref("aws_lb_target_group.tg", "arn"),
        target_id=var("target"),
    )
    found = built(MODEL, ADMITS_BALANCER, PUBLIC, TARGETS, unsure, LB, LISTENER, target="aws_instance.model")
    assert found == ["aws_lb_target_group.tg -> aws_instance.model TCP:8000-8000 possible(var.target)"]


def test_a_classic_balancer_has_a_relay_for_each_listener():
    classic = resource(
        "aws_elb.old",
        security_groups=[ref("aws_security_group.lb")],
        subnets=[ref("aws_subnet.near")],
        listener=[{"lb_port": 443, "lb_protocol": "tcp", "instance_port": 8000, "instance_protocol": "tcp"}],
        instances=[ref("aws_instance.model")],
    )
    found = built(MODEL, ADMITS_BALANCER, PUBLIC, classic)
    assert "external/internet -> aws_elb.old#listener/443 TCP:443-443 open" in found
    assert "aws_elb.old#listener/443 -> aws_instance.model TCP:8000-8000 open" in found


def test_a_binding_registers_a_service_with_a_target_group():
    service = manifest("Service", "vllm", "inference")
    bound = manifest(
        *("TargetGroupBinding", "b", "inference", "elbv2.k8s.aws"),
        spec={
            "serviceRef": {"name": "vllm", "port": 80},
            "targetGroupARN": "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/tg/0123456789abcdef",
        },
    )
    known = built(service, bound, TARGETS, roles={}, target="inference/Service/vllm")
    assert known == ["aws_lb_target_group.tg -> inference/Service/vllm all open"]
    arn = "arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/tg/0123456789abcdef"
    assert built(service, bound, roles={}, target="inference/Service/vllm") == [
        f"external/target-group/tg -> inference/Service/vllm all possible({arn})"
    ]


def api(authorization=None, **route):
    setting = {} if authorization is None else {"authorization_type": authorization}
    return (
        resource("aws_apigatewayv2_api.api", protocol_type="HTTP"),
        resource(
            "aws_apigatewayv2_route.r",
            api_id=ref("aws_apigatewayv2_api.api"),
            target=ref("aws_apigatewayv2_integration.i"),
            **setting,
            **route,
        ),
    )


def integration(uri, **more):
    return resource("aws_apigatewayv2_integration.i", integration_uri=uri, **more)


def test_a_route_without_authorization_is_anyones():
    function = resource("aws_lambda_function.f", function_name="f")
    to_function = integration(ref("aws_lambda_function.f", "invoke_arn"))
    found = built(*api(), to_function, function, roles={})
    assert "external/anyone -> aws_apigatewayv2_route.r all open" in found
    assert "aws_apigatewayv2_route.r -> aws_lambda_function.f all open" in found
    guarded = built(*api("JWT"), to_function, function, roles={}, target="aws_apigatewayv2_route.r")
    assert (
        "external/anyone -> aws_apigatewayv2_route.r all possible(aws_apigatewayv2_route.r.authorization_type)"
        in guarded
    )


def test_a_link_leads_to_the_listener():
    to_listener = integration(ref("aws_lb_listener.https", "arn"), connection_type="VPC_LINK", connection_id=var("l"))
    assert "aws_apigatewayv2_route.r -> aws_lb_listener.https all open" in built(
        *BEHIND, LB, LISTENER, *api(), to_listener
    )


def test_a_service_integration_calls_the_managed_model_by_itself():
    place = {"rest_api_id": ref("aws_api_gateway_rest_api.a"), "resource_id": var("r")}
    method = resource("aws_api_gateway_method.m", http_method="POST", authorization="NONE", **place)
    call = resource(
        "aws_api_gateway_integration.i",
        http_method=ref("aws_api_gateway_method.m", "http_method"),
        type="AWS",
        uri="arn:aws:apigateway:us-east-1:bedrock-runtime:path/model/anthropic.claude/invoke",
        **place,
    )
    rest = resource("aws_api_gateway_rest_api.a", name="a")
    models = Node("main:bedrock/models", "ManagedModels", "bedrock/models", "bedrock", roles=frozenset({Role.MODEL}))
    found = built(rest, method, call, roles={}, plane="identity", extra=[models])
    assert found == [
        "aws_api_gateway_method.m -> bedrock/models possible(var.r)",
        "external/anyone -> aws_api_gateway_method.m open",
    ]


def test_a_private_api_is_reached_from_its_network():
    method = resource("aws_api_gateway_method.m", rest_api_id=ref("aws_api_gateway_rest_api.a"), authorization="NONE")
    rest = resource("aws_api_gateway_rest_api.a", endpoint_configuration=[{"types": ["PRIVATE"]}])
    found = built(rest, method, roles={}, target="aws_api_gateway_method.m")
    assert "external/vpc -> aws_api_gateway_method.m all open" in found


def test_an_unknown_address_may_be_a_models():
    found = built(*api(), integration(var("backend")), MODEL, group("model"), target="aws_instance.model")
    assert found == ["aws_apigatewayv2_route.r -> aws_instance.model all possible(var.backend)"]


def test_function_urls_are_anyones_or_identitys():
    function = resource("aws_lambda_function.f", function_name="f")
    url = resource("aws_lambda_function_url.u", function_name="f", authorization_type="NONE")
    assert built(function, url, roles={}) == [
        "aws_lambda_function_url.u -> aws_lambda_function.f all open",
        "external/anyone -> aws_lambda_function_url.u all open",
    ]
    signed = resource("aws_lambda_function_url.u", function_name="f", authorization_type="AWS_IAM")
    assert built(function, signed, roles={}) == ["aws_lambda_function_url.u -> aws_lambda_function.f all open"]


def test_a_distribution_leads_to_its_origin():
    cdn = resource(
        "aws_cloudfront_distribution.d", enabled=True, origin=[{"domain_name": ref("aws_lb.lb", "dns_name")}]
    )
    found = built(*BEHIND, LB, LISTENER, cdn)
    assert "external/internet -> aws_cloudfront_distribution.d all open" in found
    assert "aws_cloudfront_distribution.d -> aws_lb.lb all open" in found
    off = resource(
        "aws_cloudfront_distribution.d", enabled=False, origin=[{"domain_name": ref("aws_lb.lb", "dns_name")}]
    )
    assert not any("internet -> aws_cloudfront" in line for line in built(*BEHIND, LB, LISTENER, off))


def test_an_endpoint_service_lets_in_whom_it_allows():
    def service(**more):
        return resource("aws_vpc_endpoint_service.s", network_load_balancer_arns=[ref("aws_lb.lb", "arn")], **more)

    arn = "arn:aws:iam::111122223333:root"
    tail = "aws_vpc_endpoint_service.s"
    assert built(LB, PUBLIC, service(acceptance_required=False), roles={}, target=tail) == []
    assert built(LB, PUBLIC, service(acceptance_required=False, allowed_principals=[arn]), roles={}, target=tail) == [
        "external/aws-account/111122223333 -> aws_vpc_endpoint_service.s all open"
    ]
    assert built(LB, PUBLIC, service(acceptance_required=True, allowed_principals=["*"]), roles={}, target=tail) == [
        "external/anyone -> aws_vpc_endpoint_service.s all possible(aws_vpc_endpoint_service.s.acceptance_required)"
    ]


def test_a_service_of_app_runner_is_public_by_default():
    assert built(resource("aws_apprunner_service.a"), roles={}) == [
        "external/internet -> aws_apprunner_service.a all open"
    ]
    ingress = [{"ingress_configuration": [{"is_publicly_accessible": False}]}]
    assert built(resource("aws_apprunner_service.a", network_configuration=ingress), roles={}) == []


HCL = """
resource "aws_vpc" "main" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "a" {
  vpc_id     = aws_vpc.main.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_security_group" "lb" {
  vpc_id = aws_vpc.main.id
  ingress {
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }
  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_security_group" "model" {
  vpc_id = aws_vpc.main.id
  ingress {
    protocol        = "tcp"
    from_port       = 8000
    to_port         = 8000
    security_groups = [aws_security_group.lb.id]
  }
}
resource "aws_lb" "lb" {
  security_groups = [aws_security_group.lb.id]
  subnets         = [aws_subnet.a.id]
}
resource "aws_lb_target_group" "tg" {
  port     = 80
  protocol = "HTTP"
  vpc_id   = aws_vpc.main.id
}
resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.lb.arn
  port              = 443
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.tg.arn
  }
}
resource "aws_ecs_service" "model" {
  network_configuration {
    security_groups = [aws_security_group.model.id]
    subnets         = [aws_subnet.a.id]
  }
  load_balancer {
    target_group_arn = aws_lb_target_group.tg.arn
    container_name   = "vllm"
    container_port   = 8000
  }
}
"""


def test_a_configuration_is_followed_from_its_text(tmp_path):
    made = world(*read(tmp_path, HCL), roles={"aws_ecs_service.model": Role.MODEL})
    build_aws_network(made)
    build_aws_entry(made)
    found = edges(made)
    assert "external/internet -> aws_lb_listener.https TCP:443-443 open" in found
    assert "aws_lb_listener.https -> aws_lb_target_group.tg all open" in found
    assert "aws_lb_target_group.tg -> aws_ecs_service.model TCP:8000-8000 open" in found
    [hop] = [edge for edge in made.edges if edge.source.endswith("external/internet")]
    assert HCL.splitlines()[hop.origin.line - 1].strip().startswith("cidr_blocks") and hop.cut
