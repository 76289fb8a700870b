"""Every type of AWS that a builder or a table looks at is asked of an account, or is said by another that is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import scanner
from scanner import tables
from scanner.builders.build import STEPS
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.profile import Profile
from scanner.sources.aws.answers import answers, translated
from scanner.sources.aws.operations import follows, operations
from scanner.sources.read import ReadRequest, read_all
from scanner.tables import aws_operations
from tests.harness import FIXTURES

SAID_BY: dict[str, str] = {
    kind: other
    for other, kinds in {
        "aws_lb": "aws_alb",
        "aws_lb_listener": "aws_alb_listener aws_alb_listener_certificate aws_lb_listener_certificate "
        "aws_lb_ssl_negotiation_policy",
        "aws_lb_listener_rule": "aws_alb_listener_rule",
        "aws_lb_target_group": "aws_alb_target_group",
        "aws_lb_target_group_attachment": "aws_alb_target_group_attachment",
        "aws_elb": "aws_elb_attachment",
        "aws_autoscaling_group": "aws_autoscaling_attachment aws_autoscaling_traffic_source_attachment "
        "aws_appautoscaling_target aws_appautoscaling_scheduled_action",
        "aws_vpc": "aws_default_vpc",
        "aws_subnet": "aws_default_subnet",
        "aws_route_table": "aws_default_route_table aws_route aws_vpn_gateway_route_propagation",
        "aws_security_group": "aws_security_group_rule aws_vpc_security_group_ingress_rule "
        "aws_vpc_security_group_egress_rule aws_vpc_security_group_rules_exclusive",
        "aws_network_acl": "aws_network_acl_rule aws_network_acl_association",
        "aws_network_interface": "aws_network_interface_attachment aws_network_interface_sg_attachment",
        "aws_eip": "aws_eip_association",
        "aws_ec2_managed_prefix_list": "aws_ec2_managed_prefix_list_entry",
        "aws_vpc_endpoint": "aws_vpc_endpoint_policy aws_vpc_endpoint_subnet_association "
        "aws_vpc_endpoint_security_group_association",
        "aws_vpc_endpoint_service": "aws_vpc_endpoint_service_allowed_principal",
        "aws_instance": "aws_spot_instance_request",
        "aws_iam_role_policy_attachment": "aws_iam_policy_attachment aws_iam_role_policy_attachments_exclusive",
        "aws_iam_user_policy_attachment": "aws_iam_user_policy_attachments_exclusive",
        "aws_iam_group_policy_attachment": "aws_iam_group_policy_attachments_exclusive",
        "aws_ssoadmin_managed_policy_attachment": "aws_ssoadmin_managed_policy_attachments_exclusive",
        # A permission set is a role in each account: what it has of the account's own, that role has.
        "aws_iam_role": "aws_ssoadmin_customer_managed_policy_attachment aws_ssoadmin_permissions_boundary_attachment "
        "aws_ssoadmin_customer_managed_policy_attachments_exclusive",
        "aws_iam_user_group_membership": "aws_iam_group_membership",
        "aws_ecs_service": "aws_ecs_task_set",
        "aws_api_gateway_rest_api": "aws_api_gateway_rest_api_policy",
        "aws_ami": "aws_ami_copy aws_ami_from_instance",
        "aws_ebs_snapshot": "aws_ebs_snapshot_copy aws_ebs_snapshot_import",
        "aws_dx_private_virtual_interface": "aws_dx_hosted_private_virtual_interface_accepter",
        "aws_opensearch_domain": "aws_elasticsearch_domain",
        "aws_bedrock_custom_model": "aws_bedrock_foundation_model",
        "aws_backup_plan": "aws_backup_selection",
    }.items()
    for kind in kinds.split()
}
"""A way of writing in Terraform that the API has no answer of its own for."""


def looked_at() -> set[str]:
    """The types that the inventory is asked for whatever is in it, and those that builders and tables name."""
    world = World(Inventory(resources()), Profile())
    for step in STEPS:
        step(world)
    found = {kind for kind in world.inventory.asked if kind.startswith("aws_")}
    for path in sorted((tables.tables_dir()).glob("*.json")):
        if path.stem in ("copies", "delivery_objects", "network_interfaces", "switches"):
            found |= set(re.findall(r'"(aws_[a-z0-9_]+)"', path.read_text()))
    return found


def resources() -> list[object]:
    folder = FIXTURES / "worlds" / "reference"
    return list(read_all(ReadRequest(root=folder, paths=[folder])).resources)


NOT_ASKED = {
    "aws_s3_object": "what lies in a bucket is not listed: it can be any number",
    "aws_s3_bucket_object": "what lies in a bucket is not listed: it can be any number",
    "aws_s3_object_copy": "an act, of which nothing is left but the object",
    "aws_bedrockagentcore_harness": "no operation of the API lists it by this name",
    "aws_storagegateway_file_system_association": "names file systems of Windows, which hold no weights that are known",
    "aws_iam_policy_document": "is written in files alone",
    "aws_cloudformation_stack_set": "what its template holds would not be told",
}


def test_every_type_that_builders_look_at_is_asked_for_or_said_by_another() -> None:
    lacking = looked_at() - translated() - set(SAID_BY) - set(NOT_ASKED)
    assert lacking == set()


def test_what_says_it_instead_is_asked_for() -> None:
    assert set(SAID_BY.values()) <= translated()
    assert not set(NOT_ASKED) & translated()


def test_every_table_of_answers_is_of_operations_that_are_asked() -> None:
    assert set(answers()) <= set(operations())
    root = Path(scanner.__file__).parent.parent / "rules" / "tables" / "aws_answers"
    for path in sorted(root.glob("*.json")):
        rows = json.loads(path.read_text())["rows"]
        text = path.read_text().split('"rows": [\n')[1].split("\n ]\n}")[0].splitlines()
        assert [json.loads(line.rstrip(",")) for line in text] == rows


def told_to_something() -> set[str]:
    """The operations whose answers a builder, a rule or a table of theirs has a word for, or that lead to such."""
    root = Path(scanner.__file__).parent
    folder = tables.tables_dir()
    names = [*(root / "builders").rglob("*.py"), *folder.parent.rglob("*.py"), *(root / "sources" / "aws").glob("*.py")]
    names += [path for path in folder.glob("*.json") if path.stem not in ("aws_operations", "aws_scalars")]
    text = "\n".join(path.read_text() for path in names)
    words = set(re.findall(r"\baws(?:cc)?_[a-z0-9_]+", text))
    asked = "\n".join(path.read_text() for path in (folder / "aws_answers").glob("*.json"))
    found = {
        row.id
        for row in aws_operations()
        if f'"{row.id}"' in text or f'"answer": "{row.id}"' in asked or any(
            one.thin or one.kind in words for one in answers().get(row.id, ())
        )
    }  # fmt: skip
    while more := {name for row in aws_operations() if row.id in found for name in follows(row)} - found:
        found |= more
    return found | {row.id for row in aws_operations() if row.instead in found}


ONLY_ASKED = {
    "kms:DescribeCustomKeyStores": "whether a key stands outside AWS is told as a thing that no table knows",
    **dict.fromkeys(
        (
            "ec2:GetTransitGatewayRouteTableAssociations",
            "ec2:GetTransitGatewayRouteTablePropagations",
            "globalaccelerator:ListCustomRoutingAccelerators",
            "globalaccelerator:ListCustomRoutingListeners",
            "globalaccelerator:ListCustomRoutingEndpointGroups",
        ),
        "the builder puts the name of its kind together of parts",
    ),
}


def test_no_operation_is_asked_whose_answer_decides_nothing() -> None:
    """So the policies of `tether permissions --aws` are no wider than what a scan judges and tells."""
    assert {row.id for row in aws_operations()} - told_to_something() == set(ONLY_ASKED)
