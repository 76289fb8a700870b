"""A live scan of what moto serves over botocore's own wire: what it does not serve is answered with nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.harness import run
from tests.live.aws import Aws, answering, empty

moto = pytest.importorskip("moto")
WIRE = ("ec2", "iam", "s3", "sts")
NOT_SERVED = ("VpcBlock", "InstanceConnect", "ClientVpn", "LocalGateway", "CoipPools", "Connection", "Connects")
BUCKET = "acme-models"


class Served(Aws):
    """What moto serves goes to it."""

    def answer(self, model: Any, params: dict[str, Any], region: str, **more: Any) -> Any:
        served = model.service_model.service_name in WIRE and not any(one in model.name for one in NOT_SERVED)
        return None if served else super().answer(model, params, region, **more)

    def found(self, name: str, asked: dict[str, Any], model: Any) -> Any:
        return empty(model.output_shape)


def seeded() -> None:
    """A bucket that anybody may read, and a machine that the internet reaches."""
    s3, ec2 = boto3.client("s3", region_name="us-east-1"), boto3.client("ec2", region_name="us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
    s3.create_bucket(Bucket="acme-empty")
    group = ec2.create_security_group(GroupName="open", Description="d")["GroupId"]
    open_to_all = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[open_to_all])
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SecurityGroupIds=[group], UserData="export TOKEN=hunter2")


def test_an_account_that_moto_serves_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr("tests.live.aws.HOME", "us-east-1")
    path = tmp_path / "moto.bundle"
    with moto.mock_aws():
        seeded()
        with answering(Served(), monkeypatch):
            code, _, err = run("collect", "--live", "aws", "--regions", "us-east-1", "-o", str(path), "-v")
    said = [line.removeprefix("tether: ") for line in err.splitlines()]
    assert code == 3, err
    assert "read: s3:GetBucketPolicy" in err and "absent: s3:GetBucketPolicy" in err
    assert not [line for line in said if line.startswith(("failed", "denied", "throttled"))], err
    assert [line for line in said if "where it may have anything" in line]
    code, out, err = run("graph", "--bundle", str(path), "--format", "json")
    assert BUCKET in out and "aws_instance" in out and "hunter2" not in out
