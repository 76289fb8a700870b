"""The bytes of an answer: botocore takes some that are none for one that holds nothing, and this does not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest

from scanner.sources.aws.live_body import NoAnswer, check_body
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
