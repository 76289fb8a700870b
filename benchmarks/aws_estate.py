"""A generated organisation as a bundle: accounts with networks, roles, buckets and models, the same for a seed.

Sizes differ in the number of accounts alone: each has 500 interfaces, 250 security groups in 4 networks, and 100 roles.
One account in ten serves a model of its own and calls Bedrock. `aws_estate_more.py` adds load balancers, guardrails and
the policies of the organisation. Not in it: agents, policies of buckets.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.aws_estate_more import (
    PARTITION,
    REGION,
    ROLES,
    SUBNETS,
    VPCS,
    Answers,
    account_of,
    allow,
    described,
    document,
    fronts,
    guardrails,
    identifier,
    ruled,
)  # fmt: skip
from scanner.sources.bundle import BundleWriter, Call
from tests.bundle.estate import AT, full

GROUPS, INTERFACES = 250, 500
SERVICES = ("lambda", "ec2", "ecs-tasks", "sagemaker", "bedrock")
SHARED_GATEWAY = "tgw-0000000000000001"


def network(number: int, dice: random.Random) -> Answers:
    """Networks with subnets, routes over a shared transit gateway, and peering between the first two."""
    vpcs = [identifier("vpc", number, one) for one in range(VPCS)]
    blocks = [f"10.{(number * VPCS + one) % 250}.0.0/16" for one in range(VPCS)]
    gates = [identifier("igw", number, one) for one in range(VPCS)]
    peer = identifier("pcx", number, 0)
    subnets, tables, attached = [], [], []
    for one, vpc in enumerate(vpcs):
        mine = [identifier("subnet", number, one * SUBNETS + each) for each in range(SUBNETS)]
        head = blocks[one].removesuffix(".0.0/16")
        subnets += [
            {
                "SubnetId": name,
                "VpcId": vpc,
                "CidrBlock": f"{head}.{at * 16}.0/20",
                "AvailabilityZone": REGION + "abc"[at % 3],
            }
            for at, name in enumerate(mine)
        ]
        routes = [{"DestinationCidrBlock": "10.0.0.0/8", "TransitGatewayId": SHARED_GATEWAY}]
        routes += [{"DestinationCidrBlock": blocks[1 - one], "VpcPeeringConnectionId": peer}] if one < 2 else []
        open_ = [*routes, {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": gates[one]}]
        for at, (out, some) in enumerate(((routes, mine[2:]), (open_, mine[:2]))):
            name = identifier("rtb", number, one * 2 + at)
            joined = [
                {"RouteTableAssociationId": f"{name}-{each}", "SubnetId": each, "RouteTableId": name} for each in some
            ]
            tables.append({"RouteTableId": name, "VpcId": vpc, "Routes": out, "Associations": joined})
        attached.append(
            {
                "TransitGatewayAttachmentId": identifier("tgw-attach", number, one),
                "TransitGatewayId": SHARED_GATEWAY,
                "VpcId": vpc,
                "SubnetIds": mine[2:4],
                "State": "available",
            }
        )
    service = f"com.amazonaws.{REGION}.bedrock-runtime"
    door = {"VpcEndpointId": identifier("vpce", number, 0), "VpcId": vpcs[0], "ServiceName": service}
    door |= {"VpcEndpointType": "Interface", "SubnetIds": [subnets[2]["SubnetId"]], "State": "available"}
    door |= {"Groups": [{"GroupId": identifier("sg", number, 0)}], "PrivateDnsEnabled": True}
    info = [{"VpcId": vpcs[one], "OwnerId": account_of(number), "Region": REGION} for one in range(2)]
    peering = {"VpcPeeringConnectionId": peer, "RequesterVpcInfo": info[0], "AccepterVpcInfo": info[1]}
    return {
        ("ec2:DescribeVpcs", ""): {"Vpcs": [{"VpcId": a, "CidrBlock": b} for a, b in zip(vpcs, blocks, strict=True)]},
        ("ec2:DescribeSubnets", ""): {"Subnets": subnets},
        ("ec2:DescribeRouteTables", ""): {"RouteTables": tables},
        ("ec2:DescribeInternetGateways", ""): {
            "InternetGateways": [
                {"InternetGatewayId": a, "Attachments": [{"VpcId": b}]} for a, b in zip(gates, vpcs, strict=True)
            ]
        },
        ("ec2:DescribeTransitGatewayVpcAttachments", ""): {"TransitGatewayVpcAttachments": attached},
        ("ec2:DescribeVpcPeeringConnections", ""): {
            "VpcPeeringConnections": [peering | {"Status": {"Code": "active"}}]
        },
        ("ec2:DescribeVpcEndpoints", ""): {"VpcEndpoints": [door]},
        **groups(number, vpcs, dice),
        **interfaces(number, subnets, dice),
    }


def groups(number: int, vpcs: list[str], dice: random.Random) -> Answers:
    """Security groups: a third admits another group, a third a range, the rest both; a few admit everyone."""
    made = []
    for one in range(GROUPS):
        rules: list[dict[str, Any]] = []
        other = identifier("sg", number, (one + VPCS * dice.randrange(1, 9)) % (GROUPS // VPCS * VPCS))
        port = dice.choice((443, 8000, 8080, 5432))
        if one % 3 != 1:
            rules.append(
                {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": [{"GroupId": other}]}
            )
        if one % 3 != 0:
            block = "0.0.0.0/0" if one % 50 == 1 else f"10.{dice.randrange(250)}.{dice.randrange(16) * 16}.0/20"
            rules.append({"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": block}]})
        out = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        group = {"GroupId": identifier("sg", number, one), "GroupName": f"app-{one}", "VpcId": vpcs[one % VPCS]}
        made.append({**group, "IpPermissions": rules, "IpPermissionsEgress": out})
    return {("ec2:DescribeSecurityGroups", ""): {"SecurityGroups": made}}


def interfaces(number: int, subnets: list[dict[str, Any]], dice: random.Random) -> Answers:
    """Interfaces, each of one or two groups of its network."""
    made = []
    for one in range(INTERFACES):
        vpc = one % VPCS
        subnet = subnets[vpc * SUBNETS + dice.randrange(SUBNETS)]
        carried = {dice.randrange(GROUPS // VPCS) * VPCS + vpc for _ in range(dice.choice((1, 1, 2)))}
        address = subnet["CidrBlock"].rpartition(".")[0] + f".{one % 250 + 4}"
        made.append(
            {
                "NetworkInterfaceId": identifier("eni", number, one),
                "SubnetId": subnet["SubnetId"],
                "VpcId": subnet["VpcId"],
                "PrivateIpAddress": address,
                "PrivateIpAddresses": [{"PrivateIpAddress": address, "Primary": True}],
                "Groups": [{"GroupId": identifier("sg", number, each)} for each in sorted(carried)],
            }
        )
    return {("ec2:DescribeNetworkInterfaces", ""): {"NetworkInterfaces": made}}


def role(number: int, one: int, accounts: int, dice: random.Random) -> dict[str, Any]:
    """A role with a policy of its own; of a hundred, some invoke, pass roles, or trust another account."""
    mine = f"arn:{PARTITION}:iam::{account_of(number)}"
    trusted: dict[str, Any] = {"Service": f"{dice.choice(SERVICES)}.amazonaws.com"}
    trust: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}
    if one % 25 == 5:
        there = account_of(dice.randrange(accounts))
        trust["Principal"] = {"AWS": f"arn:{PARTITION}:iam::{there}:role/app-{dice.randrange(ROLES)}"}
        trust["Condition"] = {"StringEquals": {"sts:ExternalId": "x"}}
    work = [allow(["s3:GetObject", "s3:PutObject"], f"arn:{PARTITION}:s3:::data-{number}-{one}/*")]
    work.append(allow(["logs:PutLogEvents"], "*", Condition={"StringEquals": {"aws:RequestedRegion": REGION}}))
    if one == 0 and number % 10 == 0:
        work.append(allow(["bedrock:InvokeModel"], f"arn:{PARTITION}:bedrock:*::foundation-model/*"))
    if one == 1:
        work.append(allow(["iam:PassRole"], f"{mine}:role/app-{one + 1}"))
    if one % 25 == 6:
        work.append(allow(["sts:AssumeRole"], f"arn:{PARTITION}:iam::*:role/app-{dice.randrange(ROLES)}"))
    return {
        "Arn": f"{mine}:role/app-{one}",
        "RoleName": f"app-{one}",
        "Path": "/",
        "AssumeRolePolicyDocument": document(trust),
        "RolePolicyList": [{"PolicyName": "work", "PolicyDocument": document(*work)}],
        "AttachedManagedPolicies": [],
        "InstanceProfileList": [],
    }


def model(number: int) -> Answers:
    """An endpoint that serves a model, behind groups of the first network."""
    arn = f"arn:{PARTITION}:sagemaker:{REGION}:{account_of(number)}"
    held = {"SecurityGroupIds": [identifier("sg", number, 0)], "Subnets": [identifier("subnet", number, 2)]}
    image = f"{account_of(number)}.dkr.ecr.{REGION}.amazonaws.com/llm:1"
    return {
        ("sagemaker:ListEndpoints", ""): {"Endpoints": [{"EndpointName": "llm"}]},
        ("sagemaker:DescribeEndpoint", "llm"): {
            "EndpointName": "llm", "EndpointArn": f"{arn}:endpoint/llm", "EndpointConfigName": "llm",
            "EndpointStatus": "InService",
        },
        ("sagemaker:ListEndpointConfigs", ""): {"EndpointConfigs": [{"EndpointConfigName": "llm"}]},
        ("sagemaker:DescribeEndpointConfig", "llm"): {
            "EndpointConfigName": "llm", "EndpointConfigArn": f"{arn}:endpoint-config/llm",
            "ProductionVariants": [{"VariantName": "a", "ModelName": "llm", "InstanceType": "ml.g5.xlarge"}],
        },
        ("sagemaker:ListModels", ""): {"Models": [{"ModelName": "llm"}]},
        ("sagemaker:DescribeModel", "llm"): {
            "ModelName": "llm", "ModelArn": f"{arn}:model/llm", "VpcConfig": held, "PrimaryContainer": {"Image": image},
            "ExecutionRoleArn": f"arn:{PARTITION}:iam::{account_of(number)}:role/app-3",
        },
    }  # fmt: skip


def account(number: int, accounts: int) -> list[Call]:
    """Every call to an account and its answer."""
    dice = random.Random(number)
    roles = [role(number, one, accounts, dice) for one in range(ROLES)]
    buckets = [{"Name": f"data-{number}-{one}", "BucketRegion": REGION} for one in range(10)]
    answers = network(number, dice)
    answers["iam:GetAccountAuthorizationDetails", ""] = {"RoleDetailList": roles}
    answers["s3:ListBuckets", ""] = {"Buckets": buckets}
    answers |= model(number) if number % 10 == 0 else {}
    answers |= fronts(number, answers)
    answers |= guardrails(number) if number % 5 == 0 else {}
    answers |= ruled(accounts) if number == 0 else {("organizations:DescribeOrganization", ""): described()}
    if number == 0:
        gateway = {"TransitGatewayId": SHARED_GATEWAY, "State": "available"}
        answers["ec2:DescribeTransitGateways", ""] = {"TransitGateways": [gateway]}
    calls = full(answers, REGION, account_of(number))
    if number == 0:
        return calls
    # Members may not read the organisation: the management account tells what it has.
    return [
        msgspec.structs.replace(one, outcome="denied", pages=())
        if one.operation.startswith("organizations:") and "DescribeOrganization" not in one.operation
        else one
        for one in calls
    ]


def write(path: Path, accounts: int) -> int:
    """Write the bundle; the bytes of it."""
    with BundleWriter(path, version="benchmark", at=AT) as writer:
        for number in range(accounts):
            for one in account(number, accounts):
                writer.add(one)
        writer.finish()
    return path.stat().st_size


def size(accounts: int) -> dict[str, int]:
    """What the accounts hold."""
    return {"interfaces": accounts * INTERFACES, "groups": accounts * GROUPS, "roles": accounts * ROLES}
