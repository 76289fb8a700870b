"""Accounts and organisations of AWS that the agreement excludes, and what lets them in all the same.

Facts: hashicorp/aws documentation of each type: the argument that names another account or organisation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.builders.aws_policy.statements import Statement, parse
from scanner.builders.blocks import Found, line, strings
from scanner.builders.draft import World
from scanner.builders.edges import values
from scanner.graph.facts_access import Admits
from scanner.graph.model import STACK
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown

GRANTS: dict[str, tuple[str, ...]] = {
    "aws_ami_launch_permission": ("account_id", "organization_arn", "organizational_unit_arn"),
    "aws_cloudwatch_event_permission": ("principal",),
    "aws_dlm_lifecycle_policy": ("policy_details.schedule.share_rule.target_accounts",),
    "aws_dx_gateway_association_proposal": ("dx_gateway_owner_account_id",),
    "aws_dx_hosted_private_virtual_interface": ("owner_account_id",),
    "aws_dx_hosted_transit_virtual_interface": ("owner_account_id",),
    "aws_ec2_transit_gateway_peering_attachment": ("peer_account_id",),
    "aws_ecr_replication_configuration": ("replication_configuration.rule.destination.registry_id",),
    "aws_kms_grant": ("grantee_principal", "retiring_principal"),
    "aws_lambda_permission": ("principal", "source_account", "principal_org_id"),
    "aws_ram_principal_association": ("principal",),
    "aws_s3_bucket_replication_configuration": ("rule.destination.account",),
    "aws_s3control_access_grant": ("grantee.grantee_identifier",),
    "aws_snapshot_create_volume_permission": ("account_id",),
    "aws_vpc_endpoint_service": ("allowed_principals",),
    "aws_vpc_endpoint_service_allowed_principal": ("principal_arn",),
    "aws_vpc_peering_connection": ("peer_owner_id",),
}
"""By type: where it names whom it lets in, shares with or connects to."""
DOCUMENTS = ("policy", "resource_policy", "assume_role_policy", "access_policy")
TRUST = "assume_role_policy"
KINDS = ("account", "organization")


def build_admitted_accounts(world: World) -> None:
    """An Admits fact on each resource that names an excluded account or organisation, or may."""
    excluded = [entry for entry in world.profile.tenants_excluded if entry.partition(":")[0] in KINDS]
    if not excluded:
        return
    for one in world.inventory.all:
        if one.data or one.is_manifest or not one.kind.startswith(("aws_", "awscc_")):
            continue
        for entry in excluded:
            name = re.compile(rf"(?<![0-9a-z-]){re.escape(entry.partition(':')[2])}(?![0-9a-z-])")
            for fact in (*_granted(one, entry, name), *_written(world, one, entry, name)):
                world.add_fact(one.id, fact)


def _granted(one: Resource, entry: str, name: re.Pattern[str]) -> Iterator[Admits]:
    for path in GRANTS.get(one.kind, ()):
        for found in values(one, path):
            if name.search(found.text):
                yield _fact(found.origin, f"`{path}` names `{found.text}`", entry, found.possible or one.possible)
            elif isinstance(found.value, Unknown) and "*" in (found.text or "*"):
                yield _fact(found.origin, f"whom `{path}` names is not known", entry, found.value)


def _written(world: World, one: Resource, entry: str, name: re.Pattern[str]) -> Iterator[Admits]:
    """Allow statements of the policies of resources: their principals, and the conditions that let some in."""
    for key in DOCUMENTS:
        stack = key == TRUST and world.nodes[one.id].roles & STACK
        if one.attrs.get(key) is None or stack:
            continue  # who may become a member of the stack is followed as a way
        for statement in parse(one.attrs[key], one.address, line(one, key)).statements:
            if not statement.allows or statement.not_principals:
                continue
            for found in _said(statement):
                if name.search(found.text):
                    where = statement.principal_line() or found.origin
                    yield _fact(where, f"its policy lets `{found.text}` in", entry, statement.doubt or one.possible)


def _said(statement: Statement) -> Iterator[Found]:
    yield from strings(statement.principals)
    for condition in statement.conditions:
        operator = condition.operator if isinstance(condition.operator, str) else ""
        if "Not" not in operator:
            for value in condition.values:
                yield from strings(value)


def _fact(origin: Origin | None, because: str, entry: str, unknown: Unknown | None) -> Admits:
    return Admits(origin=origin, because=because, entry=entry, sure=unknown or True)
