"""The bytes of an answer: botocore takes some that are none for one that holds nothing, and this does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from scanner.sources.aws.live_body import NoAnswer, check_body, check_fault
from tests.live.aws import LOADER

SESSION = botocore.session.Session()
SESSION.register_component("data_loader", LOADER)


def model(name: str) -> Any:
    service, _, operation = name.partition(":")
    return SESSION.get_service_model(service).operation_model(operation)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("directconnect:DescribeConnections", b'{"connections": ['),
        ("directconnect:DescribeConnections", b"<html>sign in</html>"),
        ("directconnect:DescribeConnections", b"[]"),
        ("directconnect:DescribeConnections", b'{"message": "moved"}'),
        ("eks:ListClusters", b'{"Clusters": []}'),
        ("eks:ListClusters", b"[" * 100_000),
        ("ec2:DescribeVpcs", b"<html><body>sign in</body></html>"),
        ("ec2:DescribeVpcs", b"<DescribeSubnetsResponse></DescribeSubnetsResponse>"),
        ("iam:ListSAMLProviders", b"<ok/>"),
        ("s3:ListBuckets", b"<!doctype html><HTML></HTML>"),
        ("s3:GetBucketPolicy", b"<Reply><x>"),
        ("s3:GetBucketPolicy", b'"a text"'),
    ],
)
def test_what_is_no_answer_is_none(name: str, body: bytes) -> None:
    with pytest.raises(NoAnswer):
        check_body(SimpleNamespace(content=body, status_code=200), model(name))


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("directconnect:DescribeConnections", b'{"connections": []}'),
        ("lambda:GetFunctionConcurrency", b"{}"),
        ("bedrock:GetModelInvocationLoggingConfiguration", b""),
        ("eks:ListClusters", b'{"clusters": [], "more": 1}'),
        ("ec2:DescribeVpcs", b'<?xml version="1.0"?>\n<DescribeVpcsResponse xmlns="x"></DescribeVpcsResponse>'),
        ("s3:GetBucketVersioning", b'<VersioningConfiguration xmlns="x"/>'),
        ("s3:GetBucketPolicy", b'{"Version": "2012-10-17"}'),
    ],
)
def test_what_is_an_answer_is_left_alone(name: str, body: bytes) -> None:
    check_body(SimpleNamespace(content=body, status_code=200), model(name))


def test_errors_are_none_of_its_business() -> None:
    check_body(SimpleNamespace(content=b"<html>", status_code=503), model("ec2:DescribeVpcs"))


PAGE = b"<!doctype html>\n<html lang=en><title>500</title></html>"


@pytest.mark.parametrize("status", [500, 501])
def test_a_fault_that_is_a_page_for_people_is_not_of_aws(status: int) -> None:
    with pytest.raises(NoAnswer, match=f"HTTP {status}"):
        check_fault({"status_code": status, "headers": {"Server": "proxy"}, "body": PAGE})


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (500, {"x-amzn-RequestId": "1"}, PAGE),
        (500, {"x-amz-request-id": "1"}, PAGE),
        (500, {}, b'{"__type": "InternalFailure"}'),
        (500, {}, b""),
        (502, {}, PAGE),
        (503, {}, PAGE),
        (200, {}, PAGE),
    ],
)
def test_other_faults_are_left_to_botocore(status: int, headers: dict[str, str], body: bytes) -> None:
    check_fault({"status_code": status, "headers": headers, "body": body})
