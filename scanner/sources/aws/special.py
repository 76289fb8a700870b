"""What no row of the table can say: things that one answer tells of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from scanner.resource import Attrs, Resource, dig, items_of
from scanner.sources.aws.addresses import targets_by_address
from scanner.sources.aws.answers import answers
from scanner.sources.aws.grants import function_permissions
from scanner.sources.aws.observed import observed
from scanner.sources.aws.shape import refer
from scanner.sources.aws.snake import snake
from scanner.sources.aws.started import gone
from scanner.sources.aws.translate import Translation
from scanner.sources.bundle import Call
from scanner.unknown import Unknown

Links = Mapping[str, tuple[str, str]]
GUARDRAIL = "bedrock:GetGuardrail"
POLICIES, TARGETS = "organizations:ListPolicies", "organizations:ListTargetsForPolicy"
LISTING = "aws_organizations_policies_for_target"


def cluster_groups(into: Translation) -> Links:
    """The security group that EKS makes for a cluster is the cluster's, as in Terraform; its rules stand beside it.

    Source: Amazon EKS User Guide, "View Amazon EKS security group requirements for clusters".
    """
    links: dict[str, tuple[str, str]] = {}
    groups = {str(one.attrs.get("id")): one for one in into.resources.values() if one.kind == "aws_security_group"}
    for cluster in [one for one in into.resources.values() if one.kind == "aws_eks_cluster"]:
        own = dig(cluster.attrs, "vpc_config", 0, "cluster_security_group_id")
        if not isinstance(own, str):
            continue
        links[own] = cluster.address, "vpc_config.0.cluster_security_group_id"
        group = groups.get(own)
        if group is not None:
            into.resources.pop(group.address, None)
            for side in ("ingress", "egress"):
                for number, block in enumerate(items_of(group.attrs.get(side))):
                    if isinstance(block, Attrs):
                        one = _rule(group, own, side, f"{group.address}#{side}/{number}", block)
                        into.resources[one.address] = one
    return links


def _rule(group: Resource, own: str, side: str, address: str, block: Attrs) -> Resource:
    attrs = Attrs({**block, "type": side, "security_group_id": own}, dict(block.marks.items()))
    return replace(group, address=address, kind="aws_security_group_rule", name=f"{own}/{side}", attrs=attrs)


def guardrail_versions(into: Translation) -> Links:
    """A version of a guardrail filters as it did when it was published: where that is not as the draft, nobody knows.

    Source: Amazon Bedrock User Guide, "Create a version of a guardrail": a version is a snapshot of the draft.
    """
    pages = [page for call in into.estate.answered(GUARDRAIL) for page in _pages(call)]
    drafts = {str(page.get("guardrailArn")): page for page in pages if page.get("version") == "DRAFT"}
    rename = next(row.rename for row in answers()[GUARDRAIL] if row.kind == "aws_bedrock_guardrail")
    for page in pages:
        draft = drafts.get(str(page.get("guardrailArn")))
        made = into.resources.get(str(page.get("guardrailArn")))
        if draft is None or made is None or page is draft:
            continue
        for key in sorted({*page, *draft}):
            if key.endswith("Policy") and page.get(key) != draft.get(key):
                name = rename.get(snake(key), snake(key))
                version = page.get("version")
                cause = f"`{name}` of version {version} of `{made.name}` is not as it is in the draft"
                made.attrs[name] = Unknown(cause, decided_by=(f"{made.address}: version {version}",))
    return {}


def _pages(call: Call) -> list[dict[str, Any]]:
    return [page for page in call.pages if isinstance(page, dict)]


def attached_to_targets(into: Translation) -> Links:
    """All policies of a kind that are attached to a target of the organisation, where all of them were read."""
    for listed in into.estate.answered(POLICIES):
        kind = str(listed.parameters.get("Filter"))
        ids = [str(one.get("Id")) for page in _pages(listed) for one in _dicts(page.get("Policies"))]
        calls = {str(call.parameters.get("PolicyId")): call for call in into.estate.of(listed.scope, TARGETS)}
        if not ids or any(one not in calls or calls[one].outcome != "read" for one in ids):
            continue
        targets: dict[str, list[str]] = {}
        for one in ids:
            for page in _pages(calls[one]):
                for target in _dicts(page.get("Targets")):
                    targets.setdefault(str(target.get("TargetId")), []).append(one)
        for target_id, some in targets.items():
            made = {"target_id": target_id, "filter": kind, "ids": sorted(some)}
            into.add(listed, LISTING, f"data.{LISTING}/{kind}/{target_id}", made, name=target_id, data=True)
    return {}


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())


def unread_acls(into: Translation) -> Links:
    """A network ACL that nobody could read may stand before every subnet of its region."""
    for call in into.estate.lost:
        if call.operation == "ec2:DescribeNetworkAcls":
            where = dict(call.scope)
            region = f":{where['region']}:{where['account']}:subnet/"
            subnets = [one for one in into.resources.values() if one.kind == "aws_subnet" and region in one.address]
            cause = Unknown(f"`{call.operation}` was not answered", decided_by=(call.operation,))
            links = [refer(one.address, "id", one.name) for one in subnets]
            address = f"arn:{where['partition']}:ec2:{where['region']}:{where['account']}:network-acl/not-readable"
            made = {"subnet_ids": links, "ingress": cause, "egress": cause}
            into.add(call, "aws_network_acl", address, made, possible=cause)
    return {}


SPECIAL: tuple[Callable[[Translation], Links], ...] = (
    cluster_groups,
    guardrail_versions,
    attached_to_targets,
    unread_acls,
    function_permissions,
    targets_by_address,
    observed,
    gone,
)
"""In this order, once all rows are through; each returns further identifiers of what there is."""
