"""An organisation of two accounts over botocore's own wire: one in which all holds, one in which much is violated.

A call that is to fail goes on to where it would be sent, and gets the bytes of the fault there: what retries, parses
and gives up is botocore itself. All other answers are given as parsed, and are held against botocore's shapes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

from scanner.sources.aws import live_accounts, live_calls
from scanner.sources.aws.operations import in_order, operations
from scanner.tables import aws_operations
from tests.bundle import reference
from tests.live.aws import HOME, LOADER, NUMBER, OFF, PARTITION, Aws, answering, empty, encoded, listen

MEMBER = "444455556666"
FAULTS = ("denied", "organisation", "throttled", "timed out", "malformed", "truncated", "expired", "region disabled")
ACCOUNTS = {
    "Accounts": [
        {"Id": one, "Arn": f"arn:{PARTITION}:organizations::{NUMBER}:account/o-1/{one}", "State": "ACTIVE"}
        for one in (NUMBER, MEMBER)
    ]
}
REGIONS = {
    "Regions": [
        {"RegionName": HOME, "OptInStatus": "opt-in-not-required"},
        {"RegionName": OFF, "OptInStatus": "not-opted-in"},
    ]
}
CODES = {
    "denied": (403, "AccessDenied", "User is not authorized to perform this"),
    "organisation": (403, "AccessDenied", "not authorized, with an explicit deny in a service control policy"),
    "throttled": (400, "ThrottlingException", "Rate exceeded"),
    "expired": (403, "ExpiredToken", "The security token included in the request is expired"),
    "region disabled": (403, "InvalidClientTokenId", "The security token included in the request is invalid"),
}


def member() -> dict[tuple[str, str], Any]:
    """What is wrong in the other account: a caller without a guardrail, a public bucket, an open server, a device."""
    arn = f"arn:{PARTITION}:iam::{MEMBER}:role/shadow"
    calls = reference.statement(Action="bedrock:InvokeModel", Resource="*")
    shadow = reference.role("shadow", reference.service("ec2.amazonaws.com"), {"calls": calls})
    keys = {"UserName": "bot", "Arn": f"arn:{PARTITION}:iam::{MEMBER}:user/bot", "Path": "/", "UserPolicyList": []}
    keys["AttachedManagedPolicies"] = []
    keys["UserPolicyList"] = [{"PolicyName": "calls", "PolicyDocument": calls}]
    everybody = reference.statement(Principal="*", Action="s3:GetObject", Resource=f"arn:{PARTITION}:s3:::shadow/*")
    sage = f"arn:{PARTITION}:sagemaker:{HOME}:{MEMBER}"
    model = {"ModelName": "m", "ModelArn": f"{sage}:model/m", "ExecutionRoleArn": arn}
    model["PrimaryContainer"] = {"Image": "vllm/vllm-openai:latest", "ModelDataUrl": "s3://shadow/uncensored/model.gz"}
    variant = {"VariantName": "a", "ModelName": "m", "InitialInstanceCount": 1, "InstanceType": "ml.g5.xlarge"}
    config = {"EndpointConfigName": "c", "EndpointConfigArn": f"{sage}:endpoint-config/c"}
    endpoint = {"EndpointName": "e", "EndpointArn": f"{sage}:endpoint/e", "EndpointStatus": "InService"}
    return {
        ("iam:GetAccountAuthorizationDetails", ""): {
            "RoleDetailList": [{**shadow, "Arn": arn}], "UserDetailList": [keys], "Policies": [],
        },
        ("iam:ListAccessKeys", "bot"): {
            "AccessKeyMetadata": [{"AccessKeyId": "AKIA1", "UserName": "bot", "Status": "Active"}],
        },
        ("s3:ListBuckets", ""): {"Buckets": [{"Name": "shadow", "BucketRegion": HOME}]},
        ("s3:GetBucketPolicy", "shadow"): {"Policy": json.dumps(everybody)},
        ("sagemaker:ListModels", ""): {"Models": [{"ModelName": "m", "ModelArn": model["ModelArn"]}]},
        ("sagemaker:DescribeModel", "m"): model,
        ("sagemaker:ListEndpointConfigs", ""): {"EndpointConfigs": [config]},
        ("sagemaker:DescribeEndpointConfig", "c"): {**config, "ProductionVariants": [variant]},
        ("sagemaker:ListEndpoints", ""): {"Endpoints": [endpoint]},
        ("sagemaker:DescribeEndpoint", "e"): {**endpoint, "EndpointConfigName": "c"},
        **device(),
        **nightly(),
    }  # fmt: skip


def nightly() -> dict[tuple[str, str], Any]:
    """A scan that a schedule and a rule start, both of which are switched off."""
    here = f"{HOME}:{MEMBER}"
    cluster, task = (f"arn:{PARTITION}:ecs:{here}:{name}" for name in ("cluster/scan", "task-definition/scan:1"))
    container = {"name": "scan", "image": "registry.example/tether:1", "command": ["scan", "--live", "aws"]}
    told = {"Name": "nightly", "GroupName": "default", "State": "DISABLED"}
    told["Arn"] = f"arn:{PARTITION}:scheduler:{here}:schedule/default/nightly"
    target = {"Arn": cluster, "RoleArn": f"arn:{PARTITION}:iam::{MEMBER}:role/shadow"}
    target["EcsParameters"] = {"TaskDefinitionArn": task}  # type: ignore[assignment]
    rule = {"Name": "weekly", "Arn": f"arn:{PARTITION}:events:{here}:rule/weekly", "State": "DISABLED"}
    return {
        ("ecs:ListClusters", ""): {"clusterArns": [cluster]},
        ("ecs:DescribeClusters", ""): {"clusters": [{"clusterArn": cluster, "clusterName": "scan"}]},
        ("ecs:ListTaskDefinitions", ""): {"taskDefinitionArns": [task]},
        ("ecs:DescribeTaskDefinition", ""): {
            "taskDefinition": {
                "taskDefinitionArn": task, "family": "scan", "status": "ACTIVE", "containerDefinitions": [container],
            },
        },
        ("scheduler:ListSchedules", ""): {"Schedules": [{**told, "Target": {"Arn": cluster}}]},
        ("scheduler:GetSchedule", ""): {**told, "ScheduleExpression": "rate(1 day)", "Target": target},
        ("events:ListRules", ""): {"Rules": [{**rule, "ScheduleExpression": "rate(7 days)"}]},
        ("events:ListTargetsByRule", ""): {"Targets": [{"Id": "scan", **target}]},
    }  # fmt: skip


def device() -> dict[tuple[str, str], Any]:
    """A core device with a component that brings a model, and the deployment that installs it."""
    component = f"arn:{PARTITION}:greengrass:{HOME}:{MEMBER}:components:helper"
    recipe = {"ComponentName": "helper", "ComponentVersion": "1.0.0", "RecipeFormatVersion": "2020-01-25"}
    recipe |= {"Manifests": [{"Artifacts": [{"Uri": "s3://shadow/model.gguf"}], "Lifecycle": {"Run": "fetch"}}]}
    version = {"arn": f"{component}:versions:1.0.0", "componentVersion": "1.0.0"}
    own = {"componentName": "helper", "componentVersion": "1.0.0"}
    return {
        ("greengrassv2:ListCoreDevices", ""): {"coreDevices": [{"coreDeviceThingName": "press-7"}]},
        ("greengrassv2:ListInstalledComponents", "press-7"): {"installedComponents": [own]},
        ("greengrassv2:ListDeployments", ""): {"deployments": [{"deploymentId": "d-1"}]},
        ("greengrassv2:GetDeployment", "d-1"): {"components": {"helper": {"componentVersion": "1.0.0"}}},
        ("greengrassv2:ListComponents", ""): {"components": [{"arn": component, "latestVersion": version}]},
        ("greengrassv2:ListComponentVersions", component): {"componentVersions": [{**own, "arn": version["arn"]}]},
        ("greengrassv2:GetComponent", version["arn"]): {"recipe": json.dumps(recipe).encode()},
    }


class Seeded(Aws):
    """fault: (operation, kind, account) of the call that fails, or None; checked: answers held against a shape."""

    fault: tuple[str, str, str] | None = None
    injected: int = 0
    checked: int = 0
    asking: tuple[Any, str] = (None, "")

    def __init__(self) -> None:
        super().__init__()
        every = {("ec2:DescribeRegions", ""): REGIONS, ("organizations:ListAccounts", ""): ACCOUNTS}
        self.answers = {NUMBER: {**reference.answers(), **every}, MEMBER: {**member(), **every}}

    def answer(self, model: Any, params: dict[str, Any], region: str, **more: Any) -> Any:
        name = f"{model.service_model.service_name}:{model.name}"
        self.asking = model, name
        page = self._page(name, params)
        return None if page else super().answer(model, params, region, **more)

    def _page(self, name: str, params: dict[str, Any]) -> bool:
        """Whether this call is the one that fails."""
        if self.fault is None or self.fault[0] != name or self.who[0] != self.fault[2]:
            return False
        asked = params.get("context", {}).get("client_params", {})
        if self.fault[1] != "truncated" or not self._more(self.asking[0]) or self._absent(name, asked):
            return True  # what has no second page fails on its first
        return bool(asked.get(self._tokens()[0]))

    def _tokens(self) -> tuple[str, str]:
        """The members that hold the place of the next page: in what is asked, and in what is answered."""
        names = ("NextToken", "nextToken", "NextMarker", "nextMarker", "Marker", "PaginationToken", "position")
        given, told = (
            shape.members if shape else {} for shape in (self.asking[0].input_shape, self.asking[0].output_shape)
        )
        for ask, answer in (("Marker", "NextMarker"), ("marker", "nextMarker"), *((one, one) for one in names)):
            if ask in given and answer in told:
                return ask, answer
        return "", ""

    def _more(self, model: Any) -> bool:
        return bool(self._tokens()[0]) and model is not None

    def _given(self, name: str, asked: dict[str, Any]) -> Any:
        """What the organisation has to answer; None where it has nothing, a text for an error."""
        told = [one for one in asked.values() if isinstance(one, str)]
        given = self.answers[self.who[0]]
        return next((given[name, one] for one in ["/".join(told), *told, ""] if (name, one) in given), None)

    def _absent(self, name: str, asked: dict[str, Any]) -> bool:
        found, row = self._given(name, asked), operations()[name]
        return isinstance(found, str) or (found is None and bool(row.after) and bool(row.absent))

    def found(self, name: str, asked: dict[str, Any], model: Any) -> Any:
        account = self.who[0]
        if name == "sts:GetCallerIdentity":
            return {"Account": account, "Arn": f"arn:{PARTITION}:sts::{account}:assumed-role/tether/s", "UserId": "x"}
        if name == "sts:AssumeRole":
            number = asked["RoleArn"].split(":")[4]
            keys = {"AccessKeyId": f"ASIA{number}", "SecretAccessKey": "s", "SessionToken": "t"}
            return {"Credentials": {**keys, "Expiration": "2099-01-01T00:00:00Z"}}
        found, row = self._given(name, asked), operations()[name]
        if self._absent(name, asked):
            return row.absent[0], 404, ""
        page = {**empty(model.output_shape), **encoded(found or {})}
        self.check(page, model.output_shape, name)
        if self.fault == (name, "truncated", account) and self._more(model):
            page |= {
                one: True
                for one in ("IsTruncated", "HasMoreResults", "HasMoreStreams", "Truncated")
                if one in model.output_shape.members
            }
            page[self._tokens()[1]] = "more"
        return page

    def check(self, value: Any, shape: Any, where: str) -> None:
        """Hold an answer against the shape that botocore has of it."""
        self.checked += 1
        if isinstance(value, dict) and shape.type_name == "structure":
            for key, one in value.items():
                assert key in shape.members, f"{where}: `{key}` is no member"
                self.check(one, shape.members[key], f"{where}.{key}")
        elif isinstance(value, list):
            assert shape.type_name == "list", where
            for one in value:
                self.check(one, shape.member, where)

    def send(self, request: Any, **_: Any) -> Any:
        """What comes over the wire for the call that fails."""
        assert self.fault is not None, "nothing else is ever sent"
        model, name = self.asking
        _, kind, _ = self.fault
        self.injected += 1
        if kind == "timed out":
            raise ReadTimeoutError(endpoint_url=request.url)
        if kind in CODES:
            status, code, message = CODES[kind]
            return response(request, status, error(model, code, message))
        if kind == "truncated" and self._more(model):
            return response(request, 500, b"")
        if kind == "page":
            return response(request, 500, b"<!doctype html>\n<html lang=en><h1>Internal Server Error</h1></html>")
        return response(request, 200, b'{"x": [' if "json" in protocol(model) else b"<Reply><x>")


def protocol(model: Any) -> str:
    return str(model.service_model.metadata["protocol"])


def error(model: Any, code: str, message: str) -> bytes:
    """An error as the protocol of the service has it."""
    kind = protocol(model)
    if "json" in kind:
        return json.dumps({"__type": code, "code": code, "message": message}).encode()
    inner = f"<Code>{code}</Code><Message>{message}</Message>"
    if kind == "ec2":
        return f"<Response><Errors><Error>{inner}</Error></Errors><RequestID>r</RequestID></Response>".encode()
    if model.service_model.service_name == "s3":
        return f"<Error>{inner}</Error>".encode()
    return f"<ErrorResponse><Error><Type>Sender</Type>{inner}</Error></ErrorResponse>".encode()


class Raw(io.BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        while chunk := self.read(4096):
            yield chunk


def response(request: Any, status: int, body: bytes) -> AWSResponse:
    return AWSResponse(request.url, status, {}, Raw(body))


@contextmanager
def seeded(services: Collection[str] = ()) -> Iterator[Seeded]:
    """The organisation; time is not waited for, so that retries cost nothing. services: those of the table; () for all.

    Making the clients of every service is what costs.
    """
    made = Seeded()
    sessions: dict[str, Any] = {}

    def bare() -> Any:
        session = botocore.session.Session()
        session.register_component("data_loader", LOADER)
        listen(session, made)
        session.register("before-send", made.send)
        return session

    with pytest.MonkeyPatch.context() as patch, answering(made, patch) as _:
        from scanner.sources.aws import live_client

        home = live_client.session_of(None, "")  # type: ignore[arg-type]
        home._session.register("before-send", made.send)
        patch.setattr(live_accounts, "bare_session", bare)
        patch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
        patch.setattr("botocore.retries.adaptive.ClientRateLimiter.on_sending_request", lambda *_, **__: None)
        patch.setattr("botocore.retries.adaptive.ClientRateLimiter.on_receiving_response", lambda *_, **__: None)
        sessions["home"] = home
        if services:
            rows = [row for row in aws_operations() if row.service in services]
            groups = {of: [one for one in in_order(of) if one[0].service in services] for of in (True, False)}
            patch.setattr(live_calls, "in_order", groups.__getitem__)
            patch.setattr("scanner.sources.aws.estate.aws_operations", lambda: rows)
        yield made
