"""What AWS always tells: an answer without it is malformed, and says so; what is left out by right is none."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.sources.aws import read_estate
from scanner.sources.aws.paths import MALFORMED, is_told
from scanner.sources.aws.snake import arguments
from tests.bundle import reference
from tests.bundle.estate import PARTITION, full

DETAILS = "iam:GetAccountAuthorizationDetails"
USER = {"Arn": "arn:aws:iam::111122223333:user/u", "UserName": "u", "Path": "/", "AttachedManagedPolicies": []}


@pytest.mark.parametrize(
    ("operation", "items", "name"),
    [
        (DETAILS, "RoleDetailList", "AttachedManagedPolicies"),
        (DETAILS, "RoleDetailList", "RolePolicyList"),
        (DETAILS, "RoleDetailList", "RoleName"),
        (DETAILS, "RoleDetailList", "AssumeRolePolicyDocument"),
        ("ec2:DescribeSecurityGroups", "SecurityGroups", "IpPermissions"),
        ("ec2:DescribeNetworkAcls", "NetworkAcls", "Entries"),
    ],
)
def test_what_is_always_told_is_missed(operation: str, items: str, name: str) -> None:
    answers = reference.answers()
    answers[operation, ""][items][0].pop(name)
    said = [one.cause for one in read_estate(full(answers), PARTITION, "bundle").unread]
    assert said and all(f"`{operation}`" in one and f"without `{name}" in one for one in said)


def test_a_user_without_inline_policies_has_no_list_of_them() -> None:
    """Source: boto/boto3 issue 1303: `UserPolicyList` is there where there is one, `GroupPolicyList` always."""
    answers: dict[tuple[str, str], Any] = {(DETAILS, ""): {"UserDetailList": [USER]}}
    assert not read_estate(full(answers), PARTITION, "bundle").unread
    answers[DETAILS, ""]["UserDetailList"][0] = {**USER, "AttachedManagedPolicies": None}
    assert read_estate(full(answers), PARTITION, "bundle").unread


@pytest.mark.parametrize(
    ("value", "path", "said"),
    [
        ({"A": 0}, "A", True),
        ({}, "A", False),
        ({"A": {}}, "A.B", False),
        ({}, "A?.B", True),
        ({"A": {}}, "A?.B", False),
        ({"A": [{"B": 1}, {}]}, "A[].B", False),
        ({"A": []}, "A[].B", True),
        ({}, "A[].B", False),
        ({"C": 1}, "A|C", True),
        ({"A": 1}, "A&B", False),
        ({}, "A&B", True),
        ({"A": "v"}, "A=v&B|C", False),
        ({"A": "w"}, "A=v&B|C", True),
    ],
)
def test_a_path_of_what_is_always_told(value: Any, path: str, said: bool) -> None:
    assert is_told(value, path) is said


def test_a_list_of_cloudfront_of_which_a_part_is_left_out() -> None:
    assert arguments({"Origins": {"Quantity": 0}}, {}) == {}
    assert arguments({"Origins": {"Items": ["a"]}}, {}) == {"origins": ["a"]}
    assert arguments({"Origins": {"Quantity": 1}}, {}) == {"origins": MALFORMED}
