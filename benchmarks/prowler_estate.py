"""The estate of `benchmarks/prowler.py`: an ordinary account of a company that serves models, in two regions.

The numbers are of the author's choosing, before anything was measured of them, by what such accounts have: more of what
keeps data, roles and logs than of what serves models, which is a few per cent of it.
"""

from __future__ import annotations

import json
from typing import Any

import boto3

REGIONS = ("us-east-1", "us-west-2")
BUCKETS = 40
"""An account: data sets, artefacts, logs, deployments, backups. The quota was 100 for long."""
ROLES = 60
"""An account: one for each function and service, those of people and of deployments, and those that AWS makes."""
USERS = 5
"""An account: a few with keys are left in most, beside single sign-on."""
FUNCTIONS = 20
"""A region: events, crons, small interfaces."""
LOG_GROUPS = 30
"""A region: one for each function, and those of builds, networks and interfaces."""
QUEUES, TOPICS = 10, 5
"""A region: what functions and services talk by; as many secrets as queues, as many keys and tables as topics."""
MACHINES, GROUPS, SNAPSHOTS, REPOSITORIES = 6, 15, 10, 8
"""A region: nodes of clusters and a bastion; their security groups; snapshots of their disks; images of services."""
ENDPOINTS = 2
"""A region: what serves models, each with a model and a configuration."""
CALLERS = 2
"""A region: functions whose role may call a model; all others have a role that reads a bucket and writes logs."""
PROFILE = """
places: [{provider: aws, partition: aws, accounts: ["123456789012"], regions: [us-east-1, us-west-2]}]
models: {stores: ["s3://bucket-0", "s3://bucket-1"]}
safety_stack: {gateways: ["arn:aws:lambda:*:function:f-0"]}
operators: ["arn:aws:iam::123456789012:role/role-0"]
evidence: {sinks: [bucket-2]}
"""
"""Two stores of weights, one of evidence, a function as the gateway: what a profile of such an account names."""


def trust(service: str) -> str:
    """The policy by which a service takes a role."""
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(*pairs: tuple[str, str]) -> str:
    """A policy that allows actions on resources."""
    some = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in pairs]
    return json.dumps({"Version": "2012-10-17", "Statement": some})


def seed(address: str, scale: int) -> None:
    """The estate with `scale` times as many of each thing."""

    def client(name: str, region: str) -> Any:
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        return boto3.client(name, region_name=region, endpoint_url=address, **keys)

    iam, s3 = client("iam", REGIONS[0]), client("s3", REGIONS[0])
    roles = []
    for number in range(ROLES * scale):
        name = f"role-{number}"
        taken = trust(("lambda", "sagemaker", "ec2", "ecs-tasks")[number % 4])
        roles.append(iam.create_role(RoleName=name, AssumeRolePolicyDocument=taken)["Role"]["Arn"])
        calls = number % 30 == 0
        does = (("bedrock:InvokeModel", "*") if calls else ("s3:GetObject", f"arn:aws:s3:::bucket-{number + 3}/*"),
                ("logs:PutLogEvents", "*"), ("sqs:SendMessage", "*"))  # fmt: skip
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=allow(*does))
    for number in range(USERS * scale):
        iam.create_user(UserName=f"user-{number}")
        iam.create_access_key(UserName=f"user-{number}")
        iam.put_user_policy(UserName=f"user-{number}", PolicyName="own",
                            PolicyDocument=allow(("s3:PutObject", f"arn:aws:s3:::bucket-{number + 3}/*")))  # fmt: skip
    for number in range(BUCKETS * scale):
        s3.create_bucket(Bucket=f"bucket-{number}")
    names = ("ec2", "lambda", "kms", "sagemaker", "logs", "sqs", "sns", "dynamodb", "secretsmanager", "ecr")
    for region in REGIONS:
        clients = {name: client(name, region) for name in names}
        _network(clients["ec2"], scale)
        _applications(clients, roles, scale)
        _models(clients["sagemaker"], roles, scale)


def _network(ec2: Any, scale: int) -> None:
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20")["Subnet"]["SubnetId"]
    groups = [ec2.create_security_group(GroupName=f"g-{number}", Description="d", VpcId=vpc)["GroupId"]
              for number in range(GROUPS * scale)]  # fmt: skip
    for group in groups:
        opens = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[opens])
    for number in range(MACHINES * scale):
        ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, SubnetId=subnet,
                          SecurityGroupIds=[groups[number]])  # fmt: skip
    disk = ec2.create_volume(AvailabilityZone=f"{ec2.meta.region_name}a", Size=8)["VolumeId"]
    for _ in range(SNAPSHOTS * scale):
        ec2.create_snapshot(VolumeId=disk)


def _applications(clients: dict[str, Any], roles: list[str], scale: int) -> None:
    plain = [one for number, one in enumerate(roles) if number % 4 == 0 and number % 30]
    for number in range(FUNCTIONS * scale):
        role = roles[0] if number < CALLERS * scale else plain[number % len(plain)]
        clients["lambda"].create_function(
            FunctionName=f"f-{number}", Runtime="python3.12", Role=role, Handler="a.b", Code={"ZipFile": b"x"}
        )
    for number in range(LOG_GROUPS * scale):
        kind = "lambda/f" if number < FUNCTIONS * scale else "codebuild/b"
        clients["logs"].create_log_group(logGroupName=f"/aws/{kind}-{number}")
    for number in range(QUEUES * scale):
        clients["sqs"].create_queue(QueueName=f"q-{number}")
        clients["secretsmanager"].create_secret(Name=f"s-{number}", SecretString="x")
    for number in range(TOPICS * scale):
        clients["sns"].create_topic(Name=f"t-{number}")
        clients["kms"].create_key(Description=f"k-{number}")
        clients["dynamodb"].create_table(
            TableName=f"d-{number}",
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        )
    for number in range(REPOSITORIES * scale):
        clients["ecr"].create_repository(repositoryName=f"team/app-{number}")


def _models(sagemaker: Any, roles: list[str], scale: int) -> None:
    for number in range(ENDPOINTS * scale):
        model = {"Image": "vllm/vllm-openai:latest", "ModelDataUrl": "s3://bucket-0/model.tar.gz"}
        sagemaker.create_model(ModelName=f"m-{number}", ExecutionRoleArn=roles[1], PrimaryContainer=model)
        variant = {"VariantName": "a", "ModelName": f"m-{number}", "InstanceType": "ml.g4dn.xlarge"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=f"c-{number}", ProductionVariants=[{**variant, "InitialInstanceCount": 1}]
        )
        sagemaker.create_endpoint(EndpointName=f"e-{number}", EndpointConfigName=f"c-{number}")
