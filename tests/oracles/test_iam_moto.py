"""The policy evaluator against moto on generated policies; each kind of difference names its page of AWS's guide.

Runs where moto is installed.
"""

from __future__ import annotations

import json
import random
from collections import Counter

import pytest

from scanner.builders.aws_policy.condition import ELSE, Given, Values
from scanner.builders.aws_policy.decide import Request, decide
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import parse

control = pytest.importorskip("moto.iam.access_control")

POLICIES = 1500
ACTIONS = ("bedrock:InvokeModel", "bedrock:InvokeAgent", "sagemaker:InvokeEndpoint", "s3:GetObject", "sts:AssumeRole")
PATTERNS = (*ACTIONS, "*", "bedrock:*", "bedrock:Invoke*", "BEDROCK:InvokeModel", "s3:Get?bject", "sagemaker:*Endpoint")
RESOURCES = (
    "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-3",
    "arn:aws:bedrock:us-east-1:111122223333:agent/AGENT1",
    "arn:aws:sagemaker:us-east-1:111122223333:endpoint/chat",
    "arn:aws:s3:::weights/model.safetensors",
    "arn:aws:iam::111122223333:role/gateway",
)
SCOPES = (
    *RESOURCES,
    "*",
    "arn:aws:bedrock:*::foundation-model/*",
    "arn:aws:s3:::weights/*",
    "arn:aws:s3:::weight?/*",
    "arn:aws:bedrock:us-*::foundation-model/*",
    "arn:aws:iam::*:role/gateway",
    "arn:aws:s3:::${aws:username}/*",
)
CONDITIONS = (
    None,
    None,
    None,
    {"StringEquals": {"aws:username": "ana"}},
    {"StringNotEquals": {"aws:username": "ana"}},
    {"StringEqualsIfExists": {"aws:username": "ana"}},
    {"Bool": {"aws:SecureTransport": "false"}},
)
KNOWN = {"aws:username": Values(("weights",)), "aws:securetransport": Values(("true",)), ELSE: Given.ABSENT}
GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
EXPLAINED = {
    "the name of an action has no case": GUIDE + "reference_policies_elements_action.html",
    "? stands for one character": GUIDE + "reference_policies_elements_resource.html",
    "a statement speaks of the resources that NotResource leaves": (
        GUIDE + "reference_policies_elements_notresource.html"
    ),
    "a condition that does not hold makes the statement silent": GUIDE + "reference_policies_elements_condition.html",
    "a variable stands for the value of its key": GUIDE + "reference_policies_variables.html",
}
"""What the two may differ in, and where AWS documents what ours does."""


def _statement(draw):
    action = "NotAction" if draw.random() < 0.15 else "Action"
    resource = "NotResource" if draw.random() < 0.15 else "Resource"
    body = {
        "Effect": "Allow" if draw.random() < 0.7 else "Deny",
        action: draw.sample(PATTERNS, draw.randint(1, 3)),
        resource: draw.sample(SCOPES, draw.randint(1, 3)),
    }
    condition = draw.choice(CONDITIONS)
    return body if condition is None else {**body, "Condition": condition}


def _policy(draw):
    return {"Version": "2012-10-17", "Statement": [_statement(draw) for _ in range(draw.randint(1, 4))]}


def _reasons(policy):
    """The kinds of difference that a policy has occasion for."""
    text = json.dumps(policy)
    found = {
        "the name of an action has no case": "BEDROCK" in text,
        "? stands for one character": "?" in text,
        "a statement speaks of the resources that NotResource leaves": "NotResource" in text,
        "a condition that does not hold makes the statement silent": "Condition" in text,
        "a variable stands for the value of its key": "${" in text,
    }
    return {name for name, has in found.items() if has}


def _ours(policy, action, resource):
    answer = decide([parse(json.dumps(policy), "p", None)], Request(action, (resource,), KNOWN)).truth
    assert answer is not Truth.POSSIBLE, policy
    return answer is Truth.YES


def _theirs(policy, action, resource):
    found = control.IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)
    return found is control.PermissionResult.PERMITTED


def test_differences_from_moto_are_all_explained():
    draw, differ, same = random.Random(20261101), Counter(), 0
    for _ in range(POLICIES):
        policy = _policy(draw)
        action, resource = draw.choice(ACTIONS), draw.choice(RESOURCES)
        if _ours(policy, action, resource) is _theirs(policy, action, resource):
            same += 1
            continue
        reasons = _reasons(policy)
        assert reasons, (policy, action, resource)
        differ.update(reasons)
    assert same > POLICIES * 0.7
    assert set(differ) == set(EXPLAINED)


def test_policies_without_occasion_for_a_difference_have_none():
    draw, seen = random.Random(7), 0
    while seen < 1000:
        policy = _policy(draw)
        if _reasons(policy):
            continue
        seen += 1
        for action in ACTIONS:
            for resource in RESOURCES:
                assert _ours(policy, action, resource) is _theirs(policy, action, resource), (policy, action, resource)
