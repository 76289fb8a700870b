"""The AWS part of a world of `fixtures/worlds`, made in moto from what its Terraform files declare.

What moto has is created through boto3 and asked over its wire. What it lacks (guardrails and what enforces them,
add-ons, pod identities, counts of calls) is answered from the same files, and each such answer is held against
botocore's shapes. moto's interfaces of VPC endpoints are not asked for: they lack that a service manages them.
Identifiers that only AWS makes up are what moto makes up. What AWS sets on each bucket and trail by itself, and moto
does not, is set; the default network of the account is deleted, as nobody declares it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.model import OperationModel

from scanner.resource import Resource
from scanner.scan import Request, read_and_build
from scanner.sources.aws import live_client
from scanner.unknown import Unknown
from tests.bundle import reference
from tests.live.aws import HOME, LOADER, NUMBER, PARTITION, Aws, answering, empty, encoded, service_of

REGION = {"Regions": [{"RegionName": HOME, "OptInStatus": "opt-in-not-required"}]}
GUARDRAIL = ("gr7acme2026x", "7")
"""The identifier and the published version that the worlds' profile and policies speak of."""
SERVED = frozenset(
    {
        *(f"ec2:Describe{one}" for one in ("Vpcs", "Subnets", "RouteTables", "SecurityGroups", "NetworkAcls")),
        *("ec2:DescribeVpcEndpoints", "ec2:DescribeInternetGateways", "iam:GetAccountAuthorizationDetails"),
        *("s3:ListBuckets", "s3:GetPublicAccessBlock", "s3:GetBucketPolicy", "s3:GetBucketAcl"),
        *("s3:GetBucketOwnershipControls", "s3:GetBucketEncryption"),
        *("s3:GetObjectLockConfiguration", "s3:GetBucketVersioning", "s3:GetBucketReplication"),
        *("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors"),
        *("eks:ListClusters", "eks:DescribeCluster", "eks:ListNodegroups", "eks:DescribeNodegroup"),
        "bedrock:GetModelInvocationLoggingConfiguration",
    }
)


