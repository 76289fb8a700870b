"""The policy evaluator against moto on generated policies; each difference names what decides it and AWS's page on it.

A difference is explained by the fewest features of the policy that make our answer moto's once they are read as moto
reads them. Runs where moto is installed; `python tests/oracles/test_iam_moto.py` prints every difference.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import pytest

from scanner.builders.aws_policy.authorize import Caller, Guarded, authorize
from scanner.builders.aws_policy.condition import ELSE, Given, Values
from scanner.builders.aws_policy.decide import Request
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.named import OWN_ACCOUNT, Named
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
WHO = Named("arn:aws:iam::111122223333:user/weights", account="111122223333")
TRUST = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": OWN_ACCOUNT}]}
OPENED = Guarded(policy=parse(json.dumps(TRUST), "trust", None))
"""What moto does not ask: the role's trust lets the account in."""
GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
PAGES = {
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


def _matched(pattern, value):
    """Whether moto takes the pattern for the value."""
    return control.IAMPolicyStatement._match(pattern, value) is not None


def _listed(statement, keys, doubtful, value):
    """The statement with each doubtful pattern replaced by the value, where moto takes it for that, else left out."""
    found = dict(statement)
    for key in keys:
        if key in found:
            plain = [one for one in found[key] if not doubtful(one)]
            taken = plain + [value for one in found[key] if doubtful(one) and _matched(one, value)]
            # AWS takes no statement without an action, or without a resource: one is named that nobody asks for.
            found[key] = taken or ["none:None" if "Action" in key else "arn:aws:none:::none"]
    return found


def _case(statement, action, _):
    return _listed(statement, ("Action", "NotAction"), lambda one: one.startswith("BEDROCK"), action)


def _one_character(statement, action, resource):
    found = _listed(statement, ("Action", "NotAction"), lambda one: "?" in one, action)
    return _listed(found, ("Resource", "NotResource"), lambda one: "?" in one, resource)


def _variable(statement, _, resource):
    return _listed(statement, ("Resource", "NotResource"), lambda one: "${" in one, resource)


def _not_resource(statement, *_):
    """A statement without Resource is, to moto, one of a trust policy: it allows, whatever its effect."""
    if "NotResource" not in statement:
        return statement
    found = {key: value for key, value in statement.items() if key != "NotResource"}
    return {**found, "Effect": "Allow", "Resource": "*"}


def _condition(statement, *_):
    """A condition that moto finds unmet denies, whatever the resource and the effect of its statement."""
    if "Condition" not in statement:
        return statement
    found = {key: value for key, value in statement.items() if key != "Condition"}
    if control.IAMPolicyStatement(statement)._check_conditions(None):
        return found
    return {**{key: value for key, value in found.items() if key != "NotResource"}, "Effect": "Deny", "Resource": "*"}


READINGS: dict[str, Callable] = dict(
    zip(PAGES, (_case, _one_character, _not_resource, _condition, _variable), strict=True)
)
"""Feature -> the statement as moto reads it."""
ORDER = tuple(name for name in READINGS if READINGS[name] is not _not_resource) + (
    "a statement speaks of the resources that NotResource leaves",
)
"""What moto looks at first is read first: it asks for conditions before resources."""


@dataclass(frozen=True)
class Difference:
    """One request that the two answer differently. features: the fewest that explain it; () where nothing does."""

    number: int
    action: str
    resource: str
    ours: bool
    features: tuple[str, ...]

    def __str__(self):
        pages = ", ".join(f"{one} ({PAGES[one]})" for one in self.features)
        answer = "allowed" if self.ours else "denied"
        return f"policy {self.number}: {self.action} on {self.resource}: {answer} here, not in moto: {pages}"


def _ours(policy, action, resource):
    asked = Request(action, (resource,), KNOWN)
    answer = authorize(Caller(WHO, (parse(json.dumps(policy), "p", None),)), asked, OPENED).truth
    assert answer is not Truth.POSSIBLE, policy
    return answer is Truth.YES


def _theirs(policy, action, resource):
    found = control.IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)
    return found is control.PermissionResult.PERMITTED


def _read_alike(policy, action, resource, features):
    """Our answer for the policy with these features read as moto reads them."""
    statements = policy["Statement"]
    for name in (one for one in ORDER if one in features):
        statements = [READINGS[name](one, action, resource) for one in statements]
    return _ours({**policy, "Statement": statements}, action, resource)


def _explained(policy, action, resource, theirs):
    for size in range(1, len(READINGS) + 1):
        for features in combinations(READINGS, size):
            if _read_alike(policy, action, resource, features) is theirs:
                return features
    return ()


def differences(policies: int = POLICIES) -> Iterator[Difference | None]:
    """Each generated request: None where the two agree."""
    draw = random.Random(20261101)
    for number in range(policies):
        policy = _policy(draw)
        action, resource = draw.choice(ACTIONS), draw.choice(RESOURCES)
        ours, theirs = _ours(policy, action, resource), _theirs(policy, action, resource)
        features = () if ours is theirs else _explained(policy, action, resource, theirs)
        yield None if ours is theirs else Difference(number, action, resource, ours, features)


def test_each_difference_from_moto_is_explained_by_what_decides_it():
    found = list(differences())
    differing = [one for one in found if one is not None]
    assert [one for one in differing if not one.features] == []
    assert len(found) - len(differing) > POLICIES * 0.7
    # Each feature decides some difference by itself: none of the pages is there for nothing.
    assert {one.features[0] for one in differing if len(one.features) == 1} == set(PAGES)


def test_read_as_moto_reads_every_policy_has_its_answer():
    draw = random.Random(7)
    for _ in range(1000):
        policy = _policy(draw)
        action, resource = draw.choice(ACTIONS), draw.choice(RESOURCES)
        alike = _read_alike(policy, action, resource, tuple(READINGS))
        assert alike is _theirs(policy, action, resource), (policy, action, resource)


def test_policies_without_any_of_these_features_differ_in_nothing():
    draw, seen = random.Random(7), 0
    while seen < 300:
        policy = _policy(draw)
        if any(word in json.dumps(policy) for word in ("BEDROCK", "?", "NotResource", "Condition", "${")):
            continue
        seen += 1
        for action in ACTIONS:
            for resource in RESOURCES:
                assert _ours(policy, action, resource) is _theirs(policy, action, resource), (policy, action, resource)


if __name__ == "__main__":
    for one in differences():
        if one is not None:
            print(one)
