"""Which kinds of things a read of AWS can tell of, and which reads some kinds need: what was not told stays open there.

A kind counts wherever an answer makes a thing of it, sets an argument of one, or leads to a question that does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import cache
from typing import Any

import msgspec

from scanner.sources.aws.answers import answers
from scanner.sources.aws.operations import follows
from scanner.tables import aws_operations

ANYTHING: frozenset[str] | None = None
"""What a read tells of that says who asks, and where."""
SEEN = "@seen"
"""Calls that were counted of things that other reads tell of."""
BESIDE_ROWS: Mapping[str, frozenset[str]] = {
    name: frozenset(kinds.split())
    for name, kinds in {
        "bedrock:GetGuardrail": "aws_bedrock_guardrail",
        "cloudwatch:GetMetricData": SEEN,
        "codepipeline:GetPipelineState": "aws_codepipeline",
        "ec2:DescribeInstances": "aws_lb_target_group_attachment",
        "ec2:DescribeNetworkAcls": "aws_network_acl",
        "ec2:DescribeNetworkInterfaces": "aws_lb_target_group_attachment",
        "ec2:DescribeSecurityGroups": "aws_security_group_rule",
        "ecs:DescribeServices": "aws_ecs_service",
        "ecs:DescribeTasks": "aws_ecs_service",
        "eks:DescribeCluster": "aws_security_group aws_security_group_rule",
        "lambda:GetPolicy": "aws_lambda_permission",
        "organizations:ListPolicies": "aws_organizations_policies_for_target",
        "organizations:ListTargetsForPolicy": "aws_organizations_policies_for_target",
        "sagemaker:DescribeEndpoint": "aws_sagemaker_endpoint",
    }.items()
}
"""What code makes of an answer, and no row of the table (`scanner.sources.aws.special`)."""
ALWAYS = frozenset({"sts:GetCallerIdentity", "ec2:DescribeRegions", "account:ListRegions"})
"""Who asks, and where there is anything to ask."""


@cache
def brings() -> Mapping[str, frozenset[str] | None]:
    """By operation, the kinds that it can tell of; None for any."""
    own: dict[str, set[str]] = {row.id: set(BESIDE_ROWS.get(row.id, ())) for row in aws_operations()}
    for operation, rows in answers().items():
        for one in rows:
            for name in (operation, *_looked_up(msgspec.to_builtins(one))):
                own[name].add(one.kind)
    # What is asked of an answer is lost with it.
    more = True
    while more:
        more = False
        for row in aws_operations():
            for before in follows(row):
                more = more or not own[row.id] <= own[before]
                own[before] |= own[row.id]
    return {name: frozenset(kinds) if kinds and name not in ALWAYS else ANYTHING for name, kinds in own.items()}


def told_by(operations: Collection[str]) -> frozenset[str] | None:
    """The kinds that some operations can tell of; None for any."""
    found: set[str] = set()
    for name in operations:
        kinds = brings().get(name, ANYTHING)
        if kinds is None:
            return ANYTHING
        found |= kinds
    return frozenset(found)


def needed_for(kinds: Collection[str]) -> frozenset[str]:
    """The operations that can tell of some kinds, and those that say whether there is anything to ask."""
    found = {name for name, told in brings().items() if told is None or not told.isdisjoint(kinds)}
    waiting = list(found)
    while waiting:
        name = waiting.pop()
        for row in aws_operations():
            before = row.beside.split("|") if row.id == name and row.beside else []
            more = [*before, *(follows(row) if row.id == name else ())]
            waiting += [one for one in more if one not in found]
            found.update(more)
    return frozenset(found)


def _looked_up(row: Any) -> Iterator[str]:
    """The operations that a row asks about the item at hand."""
    if isinstance(row, Mapping):
        if isinstance(row.get("answer"), str):
            yield str(row["answer"])
        for one in row.values():
            yield from _looked_up(one)
    elif isinstance(row, list | tuple):
        for one in row:
            yield from _looked_up(one)
