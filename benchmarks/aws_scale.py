"""An AWS organisation at scale: build and judge over accounts by the hundred; the curve of time and memory.

    python benchmarks/aws_scale.py [--accounts 25 50 100 200] [--steps]

Each size in a process of its own. An account has two VPCs, 500 network interfaces, 250 security groups and 100
roles with their policies, load balancers, buckets, trusts across accounts and a peering to the next; every tenth has a
gateway, a model on a machine and one on SageMaker. 200 accounts have 100,000 interfaces, 50,000 groups and 20,000
roles. Made by a seed, as resources of a recorded inventory; reads nothing from disk, asserts nothing.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from scanner.builders import build as builders
from scanner.catalogue import rules
from scanner.judge import judge
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Items, Resource

HERE = FileOrigin("organisation.bundle", 1)
INTERFACES, GROUPS, ROLES = 500, 250, 100
SIZES = (25, 50, 100, 200)


def value(one: Any) -> Any:
    """Plain Python as the values of a resource."""
    if isinstance(one, dict):
        return Attrs({key: value(item) for key, item in one.items()})
    return Items([value(item) for item in one]) if isinstance(one, list) else one


class Account:
    """The resources of one account; `number` of `count`."""

    def __init__(self, number: int, count: int) -> None:
        self.number, self.count = number, count
        self.id = f"{100_000_000_000 + number}"
        self.unit = f"aws/{self.id}"
        self.draw = random.Random(number)

    def thing(self, kind: str, name_: str, /, **attrs: Any) -> Resource:
        return Resource(f"{kind}.{name_}", self.unit, kind, name_, value(attrs), HERE, "bundle")  # type: ignore[arg-type]

    def arn(self, service: str, rest: str, region: str = "") -> str:
        return f"arn:aws:{service}:{region}:{self.id}:{rest}"

    def resources(self) -> Iterator[Resource]:
        """All of them."""
        for vpc in range(2):
            yield from self.network(vpc)
        yield from self.identity()
        yield from self.stores()
        if self.number % 10 == 0:
            yield from self.model()

    def network(self, vpc: int) -> Iterator[Resource]:
        """A VPC with public and private subnets, groups that name each other, and interfaces in them."""
        key, second = f"vpc-{self.number}-{vpc}", self.number % 200
        yield self.thing("aws_vpc", key, id=key, cidr_block=f"10.{second}.{vpc * 128}.0/17")
        yield self.thing("aws_internet_gateway", key, id=f"igw-{key}", vpc_id=key)
        for place in range(4):
            subnet, table = f"subnet-{key}-{place}", f"rtb-{key}-{place}"
            cidr = f"10.{second}.{vpc * 128 + place * 16}.0/20"
            zone = "us-east-1a"
            yield self.thing("aws_subnet", subnet, id=subnet, vpc_id=key, cidr_block=cidr, availability_zone=zone)
            routes = [{"cidr_block": "0.0.0.0/0", "gateway_id": f"igw-{key}"}] if place < 2 else []
            yield self.thing("aws_route_table", table, id=table, vpc_id=key, route=routes)
            yield self.thing("aws_route_table_association", table, subnet_id=subnet, route_table_id=table)
        groups = [f"sg-{key}-{index}" for index in range(GROUPS // 2)]
        for index, group in enumerate(groups):
            ingress = [{"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": [f"10.{second}.0.0/16"]}]
            if index:
                peers = [groups[self.draw.randrange(index)]]
                ingress.append({"from_port": 8000, "to_port": 8000, "protocol": "tcp", "security_groups": peers})
            if index % 50 == 0:
                ingress.append({"from_port": 443, "to_port": 443, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"]})
            egress = [{"from_port": 0, "to_port": 0, "protocol": "-1", "cidr_blocks": ["0.0.0.0/0"]}]
            yield self.thing("aws_security_group", group, id=group, vpc_id=key, ingress=ingress, egress=egress)
        for index in range(INTERFACES // 2):
            name, place = f"eni-{key}-{index}", self.draw.randrange(4)
            yield self.thing(
                "aws_network_interface", name, id=name, subnet_id=f"subnet-{key}-{place}",
                private_ips=[f"10.{second}.{vpc * 128 + place * 16 + index // 250}.{index % 250 + 4}"],
                security_groups=self.draw.sample(groups, 2),
            )  # fmt: skip
        yield self.thing(
            "aws_lb", f"lb-{key}", id=f"lb-{key}", arn=self.arn("elasticloadbalancing", f"loadbalancer/app/lb-{key}/1"),
            load_balancer_type="application", internal=bool(vpc), subnets=[f"subnet-{key}-0", f"subnet-{key}-1"],
            security_groups=groups[:1],
        )  # fmt: skip
        other = f"vpc-{(self.number + 1) % self.count}-{vpc}"
        yield self.thing(
            "aws_vpc_peering_connection", key, id=f"pcx-{key}", vpc_id=key, peer_vpc_id=other, auto_accept=True
        )

    def document(self, *statements: dict[str, Any]) -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **one} for one in statements]})

    def identity(self) -> Iterator[Resource]:
        """Roles: of a hundred one calls Bedrock, one passes roles, one is trusted elsewhere, one assumes roles."""
        for turn in range(ROLES):
            name = f"role-{self.number}-{turn}"
            trusted: dict[str, Any] = {"Service": "lambda.amazonaws.com"}
            if turn == 10:
                trusted = {"AWS": f"arn:aws:iam::{100_000_000_000 + (self.number + 1) % self.count}:root"}
            work = {
                0: {"Action": "bedrock:InvokeModel", "Resource": "*"},
                1: {"Action": ["iam:PassRole", "lambda:CreateFunction"], "Resource": "*"},
                2: {"Action": "sts:AssumeRole", "Resource": f"arn:aws:iam::*:role/role-{self.number - 1}-10"},
                3: {"Action": "s3:*", "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalTag/team": "ml"}}},
            }.get(turn)
            if work is None:
                work = {"Action": ["s3:GetObject", "logs:*"], "Resource": f"arn:aws:s3:::bucket-{self.number}-{turn}/*"}
            trust = self.document({"Action": "sts:AssumeRole", "Principal": trusted})
            yield self.thing(
                "aws_iam_role", name, name=name, arn=self.arn("iam", f"role/{name}"), assume_role_policy=trust
            )
            yield self.thing("aws_iam_role_policy", name, role=name, name="work", policy=self.document(work))

    def stores(self) -> Iterator[Resource]:
        """Buckets, some with a policy."""
        for turn in range(20):
            name = f"bucket-{self.number}-{turn}"
            yield self.thing("aws_s3_bucket", name, bucket=name, id=name, arn=f"arn:aws:s3:::{name}")
            if turn % 5 == 0:
                allowed = {"Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{name}/*"}
                other = {"AWS": f"arn:aws:iam::{100_000_000_000 + (self.number + 7) % self.count}:root"}
                yield self.thing(
                    "aws_s3_bucket_policy", name, bucket=name, policy=self.document({**allowed, "Principal": other})
                )

    def model(self) -> Iterator[Resource]:
        """A gateway that calls Bedrock with a guardrail, and an endpoint of SageMaker with weights."""
        n = self.number
        yield self.thing(
            "aws_lambda_function", f"gateway-{n}", function_name=f"gateway-{n}",
            role=self.arn("iam", f"role/role-{n}-0"),
            image_uri=f"{self.id}.dkr.ecr.us-east-1.amazonaws.com/gateway@sha256:{'0' * 64}", package_type="Image",
        )  # fmt: skip
        yield self.thing(
            "aws_sagemaker_model", f"model-{n}", name=f"model-{n}",
            execution_role_arn=self.arn("iam", f"role/role-{n}-4"),
            primary_container=[{"image": "i", "model_data_url": f"s3://bucket-{n}-4/model/v1/"}],
        )  # fmt: skip
        yield self.thing(
            "aws_sagemaker_endpoint_configuration", f"config-{n}", name=f"config-{n}",
            production_variants=[{"model_name": f"model-{n}", "initial_instance_count": 1}],
        )  # fmt: skip
        yield self.thing(
            "aws_sagemaker_endpoint", f"endpoint-{n}", name=f"endpoint-{n}", endpoint_config_name=f"config-{n}"
        )
        yield self.thing(
            "aws_instance", f"server-{n}", id=f"i-{n}", subnet_id=f"subnet-vpc-{n}-0-2",
            private_ip=f"10.{n % 200}.33.9", ami="ami-1", instance_type="p5.48xlarge",
            vpc_security_group_ids=[f"sg-vpc-{n}-0-{index}" for index in (3, 7)],
        )  # fmt: skip
        yield self.thing("aws_bedrock_guardrail", f"guard-{n}", guardrail_id=f"guard{n}", name=f"guard-{n}")


def profile(accounts: int) -> Profile:
    """The gateways of the accounts that have a model."""
    gateways = tuple(f"aws_lambda_function.gateway-{number}" for number in range(0, accounts, 10))
    servers = tuple(f"aws_instance.server-{number}" for number in range(0, accounts, 10))
    return Profile(gateways=gateways, servers=servers)


def measured(accounts: int, steps: bool) -> str:
    """A line of the curve."""
    resources = [one for number in range(accounts) for one in Account(number, accounts).resources()]
    gc.collect()
    gc.freeze()
    gc.disable()  # as the command does
    each = tuple(_Timed(one) for one in builders.STEPS) if steps else builders.STEPS
    start = time.process_time()
    graph = builders.build(resources, profile(accounts), steps=each).graph
    built = time.process_time()
    made = judge(graph, profile(accounts), rules(), [], ["recorded"])
    done = time.process_time()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    crashed = sum(one.crashed for one in made.rules)
    return (
        f"{accounts:>5} accounts {len(resources):>8} resources {len(graph.nodes):>8} nodes {len(graph.edges):>9} edges"
        f" {built - start:7.1f} s build {done - built:7.1f} s judge {memory:>6} MiB {len(made.findings):>6} findings"
        f" {crashed} crashed"
    )


class _Timed:
    """A step of the build that says what it took."""

    def __init__(self, step: Any) -> None:
        self.step, self.needs = step, step.needs

    def __call__(self, world: Any) -> Any:
        start = time.process_time()
        try:
            return self.step(world)
        finally:
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            name = f"{getattr(self.step, 'function', None) or getattr(self.step, 'name', self.step)}"
            print(f"    {name[-60:]:60} {time.process_time() - start:7.2f} s {memory:>6} MiB", file=sys.stderr)


def main() -> None:
    """Print the curve, each size from a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--steps", action="store_true", help="say on stderr what each builder takes")
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(measured(options.one, options.steps))
        return
    for accounts in options.accounts:
        more = ["--steps"] if options.steps else []
        subprocess.run([sys.executable, __file__, "--one", str(accounts), *more], check=True)


if __name__ == "__main__":
    main()
