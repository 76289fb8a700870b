"""The way to AWS, through boto3: credentials, accounts, clients and pages. The only module that imports it, when asked.

Each answer is what the API gave, or a Fault. Retries, their pace and signatures are botocore's own.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from scanner import __version__
from scanner.errors import UsageError
from scanner.sources.aws.live_body import NoAnswer, check_body, check_fault
from scanner.sources.aws.live_outcome import Fault
from scanner.sources.aws.live_plain import TooDeep
from scanner.sources.aws.live_rate import Rates
from scanner.sources.aws.live_where import host_of, resolves, where
from scanner.sources.read import AwsAsked

TRIES = 5
CONNECT, READ = 10, 60
"""Seconds."""
MAX_PAGES = 10_000
UNKNOWN = "UnknownParameter"
TOKENS = (
    "NextToken",
    "nextToken",
    "NextMarker",
    "nextMarker",
    "Marker",
    "nextPageToken",
    "PaginationToken",
    "position",
)
"""How services call what leads to the next page, in the answer and in the next question."""
GLOBAL = {
    "aws": "us-east-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-cn": "cn-north-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}
"""The region in which what is of a whole account is asked. Source: AWS General Reference, endpoints."""
ELSEWHERE = {"globalaccelerator": "us-west-2", "networkmanager": "us-west-2", "s3control": "us-west-2"}
"""Services of partition aws whose account-wide calls have one region of their own."""


class Unfinished(ValueError):
    """Pages that lead nowhere, or on for ever."""


class Stopped(Exception):
    """The run is over: the call is not made."""


class Account(Struct):
    """An account and the credentials for it. id: its number; partition: as its ARNs have it; region: the session's.

    sessions: those of services that have one of their own, by service; `session` is for all others.
    """

    id: str
    partition: str
    region: str
    session: Any
    library: Library
    rates: Rates
    stopped: Callable[[], str]
    sessions: Mapping[str, Any] = field(default_factory=dict)
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def home(self, service: str) -> str:
        """The region in which a call for the whole account is made."""
        if self.partition == "aws" and service in ELSEWHERE:
            return ELSEWHERE[service]
        return GLOBAL.get(self.partition, self.region)

    def client(self, service: str, region: str) -> Any:
        """The client of a service in a region, made once; a session is not safe to share while it makes one."""
        with self.library.lock:
            key = service, region
            if key not in self.clients:
                session = self.sessions.get(service, self.session)
                made = session.client(service, region_name=region, config=self.library.config)
                bucket = self.rates.of(self.id, region, service)
                made.meta.events.register("before-call", lambda **_: bucket.take())
                made.meta.events.register("before-parse", check_fault)
                made.meta.events.register("after-call", check_body)
                self.clients[key] = made
            return self.clients[key]

    def forget(self, region: str) -> None:
        """Let go of the clients of a region."""
        with self.library.lock:
            for key in [key for key in self.clients if key[1] == region]:
                del self.clients[key]

    def lacks(self, service: str, region: str) -> str:
        """Why a region certainly does not have a service; "" where that is not certain.

        botocore's endpoint data is needed for it, and lags behind: a name that exists all the same gainsays it. A name
        that does not exist is no evidence of its own, for a resolver may hide it.
        """
        told = where(self.session, service, self.partition, region)
        if told in ("there", "not known") or resolves(host_of(self.client(service, region))):
            return ""
        known = f"botocore {self.library.botocore.__version__} knows no endpoint of it"
        if told == "in other partitions":
            return f"partition {self.partition} does not have the service: {known} there"
        gone = resolves(host_of(self.client(service, region))) is False
        sure = gone and resolves(host_of(self.client("ec2", region))) is True
        return f"the region does not have the service: {known} there" if sure else ""

    def pages(
        self,
        service: str,
        operation: str,
        region: str,
        parameters: Mapping[str, Any],
        beside: Mapping[str, Any] | None = None,
    ) -> Iterator[Any]:
        """The pages of an answer. Raises what `self.library.failures` names, and Stopped.

        beside: further parameters, which a service that does not know them has no need of. Source: Amazon EC2 API
        Reference, "Error codes" (`UnknownParameter`).
        """
        try:
            yield from self._pages(service, operation, region, {**parameters, **(beside or {})})
        except self.library.failures as error:
            if not beside or self.library.fault(error).code != UNKNOWN:
                raise
            yield from self._pages(service, operation, region, parameters)

    def _pages(self, service: str, operation: str, region: str, parameters: Mapping[str, Any]) -> Iterator[Any]:
        client = self.client(service, region)
        method = self.library.xform(operation)
        if client.can_paginate(method):
            for number, page in enumerate(client.get_paginator(method).paginate(**parameters)):
                yield page
                self._go_on(number)
            return
        taken = client.meta.service_model.operation_model(operation).input_shape
        names = set(taken.members) if taken is not None else set()
        asked = dict(parameters)
        seen: set[str] = set()
        for number in range(MAX_PAGES):
            page = getattr(client, method)(**asked)
            yield page
            more = next((name for name in TOKENS if name in page and page[name]), None)
            if more is None:
                return
            if more not in names or str(page[more]) in seen:
                raise Unfinished("the answer names a next page that cannot be asked for")
            seen.add(str(page[more]))
            asked[more] = page[more]
            self._go_on(number)

    def _go_on(self, number: int) -> None:
        if self.stopped():
            raise Stopped
        if number >= MAX_PAGES:
            raise Unfinished("its pages do not come to an end")


class Library(Struct):
    """What is used of boto3 and botocore, imported once a connection is made."""

    boto3: Any
    botocore: Any
    config: Any
    xform: Callable[[str], str]
    failures: tuple[type[Exception], ...]
    lock: Any = field(default_factory=threading.RLock)

    def fault(self, error: Exception) -> Fault:
        """What an exception of botocore says."""
        told = getattr(error, "response", None)
        if isinstance(error, Unfinished | TooDeep | NoAnswer):
            return Fault(kind=str(error))
        if not isinstance(told, dict):
            return Fault(kind=type(error).__name__)
        inner = told.get("Error") or {}
        status = (told.get("ResponseMetadata") or {}).get("HTTPStatusCode")
        return Fault(str(inner.get("Code") or ""), str(inner.get("Message") or ""), status or 0, type(error).__name__)


def library() -> Library:
    """boto3, with how it is to ask. Raises UsageError where it is not there."""
    try:
        boto3 = importlib.import_module("boto3")
        botocore = importlib.import_module("botocore")
        errors = importlib.import_module("botocore.exceptions")
        parsers = importlib.import_module("botocore.parsers")
        config = importlib.import_module("botocore.config")
        pool = importlib.import_module("urllib3.exceptions")
    except ImportError as error:
        raise UsageError("--live aws needs boto3: pip install 'tether-scanner[live]'") from error
    made = config.Config(
        connect_timeout=CONNECT,
        read_timeout=READ,
        retries={"mode": "adaptive", "total_max_attempts": TRIES},
        user_agent_extra=f"tether/{__version__}",
        max_pool_connections=4,
    )
    # A body that is not what the model says ends in a parser's own errors, whatever they are called.
    broken = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError)
    failures = (errors.BotoCoreError, errors.ClientError, parsers.ResponseParserError, pool.HTTPError, *broken)
    return Library(boto3, botocore, made, botocore.xform_name, failures)


def session_of(found: Library, profile: str) -> Any:
    """A session with the user's own credentials, found as the AWS CLI finds them."""
    return found.boto3.Session(profile_name=profile or None)


def connect(asked: AwsAsked, rates: Rates, stopped: Callable[[], str]) -> Account:
    """The account of the user's credentials. Raises UsageError where there are none, or they are not taken."""
    found = library()
    try:
        session = session_of(found, asked.profile)
        region = session.region_name or GLOBAL["aws"]
        account = Account("", "", region, session, found, rates, stopped)
        (page,) = account.pages("sts", "GetCallerIdentity", region, {})
        number, arn = str(page["Account"]), str(page["Arn"])
    except found.failures as error:
        fault = found.fault(error)
        said = fault.code or fault.kind
        raise UsageError(
            f"AWS does not say who asks ({said}): credentials and AWS_REGION are as for the CLI"
        ) from error
    account.clients.clear()
    account.id, account.partition = number, arn.split(":")[1] if arn.count(":") >= 5 else "aws"
    return account
