"""The policy evaluator against cases with answers from outside; they run where TETHER_ORACLES names their folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from scanner.builders.aws_policy.authorize import Caller, Guarded, authorize
from scanner.builders.aws_policy.condition import ELSE, Given, Values
from scanner.builders.aws_policy.decide import Request
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.named import Named
from scanner.builders.aws_policy.statements import parse

ROOT = Path(os.environ.get("TETHER_ORACLES", "")) / "iamspy"
pytestmark = pytest.mark.skipif("TETHER_ORACLES" not in os.environ, reason="TETHER_ORACLES is not set")
KINDS = (("RoleDetailList", "RolePolicyList"), ("UserDetailList", "UserPolicyList"))


def _cases(answer):
    path = ROOT / "cases.jsonl"
    if "TETHER_ORACLES" not in os.environ or not path.exists():
        return []
    cases = [json.loads(line) for line in path.read_text().splitlines()]
    return [one for one in cases if isinstance(one["out"], answer)]


def _read(case, kind):
    return [json.loads((ROOT / "files" / name).read_text()) for name in case["files"].get(kind, [])]


def _documents(account):
    return {
        one["Arn"]: parse(version["Document"], one["Arn"], None)
        for one in account["Policies"]
        for version in one["PolicyVersionList"]
        if version["IsDefaultVersion"]
    }


def _callers(case):
    """Every principal of the accounts' authorisation details with all its policies."""
    for account in _read(case, "gaads"):
        documents = _documents(account)
        groups = {one["GroupName"]: one for one in account["GroupDetailList"]}
        for kind, inline in KINDS:
            for one in account[kind]:
                holders = [(one, inline), *((groups[name], "GroupPolicyList") for name in one.get("GroupList", []))]
                own = [parse(p["PolicyDocument"], p["PolicyName"], None) for h, k in holders for p in h.get(k, [])]
                own += [documents[p["PolicyArn"]] for holder, _ in holders for p in holder["AttachedManagedPolicies"]]
                limit = one.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
                levels = _levels(case, one["Arn"].split(":")[4])
                who = Named(one["Arn"], account=one["Arn"].split(":")[4])
                yield Caller(who, tuple(own), documents.get(limit), levels=levels)


def _levels(case, account):
    """The service control policies over an account, level by level; none over the account that manages them."""
    for tree in _read(case, "scps"):
        if tree["Arn"].split(":")[4] != account:
            return _down(tree, account) or ()
    return ()


def _down(node, account):
    here = tuple(parse(one["Content"], one["Name"], None) for one in node["Policies"])
    if node.get("Id") == account:
        return (here,)
    for child in node.get("Children", []):
        below = _down(child, account)
        if below is not None:
            return (here, *below)
    return None


def _guarded(case, resource, account):
    for listed in _read(case, "resources"):
        for one in listed:
            if one["Resource"] == resource or resource.startswith(f"{one['Resource']}/"):
                return Guarded(one["Account"], parse(one["Policy"], one["Resource"], None))
    return Guarded(resource.split(":")[4] or account)


def _can(case, caller, action, resource, more):
    given = dict(pair.split("=", 1) for pair in (more[0] if more and more[0] else []))
    facts = {key.lower(): Values((value,)) for key, value in given.items()}
    if len(more) > 2 and more[2]:
        facts[ELSE] = Given.ABSENT
    request = Request(action, (resource,), facts)
    return authorize(caller, request, _guarded(case, resource, caller.who.account)).truth is not Truth.NO


@pytest.mark.parametrize("case", _cases(bool), ids=lambda case: case["id"])
def test_whether_one_can(case):
    principal, action, resource, *more = case["inp"]
    found = [one for one in _callers(case) if one.who.arn == principal]
    assert any(_can(case, one, action, resource, more) for one in found) is case["out"]


@pytest.mark.parametrize("case", _cases(list), ids=lambda case: case["id"])
def test_who_can(case):
    action, resources, *more = case["inp"]
    asked = [resources] if isinstance(resources, str) else resources
    found = [(one.who.arn, each) for one in _callers(case) for each in asked if _can(case, one, action, each, more)]
    expected = [tuple(one) if isinstance(one, list) else (one, resources) for one in case["out"]]
    assert sorted(found) == sorted(expected)
