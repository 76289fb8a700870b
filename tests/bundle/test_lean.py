"""What nothing leads to is not asked: whatever it would say changes no verdict; what leads to it makes it count."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from scanner.builders.literals import PARTS, TOLD
from scanner.lean import REPLICATION, may_leave
from scanner.origin import FileOrigin
from scanner.profile import Contract, Profile
from scanner.profile_file import load_profile
from scanner.sources.aws.answers import answers as rows_of
from scanner.sources.aws.estate import LEFT, NEEDED, is_left
from scanner.sources.aws.live_plain import page_of
from scanner.sources.aws.operations import operations
from scanner.sources.bundle import Bundle, Call, read_bundle
from scanner.tables import aws_operations
from tests.bundle import reference
from tests.bundle.estate import full
from tests.bundle.leanly import bare, judged, leanly, led
from tests.changed import replace
from tests.harness import FIXTURES, write_bundle
from tests.live.seeded import MEMBER, member

WORLD = FIXTURES / "worlds" / "reference"
HERE = f"{reference.REGION}:{reference.NUMBER}"
ARN = f"arn:{reference.PARTITION}"
KEY, SNAPSHOT, GROUP = "11111111-2222-3333-4444-555555555555", "snap-0123456789abcdef0", "/idle/idle-log"
STRANGER = "999988887777"
ABOUT = {row.id for row in aws_operations() if row.about}
EVERYBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": f"{ARN}:iam::{STRANGER}:root"}, "Action": "*", "Resource": "*"},
            {"Effect": "Allow", "NotPrincipal": {"AWS": "x"}, "NotAction": "a:b", "NotResource": "arn:aws:outposts:x"},
            {"Effect": "Allow", "Principal": {"AWS": "mi-0123456789abcdef0"}, "Action": "s3-outposts:*"},
        ],
    }
)


def idle() -> dict[tuple[str, str], Any]:
    """Things of which no model, no part of the stack and no store knows, beside the world of `fixtures/`."""
    trust = reference.service("lambda.amazonaws.com")
    mine = [f"{ARN}:logs:*:*:*", f"{ARN}:s3:::idle-data/*", f"{ARN}:sqs:*:*:q"]
    writes = reference.statement(Action=["logs:PutLogEvents", "sqs:SendMessage", "s3:GetObject"], Resource=mine)
    world = reference.answers()
    roles = world["iam:GetAccountAuthorizationDetails", ""]
    roles["RoleDetailList"].append(reference.role("idle-role", trust, {"own": writes}))
    user = {"UserName": "idle-user", "Arn": f"{ARN}:iam::{reference.NUMBER}:user/idle-user", "Path": "/"}
    user["AttachedManagedPolicies"] = []
    roles["UserDetailList"] = [{**user, "UserPolicyList": [{"PolicyName": "own", "PolicyDocument": writes}]}]
    function = f"{ARN}:lambda:{HERE}:function:idle-fn"
    metrics = world["cloudwatch:GetMetricData", ""]["MetricDataResults"]
    metrics[:] = [{**metrics[0], "Id": name} for name in ("m0", "m1")]  # a function is another series
    world["s3:ListBuckets", ""]["Buckets"].append({"Name": "idle-data", "BucketRegion": reference.REGION})
    return {
        **world,
        ("lambda:ListFunctions", ""): {
            "Functions": [
                {"FunctionName": "idle-fn", "FunctionArn": function, "Runtime": "python3.12", "Handler": "a.b",
                 "Role": f"{ARN}:iam::{reference.NUMBER}:role/idle-role"},
            ]
        },
        ("kms:ListKeys", ""): {"Keys": [{"KeyId": KEY, "KeyArn": f"{ARN}:kms:{HERE}:key/{KEY}"}]},
        ("kms:DescribeKey", KEY): {
            "KeyMetadata": {"KeyId": KEY, "Arn": f"{ARN}:kms:{HERE}:key/{KEY}", "KeyManager": "CUSTOMER",
                            "KeyState": "Enabled", "Enabled": True},
        },
        ("logs:DescribeLogGroups", ""): {
            "logGroups": [{"logGroupName": GROUP, "logGroupArn": f"{ARN}:logs:{HERE}:log-group:{GROUP}"}],
        },
        ("ec2:DescribeVolumes", ""): {
            "Volumes": [
                {"VolumeId": "vol-0123456789abcdef0", "AvailabilityZone": "us-gov-west-1a", "KmsKeyId": KEY},
            ]
        },
        ("ec2:DescribeSnapshots", ""): {
            "Snapshots": [{"SnapshotId": SNAPSHOT, "VolumeId": "vol-0123456789abcdef0", "KmsKeyId": KEY}],
        },
        ("ecr:DescribeRepositories", ""): {
            "repositories": [
                {"repositoryArn": f"{ARN}:ecr:{HERE}:repository/idle/repo", "repositoryName": "idle/repo",
                 "repositoryUri": f"{reference.NUMBER}.dkr.ecr.{reference.REGION}.amazonaws.com/idle/repo"},
            ]
        },
    }  # fmt: skip


def nasty() -> dict[tuple[str, str], Any]:
    """The worst that the calls about them could have said."""
    function = f"{ARN}:lambda:{HERE}:function:idle-fn"
    everyone = {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "lambda:*", "Resource": function}
    stranger = {**everyone, "Sid": "b", "Principal": {"AWS": STRANGER}}
    logs = {**everyone, "Sid": "c", "Principal": {"Service": "logs.amazonaws.com"}}
    to = [f"{ARN}:s3:::{name}" for name in ("acme-gov-weights", "acme-gov-evidence", "somebody-elses")]
    rules = [
        {
            "ID": str(number),
            "Status": "Enabled",
            "Priority": number,
            "Destination": {"Bucket": one, "Account": STRANGER},
        }
        for number, one in enumerate(to)
    ]
    grantee = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}
    seal = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": f"{ARN}:kms:{reference.REGION}:{STRANGER}:key/{KEY}"}
    grant = {"GrantId": "g", "KeyId": KEY, "GranteePrincipal": f"{ARN}:iam::{STRANGER}:root",
             "RetiringPrincipal": STRANGER, "Operations": ["Decrypt", "CreateGrant"]}  # fmt: skip
    return {
        ("s3:GetPublicAccessBlock", "idle-data"): "absent",
        ("s3:GetBucketPolicy", "idle-data"): {"Policy": EVERYBODY},
        ("s3:GetBucketAcl", "idle-data"): {
            "Owner": {"ID": "o"}, "Grants": [{"Grantee": grantee, "Permission": "FULL_CONTROL"}]},
        ("s3:GetBucketOwnershipControls", "idle-data"): {
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "ObjectWriter"}]}},
        ("s3:GetBucketReplication", "idle-data"): {
            "ReplicationConfiguration": {"Role": f"{ARN}:iam::{reference.NUMBER}:role/idle-role", "Rules": rules}},
        ("s3:GetBucketEncryption", "idle-data"): {
            "ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": seal}]}},
        ("s3:GetBucketVersioning", "idle-data"): {"Status": "Suspended"},
        ("s3:GetObjectLockConfiguration", "idle-data"): {
            "ObjectLockConfiguration": {"Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}},
        ("lambda:GetPolicy", "idle-fn"): {"Policy": json.dumps({"Statement": [everyone, stranger, logs]})},
        ("lambda:GetFunctionConcurrency", "idle-fn"): {"ReservedConcurrentExecutions": 0},
        ("lambda:ListFunctionUrlConfigs", "idle-fn"): {
            "FunctionUrlConfigs": [{"FunctionArn": function, "FunctionUrl": "https://abc.lambda-url.us-gov-west-1.on.aws/",
                                    "AuthType": "NONE"}]},
        ("lambda:ListAliases", "idle-fn"): {
            "Aliases": [{"AliasArn": f"{function}:live", "Name": "live", "FunctionVersion": "1",
                         "Description": "greengrass-nucleus-latest azcmagent connect"}]},
        ("kms:GetKeyPolicy", KEY): {"Policy": EVERYBODY},
        ("kms:ListGrants", KEY): {"Grants": [grant]},
        ("logs:DescribeSubscriptionFilters", GROUP): {
            "subscriptionFilters": [
                {"filterName": "f", "logGroupName": GROUP, "filterPattern": "",
                 "destinationArn": f"{ARN}:logs:{reference.REGION}:{STRANGER}:destination:d"},
                {"filterName": "g", "logGroupName": GROUP, "filterPattern": "", "destinationArn": function},
            ]},
        ("ec2:DescribeSnapshotAttribute", SNAPSHOT): {
            "SnapshotId": SNAPSHOT, "CreateVolumePermissions": [{"Group": "all"}, {"UserId": STRANGER}]},
        ("ecr:GetRepositoryPolicy", "idle/repo"): {"repositoryName": "idle/repo", "policyText": EVERYBODY},
        ("iam:ListAccessKeys", "idle-user"): {
            "AccessKeyMetadata": [{"UserName": "idle-user", "AccessKeyId": "AKIA1", "Status": "Active"}]},
    }  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("world")
    shutil.copytree(WORLD / "k8s", made / "k8s")
    (made / "tether.yaml").write_text(reference.profile((WORLD / "tether.yaml").read_text()))
    return made


@pytest.fixture(scope="module")
def profile(folder: Path) -> Profile:
    return load_profile(folder / "tether.yaml", "tether.yaml")


@pytest.fixture(scope="module")
def quiet() -> list[Call]:
    return full(idle())


def about_idle(call: Call) -> bool:
    names = {"idle-data", "idle-fn", KEY, SNAPSHOT, GROUP, "idle/repo", "idle-user"}
    return call.operation in ABOUT and bool(names & {str(one) for one in call.parameters.values()})


def test_whatever_they_would_have_said_changes_no_verdict_and_no_finding(folder: Path, quiet: list[Call]) -> None:
    """Nor where much is violated: the account beside is the broken one."""
    loud = full({**idle(), **{name: one for name, one in nasty().items() if name[0] != REPLICATION}})
    assert {one.operation for one in loud if about_idle(one)} == ABOUT
    beside = full({name: page_of(page, "salt") for name, page in member().items()}, account=MEMBER)
    for more in ([], beside):
        made = leanly([*quiet, *more], folder)
        # Where a copy goes is held against the places of the profile, whatever is copied.
        assert {one.operation for one in made if about_idle(one) and is_left(one)} == ABOUT - {REPLICATION}
        others = [one for one in made if "acme" in json.dumps(one.line()) or "shadow" in str(one.parameters)]
        assert others and not any(is_left(one) for one in others)
        lean, silent, said = judged(folder, made), judged(folder, [*quiet, *more]), judged(folder, [*loud, *more])
        assert lean == silent
        assert lean == said
        assert lean["unread"] == [] and set(lean["commitments"].values()) >= {"violated" if more else "holds"}


def test_what_was_left_out_and_counts_is_unread_and_named(folder: Path, quiet: list[Call]) -> None:
    told = judged(folder, bare(quiet))
    assert told["code"] == 3 and set(told["commitments"].values()) == {"unproven"}
    said = " ".join(one["cause"] for one in told["unread"])
    assert NEEDED in said and "acme-gov-weights" in said and "idle-fn" not in said


def keys(calls: list[Call], found: frozenset[Any]) -> set[str]:
    return {one.operation for one in calls if about_idle(one) and one.key in found}


BUCKET = {name for name in ABOUT if name.startswith("s3:")}
FUNCTION = {name for name in ABOUT if name.startswith("lambda:")}
SEALS = {"kms:GetKeyPolicy", "kms:ListGrants"}


def leads() -> dict[str, tuple[dict[tuple[str, str], Any], set[str]]]:
    """What makes each of them count: one more answer, and the calls that are needed for it."""
    world = idle()
    sage = f"{ARN}:sagemaker:{HERE}"
    model = {"ModelName": "m", "ModelArn": f"{sage}:model/m", "ExecutionRoleArn": f"{ARN}:iam::1:role/x",
             "PrimaryContainer": {"Image": "x", "ModelDataUrl": "s3://idle-data/m.tar.gz"}}  # fmt: skip
    onward = {"Role": "r", "Rules": [{"Status": "Enabled", "Destination": {"Bucket": f"{ARN}:s3:::idle-data"}}]}
    invokes = json.loads(json.dumps(world["iam:GetAccountAuthorizationDetails", ""]))
    for one in (*invokes["RoleDetailList"], *invokes["UserDetailList"]):
        if one["Arn"].endswith(("idle-role", "idle-user")):
            calls = {"PolicyName": "more", "PolicyDocument": reference.statement(Action="bedrock:*", Resource="*")}
            one.setdefault("RolePolicyList" if "RoleName" in one else "UserPolicyList", []).append(calls)
    stack = {"StackName": "s", "StackId": f"{ARN}:cloudformation:{HERE}:stack/s/1", "Tags": []}
    trails = json.loads(json.dumps(world["cloudtrail:DescribeTrails", ""]))
    trails["trailList"][0]["KmsKeyId"] = f"{ARN}:kms:{HERE}:key/{KEY}"
    origin = f"idle-data.s3.{reference.REGION}.amazonaws.com"
    item = {"Id": "D", "ARN": f"{ARN}:cloudfront::{reference.NUMBER}:distribution/D", "Enabled": True,
            "Origins": {"Quantity": 1, "Items": [{"Id": "o", "DomainName": origin}]},
            "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "https-only"}}  # fmt: skip
    image = f"{reference.NUMBER}.dkr.ecr.{reference.REGION}.amazonaws.com/idle/repo:1"
    build = {"name": "b", "arn": f"{ARN}:codebuild:{HERE}:project/b", "serviceRole": "r"}
    build["environment"] = {"image": image}
    projects = {("codebuild:ListProjects", ""): {"projects": ["b"]}}
    projects["codebuild:BatchGetProjects", ""] = {"projects": [build]}
    return {
        "a model loads from the bucket": (
            {("sagemaker:ListModels", ""): {"Models": [{"ModelName": "m", "ModelArn": model["ModelArn"]}]},
             ("sagemaker:DescribeModel", "m"): model}, BUCKET),
        "a distribution stands before the bucket": (
            {("cloudfront:ListDistributions", ""): {"DistributionList": {"Items": [item]}}}, BUCKET),
        "an access point is of the bucket": (
            {("s3control:ListAccessPoints", ""): {"AccessPointList": [
                {"Name": "p", "Bucket": "idle-data", "NetworkOrigin": "Internet",
                 "AccessPointArn": f"{ARN}:s3:{HERE}:accesspoint/p"}]}}, BUCKET),
        "the weights are replicated to the bucket": (
            {("s3:GetBucketReplication", "acme-gov-weights"): {"ReplicationConfiguration": onward}}, BUCKET),
        "the role of the function and the user may call a model": (
            {("iam:GetAccountAuthorizationDetails", ""): invokes}, FUNCTION | {"iam:ListAccessKeys"}),
        "the trail is sealed with the key": ({("cloudtrail:DescribeTrails", ""): trails}, SEALS),
        "a build runs the image of the repository": (projects, {"ecr:GetRepositoryPolicy"}),
        "a stack speaks of the bucket by a pattern": (
            {("cloudformation:DescribeStacks", ""): {"Stacks": [{**stack, "Outputs": [
                {"OutputKey": "k", "OutputValue": "s3://idle-*"}]}]}}, set()),
    }  # fmt: skip


@pytest.mark.parametrize("name", leads())
def test_whatever_leads_to_a_thing_makes_it_count(name: str, folder: Path, profile: Profile) -> None:
    more, needed = leads()[name]
    calls = full({**idle(), **more})
    left_out = [one for one in bare(calls) if not more or one.operation != "s3:GetBucketReplication" or about_idle(one)]
    replicated = [one for one in calls if one.operation == "s3:GetBucketReplication" and not about_idle(one)]
    found = keys(calls, led([*left_out, *replicated], profile, folder))
    assert found >= needed


PROFILES = {
    "models: {stores: ['s3://idle-data/weights']}": BUCKET,
    "evidence: {sinks: ['idle-data', '*idle-log']}": BUCKET | {"logs:DescribeSubscriptionFilters"},
    f"safety_stack: {{gateways: ['{ARN}:lambda:*:function:idle-*']}}": FUNCTION,
    "safety_stack: {classifiers: ['*idle-fn']}": FUNCTION,
    f"models: {{stores: ['{ARN}:ec2:*:snapshot/*']}}": {"ec2:DescribeSnapshotAttribute"},
    "models: {stores: ['*vol-0123456789abcdef0']}": {"ec2:DescribeSnapshotAttribute"},
    "operators: ['*:user/idle-user']": {"iam:ListAccessKeys"},
    "models: {stores: ['*:repository/idle/repo']}": {"ecr:GetRepositoryPolicy"},
    f"platform: ['*{KEY}']": SEALS,
    "tenants: {agreed: ['idle-data']}": BUCKET,
}


@pytest.mark.parametrize("text", PROFILES)
def test_whatever_the_profile_speaks_of_counts(text: str, tmp_path: Path, quiet: list[Call]) -> None:
    (tmp_path / "tether.yaml").write_text(f"{text}\n")
    profile = load_profile(tmp_path / "tether.yaml", "tether.yaml")
    assert keys(quiet, led(bare(quiet), profile)) >= PROFILES[text]


@pytest.mark.parametrize(
    ("name", "text", "needed"),
    [
        ("a.tf", 'resource "aws_s3_bucket" "b" {\n  bucket = "idle-data"\n}\n', BUCKET),
        ("a.tf", 'variable "x" {}\nlocals { b = "idle-${var.x}" }\nresource "x_y" "b" {\n  v = local.b\n}\n', BUCKET),
        ("a.tf", 'resource "x_y" "b" {\n  v = "arn:aws:lambda:::function:idle-fn"\n}\n', FUNCTION),
        ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {M: s3://idle-data/w}\n", BUCKET),
    ],
)
def test_whatever_a_file_speaks_of_counts(
    name: str, text: str, needed: set[str], tmp_path: Path, quiet: list[Call]
) -> None:
    (tmp_path / name).write_text(text)
    assert keys(quiet, led(bare(quiet), Profile(), tmp_path)) >= needed


def test_copies_of_a_bucket_count_where_no_store_is_known_at_all(quiet: list[Call]) -> None:
    some = [one for one in quiet if "acme-gov" not in json.dumps(one.line()["parameters"])]
    assert keys(quiet, led(bare(some), Profile())) == {"s3:GetBucketReplication"}


def test_a_thing_that_was_not_listed_counts(profile: Profile, folder: Path, quiet: list[Call]) -> None:
    lost = [replace(one, outcome="denied", pages=()) if one.operation == "s3:ListBuckets" else one for one in quiet]
    assert keys(quiet, led(bare(lost), profile, folder)) == BUCKET


def test_nothing_is_left_out_where_rules_may_look_at_anything(folder: Path, quiet: list[Call]) -> None:
    origin = FileOrigin("p", 1)
    assert may_leave(Profile(), ())
    assert not may_leave(Profile(), ("rules",))
    assert not may_leave(Profile(contracts=(Contract("c", origin),)), ())
    assert not may_leave(Profile(tenants_excluded=("account:999988887777",)), ())
    assert not may_leave(Profile(tenants_excluded=("organization:o-1",)), ())
    assert may_leave(Profile(tenants_excluded=("namespace:x",)), ())


def test_only_calls_of_the_table_may_be_left_out(quiet: list[Call]) -> None:
    """A bundle that says of any other call that nothing leads to it has not asked it."""
    vpcs = next(one for one in quiet if one.operation == "ec2:DescribeVpcs")
    policy = next(one for one in quiet if one.operation == "s3:GetBucketPolicy")
    said = {"outcome": "not-asked", "pages": (), "cause": LEFT}
    assert not is_left(replace(vpcs, **said)) and is_left(replace(policy, **said))
    assert not is_left(replace(policy, outcome="failed", pages=(), cause=LEFT))
    assert not is_left(replace(policy, outcome="not-asked", pages=(), cause=""))


def test_every_part_that_may_be_left_out_is_silent_about_places() -> None:
    made = {row.kind for one in ABOUT for row in rows_of().get(one, ())}
    assert made == PARTS and set(TOLD) == {"bundle", "live"}
    for one in ABOUT:
        row = operations()[one]
        assert row.called and row.after and msgspec.to_builtins(row)["tier"] in ("models", "details")


def test_where_no_place_is_agreed_the_copies_of_a_thing_that_counts_for_nothing_change_nothing(
    tmp_path: Path, folder: Path, quiet: list[Call]
) -> None:
    shutil.copytree(folder / "k8s", tmp_path / "k8s")
    text = (folder / "tether.yaml").read_text()
    start = text.index("places:")
    rest = text[start:].splitlines(keepends=True)
    end = next(number for number, line in enumerate(rest[1:], 1) if line[:1].isalpha())
    (tmp_path / "tether.yaml").write_text(text[:start] + "".join(rest[end:]))
    made = leanly(quiet, tmp_path)
    assert {one.operation for one in made if about_idle(one) and is_left(one)} == ABOUT
    assert judged(tmp_path, made) == judged(tmp_path, full({**idle(), **nasty()}))


@pytest.mark.parametrize("seed", range(8))
def test_a_drawn_estate_is_judged_alike_with_and_without(seed: int, folder: Path) -> None:
    """Some of what leads to things, and some of what is bad about them, together."""
    draw = random.Random(seed)
    given = [more for more, _ in leads().values() if draw.random() < 0.4]
    bad = {name: one for name, one in nasty().items() if draw.random() < 0.6}
    calls = full({**idle(), **bad, **{name: one for more in given for name, one in more.items()}})
    made = leanly(calls, folder)
    assert any(is_left(one) for one in made)
    assert judged(folder, made) == judged(folder, calls)


STRIDE = int(os.environ.get("TETHER_STRIDE", "5"))
"""One recorded case of so many is tried; with TETHER_STRIDE=1 all are."""
CASES = sorted(path.parent for path in FIXTURES.rglob("bundle.json"))[::STRIDE]


def test_every_recorded_case_is_judged_alike_with_and_without(tmp_path: Path) -> None:
    assert len(CASES) > 10
    for number, case in enumerate(CASES):
        found = read_bundle(write_bundle(case, tmp_path / f"{number}.bundle"), "case.bundle")
        assert isinstance(found, Bundle)
        there = tmp_path / str(number)
        shutil.copytree(case, there)
        made = leanly(list(found.calls), there)
        full_ones, lean = judged(there, list(found.calls)), judged(there, made)
        assert full_ones == lean, case


@pytest.mark.parametrize(
    ("principal", "counts"),
    [
        ("logs.amazonaws.com", True),
        ("logs.us-gov-west-1.amazonaws.com", True),
        ("*", True),
        ("sns.amazonaws.com", False),
    ],
)
def test_subscriptions_count_where_a_function_of_the_stack_lets_logs_in(
    principal: str, counts: bool, tmp_path: Path
) -> None:
    arn = f"{ARN}:lambda:{HERE}:function:idle-fn"
    says = {"Sid": "a", "Effect": "Allow", "Principal": {"Service": principal}, "Action": "lambda:InvokeFunction"}
    answers = {("lambda:GetPolicy", "idle-fn"): {"Policy": json.dumps({"Statement": [{**says, "Resource": arn}]})}}
    (tmp_path / "tether.yaml").write_text("safety_stack: {gateways: ['*idle-fn']}\n")
    made = leanly(full({**idle(), **answers}), tmp_path)
    assert any(is_left(one) for one in made if one.operation == "logs:DescribeSubscriptionFilters") is not counts