class Planted(Aws):
    """moto for what it serves, answers of the files for what it lacks, and nothing for the rest."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__()
        self.told = {**told, "sts:GetCallerIdentity": reference.WHO, "ec2:DescribeRegions": REGION}
        self.checked: set[str] = set()

    def answer(self, model: OperationModel, params: dict[str, Any], region: str, **more: Any) -> Any:
        return None if f"{service_of(model)}:{model.name}" in SERVED else super().answer(model, params, region, **more)

    def found(self, name: str, asked: dict[str, Any], model: OperationModel) -> Any:
        found = self.told.get(name)
        if callable(found):
            found = found(asked)
        if found is None:
            return empty(model.output_shape)
        fits(found, model.output_shape, name)
        self.checked.add(name)
        return {**empty(model.output_shape), **encoded(found)}


def fits(value: Any, shape: Any, where: str) -> None:
    """Hold an answer against the shape that botocore has of it."""
    if isinstance(value, dict) and shape.type_name == "structure":
        assert set(value) <= set(shape.members), (where, sorted(set(value) - set(shape.members)))
        for key, one in value.items():
            fits(one, shape.members[key], f"{where}.{key}")
    elif isinstance(value, list):
        assert shape.type_name == "list", where
        for one in value:
            fits(one, shape.member, where)
    elif isinstance(value, str) and getattr(shape, "enum", None):
        assert value in shape.enum, (where, value)


class Planter:
    """Creates what is declared. made: by address the identifiers that it got, by attribute."""

    def __init__(self, session: boto3.Session, resources: list[Resource]) -> None:
        self.session, self.made = session, dict[str, dict[str, str]]()
        self.by_kind: dict[str, list[Resource]] = {}
        for one in resources:
            if not one.data:
                self.by_kind.setdefault(one.kind, []).append(one)

    def client(self, name: str) -> Any:
        return self.session.client(name, region_name=HOME)

    def of(self, kind: str) -> Iterator[tuple[Resource, dict[str, Any]]]:
        """The resources of a kind, with their arguments as they are once all before them exist."""
        for one in self.by_kind.pop(kind, ()):
            yield one, {key: self.value(value) for key, value in one.attrs.items()}

    def value(self, value: Any) -> Any:
        """A value without Unknowns: the identifiers of what it refers to."""
        if isinstance(value, Unknown):
            if value.document is not None:
                return json.dumps(self.value(value.document))
            assert value.ref is not None, value.cause
            return self.made[value.ref.address][value.ref.attribute]
        if isinstance(value, dict):
            return {key: self.value(one) for key, one in value.items()}
        return [self.value(one) for one in value] if isinstance(value, list) else value

    def plant(self) -> dict[str, Any]:
        """Create everything; the answers of what moto lacks."""
        for one in ("terraform", "provider"):
            self.by_kind.pop(one, None)
        self._network()
        told = self._guardrails()
        self._identities()
        self._stores()
        told |= self._cluster()
        assert not self.by_kind, f"nothing plants {sorted(self.by_kind)}"
        return told

    def _network(self) -> None:
        ec2 = self.client("ec2")
        bare(ec2)
        for one, given in self.of("aws_vpc"):
            vpc = ec2.create_vpc(CidrBlock=given["cidr_block"])["Vpc"]
            self.made[one.address] = {"id": vpc["VpcId"]}
        for one, given in self.of("aws_subnet"):
            place = {"VpcId": given["vpc_id"], "CidrBlock": given["cidr_block"]}
            subnet = ec2.create_subnet(**place, AvailabilityZone=given["availability_zone"])["Subnet"]
            self.made[one.address] = {"id": subnet["SubnetId"]}
        for one, given in self.of("aws_route_table"):
            table = ec2.create_route_table(VpcId=given["vpc_id"])["RouteTable"]
            self.made[one.address] = {"id": table["RouteTableId"]}
        for _, given in self.of("aws_route_table_association"):
            ec2.associate_route_table(RouteTableId=given["route_table_id"], SubnetId=given["subnet_id"])
        for one, given in self.of("aws_vpc_endpoint"):
            groups = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [given["vpc_id"]]}])
            made = ec2.create_vpc_endpoint(
                VpcId=given["vpc_id"],
                ServiceName=given["service_name"],
                VpcEndpointType=given["vpc_endpoint_type"],
                SubnetIds=given["subnet_ids"],
                PolicyDocument=given["policy"],
                PrivateDnsEnabled=given["private_dns_enabled"],
                SecurityGroupIds=[one["GroupId"] for one in groups["SecurityGroups"] if one["GroupName"] == "default"],
            )
            self.made[one.address] = {"id": made["VpcEndpoint"]["VpcEndpointId"]}

    def _identities(self) -> None:
        iam = self.client("iam")
        for one, given in self.of("aws_iam_role"):
            role = iam.create_role(RoleName=given["name"], AssumeRolePolicyDocument=given["assume_role_policy"])
            self.made[one.address] = {"arn": role["Role"]["Arn"], "id": given["name"]}
        for _, given in self.of("aws_iam_role_policy"):
            iam.put_role_policy(RoleName=given["role"], PolicyName=given["name"], PolicyDocument=given["policy"])
        for _, given in self.of("aws_iam_role_policy_attachment"):
            of_aws(given["policy_arn"])
            iam.attach_role_policy(RoleName=given["role"], PolicyArn=given["policy_arn"])

    def _stores(self) -> None:
        s3, trails, bedrock = self.client("s3"), self.client("cloudtrail"), self.client("bedrock")
        for one, given in self.of("aws_s3_bucket"):
            place = {"LocationConstraint": HOME}
            lock = bool(given.get("object_lock_enabled"))
            s3.create_bucket(Bucket=given["bucket"], CreateBucketConfiguration=place, ObjectLockEnabledForBucket=lock)
            rules = [{"ObjectOwnership": "BucketOwnerEnforced"}]
            s3.put_bucket_ownership_controls(Bucket=given["bucket"], OwnershipControls={"Rules": rules})
            sealed = [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": False}]
            s3.put_bucket_encryption(Bucket=given["bucket"], ServerSideEncryptionConfiguration={"Rules": sealed})
            self.made[one.address] = {"id": given["bucket"]}
        for _, given in self.of("aws_s3_bucket_public_access_block"):
            names = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
            block = {camel(name): given[name] for name in names}
            s3.put_public_access_block(Bucket=given["bucket"], PublicAccessBlockConfiguration=block)
        for _, given in self.of("aws_s3_bucket_versioning"):
            status = given["versioning_configuration"][0]["status"]
            s3.put_bucket_versioning(Bucket=given["bucket"], VersioningConfiguration={"Status": status})
        for _, given in self.of("aws_s3_bucket_object_lock_configuration"):
            kept = given["rule"][0]["default_retention"][0]
            rule = {"DefaultRetention": {"Mode": kept["mode"], "Days": kept["days"]}}
            lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
            s3.put_object_lock_configuration(Bucket=given["bucket"], ObjectLockConfiguration=lock)
        for _, given in self.of("aws_cloudtrail"):
            trails.create_trail(
                Name=given["name"],
                S3BucketName=given["s3_bucket_name"],
                S3KeyPrefix=given["s3_key_prefix"],
                IsMultiRegionTrail=given["is_multi_region_trail"],
                EnableLogFileValidation=given["enable_log_file_validation"],
            )
            trails.start_logging(Name=given["name"])
            events = [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
            trails.put_event_selectors(TrailName=given["name"], EventSelectors=events)
        for _, given in self.of("aws_bedrock_model_invocation_logging_configuration"):
            (block,) = given["logging_config"]
            config: dict[str, Any] = {camel(key, 0): one for key, one in block.items() if key != "s3_config"}
            (bucket,) = block["s3_config"]
            config["s3Config"] = {camel(key, 0): one for key, one in bucket.items()}
            bedrock.put_model_invocation_logging_configuration(loggingConfig=config)

    def _guardrails(self) -> dict[str, Any]:
        (one, given), = self.of("aws_bedrock_guardrail")  # fmt: skip
        id_, version = GUARDRAIL
        arn = f"arn:{PARTITION}:bedrock:{HOME}:{NUMBER}:guardrail/{id_}"
        self.made[one.address] = {"guardrail_arn": arn}
        (published, _), = self.of("aws_bedrock_guardrail_version")  # fmt: skip
        self.made[published.address] = {"version": version}
        (policy,) = given["content_policy_config"]
        filters = [{camel(key, 0): each for key, each in row.items()} for row in policy["filters_config"]]
        body = {
            "name": given["name"], "guardrailId": id_, "guardrailArn": arn, "status": "READY",
            "blockedInputMessaging": given["blocked_input_messaging"],
            "blockedOutputsMessaging": given["blocked_outputs_messaging"], "contentPolicy": {"filters": filters},
        }  # fmt: skip
        row = {"id": id_, "arn": arn, "status": "READY", "name": given["name"]}
        versions = {None: ("DRAFT",), id_: ("DRAFT", version)}
        enforced = [
            {"configId": f"e-{number}", "guardrailArn": each["guardrail_identifier"], "guardrailId": id_,
             "guardrailVersion": each["guardrail_version"]}
            for number, (_, each) in enumerate(self.of("aws_bedrock_enforced_guardrail_configuration"))
        ]  # fmt: skip
        return {
            "bedrock:ListGuardrails": lambda asked: {
                "guardrails": [{**row, "version": each} for each in versions[asked.get("guardrailIdentifier")]]
            },
            "bedrock:GetGuardrail": lambda asked: {**body, "version": asked["guardrailVersion"]},
            "bedrock:ListEnforcedGuardrailsConfiguration": {"guardrailsConfig": enforced},
            "cloudwatch:GetMetricData": lambda asked: {
                "MetricDataResults": [
                    {"Id": each["Id"], "StatusCode": "Complete", "Timestamps": [asked["EndTime"]], "Values": [3.0]}
                    for each in asked["MetricDataQueries"]
                ]
            },
        }

    def _cluster(self) -> dict[str, Any]:
        eks = self.client("eks")
        for one, given in self.of("aws_eks_cluster"):
            (vpc,) = given["vpc_config"]
            more = {}
            for block in given.get("remote_network_config", ()):
                networks = [{"cidrs": each["cidrs"]} for each in block["remote_node_networks"]]
                more["remoteNetworkConfig"] = {"remoteNodeNetworks": networks}
            eks.create_cluster(
                name=given["name"],
                version=given["version"],
                roleArn=given["role_arn"],
                resourcesVpcConfig={
                    "subnetIds": vpc["subnet_ids"],
                    "endpointPublicAccess": vpc["endpoint_public_access"],
                    "endpointPrivateAccess": vpc["endpoint_private_access"],
                },
                logging={"clusterLogging": [{"types": given["enabled_cluster_log_types"], "enabled": True}]},
                **more,
            )
            self.made[one.address] = {"name": given["name"]}
        for _, given in self.of("aws_eks_node_group"):
            (sizes,) = given["scaling_config"]
            eks.create_nodegroup(
                clusterName=given["cluster_name"],
                nodegroupName=given["node_group_name"],
                nodeRole=given["node_role_arn"],
                subnets=given["subnet_ids"],
                instanceTypes=given["instance_types"],
                scalingConfig={camel(key, 0): one for key, one in sizes.items()},
                remoteAccess={"sourceSecurityGroups": []},  # without it moto makes up a key that lets a shell in
            )
        part = f"arn:{PARTITION}:eks:{HOME}:{NUMBER}"
        told: dict[str, Any] = {}
        for _, given in self.of("aws_eks_addon"):
            cluster, name = given["cluster_name"], given["addon_name"]
            addon = {"addonName": name, "clusterName": cluster, "addonArn": f"{part}:addon/{cluster}/{name}/1"}
            told["eks:ListAddons"] = {"addons": [name]}
            told["eks:DescribeAddon"] = {"addon": {**addon, "configurationValues": given["configuration_values"]}}
        for _, given in self.of("aws_eks_pod_identity_association"):
            named = {camel(key, 0): given[key] for key in ("cluster_name", "namespace", "service_account")}
            arn = f"{part}:podidentityassociation/{given['cluster_name']}/a-1"
            row = {**named, "associationArn": arn, "associationId": "a-1"}
            told["eks:ListPodIdentityAssociations"] = {"associations": [row]}
            told["eks:DescribePodIdentityAssociation"] = {"association": {**row, "roleArn": given["role_arn"]}}
        return told


def camel(name: str, upper: int = 1) -> str:
    """`input_strength` as the API has it: `inputStrength`, or with a capital where `upper` is 1."""
    words = name.split("_")
    return "".join(word.capitalize() if number >= 1 - upper else word for number, word in enumerate(words))


def of_aws(arn: str) -> None:
    """A managed policy of AWS, with its document: moto has them under the ARNs of the commercial partition alone."""
    from moto.iam.aws_managed_policies import aws_managed_policies_data
    from moto.iam.models import AWSManagedPolicy, iam_backends

    policies = iam_backends[NUMBER][PARTITION].managed_policies
    name = arn.rpartition("/")[2]
    if arn not in policies:
        data = json.loads(aws_managed_policies_data)[name]
        made = AWSManagedPolicy.from_data(name, NUMBER, HOME, data)
        assert made.arn == arn
        policies[arn] = made


def bare(ec2: Any) -> None:
    """Delete the default network of the region."""
    for vpc in ec2.describe_vpcs()["Vpcs"]:
        mine = [{"Name": "vpc-id", "Values": [vpc["VpcId"]]}]
        for subnet in ec2.describe_subnets(Filters=mine)["Subnets"]:
            ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        attached = [{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
        for gate in ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]:
            ec2.detach_internet_gateway(InternetGatewayId=gate["InternetGatewayId"], VpcId=vpc["VpcId"])
            ec2.delete_internet_gateway(InternetGatewayId=gate["InternetGatewayId"])
        ec2.delete_vpc(VpcId=vpc["VpcId"])


@contextmanager
def planted(world: Path) -> Iterator[tuple[Planted, Planter]]:
    """A world in moto, asked by whatever `tether` runs inside."""
    moto = pytest.importorskip("moto")
    read = read_and_build(Request(paths=(world / "terraform",), as_of=date(2026, 11, 1), profile=world / "tether.yaml"))
    assert not read.reading.unread
    with pytest.MonkeyPatch.context() as patch, moto.mock_aws():
        asking = Planted({})
        with answering(asking, patch):
            session = live_client.session_of(None, "")  # type: ignore[arg-type]
            seeding = boto3.Session(aws_access_key_id="a", aws_secret_access_key="s", region_name=HOME)
            seeding._session.register_component("data_loader", LOADER)
            for one in (session, seeding):
                one._session.register("before-sign", of_account)
            planter = Planter(seeding, list(read.reading.resources))
            asking.told |= planter.plant()
            yield asking, planter


def of_account(request: Any, **_: Any) -> None:
    """moto's own header for whose a call is; and the host from which it tells the partition of IAM."""
    request.url = request.url.replace("//iam.us-gov.amazonaws", f"//iam.{HOME}.amazonaws")
    request.headers["x-moto-account-id"] = NUMBER
