"""Attributes of any shape: the builders of network, entries and supply never raise, and no edge lacks its reason."""

from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.builders.aws_entry.build import build_aws_entry
from scanner.builders.aws_network.build import build_aws_network
from scanner.builders.supply.build import build_supply
from scanner.builders.unmodelled import build_unmodelled, unmodelled_kinds
from scanner.graph.model import Role, State
from tests.builders.aws import ref, resource, var, world

KINDS = [
    "aws_vpc", "aws_subnet", "aws_route_table", "aws_route", "aws_route_table_association", "aws_internet_gateway",
    "aws_eip", "aws_security_group", "aws_security_group_rule", "aws_vpc_security_group_ingress_rule", "aws_instance",
    "aws_network_interface", "aws_network_interface_attachment", "aws_launch_template", "aws_autoscaling_group",
    "aws_ecs_service", "aws_lb", "aws_lb_listener", "aws_lb_listener_rule", "aws_lb_target_group",
    "aws_lb_target_group_attachment", "aws_elb", "aws_apigatewayv2_api", "aws_apigatewayv2_route",
    "aws_apigatewayv2_integration", "aws_api_gateway_rest_api", "aws_api_gateway_method",
    "aws_api_gateway_integration", "aws_lambda_function", "aws_lambda_function_url", "aws_cloudfront_distribution",
    "aws_globalaccelerator_endpoint_group", "aws_vpc_endpoint_service", "aws_apprunner_service", "aws_s3_bucket",
    "aws_s3_bucket_policy", "aws_s3_bucket_acl", "aws_s3_bucket_replication_configuration", "aws_datasync_task",
    "aws_ecr_repository", "aws_ecr_replication_configuration", "aws_ami_launch_permission",
    "aws_ram_resource_association", "aws_ram_principal_association", "aws_transfer_user",
    "awscc_greengrassv2_component_version", "awscc_greengrassv2_deployment", "aws_sagemaker_device_fleet",
    "aws_strange", "aws_network_acl", "aws_default_network_acl", "aws_network_acl_rule", "aws_network_acl_association",
    "aws_default_route_table", "aws_main_route_table_association", "aws_nat_gateway", "aws_vpc_peering_connection",
    "aws_vpc_peering_connection_accepter", "aws_ec2_transit_gateway", "aws_ec2_transit_gateway_vpc_attachment",
    "aws_ec2_transit_gateway_route", "aws_ec2_transit_gateway_route_table_association",
    "aws_ec2_transit_gateway_route_table_propagation", "aws_ec2_transit_gateway_prefix_list_reference",
    "aws_ec2_managed_prefix_list", "aws_vpn_gateway", "aws_vpn_connection", "aws_vpn_gateway_route_propagation",
    "aws_vpc_endpoint", "aws_vpclattice_service_network", "aws_vpclattice_service", "aws_vpclattice_listener",
    "aws_vpclattice_listener_rule", "aws_vpclattice_target_group", "aws_vpclattice_target_group_attachment",
    "aws_vpclattice_service_network_vpc_association", "aws_vpclattice_service_network_service_association",
    "aws_apprunner_vpc_ingress_connection", "aws_globalaccelerator_custom_routing_endpoint_group",
    "aws_ec2_client_vpn_network_association", "aws_ecs_capacity_provider", "aws_ecs_cluster_capacity_providers",
]  # fmt: skip
KEYS = [
    "vpc_id", "subnet_id", "subnets", "route", "gateway_id", "cidr_block", "route_table_id", "ingress", "egress",
    "protocol", "ip_protocol", "from_port", "to_port", "cidr_blocks", "security_groups", "self", "prefix_list_ids",
    "security_group_id", "type", "vpc_security_group_ids", "network_interface", "launch_template", "instance",
    "network_configuration", "load_balancer", "load_balancer_arn", "port", "default_action", "action", "condition",
    "target_group_arn", "forward", "target_group", "target_id", "listener", "instances", "api_id", "target",
    "integration_uri", "uri", "rest_api_id", "authorization", "authorization_type", "function_name", "origin",
    "domain_name", "endpoint_configuration", "allowed_principals", "acceptance_required", "bucket", "policy", "acl",
    "rule", "destination", "source_location_arn", "destination_location_arn", "replication_configuration",
    "image_id", "account_id", "resource_arn", "principal", "inline_recipe", "components", "output_config",
    "internal", "arn", "weight", "__possible__", "subnet_ids", "network_acl_id", "default_network_acl_id", "rule_no",
    "rule_number", "rule_action", "ipv6_cidr_block", "nat_gateway_id", "transit_gateway_id",
    "vpc_peering_connection_id",
    "peer_vpc_id", "auto_accept", "accept_status", "destination_cidr_block", "destination_prefix_list_id", "entry",
    "cidr",
    "transit_gateway_attachment_id", "transit_gateway_route_table_id", "blackhole", "prefix_list_id",
    "propagating_vgws",
    "vpn_gateway_id", "service_name", "vpc_identifier", "service_network_identifier", "service_identifier",
    "auth_type",
    "target_groups", "target_group_identifier", "listener_identifier", "ingress_vpc_configuration", "vpc_endpoint_id",
    "endpoint_id", "private_ip", "ipv6_addresses", "ipv6_address_count", "capacity_provider_strategy",
    "capacity_providers", "auto_scaling_group_provider", "auto_scaling_group_arn", "cluster", "public_ip", "egress",
]  # fmt: skip
NAMES = [f"{kind}.{name}" for kind in KINDS for name in ("a", "b")]
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 70000),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.sampled_from(
        ["", "*", "tcp", "-1", "NONE", "forward", "10.0.0.0/8", "0.0.0.0/0", "::/0", "s3://a/b", "{}", "sg-1"]
    ),
    st.text(max_size=6),
    st.sampled_from([var("x"), *(ref(name) for name in NAMES)]),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=12,
)
resources = st.dictionaries(
    st.sampled_from(NAMES), st.dictionaries(st.sampled_from(KEYS), values, max_size=6), min_size=2, max_size=14
)


@settings(max_examples=150, deadline=None)
@given(resources)
def test_no_shape_of_attributes_raises(found):
    some = [resource(address, **attrs) for address, attrs in found.items()]
    roles = {address: Role.STORE if "s3" in address else Role.MODEL for address in found}
    made = world(*some, roles=roles)
    for build in (build_aws_network, build_aws_entry, build_supply, build_unmodelled):
        build(made)
    unmodelled_kinds(made)
    for edge in made.freeze().edges:
        assert edge.because
        assert (edge.state is State.POSSIBLE) == bool(edge.decided_by), edge
        assert bool(edge.traffic) == (edge.plane == "network"), edge
