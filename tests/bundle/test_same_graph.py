"""One deployment as files and as answers of the API: the same ways, in every plane but placement."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.estate import NUMBER, PARTITION, REGION, full, write
from tests.bundle.reference import LOCAL, statement
from tests.harness import run

EC2 = f"arn:{PARTITION}:ec2:{REGION}:{NUMBER}"
IAM = f"arn:{PARTITION}:iam::{NUMBER}"
ELB = f"arn:{PARTITION}:elasticloadbalancing:{REGION}:{NUMBER}"
LAMBDA = f"arn:{PARTITION}:lambda:{REGION}:{NUMBER}:function"
ECS = f"arn:{PARTITION}:ecs:{REGION}:{NUMBER}"
SAGEMAKER = f"arn:{PARTITION}:sagemaker:{REGION}:{NUMBER}"
API = f"arn:{PARTITION}:apigateway:{REGION}::/apis/a1b2c3d4e5"
START = "#!/bin/bash\nvllm serve meta-llama/Llama-3.1-8B-Instruct --port 8000\n"
IMAGE = "vllm/vllm-openai:v0.10.0"
BUCKETS = ("weights", "weights-copy")
HOST = "front-1.us-gov-west-1.elb.amazonaws.com"
SERVICES = [f"{name}.amazonaws.com" for name in ("lambda", "ec2", "scheduler", "events")]
TRUST = statement(Action="sts:AssumeRole", Principal={"Service": SERVICES})
CONTAINER = {"name": "vllm", "image": IMAGE, "portMappings": [{"containerPort": 8000}]}

FILES = f"""
provider "aws" {{
  region              = "{REGION}"
  allowed_account_ids = ["{NUMBER}"]
}}
resource "aws_vpc" "main" {{ cidr_block = "10.0.0.0/16" }}
resource "aws_subnet" "a" {{
  vpc_id            = aws_vpc.main.id
  cidr_block        = "10.0.1.0/24"
  availability_zone = "{REGION}a"
}}
resource "aws_internet_gateway" "main" {{ vpc_id = aws_vpc.main.id }}
resource "aws_route_table" "public" {{
  vpc_id = aws_vpc.main.id
  route {{
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.main.id
  }}
}}
resource "aws_route_table_association" "a" {{
  subnet_id      = aws_subnet.a.id
  route_table_id = aws_route_table.public.id
}}
resource "aws_security_group" "front" {{
  vpc_id = aws_vpc.main.id
  ingress {{
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }}
  egress {{
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }}
}}
resource "aws_security_group" "model" {{
  vpc_id = aws_vpc.main.id
  ingress {{
    protocol        = "tcp"
    from_port       = 8000
    to_port         = 8000
    security_groups = [aws_security_group.front.id]
  }}
}}
resource "aws_instance" "model" {{
  ami                    = "ami-0123456789abcdef0"
  instance_type          = "g5.xlarge"
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.model.id]
  iam_instance_profile   = aws_iam_instance_profile.model.name
  user_data              = {json.dumps(START)}
}}
resource "aws_instance" "app" {{
  ami                    = "ami-0123456789abcdef0"
  instance_type          = "m5.large"
  subnet_id              = aws_subnet.a.id
  vpc_security_group_ids = [aws_security_group.front.id]
}}
resource "aws_lb" "front" {{
  name               = "front"
  load_balancer_type = "application"
  internal           = false
  security_groups    = [aws_security_group.front.id]
  subnets            = [aws_subnet.a.id]
}}
resource "aws_lb_target_group" "model" {{
  name        = "model"
  port        = 8000
  protocol    = "HTTP"
  target_type = "instance"
  vpc_id      = aws_vpc.main.id
}}
resource "aws_lb_target_group_attachment" "model" {{
  target_group_arn = aws_lb_target_group.model.arn
  target_id        = aws_instance.model.id
  port             = 8000
}}
resource "aws_lb_listener" "front" {{
  load_balancer_arn = aws_lb.front.arn
  port              = 443
  protocol          = "HTTPS"
  default_action {{
    type             = "forward"
    target_group_arn = aws_lb_target_group.model.arn
  }}
}}
resource "aws_lb_listener_rule" "front" {{
  listener_arn = aws_lb_listener.front.arn
  action {{
    type = "forward"
    forward {{
      target_group {{ arn = aws_lb_target_group.model.arn }}
    }}
  }}
  condition {{
    source_ip {{ values = ["192.0.2.0/24"] }}
  }}
}}
resource "aws_cloudfront_distribution" "front" {{
  enabled = true
  origin {{
    origin_id   = "front"
    domain_name = aws_lb.front.dns_name
  }}
  default_cache_behavior {{
    target_origin_id       = "front"
    viewer_protocol_policy = "https-only"
  }}
}}
resource "aws_iam_role" "caller" {{
  name               = "caller"
  assume_role_policy = {json.dumps(json.dumps(TRUST))}
}}
resource "aws_iam_role_policy" "caller" {{
  name   = "invoke"
  role   = aws_iam_role.caller.id
  policy = {json.dumps(json.dumps(statement(Action="bedrock:InvokeModel", Resource="*")))}
}}
resource "aws_iam_instance_profile" "model" {{
  name = "model"
  role = aws_iam_role.caller.name
}}
resource "aws_iam_user" "dev" {{ name = "dev" }}
resource "aws_iam_group" "devs" {{ name = "devs" }}
resource "aws_iam_user_group_membership" "dev" {{
  user   = aws_iam_user.dev.name
  groups = [aws_iam_group.devs.name]
}}
resource "aws_iam_policy" "endpoint" {{
  name   = "endpoint"
  policy = {json.dumps(json.dumps(statement(Action="sagemaker:InvokeEndpoint", Resource="*")))}
}}
resource "aws_iam_group_policy_attachment" "devs" {{
  group      = aws_iam_group.devs.name
  policy_arn = aws_iam_policy.endpoint.arn
}}
resource "aws_iam_access_key" "dev" {{ user = aws_iam_user.dev.name }}
resource "aws_lambda_function" "caller" {{
  function_name = "caller"
  role          = aws_iam_role.caller.arn
  runtime       = "python3.12"
  handler       = "app.main"
}}
resource "aws_lambda_function_url" "caller" {{
  function_name      = aws_lambda_function.caller.function_name
  authorization_type = "NONE"
}}
resource "aws_apigatewayv2_api" "front" {{
  name          = "front"
  protocol_type = "HTTP"
}}
resource "aws_apigatewayv2_integration" "caller" {{
  api_id           = aws_apigatewayv2_api.front.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.caller.arn
}}
resource "aws_apigatewayv2_route" "caller" {{
  api_id             = aws_apigatewayv2_api.front.id
  route_key          = "POST /v1"
  target             = "integrations/${{aws_apigatewayv2_integration.caller.id}}"
  authorization_type = "NONE"
}}
resource "aws_ecs_cluster" "main" {{ name = "main" }}
resource "aws_ecs_task_definition" "model" {{
  family                   = "model"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  task_role_arn            = aws_iam_role.caller.arn
  container_definitions    = {json.dumps(json.dumps([CONTAINER]))}
}}
resource "aws_ecs_service" "model" {{
  name            = "model"
  cluster         = aws_ecs_cluster.main.arn
  task_definition = aws_ecs_task_definition.model.arn
  launch_type     = "FARGATE"
  desired_count   = 1
  network_configuration {{
    subnets          = [aws_subnet.a.id]
    security_groups  = [aws_security_group.model.id]
    assign_public_ip = false
  }}
}}
resource "aws_scheduler_schedule" "nightly" {{
  name                = "nightly"
  schedule_expression = "rate(1 day)"
  flexible_time_window {{
    mode = "OFF"
  }}
  target {{
    arn      = aws_ecs_cluster.main.arn
    role_arn = aws_iam_role.caller.arn
    ecs_parameters {{
      task_definition_arn = aws_ecs_task_definition.model.arn
      launch_type         = "FARGATE"
      network_configuration {{
        subnets         = [aws_subnet.a.id]
        security_groups = [aws_security_group.model.id]
      }}
    }}
  }}
}}
resource "aws_cloudwatch_event_rule" "hourly" {{
  name                = "hourly"
  schedule_expression = "rate(1 hour)"
}}
resource "aws_cloudwatch_event_target" "hourly" {{
  rule      = aws_cloudwatch_event_rule.hourly.name
  target_id = "caller"
  arn       = aws_lambda_function.caller.arn
  role_arn  = aws_iam_role.caller.arn
}}
resource "aws_sagemaker_model" "claude" {{
  name               = "claude"
  execution_role_arn = aws_iam_role.caller.arn
  primary_container {{
    image          = "{NUMBER}.dkr.ecr.{REGION}.amazonaws.com/server:1"
    model_data_url = "s3://weights/claude/model.tar.gz"
  }}
}}
resource "aws_sagemaker_endpoint_configuration" "claude" {{
  name = "claude"
  production_variants {{
    variant_name           = "all"
    model_name             = aws_sagemaker_model.claude.name
    instance_type          = "ml.g5.xlarge"
    initial_instance_count = 1
  }}
}}
resource "aws_sagemaker_endpoint" "claude" {{
  name                 = "claude"
  endpoint_config_name = aws_sagemaker_endpoint_configuration.claude.name
}}
resource "aws_s3_bucket" "weights" {{ bucket = "weights" }}
resource "aws_s3_bucket" "copy" {{ bucket = "weights-copy" }}
resource "aws_s3_bucket_replication_configuration" "weights" {{
  bucket = aws_s3_bucket.weights.id
  role   = aws_iam_role.caller.arn
  rule {{
    status = "Enabled"
    destination {{ bucket = aws_s3_bucket.copy.arn }}
  }}
}}
"""

VPC, SUBNET, TABLE, MAIN = "vpc-0a000000000000001", "subnet-0a000000000000001", "rtb-0a000000000000001", "rtb-0a2"
GATEWAY, FRONT, MODEL, DEFAULT = "igw-0a000000000000001", "sg-0a000000000000001", "sg-0a000000000000002", "sg-0a3"
SERVER, APP = "i-0a000000000000001", "i-0a000000000000002"
LB, LISTENER = f"{ELB}:loadbalancer/app/front/1", f"{ELB}:listener/app/front/1/2"
GROUP, RULE = f"{ELB}:targetgroup/model/3", f"{ELB}:listener-rule/app/front/1/2/4"
DISTRIBUTION = f"arn:{PARTITION}:cloudfront::{NUMBER}:distribution/E1"
TASK = f"{ECS}:task-definition/model:1"
SCHEDULE = f"arn:{PARTITION}:scheduler:{REGION}:{NUMBER}:schedule/default/nightly"
HOURLY = f"arn:{PARTITION}:events:{REGION}:{NUMBER}:rule/hourly"
NAMES = {
    "aws_vpc.main": f"{EC2}:vpc/{VPC}",
    "aws_subnet.a": f"{EC2}:subnet/{SUBNET}",
    "aws_security_group.front": f"{EC2}:security-group/{FRONT}",
    "aws_security_group.model": f"{EC2}:security-group/{MODEL}",
    "aws_instance.model": f"{EC2}:instance/{SERVER}",
    "aws_instance.app": f"{EC2}:instance/{APP}",
    "aws_lb.front": LB,
    "aws_lb_listener.front": LISTENER,
    "aws_lb_listener_rule.front": RULE,
    "aws_lb_target_group.model": GROUP,
    "aws_cloudfront_distribution.front": DISTRIBUTION,
    "aws_iam_role.caller": f"{IAM}:role/caller",
    "aws_iam_role_policy.caller": f"{IAM}:role/caller#invoke",
    "aws_iam_instance_profile.model": f"{IAM}:instance-profile/model",
    "aws_iam_user.dev": f"{IAM}:user/dev",
    "aws_iam_group.devs": f"{IAM}:group/devs",
    "aws_iam_policy.endpoint": f"{IAM}:policy/endpoint",
    "aws_iam_access_key.dev": f"{IAM}:access-key/AKIAEXAMPLE",
    "aws_lambda_function.caller": f"{LAMBDA}:caller",
    "aws_lambda_function_url.caller": f"{LAMBDA}:caller#url",
    "aws_apigatewayv2_api.front": API,
    "aws_apigatewayv2_route.caller": f"{API}/routes/r1",
    "aws_apigatewayv2_integration.caller": f"{API}/integrations/i1",
    "aws_ecs_cluster.main": f"{ECS}:cluster/main",
    "aws_ecs_service.model": f"{ECS}:service/main/model",
    "aws_ecs_task_definition.model": TASK,
    "aws_scheduler_schedule.nightly": SCHEDULE,
    "aws_cloudwatch_event_rule.hourly": HOURLY,
    "aws_cloudwatch_event_target.hourly": f"{HOURLY}#caller",
    "aws_sagemaker_model.claude": f"{SAGEMAKER}:model/claude",
    "aws_sagemaker_endpoint_configuration.claude": f"{SAGEMAKER}:endpoint-config/claude",
    "aws_sagemaker_endpoint.claude": f"{SAGEMAKER}:endpoint/claude",
    "aws_s3_bucket.weights": f"arn:{PARTITION}:s3:::weights",
    "aws_s3_bucket.copy": f"arn:{PARTITION}:s3:::weights-copy",
}
PROFILE = """
models: {servers: [ADDRESSES], stores: ["s3://weights"]}
safety_stack: {gateways: [aws_lambda_function.caller]}
"""


def permission(port: int, **more: Any) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **more}


def machine(name: str, group: str, **more: Any) -> dict[str, Any]:
    interface = {"NetworkInterfaceId": f"eni-{name[2:]}", "Groups": [{"GroupId": group}], "SubnetId": SUBNET}
    found = {"InstanceId": name, "ImageId": "ami-0123456789abcdef0", "SubnetId": SUBNET, "VpcId": VPC}
    place = {"Placement": {"AvailabilityZone": f"{REGION}a", "Tenancy": "default"}, "State": {"Name": "running"}}
    return {**found, **place, "SecurityGroups": [{"GroupId": group}], "NetworkInterfaces": [interface], **more}


def network() -> dict[tuple[str, str], Any]:
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    anyone = permission(443, IpRanges=[{"CidrIp": "0.0.0.0/0"}])
    front = permission(8000, UserIdGroupPairs=[{"GroupId": FRONT, "UserId": NUMBER}])
    itself = {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": DEFAULT, "UserId": NUMBER}]}
    groups = [
        {"GroupId": name, "GroupName": title, "VpcId": VPC, "IpPermissions": [into], "IpPermissionsEgress": out}
        for name, title, into, out in (
            (FRONT, "front", anyone, everything),
            (MODEL, "model", front, []),
            (DEFAULT, "default", itself, everything),
        )
    ]
    out = {"DestinationCidrBlock": "0.0.0.0/0", "GatewayId": GATEWAY, "State": "active", "Origin": "CreateRoute"}
    link = {"Main": False, "RouteTableAssociationId": "rtbassoc-1", "RouteTableId": TABLE, "SubnetId": SUBNET}
    main = {"Main": True, "RouteTableAssociationId": "rtbassoc-2", "RouteTableId": MAIN}
    tables = [
        {"RouteTableId": TABLE, "VpcId": VPC, "Routes": [LOCAL, out], "Associations": [link]},
        {"RouteTableId": MAIN, "VpcId": VPC, "Routes": [LOCAL], "Associations": [main]},
    ]
    subnet = {"SubnetId": SUBNET, "VpcId": VPC, "CidrBlock": "10.0.1.0/24", "AvailabilityZone": f"{REGION}a"}
    machines = [
        machine(SERVER, MODEL, InstanceType="g5.xlarge", IamInstanceProfile={"Arn": f"{IAM}:instance-profile/model"}),
        machine(APP, FRONT, InstanceType="m5.large"),
    ]
    return {
        ("ec2:DescribeVpcs", ""): {"Vpcs": [{"VpcId": VPC, "CidrBlock": "10.0.0.0/16", "IsDefault": False}]},
        ("ec2:DescribeSubnets", ""): {"Subnets": [subnet]},
        ("ec2:DescribeInternetGateways", ""): {
            "InternetGateways": [{"InternetGatewayId": GATEWAY, "Attachments": [{"VpcId": VPC}]}]
        },
        ("ec2:DescribeRouteTables", ""): {"RouteTables": tables},
        ("ec2:DescribeSecurityGroups", ""): {"SecurityGroups": groups},
        ("ec2:DescribeInstances", ""): {"Reservations": [{"Instances": machines}]},
        ("ec2:DescribeInstanceAttribute", SERVER): {"UserData": {"Value": encoded(START)}},
    }


def encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def fronts() -> dict[tuple[str, str], Any]:
    lb = {"LoadBalancerArn": LB, "LoadBalancerName": "front", "DNSName": HOST, "Scheme": "internet-facing"}
    lb |= {"Type": "application", "VpcId": VPC, "SecurityGroups": [FRONT], "AvailabilityZones": [{"SubnetId": SUBNET}]}
    listener = {"ListenerArn": LISTENER, "LoadBalancerArn": LB, "Port": 443, "Protocol": "HTTPS"}
    listener["DefaultActions"] = [{"Type": "forward", "TargetGroupArn": GROUP}]
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": GROUP}]}}
    condition = {"Field": "source-ip", "SourceIpConfig": {"Values": ["192.0.2.0/24"]}}
    rules = [
        {"RuleArn": RULE, "Priority": "1", "Conditions": [condition], "Actions": [forward], "IsDefault": False},
        {"RuleArn": f"{RULE}5", "Priority": "default", "Conditions": [], "Actions": [forward], "IsDefault": True},
    ]
    group = {"TargetGroupArn": GROUP, "TargetGroupName": "model", "Port": 8000, "Protocol": "HTTP", "VpcId": VPC}
    target = {"Target": {"Id": SERVER, "Port": 8000}, "TargetHealth": {"State": "healthy"}}
    origins = {"Quantity": 1, "Items": [{"Id": "front", "DomainName": HOST, "OriginPath": ""}]}
    behavior = {"TargetOriginId": "front", "ViewerProtocolPolicy": "https-only"}
    behavior |= {
        "TrustedSigners": {"Enabled": False, "Quantity": 0},
        "TrustedKeyGroups": {"Enabled": False, "Quantity": 0},
    }
    distribution = {"Id": "E1", "ARN": DISTRIBUTION, "DomainName": "d1.cloudfront.net", "Enabled": True}
    distribution |= {"Origins": origins, "DefaultCacheBehavior": behavior, "CacheBehaviors": {"Quantity": 0}}
    function = {"FunctionName": "caller", "FunctionArn": f"{LAMBDA}:caller", "Role": f"{IAM}:role/caller"}
    url = {"FunctionArn": f"{LAMBDA}:caller", "AuthType": "NONE", "FunctionUrl": "https://u1.lambda-url.aws/"}
    route = {"RouteId": "r1", "RouteKey": "POST /v1", "Target": "integrations/i1", "AuthorizationType": "NONE"}
    integration = {"IntegrationId": "i1", "IntegrationType": "AWS_PROXY", "IntegrationUri": f"{LAMBDA}:caller"}
    return {
        ("elbv2:DescribeLoadBalancers", ""): {"LoadBalancers": [lb]},
        ("elbv2:DescribeListeners", ""): {"Listeners": [listener]},
        ("elbv2:DescribeRules", ""): {"Rules": rules},
        ("elbv2:DescribeTargetGroups", ""): {"TargetGroups": [{**group, "TargetType": "instance"}]},
        ("elbv2:DescribeTargetHealth", ""): {"TargetHealthDescriptions": [target]},
        ("cloudfront:ListDistributions", ""): {"DistributionList": {"Items": [distribution], "IsTruncated": False}},
        ("lambda:ListFunctions", ""): {"Functions": [{**function, "Runtime": "python3.12", "Handler": "app.main"}]},
        ("lambda:ListFunctionUrlConfigs", ""): {"FunctionUrlConfigs": [url]},
        ("apigatewayv2:GetApis", ""): {"Items": [{"ApiId": "a1b2c3d4e5", "Name": "front", "ProtocolType": "HTTP"}]},
        ("apigatewayv2:GetRoutes", ""): {"Items": [route]},
        ("apigatewayv2:GetIntegrations", ""): {"Items": [integration]},
    }


def identities() -> dict[tuple[str, str], Any]:
    holder = {"RoleName": "caller", "Arn": f"{IAM}:role/caller"}
    role = {
        **holder,
        "Path": "/",
        "AssumeRolePolicyDocument": TRUST,
        "RolePolicyList": [
            {"PolicyName": "invoke", "PolicyDocument": statement(Action="bedrock:InvokeModel", Resource="*")}
        ],
        "InstanceProfileList": [
            {"InstanceProfileName": "model", "Arn": f"{IAM}:instance-profile/model", "Path": "/", "Roles": [holder]}
        ],
    }
    attached = [{"PolicyName": "endpoint", "PolicyArn": f"{IAM}:policy/endpoint"}]
    document = statement(Action="sagemaker:InvokeEndpoint", Resource="*")
    versions = [{"IsDefaultVersion": True, "Document": document}, {"IsDefaultVersion": False, "Document": statement()}]
    page = {
        "RoleDetailList": [role],
        "UserDetailList": [
            {
                "UserName": "dev",
                "Arn": f"{IAM}:user/dev",
                "Path": "/",
                "GroupList": ["devs"],
                "AttachedManagedPolicies": [],
            }
        ],
        "GroupDetailList": [
            {"GroupName": "devs", "Arn": f"{IAM}:group/devs", "Path": "/", "AttachedManagedPolicies": attached}
        ],
        "Policies": [{"PolicyName": "endpoint", "Arn": f"{IAM}:policy/endpoint", "PolicyVersionList": versions}],
    }
    key = {"UserName": "dev", "AccessKeyId": "AKIAEXAMPLE", "Status": "Active"}
    return {
        ("iam:GetAccountAuthorizationDetails", ""): page,
        ("iam:ListAccessKeys", ""): {"AccessKeyMetadata": [key]},
        ("iam:ListServiceSpecificCredentials", ""): {"ServiceSpecificCredentials": []},
    }


def models() -> dict[tuple[str, str], Any]:
    cluster = {"clusterArn": f"{ECS}:cluster/main", "clusterName": "main"}
    placed = {"subnets": [SUBNET], "securityGroups": [MODEL], "assignPublicIp": "DISABLED"}
    service = {"serviceArn": f"{ECS}:service/main/model", "serviceName": "model", "clusterArn": f"{ECS}:cluster/main"}
    service |= {"taskDefinition": TASK, "launchType": "FARGATE", "desiredCount": 1, "status": "ACTIVE"}
    service["networkConfiguration"] = {"awsvpcConfiguration": placed}
    task = {"taskDefinitionArn": TASK, "family": "model", "networkMode": "awsvpc", "containerDefinitions": [CONTAINER]}
    task |= {"taskRoleArn": f"{IAM}:role/caller", "requiresCompatibilities": ["FARGATE"]}
    variant = {"VariantName": "all", "ModelName": "claude", "InstanceType": "ml.g5.xlarge", "InitialInstanceCount": 1}
    image = f"{NUMBER}.dkr.ecr.{REGION}.amazonaws.com/server:1"
    served = {"Image": image, "ModelDataUrl": "s3://weights/claude/model.tar.gz"}
    rule = {"Status": "Enabled", "Destination": {"Bucket": f"arn:{PARTITION}:s3:::weights-copy"}}
    return {
        ("ecs:ListClusters", ""): {"clusterArns": [f"{ECS}:cluster/main"]},
        ("ecs:DescribeClusters", ""): {"clusters": [cluster]},
        ("ecs:ListServices", ""): {"serviceArns": [f"{ECS}:service/main/model"]},
        ("ecs:DescribeServices", ""): {"services": [service]},
        ("ecs:DescribeTaskDefinition", ""): {"taskDefinition": task},
        ("sagemaker:ListModels", ""): {"Models": [{"ModelName": "claude"}]},
        ("sagemaker:DescribeModel", ""): {
            "ModelName": "claude", "ModelArn": f"{SAGEMAKER}:model/claude",
            "PrimaryContainer": served, "ExecutionRoleArn": f"{IAM}:role/caller",
        },
        ("sagemaker:ListEndpointConfigs", ""): {"EndpointConfigs": [{"EndpointConfigName": "claude"}]},
        ("sagemaker:DescribeEndpointConfig", ""): {
            "EndpointConfigName": "claude", "EndpointConfigArn": f"{SAGEMAKER}:endpoint-config/claude",
            "ProductionVariants": [variant],
        },
        ("sagemaker:ListEndpoints", ""): {"Endpoints": [{"EndpointName": "claude"}]},
        ("sagemaker:DescribeEndpoint", ""): {
            "EndpointName": "claude",
            "EndpointArn": f"{SAGEMAKER}:endpoint/claude",
            "EndpointConfigName": "claude",
        },
        ("s3:ListBuckets", ""): {"Buckets": [{"Name": one, "BucketRegion": REGION} for one in BUCKETS]},
        ("s3:GetBucketReplication", "weights"): {
            "ReplicationConfiguration": {"Role": f"{IAM}:role/caller", "Rules": [rule]}
        },
    }  # fmt: skip


def schedules() -> dict[tuple[str, str], Any]:
    told = {"Arn": SCHEDULE, "Name": "nightly", "GroupName": "default", "State": "ENABLED"}
    placed = {"Subnets": [SUBNET], "SecurityGroups": [MODEL], "AssignPublicIp": "DISABLED"}
    task = {"TaskDefinitionArn": TASK, "LaunchType": "FARGATE"}
    task["NetworkConfiguration"] = {"awsvpcConfiguration": placed}  # type: ignore[assignment]
    target = {"Arn": f"{ECS}:cluster/main", "RoleArn": f"{IAM}:role/caller", "EcsParameters": task}
    rule = {"Name": "hourly", "Arn": HOURLY, "ScheduleExpression": "rate(1 hour)", "State": "ENABLED"}
    function = {"Id": "caller", "Arn": f"{LAMBDA}:caller", "RoleArn": f"{IAM}:role/caller"}
    return {
        ("scheduler:ListSchedules", ""): {"Schedules": [{**told, "Target": {"Arn": target["Arn"]}}]},
        ("scheduler:GetSchedule", ""): {**told, "ScheduleExpression": "rate(1 day)", "Target": target},
        ("events:ListRules", ""): {"Rules": [{**rule, "EventBusName": "default"}]},
        ("events:ListTargetsByRule", ""): {"Targets": [function]},
    }


Edge = tuple[str, str, str, str, str, str]


def edges(folder: Path, *more: str) -> set[Edge]:
    """Every edge but those of placement: plane, state, source, target, ports and decision of it."""
    code, out, err = run("graph", str(folder), "--profile", str(folder / "tether.yaml"), "--format", "json", *more)
    assert code in (0, 1, 3), err
    found = set()
    for one in json.loads(out)["edges"]:
        if one["plane"] != "placement":
            ends = [one[key].partition(":")[2] for key in ("source", "target")]
            found.add((one["plane"], one.get("verb", ""), one["state"], *ends, json.dumps(one["traffic"])))
    return found


def answers() -> dict[tuple[str, str], Any]:
    return {**network(), **fronts(), **identities(), **models(), **schedules()}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[set[Edge], set[Edge]]:
    files, recorded = tmp_path_factory.mktemp("files"), tmp_path_factory.mktemp("recorded")
    profile = PROFILE.replace("ADDRESSES", "aws_instance.model, aws_ecs_service.model")
    (files / "main.tf").write_text(FILES)
    (files / "tether.yaml").write_text(profile)
    for address, arn in sorted(NAMES.items(), key=lambda pair: -len(pair[0])):
        profile = profile.replace(address, f'"{arn}"')
    (recorded / "tether.yaml").write_text(profile)
    calls = full(answers())
    bundle = write(recorded / "aws.bundle", calls)
    return edges(files), edges(recorded, "--bundle", str(bundle))


def renamed(edge: Edge) -> Edge:
    def name(text: str) -> str:
        for address, arn in sorted(NAMES.items(), key=lambda pair: -len(pair[0])):
            text = text.replace(address, arn)
        return text

    plane, verb, state, source, target, traffic = edge
    return plane, verb, state, name(source), name(target), traffic


def test_the_answers_give_the_ways_that_the_files_give(both: tuple[set[Edge], set[Edge]]) -> None:
    declared, recorded = both
    assert len(declared) > 20
    expected = {renamed(one) for one in declared}
    assert recorded - expected == set()
    assert expected - recorded == set()


@pytest.mark.parametrize(
    ("interface", "state"),
    [
        ({"Attachment": {"InstanceId": SERVER, "DeviceIndex": 0}}, "open"),
        ({"Description": f"{ECS}:attachment/1", "RequesterManaged": True}, ""),
        ({"RequesterManaged": True, "InterfaceType": "vpc_endpoint"}, "possible"),
    ],
    ids=["machine", "task", "unknown"],
)
def test_a_target_by_address_is_what_has_the_address(tmp_path: Path, interface: dict[str, Any], state: str) -> None:
    """A second address of a machine, a task that its service registers, and one that nothing known has."""
    own = {"NetworkInterfaceId": "eni-0fffffffffffffff1", "SubnetId": SUBNET, "OwnerId": NUMBER}
    own["PrivateIpAddresses"] = [{"PrivateIpAddress": "10.0.1.77"}]  # type: ignore[assignment]
    target = {"Target": {"Id": "10.0.1.77", "Port": 8000}}
    some = {
        **answers(),
        ("ec2:DescribeNetworkInterfaces", ""): {"NetworkInterfaces": [{**own, **interface}]},
        ("elbv2:DescribeTargetHealth", ""): {"TargetHealthDescriptions": [target]},
    }
    profile = PROFILE.replace("ADDRESSES", "aws_instance.model")
    for address, arn in sorted(NAMES.items(), key=lambda pair: -len(pair[0])):
        profile = profile.replace(address, f'"{arn}"')
    (tmp_path / "tether.yaml").write_text(profile)
    found = edges(tmp_path, "--bundle", str(write(tmp_path / "aws.bundle", full(some))))
    behind = {one[2] for one in found if one[3] == GROUP and one[4] == NAMES["aws_instance.model"]}
    assert behind == ({state} if state else set())
