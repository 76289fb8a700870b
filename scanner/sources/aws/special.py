"""What no row of the table can say: things that one answer tells of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from scanner.resource import Attrs, Resource, dig, items_of
from scanner.sources.aws.answers import answers
from scanner.sources.aws.snake import snake
from scanner.sources.aws.translate import Translation
from scanner.sources.bundle import Call
from scanner.unknown import Unknown

Links = Mapping[str, tuple[str, str]]
GUARDRAIL = "bedrock:GetGuardrail"


def cluster_groups(into: Translation) -> Links:
    """The security group that EKS makes for a cluster is the cluster's, as in Terraform; its rules stand beside it.

    Source: Amazon EKS User Guide, "View Amazon EKS security group requirements for clusters".
    """
    links: dict[str, tuple[str, str]] = {}
    groups = {one.attrs.get("id"): one for one in into.resources.values() if one.kind == "aws_security_group"}
    for cluster in [one for one in into.resources.values() if one.kind == "aws_eks_cluster"]:
        own = dig(cluster.attrs, "vpc_config", 0, "cluster_security_group_id")
        if not isinstance(own, str):
            continue
        links[own] = cluster.address, "vpc_config.0.cluster_security_group_id"
        group = groups.get(own)
        if group is not None:
            del into.resources[group.address]
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
    pages = [(call, page) for call in into.estate.answered(GUARDRAIL) for page in _pages(call)]
    drafts = {page.get("guardrailArn"): page for _, page in pages if page.get("version") == "DRAFT"}
    rename = next(row.rename for row in answers()[GUARDRAIL] if row.kind == "aws_bedrock_guardrail")
    for _, page in pages:
        draft = drafts.get(page.get("guardrailArn"))
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


SPECIAL: tuple[Callable[[Translation], Links], ...] = (cluster_groups, guardrail_versions)
"""In this order, once all rows are through; each returns further identifiers of what there is."""
