"""AWS for tests: botocore itself, with each answer given before anything would be sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.loaders
import pytest

from scanner.sources.aws import live_client, live_rate

NUMBER = "111122223333"
PARTITION = "aws-us-gov"
HOME, OTHER, OFF = "us-gov-west-1", "us-gov-east-1", "us-gov-far-1"
ARN = f"arn:{PARTITION}:sts::{NUMBER}:assumed-role/scan/me"
DENIED = ("AccessDeniedException", 403, "User is not authorized to perform this")
Error = tuple[str, int, str]
LOADER = botocore.loaders.create_loader()
"""Of all sessions of a run: reading the models of all services is what costs."""


@dataclass
class Aws:
    """Answers by `service:Operation`: a page, an error (code, status, message), an exception, or a function.

    What is not given is answered with nothing: with lists that are empty, where there must be some.
    """

    given: dict[str, Any] = field(default_factory=dict)
    made: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)
    mine: threading.local = field(default_factory=threading.local)

    @property
    def who(self) -> tuple[str, str]:
        """The account and the region of the call that this thread makes."""
        found: tuple[str, str] = getattr(self.mine, "who", (NUMBER, ""))
        return found

    def found(self, name: str, asked: dict[str, Any], model: Any) -> Any:
        del asked, model
        return self.given.get(name)

    def answer(self, model: Any, params: dict[str, Any], region: str, **_: Any) -> tuple[Any, dict[str, Any]]:
        name = f"{service_of(model)}:{model.name}"
        asked = params["context"]["client_params"] if "client_params" in params.get("context", {}) else {}
        self.made.append((name, asked, region))
        found = self.found(name, asked, model)
        if callable(found):
            found = found(asked, region)
        if isinstance(found, Exception):
            raise found
        if isinstance(found, tuple):
            code, status, message = found
            error = {"Code": code, "Message": message}
            return SimpleNamespace(status_code=status), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": status}}
        page = empty(model.output_shape) if found is None else found
        return SimpleNamespace(status_code=200), {**page, "ResponseMetadata": {"HTTPStatusCode": 200, "secret": "s3"}}


def encoded(value: Any, key: str = "") -> Any:
    """An answer of IAM as it is sent: policy documents are texts, which botocore decodes."""
    if isinstance(value, dict) and key.endswith("Document"):
        return json.dumps(value)
    if isinstance(value, dict):
        return {name: encoded(one, name) for name, one in value.items()}
    return [encoded(one) for one in value] if isinstance(value, list) else value


def service_of(model: Any) -> str:
    return str(model.service_model.service_name)


def empty(shape: Any) -> dict[str, Any]:
    """The least answer that a model allows."""
    made = {"list": [], "map": {}, "structure": {}, "boolean": False, "timestamp": "2026-11-01", "blob": b""}
    if shape is None:
        return {}
    return {name: made.get(shape.members[name].type_name, "x") for name in shape.required_members}


@contextmanager
def answering(aws: Aws, patch: pytest.MonkeyPatch) -> Iterator[Aws]:
    """Sessions that are answered by `aws`."""

    made = boto3.Session(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="s", region_name=HOME)
    made._session.register_component("data_loader", LOADER)
    listen(made._session, aws)
    clients: dict[tuple[str, str], Any] = {}
    create = made.client

    def client(service: str, region_name: str, config: Any) -> Any:
        """Made once in a test module: that is what costs."""
        key = service, region_name
        if key not in clients:
            clients[key] = create(service, region_name=region_name, config=config)
        return clients[key]

    patch.setattr(made, "client", client)
    patch.setattr(live_client, "session_of", lambda found, profile: made)
    patch.setattr(live_client, "resolves", lambda name: True)
    patch.setattr(live_rate, "RATES", {})
    patch.setattr(live_rate, "DEFAULT", 1e9)
    yield aws


def listen(session: Any, aws: Aws) -> None:
    def before(model: Any, params: dict[str, Any], request_signer: Any, **more: Any) -> Any:
        # As signing would: a role is assumed when a call is made with it.
        key = request_signer._credentials.get_frozen_credentials().access_key
        aws.mine.who = key.removeprefix("ASIA") if key.startswith("ASIA") else NUMBER, request_signer._region_name
        return aws.answer(model, params, request_signer._region_name, **more)

    def provide(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["client_params"] = dict(params)

    session.register("provide-client-params", provide)
    session.register("before-call", before)


REGIONS = {
    "Regions": [
        {"RegionName": HOME, "OptInStatus": "opt-in-not-required"},
        {"RegionName": OTHER, "OptInStatus": "opted-in"},
        {"RegionName": OFF, "OptInStatus": "not-opted-in"},
    ]
}
WHO = {"Account": NUMBER, "Arn": ARN, "UserId": "AROA:me"}


def estate(**more: Any) -> dict[str, Any]:
    return {"sts:GetCallerIdentity": WHO, "ec2:DescribeRegions": REGIONS, **more}
