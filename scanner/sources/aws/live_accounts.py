"""The accounts of an organisation, and the way into each: a role, narrowed to the reads that a scan makes."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable
from functools import cache
from typing import Any

from scanner.errors import UsageError
from scanner.sources.aws.live_client import Account
from scanner.sources.read import AwsAsked
from scanner.tables import aws_operations

ROOM = 1900
"""Characters of a session policy. Source: IAM User Guide, "IAM and AWS STS quotas": 2,048; the packed form has a limit
of its own that only AWS can compute, so there is some distance kept."""
GONE = frozenset({"SUSPENDED", "CLOSED"})
"""States of an account in which no one can use it. Source: Organizations API reference, `Account.State`."""


def listed(home: Account) -> tuple[str, ...]:
    """The accounts of the organisation that can be used, the own one first, as its management account tells them.

    Raises UsageError where the credential may not list them: a scan of fewer accounts would look like one of all.
    """
    where = home.home("organizations")
    try:
        pages = list(home.pages("organizations", "ListAccounts", where, {}))
        found = [one for page in pages for one in page["Accounts"]]
        # `Status` is what `State` was called; a row with neither is one that counts.
        usable = [str(one["Id"]) for one in found if str(one.get("State") or one.get("Status") or "") not in GONE]
    except home.library.failures as error:
        fault = home.library.fault(error)
        raise UsageError(
            f"the accounts of the organisation cannot be listed ({fault.code or fault.kind}): ask with its management "
            "account or a delegated administrator, or give --accounts LIST"
        ) from error
    if not usable:
        raise UsageError("the organisation lists no account: give --accounts LIST")
    return tuple(dict.fromkeys([*(one for one in usable if one == home.id), *sorted(usable)]))


def assumed(home: Account, number: str, asked: AwsAsked) -> Account:
    """Another account through a role in it; its credentials are renewed before they expire, nothing is asked yet.

    Each group of services has a session of its own, whose policy allows its reads and nothing else.
    """
    sessions = {}
    every = session_policies(asked.operations) if asked.session_policy else ((frozenset[str](), ""),)
    for services, policy in every:
        made = _session(home, number, asked, policy)
        sessions.update(dict.fromkeys(services, made))
    first = sessions.get("sts") or made
    return Account(number, home.partition, home.region, first, home.library, home.rates, home.stopped, sessions)


def _session(home: Account, number: str, asked: AwsAsked, policy: str) -> Any:
    credentials = importlib.import_module("botocore.credentials")
    own = home.session._session
    more: dict[str, Any] = {"RoleSessionName": "tether-scan"}
    if asked.external_id:
        more["ExternalId"] = asked.external_id
    if policy:
        more["Policy"] = policy
    client = home.client("sts", home.region)
    fetcher = credentials.AssumeRoleCredentialFetcher(
        client_creator=lambda *_, **__: client,
        source_credentials=own.get_credentials(),
        role_arn=f"arn:{home.partition}:iam::{number}:role/{asked.role}",
        extra_args=more,
        cache={},
    )
    bare = bare_session()
    bare._credentials = credentials.DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    bare.register_component("data_loader", own.get_component("data_loader"))
    return home.library.boto3.Session(botocore_session=bare, region_name=home.region)


def bare_session() -> Any:
    """A session of botocore without credentials."""
    return importlib.import_module("botocore.session").Session()


@cache
def session_policies(operations: frozenset[str] | None = None) -> tuple[tuple[frozenset[str], str], ...]:
    """Groups of services (as botocore calls them), and the policy that allows what a scan asks of them.

    operations: those that it makes; None for all.

    One policy for everything would be longer than a session policy may be; a wider one would not be the least.
    """
    by_service: dict[str, set[str]] = {}
    for row in aws_operations():
        if operations is None or row.id in operations:
            by_service.setdefault(row.service, set()).update((row.action, *row.also))
    groups: list[dict[str, set[str]]] = [{}]
    for service in sorted(by_service, key=lambda one: (-_room(by_service[one]), one)):
        wanted = by_service[service]
        fits = (group for group in groups if _room({*wanted, *_actions(group)}) <= ROOM)
        group = next(fits, None)
        if group is None:
            groups.append(group := {})
        group[service] = wanted
    return tuple((frozenset(group), policy_of(_actions(group))) for group in groups)


def _actions(group: dict[str, set[str]]) -> set[str]:
    return {action for actions in group.values() for action in actions}


def _room(actions: Iterable[str]) -> int:
    return len(policy_of(actions))


def policy_of(actions: Iterable[str]) -> str:
    """An IAM policy that allows the actions and nothing else; lists and descriptions take no resource but `*`."""
    statement = {"Sid": "TetherReads", "Effect": "Allow", "Action": sorted(actions), "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]}, separators=(",", ":"))
