"""Policies of an organisation in a bundle of several accounts: they close what they are attached above, and no more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scanner.sources.aws import read_estate
from scanner.unknown import Unknown
from tests.bundle.estate import NUMBER, PARTITION, full, write
from tests.bundle.reference import SUBNETS, network, role, service, statement
from tests.bundle.test_same_graph import edges
from tests.changed import replace

MANAGEMENT = "444455556666"
ROOT, UNIT, OTHER = "r-ab12", "ou-ab12-11111111", "ou-ab12-22222222"
DENY = statement(Action="bedrock:*", Resource="*")
DENY["Statement"][0]["Effect"] = "Deny"
FULL = {"Id": "p-FullAWSAccess", "Arn": "arn:aws:organizations::aws:policy/p-FullAWSAccess", "AwsManaged": True}


def organisation(target: str) -> dict[tuple[str, str], Any]:
    """What the management account tells: the member is in UNIT, and a policy that denies Bedrock is on `target`."""
    own = {
        "Id": "p-12345678",
        "Arn": f"arn:aws-us-gov:organizations::{MANAGEMENT}:policy/o-1/p-12345678",
        "Name": "no-ai",
    }
    own["Type"] = "SERVICE_CONTROL_POLICY"
    kinds = [{"Type": "SERVICE_CONTROL_POLICY", "Status": "ENABLED"}]
    units = [{"Id": one, "Arn": f"arn:aws-us-gov:organizations::{MANAGEMENT}:ou/o-1/{one}"} for one in (UNIT, OTHER)]
    accounts = [
        {"Id": one, "Arn": f"arn:aws-us-gov:organizations::{MANAGEMENT}:account/o-1/{one}", "Status": "ACTIVE"}
        for one in (NUMBER, MANAGEMENT)
    ]
    everywhere = [{"TargetId": one} for one in (ROOT, UNIT, OTHER, NUMBER, MANAGEMENT)]
    return {
        ("organizations:DescribeOrganization", ""): described(),
        ("organizations:ListAccounts", ""): {"Accounts": accounts},
        ("organizations:ListRoots", ""): {"Roots": [{"Id": ROOT, "PolicyTypes": kinds}]},
        ("organizations:ListOrganizationalUnitsForParent", ROOT): {"OrganizationalUnits": units},
        ("organizations:ListParents", NUMBER): {"Parents": [{"Id": UNIT, "Type": "ORGANIZATIONAL_UNIT"}]},
        ("organizations:ListParents", MANAGEMENT): {"Parents": [{"Id": ROOT, "Type": "ROOT"}]},
        ("organizations:ListPolicies", "SERVICE_CONTROL_POLICY"): {"Policies": [own, FULL]},
        ("organizations:DescribePolicy", "p-12345678"): {"Policy": {"PolicySummary": own, "Content": json.dumps(DENY)}},
        ("organizations:DescribePolicy", "p-FullAWSAccess"): {"Policy": {"PolicySummary": FULL, "Content": "{}"}},
        ("organizations:ListTargetsForPolicy", "p-12345678"): {"Targets": [{"TargetId": target}]},
        ("organizations:ListTargetsForPolicy", "p-FullAWSAccess"): {"Targets": everywhere},
    }


def described() -> dict[str, Any]:
    return {"Organization": {"Id": "o-1", "Arn": "arn:o-1", "MasterAccountId": MANAGEMENT, "FeatureSet": "ALL"}}


def member() -> dict[tuple[str, str], Any]:
    caller = role(
        "caller", service("ec2.amazonaws.com"), {"calls": statement(Action="bedrock:InvokeModel", Resource="*")}
    )
    return {
        ("iam:GetAccountAuthorizationDetails", ""): {"RoleDetailList": [caller]},
        ("organizations:DescribeOrganization", ""): described(),
    }


def states(tmp_path: Path, calls: list[Any]) -> list[str]:
    """How open the way of the caller to the models of Bedrock is."""
    (tmp_path / "tether.yaml").write_text("models: {}\n")
    path = write(tmp_path / "bundle", calls)
    found = edges(tmp_path, "--bundle", str(path))
    return [one[2] for one in found if one[1] == "invoke" and one[3].endswith("role/caller") and "bedrock" in one[4]]


def estate(target: str) -> list[Any]:
    """Both accounts; the member may not read what the organisation has."""
    theirs = [
        replace(one, outcome="denied", pages=())
        if one.operation.startswith("organizations:") and "DescribeOrganization" not in one.operation
        else one
        for one in full(member())
    ]
    return [*full(organisation(target), account=MANAGEMENT), *theirs]


def test_a_policy_above_the_account_closes_the_way(tmp_path: Path) -> None:
    assert states(tmp_path, estate(UNIT)) == []


def test_a_policy_on_the_root_closes_the_way(tmp_path: Path) -> None:
    assert states(tmp_path, estate(ROOT)) == []


def test_a_policy_above_others_closes_nothing(tmp_path: Path) -> None:
    assert states(tmp_path, estate(OTHER)) == ["open"]


def test_policies_that_nobody_could_read_leave_the_way_possible(tmp_path: Path) -> None:
    theirs = [one for one in estate(UNIT) if dict(one.scope)["account"] == NUMBER]
    assert states(tmp_path, theirs) == ["possible"]


def test_a_shared_network_is_one_and_stands_with_its_owner() -> None:
    """Whoever uses a shared subnet sees it as well, and the network that it is of."""
    shared = network()
    for page in shared.values():
        for some in page.values():
            for one in some:
                one["OwnerId"] = NUMBER
    machine = {"InstanceId": "i-0fffffffffffffff1", "SubnetId": SUBNETS[0], "State": {"Name": "running"}}
    theirs = {
        **shared,
        ("ec2:DescribeInstances", ""): {"Reservations": [{"OwnerId": MANAGEMENT, "Instances": [machine]}]},
    }
    found = read_estate([*full(network()), *full(theirs, account=MANAGEMENT)], PARTITION, "bundle")
    assert found.unread == []
    kinds = [one.kind for one in found.resources]
    assert (kinds.count("aws_subnet"), kinds.count("aws_vpc"), kinds.count("aws_instance")) == (2, 1, 1)
    accounts = {one.kind: one.provider.attrs["allowed_account_ids"] for one in found.resources if one.provider}
    assert (list(accounts["aws_subnet"]), list(accounts["aws_instance"])) == ([NUMBER], [MANAGEMENT])
    subnet = next(one for one in found.resources if one.kind == "aws_instance").attrs["subnet_id"]
    assert isinstance(subnet, Unknown) and subnet.ref is not None and f":{NUMBER}:" in subnet.ref.address


def test_without_an_organisation_the_way_is_open(tmp_path: Path) -> None:
    alone = [
        replace(one, outcome="absent", pages=()) if one.operation.startswith("organizations:") else one
        for one in full(member())
    ]
    assert states(tmp_path, alone) == ["open"]
