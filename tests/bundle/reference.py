"""The AWS part of `fixtures/worlds/reference`, as the API tells it once it is deployed."""

from __future__ import annotations

import copy
from typing import Any

from tests.bundle.estate import NUMBER, PARTITION, REGION

IAM = f"arn:{PARTITION}:iam::{NUMBER}"
OWN = f"arn:{PARTITION}:iam::aws:policy/"
CLUSTER = f"arn:{PARTITION}:eks:{REGION}:{NUMBER}:cluster/acme-gov"
GUARDRAIL = f"arn:{PARTITION}:bedrock:{REGION}:{NUMBER}:guardrail/gr7acme2026x"
VPC, SUBNETS = "vpc-0a1b2c3d4e5f60718", ("subnet-0aaaaaaaaaaaaaaa1", "subnet-0aaaaaaaaaaaaaaa2")
TABLE, MAIN, ACL = "rtb-0bbbbbbbbbbbbbbb1", "rtb-0bbbbbbbbbbbbbbb2", "acl-0ccccccccccccccc1"
GROUP, CLUSTER_GROUP = "sg-0ddddddddddddddd1", "sg-0ddddddddddddddd2"
ENDPOINT = "vpce-0eeeeeeeeeeeeeee1"
TRAIL = f"arn:{PARTITION}:cloudtrail:{REGION}:{NUMBER}:trail/acme-gov"
MODEL = f"arn:{PARTITION}:bedrock:{REGION}::foundation-model/anthropic.claude-sonnet-4-5-20250929-v1:0"
LOCAL = {"GatewayId": "local", "DestinationCidrBlock": "10.40.0.0/16", "State": "active", "Origin": "CreateRouteTable"}
EVERYTHING = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def itself(group: str) -> dict[str, Any]:
    return {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group, "UserId": NUMBER}]}


def statement(**more: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **more}]}


def role(name: str, trust: dict[str, Any], own: dict[str, Any] | None = None, managed: tuple[str, ...] = ()) -> Any:
    inline = [{"PolicyName": key, "PolicyDocument": document} for key, document in (own or {}).items()]
    attached = [{"PolicyName": one, "PolicyArn": OWN + one} for one in managed]
    return {
        "Arn": f"{IAM}:role/{name}",
        "RoleName": name,
        "Path": "/",
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": inline,
        "AttachedManagedPolicies": attached,
        "InstanceProfileList": [],
    }


def service(name: str, *actions: str) -> dict[str, Any]:
    return statement(Action=list(actions or ("sts:AssumeRole",)), Principal={"Service": name})


SAML = statement(
    Action="sts:AssumeRoleWithSAML",
    Principal={"Federated": f"{IAM}:saml-provider/operator"},
    Condition={"StringEquals": {"SAML:aud": "https://signin.amazonaws-us-gov.com/saml"}},
)
INVOKE = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
CALLS = statement(
    Sid="InvokeWithGuardrail",
    Action=INVOKE,
    Resource=MODEL,
    Condition={"StringEquals": {"bedrock:GuardrailIdentifier": f"{GUARDRAIL}:7", "aws:SourceVpce": ENDPOINT}},
)
OPERATES = statement(
    Action=["bedrock:GetGuardrail", "bedrock:UpdateGuardrail", "bedrock:CreateGuardrailVersion"], Resource="*"
)
NODE = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
ROLES = [
    role("acme-gateway", service("pods.eks.amazonaws.com", "sts:AssumeRole", "sts:TagSession"), {"invoke": CALLS}),
    role("acme-cluster", service("eks.amazonaws.com"), managed=("AmazonEKSClusterPolicy",)),
    role("acme-node", service("ec2.amazonaws.com"), managed=NODE),
    role("safety-ops", SAML, {"operate-guardrails": OPERATES}),
]
HARMS = ("HATE", "INSULTS", "SEXUAL", "VIOLENCE", "MISCONDUCT")
FILTERS = [
    *(
        {"type": one, "inputStrength": "HIGH", "outputStrength": "HIGH", "inputModalities": ["TEXT", "IMAGE"]}
        for one in HARMS
    ),
    {
        "type": "PROMPT_ATTACK",
        "inputStrength": "HIGH",
        "outputStrength": "NONE",
        "inputModalities": ["TEXT", "IMAGE"],
    },
]


