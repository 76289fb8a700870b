"""The policy evaluator against cases with answers from outside; they run where TETHER_ORACLES names their folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scanner.builders.aws_policy.condition import Given
from scanner.builders.aws_policy.decide import Request, decide
from scanner.builders.aws_policy.match import Glob, Truth
from scanner.builders.aws_policy.statements import parse

ROOT = Path(os.environ.get("TETHER_ORACLES", "")) / "iamspy"
pytestmark = pytest.mark.skipif("TETHER_ORACLES" not in os.environ, reason="TETHER_ORACLES is not set")


def _cases():
    path = ROOT / "cases.jsonl"
    if "TETHER_ORACLES" not in os.environ or not path.exists():
        return []
    cases = [json.loads(line) for line in path.read_text().splitlines()]
    # Policies of resources and accounts of an organisation's tree are no part of what this evaluator answers.
    return [one for one in cases if isinstance(one["out"], bool) and not set(one["files"]) - {"gaads"}]


def _policies(account, arn):
    """The policies of a principal, and its boundary, in the answer of an account's authorisation details."""
    documents = {
        one["Arn"]: version["Document"]
        for one in account["Policies"]
        for version in one["PolicyVersionList"]
        if version["IsDefaultVersion"]
    }
    for kind, inline in (("RoleDetailList", "RolePolicyList"), ("UserDetailList", "UserPolicyList")):
        for one in account[kind]:
            if one["Arn"] == arn:
                own = [parse(each["PolicyDocument"], each["PolicyName"], None) for each in one.get(inline, [])]
                own += [parse(documents[each["PolicyArn"]], "", None) for each in one["AttachedManagedPolicies"]]
                limit = one.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
                return own, None if limit is None else parse(documents[limit], limit, None)
    return [], None


@pytest.mark.parametrize("case", _cases(), ids=lambda case: case["id"])
def test_outside_cases(case):
    principal, action, resource, *more = case["inp"]
    given = dict(pair.split("=", 1) for pair in (more[0] if more and more[0] else []))
    strict = len(more) > 2 and more[2]
    facts = {key.lower(): Glob(value) for key, value in given.items()}
    if strict:
        facts = {"aws:referer": Given.ABSENT, **facts}
    account = json.loads((ROOT / "files" / case["files"]["gaads"][0]).read_text())
    own, boundary = _policies(account, principal)
    request = Request(action, (resource,), facts)
    truth = decide(own, request).truth
    if boundary is not None:
        truth = min(truth, decide([boundary], request).truth)
    same_account = principal.split(":")[4] == (resource.split(":")[4] or principal.split(":")[4])
    assert (truth is not Truth.NO and same_account) is case["out"]
