"""Tether beside Prowler on one moto server, in one run: calls, CPU, wall time and peak memory of a scan of one estate.

The estate has two regions. Both programs ask the same server, one after the other, and what the server logs is what is
counted, retries and refusals of what moto lacks included. Prowler is a program of the user's own choosing. Nothing is
asserted: the ratios are printed beside what is aimed at, a tenth of the calls and a fifth of the CPU.

    python -m benchmarks.prowler --prowler PATH [--server PATH] [--services NAME...] [--scale 1]
"""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from benchmarks.measured import Run, measured

REGIONS = ("us-east-1", "us-west-2")
COLOUR = rb"(?:\x1b\[[0-9;]*m)*"
LINE = re.compile(rb'"' + COLOUR + rb"[A-Z]+ \S+ HTTP/1\.[01]" + COLOUR + rb'" (\d+)')
KEYS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
CALLS = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "*"}],
}


@contextmanager
def server(program: str, log: Path) -> Iterator[str]:
    """A moto server on a free port of this machine, whose access log goes to a file."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port = one.getsockname()[1]
    with log.open("wb") as out:
        command = [program, "-H", "127.0.0.1", "-p", str(port)]
        # Without its thousand snapshots of public images, which moto gives to every account as its own.
        environ = {**os.environ, "MOTO_EC2_LOAD_DEFAULT_AMIS": "false"}
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environ)
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(200):
                try:
                    urllib.request.urlopen(f"{address}/moto-api/data.json", timeout=5).read()
                    break
                except OSError:
                    time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait()


def seed(address: str, scale: int) -> None:
    """Networks, machines, functions, keys, roles, buckets and endpoints of models; `scale` times as many of each."""

    def client(name: str, region: str) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(name, region_name=region, endpoint_url=address, **keys)

    iam, s3 = client("iam", REGIONS[0]), client("s3", REGIONS[0])
    roles = []
    for number in range(10 * scale):
        name = f"role-{number}"
        roles.append(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"])
        iam.put_role_policy(RoleName=name, PolicyName="calls", PolicyDocument=json.dumps(CALLS))
    for number in range(5 * scale):
        iam.create_user(UserName=f"user-{number}")
        iam.create_access_key(UserName=f"user-{number}")
    for number in range(10 * scale):
        s3.create_bucket(Bucket=f"bucket-{number}")
    for region in REGIONS:
        of_region({name: client(name, region) for name in ("ec2", "lambda", "kms", "sagemaker", "logs")}, roles, scale)


def of_region(clients: dict[str, Any], roles: list[str], scale: int) -> None:
    """What stands in one region."""
    ec2 = clients["ec2"]
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    for number in range(10 * scale):
        group = ec2.create_security_group(GroupName=f"g-{number}", Description="d", VpcId=vpc)["GroupId"]
        opens = {"IpProtocol": "tcp", "FromPort": 8000, "ToPort": 8000, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opens])
        ec2.run_instances(
            ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group]
        )
        clients["lambda"].create_function(
            FunctionName=f"f-{number}", Runtime="python3.12", Role=roles[0], Handler="a.b", Code={"ZipFile": b"x"}
        )
        clients["logs"].create_log_group(logGroupName=f"/aws/lambda/f-{number}")
    for number in range(3 * scale):
        clients["kms"].create_key(Description=f"k-{number}")
        model = {"Image": "vllm/vllm-openai:latest", "ModelDataUrl": "s3://bucket-0/model.tar.gz"}
        sagemaker = clients["sagemaker"]
        sagemaker.create_model(ModelName=f"m-{number}", ExecutionRoleArn=roles[0], PrimaryContainer=model)
        variant = {"VariantName": "a", "ModelName": f"m-{number}", "InstanceType": "ml.g4dn.xlarge"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=f"c-{number}", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName=f"e-{number}", EndpointConfigName=f"c-{number}")


def asked(log: Path, start: int) -> Counter[str]:
    """The calls since an offset of the log, by the first digit of their status."""
    return Counter(found.decode()[0] + "xx" for found in LINE.findall(log.read_bytes()[start:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prowler", required=True, help="the program")
    parser.add_argument("--server", default="moto_server", help="the program of moto[server]")
    parser.add_argument("--services", nargs="*", default=[], help="of Prowler alone: fewer than all of its services")
    parser.add_argument("--scale", type=int, default=1)
    options = parser.parse_args()
    told: dict[str, tuple[Run, Counter[str]]] = {}
    with tempfile.TemporaryDirectory() as name:
        log = Path(name) / "server.log"
        with server(options.server, log) as address:
            seed(address, options.scale)
            environ = {**KEYS, "AWS_ENDPOINT_URL": address, "AWS_REGION": REGIONS[0], "AWS_DEFAULT_REGION": REGIONS[0]}
            scan = [sys.executable, "-m", "scanner", "scan", "--live", "aws", "--regions", ",".join(REGIONS), "-q"]
            other = [options.prowler, "aws", "--region", *REGIONS, "--output-directory", name, "--no-banner"]
            other += ["--services", *options.services] if options.services else []
            for tool, command in (("tether", [*scan, "--format", "json"]), ("prowler", other)):
                start = log.stat().st_size
                run = measured(command, {**environ, "PYTHONPATH": os.getcwd() if tool == "tether" else ""})
                told[tool] = run, asked(log, start)
                calls = told[tool][1]
                kinds = ", ".join(f"{number} {kind}" for kind, number in sorted(calls.items()))
                print(f"{tool:8} {calls.total():6} calls ({kinds}), {run.cpu:.1f} s of CPU, "
                      f"{run.wall:.0f} s, {run.memory:.0f} MB, exit {run.code}", flush=True)  # fmt: skip
    (ours, mine), (theirs, others) = told["tether"], told["prowler"]
    print(f"tether / prowler: calls {mine.total() / max(others.total(), 1):.2f} (aim 0.10), "
          f"CPU {ours.cpu / max(theirs.cpu, 1e-9):.2f} (aim 0.20), wall {ours.wall / theirs.wall:.2f}, "
          f"memory {ours.memory / theirs.memory:.2f}")  # fmt: skip


if __name__ == "__main__":
    main()