def guardrail(version: str) -> dict[str, Any]:
    return {
        "name": "acme",
        "guardrailId": "gr7acme2026x",
        "guardrailArn": GUARDRAIL,
        "version": version,
        "status": "READY",
        "contentPolicy": {"filters": copy.deepcopy(FILTERS)},
        "blockedInputMessaging": "This request cannot be answered.",
        "blockedOutputsMessaging": "This answer cannot be shown.",
    }


def listed(version: str) -> dict[str, Any]:
    return {"id": "gr7acme2026x", "arn": GUARDRAIL, "status": "READY", "name": "acme", "version": version}


def network() -> dict[tuple[str, str], Any]:
    places = zip(SUBNETS, "ab", ("10.40.0.0/20", "10.40.16.0/20"), strict=True)
    subnets = [
        {
            "SubnetId": one,
            "VpcId": VPC,
            "CidrBlock": block,
            "AvailabilityZone": f"{REGION}{zone}",
            "MapPublicIpOnLaunch": False,
        }
        for one, zone, block in places
    ]
    links = [
        {"Main": False, "RouteTableAssociationId": f"rtbassoc-{one[-1]}", "RouteTableId": TABLE, "SubnetId": one}
        for one in SUBNETS
    ]
    main = {"Main": True, "RouteTableAssociationId": "rtbassoc-0", "RouteTableId": MAIN}
    entries = [
        {"RuleNumber": number, "RuleAction": action, "Protocol": "-1", "Egress": way, "CidrBlock": "0.0.0.0/0"}
        for way in (False, True)
        for number, action in ((100, "allow"), (32767, "deny"))
    ]
    acl = {"NetworkAclId": ACL, "VpcId": VPC, "IsDefault": True, "Entries": entries}
    acl["Associations"] = [{"SubnetId": one, "NetworkAclId": ACL} for one in SUBNETS]
    endpoint = {
        "VpcEndpointId": ENDPOINT,
        "VpcEndpointType": "Interface",
        "VpcId": VPC,
        "ServiceName": f"com.amazonaws.{REGION}.bedrock-runtime",
        "State": "available",
        "PolicyDocument": statement(Principal={"AWS": f"{IAM}:role/acme-gateway"}, Action=INVOKE, Resource="*"),
        "SubnetIds": list(SUBNETS),
        "Groups": [{"GroupId": GROUP, "GroupName": "default"}],
        "PrivateDnsEnabled": True,
    }
    groups = [
        {"GroupId": GROUP, "GroupName": "default", "VpcId": VPC},
        {"GroupId": CLUSTER_GROUP, "GroupName": "eks-cluster-sg-acme-gov-1", "VpcId": VPC},
    ]
    for one in groups:
        one["IpPermissions"] = [itself(one["GroupId"])]
        one["IpPermissionsEgress"] = [EVERYTHING]
    whole = "10.40.0.0/16"
    block = {"AssociationId": "vpc-cidr-assoc-1", "CidrBlock": whole, "CidrBlockState": {"State": "associated"}}
    vpc = {"VpcId": VPC, "CidrBlock": whole, "IsDefault": False, "CidrBlockAssociationSet": [block]}
    tables = [
        {"RouteTableId": TABLE, "VpcId": VPC, "Routes": [LOCAL], "Associations": links},
        {"RouteTableId": MAIN, "VpcId": VPC, "Routes": [LOCAL], "Associations": [main]},
    ]
    return {
        ("ec2:DescribeVpcs", ""): {"Vpcs": [vpc]},
        ("ec2:DescribeSubnets", ""): {"Subnets": subnets},
        ("ec2:DescribeRouteTables", ""): {"RouteTables": tables},
        ("ec2:DescribeSecurityGroups", ""): {"SecurityGroups": groups},
        ("ec2:DescribeNetworkAcls", ""): {"NetworkAcls": [acl]},
        ("ec2:DescribeVpcEndpoints", ""): {"VpcEndpoints": [endpoint]},
    }


