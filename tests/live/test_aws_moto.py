"""A live scan of what moto serves over botocore's own wire: what it does not serve is answered with nothing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest

from scanner.sources.aws import live_accounts, live_calls
from scanner.sources.aws.operations import in_order
from tests.harness import run
from tests.live.aws import Aws, answering, empty, estate, listen

moto = pytest.importorskip("moto")
WIRE = ("ec2", "iam", "s3", "sts")
ACROSS = ("organizations", "s3", "sts")
NOT_SERVED = ("VpcBlock", "InstanceConnect", "ClientVpn", "LocalGateway", "CoipPools", "Connection", "Connects")
BUCKET = "acme-models"


class Served(Aws):
    """What moto serves goes to it."""

    wire: tuple[str, ...] = WIRE

    def answer(self, model: Any, params: dict[str, Any], region: str, **more: Any) -> Any:
        served = model.service_model.service_name in self.wire and not any(one in model.name for one in NOT_SERVED)
        return None if served else super().answer(model, params, region, **more)

    def found(self, name: str, asked: dict[str, Any], model: Any) -> Any:
        return self.given.get(name) or empty(model.output_shape)


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
    asked_alone((*WIRE, "account", "lambda", "vpc-lattice", "eks"), monkeypatch)
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


def asked_alone(services: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask these services and no others: clients are what costs, and of the others moto's answers are not used."""

    def some(of_account: bool) -> Any:
        return [rows for rows in in_order(of_account) if rows[0].service in services]

    monkeypatch.setattr(live_calls, "in_order", some)


def organised() -> str:
    """An organisation with another account, in which there is a bucket; the number of the account."""
    organizations, sts = (boto3.client(one, region_name="us-east-1") for one in ("organizations", "sts"))
    organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(AccountName="member", Email="m@example.com")
    number = str(made["CreateAccountStatus"]["AccountId"])
    role = f"arn:aws:iam::{number}:role/tether"
    keys = sts.assume_role(RoleArn=role, RoleSessionName="seed")["Credentials"]
    names = {"aws_access_key_id": "AccessKeyId", "aws_secret_access_key": "SecretAccessKey"}
    given = {name: keys[one] for name, one in {**names, "aws_session_token": "SessionToken"}.items()}
    boto3.client("s3", region_name="us-east-1", **given).create_bucket(Bucket="acme-of-the-member")
    return number


def test_a_role_in_each_account_of_an_organisation_is_assumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers to each account are its own, which moto tells by the keys that it gave for the role."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr("tests.live.aws.HOME", "us-east-1")
    served, path = Served(estate(**{"sts:GetCallerIdentity": None})), tmp_path / "all.bundle"
    served.wire = ACROSS

    def bare() -> Any:
        session = botocore.session.Session()
        listen(session, served)
        return session

    monkeypatch.setattr(live_accounts, "bare_session", bare)
    asked_alone((*ACROSS, "ec2"), monkeypatch)
    with moto.mock_aws():
        number = organised()
        with answering(served, monkeypatch):
            whole = ("--accounts", "organization", "--role", "tether", "--external-id", "x-1")
            code, _, err = run("collect", "--live", "aws", *whole, "-o", str(path), "-v")
    assert "cannot be assumed" not in err, err
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()][1:-1]
    buckets = {one["scope"]["account"]: one["pages"] for one in lines if one["operation"] == "s3:ListBuckets"}
    assert len(buckets) == 2 and "acme-of-the-member" in json.dumps(buckets.pop(number))
    assert "acme-of-the-member" not in json.dumps(buckets)
    who = {one["scope"]["account"]: one["pages"] for one in lines if one["operation"] == "sts:GetCallerIdentity"}
    assert f"arn:aws:sts::{number}:assumed-role/tether/tether-scan" in json.dumps(who[number])
    assert {one["scope"]["account"] for one in lines if one["operation"] == "ec2:DescribeVpcs"} == set(who)
