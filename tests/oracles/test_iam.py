"""Outside answers about IAM, held against `tether graph --who-may` over recorded accounts.

TETHER_ORACLES names the folder that holds `iamspy`. Its inputs are authorisation details of accounts, policies of
resources and trees of an organisation: here the answers of the calls that tell them, in a bundle.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

import pytest

from tests.bundle.estate import full, scope, write
from tests.changed import replace
from tests.harness import run

ROOT = Path(os.environ.get("TETHER_ORACLES", "")) / "iamspy"
pytestmark = pytest.mark.skipif("TETHER_ORACLES" not in os.environ, reason="TETHER_ORACLES is not set")
KIND = "SERVICE_CONTROL_POLICY"
NOBODY = {"RoleDetailList": [], "UserDetailList": [], "GroupDetailList": [], "Policies": []}
REGION = "eu-west-1"


def cases(answer):
    path = ROOT / "cases.jsonl"
    if "TETHER_ORACLES" not in os.environ or not path.exists():
        return []
    every = [json.loads(line) for line in path.read_text().splitlines()]
    return [one for one in every if isinstance(one["out"], answer)]


def read(case, kind):
    return [json.loads((ROOT / "files" / name).read_text()) for name in case["files"].get(kind, [])]


def account_of(details):
    first = next(one for kind in ("UserDetailList", "RoleDetailList") for one in details[kind])
    return first["Arn"].split(":")[4]


def resource_answers(listed, account):
    """What S3 and Lambda of an account say of the resources that have policies."""
    answers, functions, buckets = {}, [], []
    for one in listed:
        if one["Account"] != account:
            continue
        name, text = one["Resource"].rpartition(":")[2], json.dumps(one["Policy"])
        if ":function:" in one["Resource"]:
            functions.append({"FunctionName": name, "FunctionArn": one["Resource"]})
            answers["lambda:GetPolicy", name] = {"Policy": text}
        else:
            buckets.append({"Name": name})
            answers["s3:GetBucketPolicy", name] = {"Policy": text}
    answers["lambda:ListFunctions", ""] = {"Functions": functions}
    answers["s3:ListBuckets", ""] = {"Buckets": buckets}
    return answers


def nodes_of(tree, parent=None):
    yield tree, parent
    for child in tree.get("Children", []):
        yield from nodes_of(child, tree["Id"])


def tree_answers(tree):
    """What an organisation says of itself: its accounts, and which policy is attached where."""
    management = tree["Arn"].split(":")[4]
    arn = f"arn:aws:organizations::{management}:"
    nodes = list(nodes_of(tree))
    policies = {policy["Id"]: policy for node, _ in nodes for policy in node["Policies"]}
    accounts = [
        {"Id": node["Id"], "Arn": f"{arn}account/o-x/{node['Id']}", "Name": node["Id"], "Status": "ACTIVE"}
        for node, parent in nodes
        if parent is not None
    ]
    answers = {
        ("organizations:DescribeOrganization", ""): {
            "Organization": {"Id": "o-x", "Arn": f"{arn}organization/o-x", "MasterAccountId": management}
        },
        ("organizations:ListRoots", ""): {"Roots": [{"Id": tree["Id"], "PolicyTypes": tree["PolicyTypes"]}]},
        ("organizations:ListAccounts", ""): {"Accounts": accounts},
    }
    for node, parent in nodes:
        if parent is not None:
            answers["organizations:ListParents", node["Id"]] = {"Parents": [{"Id": parent, "Type": "ROOT"}]}
    # A policy of AWS's own that is not `FullAWSAccess` is listed as one of the organisation: its text is in the case.
    summaries = {key: {**one, "AwsManaged": key == "p-FullAWSAccess"} for key, one in policies.items()}
    answers["organizations:ListPolicies", KIND] = {"Policies": list(summaries.values())}
    for key, one in summaries.items():
        text = json.dumps(policies[key]["Content"])
        answers["organizations:DescribePolicy", key] = {"Policy": {"PolicySummary": one, "Content": text}}
        targets = [{"TargetId": node["Id"]} for node, _ in nodes if key in [each["Id"] for each in node["Policies"]]]
        answers["organizations:ListTargetsForPolicy", key] = {"Targets": targets}
    return answers


def recorded(case, folder):
    """The accounts of a case as a bundle."""
    details = {account_of(one): one for one in read(case, "gaads")}
    listed = [one for some in read(case, "resources") for one in some]
    trees = {tree["Arn"].split(":")[4]: tree for tree in read(case, "scps")}
    calls = []
    for account in sorted({*details, *trees, *(one["Account"] for one in listed)}):
        answers = {("iam:GetAccountAuthorizationDetails", ""): details.get(account, NOBODY)}
        answers |= resource_answers(listed, account)
        answers |= tree_answers(trees[account]) if account in trees else {}
        for one in full(answers, REGION, account):
            calls.append(replace(one, scope=scope(dict(one.scope)["region"], account, "aws")))
    path = folder / "accounts.bundle"
    path.unlink(missing_ok=True)
    return write(path, calls)


@cache
def asked(text, folder, action, arn, given, alone):
    """The principals that may, certainly or perhaps: the cases count what a condition leaves open as allowed."""
    path = recorded(json.loads(text), folder)
    more = [part for one in given for part in ("--given", one)] + (["--nothing-else"] if alone else [])
    code, out, err = run("graph", "--bundle", str(path), "--who-may", action, arn, *more)
    assert code == 0, err
    return frozenset(edge["source"] for edge in json.loads(out)["edges"])


def who_may(case, folder, action, arn, more):
    files = json.dumps({"files": case["files"]}, sort_keys=True)
    alone = len(more) > 2 and bool(more[2])
    return asked(files, folder, action, arn, tuple(more[0] or ()) if more else (), alone)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("iam")


@pytest.mark.parametrize("case", cases(bool), ids=lambda case: case["id"])
def test_whether_one_can(case, folder):
    principal, action, arn, *more = case["inp"]
    assert (principal in who_may(case, folder, action, arn, more)) is case["out"]


@pytest.mark.parametrize("case", cases(list), ids=lambda case: case["id"])
def test_who_can(case, folder):
    action, arns, *more = case["inp"]
    every = [arns] if isinstance(arns, str) else arns
    found = [(one, arn) for arn in every for one in who_may(case, folder, action, arn, more)]
    expected = [tuple(one) if isinstance(one, list) else (one, arns) for one in case["out"]]
    assert sorted(found) == sorted(expected)