def cluster() -> dict[tuple[str, str], Any]:
    body = {
        "name": "acme-gov",
        "arn": CLUSTER,
        "version": "1.34",
        "roleArn": f"{IAM}:role/acme-cluster",
        "resourcesVpcConfig": {
            "subnetIds": list(SUBNETS),
            "securityGroupIds": [],
            "clusterSecurityGroupId": CLUSTER_GROUP,
            "vpcId": VPC,
            "endpointPublicAccess": False,
            "endpointPrivateAccess": True,
            "publicAccessCidrs": [],
        },
        "logging": {"clusterLogging": [{"types": ["api", "audit", "authenticator"], "enabled": True}]},
        "accessConfig": {"authenticationMode": "CONFIG_MAP"},
        "status": "ACTIVE",
    }
    part = f"arn:{PARTITION}:eks:{REGION}:{NUMBER}"
    nodes = {
        "nodegroupName": "gpu",
        "nodegroupArn": f"{part}:nodegroup/acme-gov/gpu/1",
        "clusterName": "acme-gov",
        "scalingConfig": {"minSize": 2, "maxSize": 4, "desiredSize": 2},
        "instanceTypes": ["p5.48xlarge"],
        "subnets": list(SUBNETS),
        "nodeRole": f"{IAM}:role/acme-node",
    }
    addon = {
        "addonName": "vpc-cni",
        "clusterName": "acme-gov",
        "addonArn": f"{part}:addon/acme-gov/vpc-cni/1",
        "configurationValues": '{"enableNetworkPolicy": "true"}',
    }
    pods = {
        "clusterName": "acme-gov",
        "namespace": "safety",
        "serviceAccount": "gateway",
        "roleArn": f"{IAM}:role/acme-gateway",
        "associationArn": f"{part}:podidentityassociation/acme-gov/a-1",
        "associationId": "a-1",
    }
    return {
        ("eks:ListClusters", ""): {"clusters": ["acme-gov"]},
        ("eks:DescribeCluster", ""): {"cluster": body},
        ("eks:ListNodegroups", ""): {"nodegroups": ["gpu"]},
        ("eks:DescribeNodegroup", ""): {"nodegroup": nodes},
        ("eks:ListAddons", ""): {"addons": ["vpc-cni"]},
        ("eks:DescribeAddon", ""): {"addon": addon},
        ("eks:ListPodIdentityAssociations", ""): {
            "associations": [{key: pods[key] for key in pods if key != "roleArn"}]
        },
        ("eks:DescribePodIdentityAssociation", ""): {"association": pods},
    }


def stores() -> dict[tuple[str, str], Any]:
    names = ("acme-gov-evidence", "acme-gov-weights")
    block = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    lock = {"ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}}}
    trail = {
        "Name": "acme-gov",
        "TrailARN": TRAIL,
        "S3BucketName": names[0],
        "S3KeyPrefix": "trail",
        "IncludeGlobalServiceEvents": True,
        "IsMultiRegionTrail": True,
        "LogFileValidationEnabled": True,
        "HomeRegion": REGION,
    }
    events = {"TrailARN": TRAIL, "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}
    return {
        ("s3:ListBuckets", ""): {"Buckets": [{"Name": one, "BucketRegion": REGION} for one in names]},
        ("s3:GetPublicAccessBlock", names[1]): {"PublicAccessBlockConfiguration": block},
        ("s3:GetObjectLockConfiguration", names[0]): {"ObjectLockConfiguration": lock},
        ("s3:GetBucketVersioning", names[1]): {"Status": "Enabled"},
        ("cloudtrail:DescribeTrails", ""): {"trailList": [trail]},
        ("cloudtrail:GetTrailStatus", ""): {"IsLogging": True},
        ("cloudtrail:GetEventSelectors", ""): events,
    }


def bedrock() -> dict[tuple[str, str], Any]:
    enforced = {"configId": "e-1", "guardrailArn": GUARDRAIL, "guardrailId": "gr7acme2026x", "guardrailVersion": "7"}
    everything = {f"{kind}DataDeliveryEnabled": True for kind in ("text", "image", "embedding", "video")}
    bucket = {"bucketName": "acme-gov-evidence", "keyPrefix": "bedrock"}
    return {
        ("bedrock:ListGuardrails", ""): {"guardrails": [listed("DRAFT")]},
        ("bedrock:ListGuardrails", "gr7acme2026x"): {"guardrails": [listed("DRAFT"), listed("7")]},
        ("bedrock:GetGuardrail", "gr7acme2026x/DRAFT"): guardrail("DRAFT"),
        ("bedrock:GetGuardrail", "gr7acme2026x/7"): guardrail("7"),
        ("bedrock:ListEnforcedGuardrailsConfiguration", ""): {"guardrailsConfig": [enforced]},
        ("bedrock:GetModelInvocationLoggingConfiguration", ""): {"loggingConfig": {**everything, "s3Config": bucket}},
    }


def metrics() -> dict[tuple[str, str], Any]:
    """The version that the profile names is called, and its draft is not."""
    called = {"Id": "m0", "Label": "Invocations", "StatusCode": "Complete"}
    hours = {"Timestamps": ["2026-10-31T23:00:00Z", "2026-10-31T22:00:00Z"], "Values": [12.0, 30.0]}
    draft = {"Id": "m1", "Label": "Invocations", "StatusCode": "Complete", "Timestamps": [], "Values": []}
    return {("cloudwatch:GetMetricData", ""): {"MetricDataResults": [{**called, **hours}, draft]}}


WHO = {
    "Account": NUMBER,
    "Arn": f"arn:{PARTITION}:sts::{NUMBER}:assumed-role/acme-node/i-0fffffffffffffff1",
    "UserId": "AROA:i-0fffffffffffffff1",
}
"""Who asks: a machine of the cluster, whose role changes nothing."""


def answers() -> dict[tuple[str, str], Any]:
    """By operation and, where one is asked about many things, by the thing."""
    return {
        ("sts:GetCallerIdentity", ""): WHO,
        ("iam:GetAccountAuthorizationDetails", ""): {"RoleDetailList": copy.deepcopy(ROLES), "Policies": []},
        ("ec2:DescribeRegions", ""): {"Regions": [{"RegionName": REGION, "OptInStatus": "opt-in-not-required"}]},
        **network(),
        **cluster(),
        **stores(),
        **bedrock(),
        **metrics(),
    }


NAMES = {
    "aws_eks_cluster.main": CLUSTER,
    "aws_iam_role.gateway": f"{IAM}:role/acme-gateway",
    "aws_iam_role.safety_ops": f"{IAM}:role/safety-ops",
    "module.bedrock.aws_bedrock_guardrail.acme": GUARDRAIL,
    "module.bedrock.aws_s3_bucket.evidence": f"arn:{PARTITION}:s3:::acme-gov-evidence",
}
"""What the profile of the world names, and what the same thing is called where only the API is read."""


def profile(text: str) -> str:
    """The profile of the world, for the account in place of the Terraform root."""
    for address, arn in sorted(NAMES.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(address, arn)
    return text.replace("    terraform: [terraform]\n", f"    live: [{PARTITION}]\n")
