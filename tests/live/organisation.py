"""An organisation for tests: its accounts, one of them closed to the scan, and a region that a policy closes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import botocore.session
import pytest

from scanner.sources.aws import live_accounts, live_calls
from scanner.sources.aws.operations import in_order
from scanner.tables import aws_operations
from tests.live.aws import DENIED, HOME, NUMBER, OFF, OTHER, PARTITION, REGIONS, Aws, answering, estate, listen

MEMBER, LEFT, BARRED = "444455556666", "555566667777", "777788889999"
ACCOUNTS = {
    "Accounts": [
        {"Id": NUMBER, "State": "ACTIVE"},
        {"Id": MEMBER, "Status": "ACTIVE"},
        {"Id": BARRED, "State": "PENDING_CLOSURE"},
        {"Id": LEFT, "State": "SUSPENDED", "Status": "SUSPENDED"},
    ]
}
FORBIDDEN = ("AccessDenied", 403, "not authorized to perform: x:Y with an explicit deny in a service control policy")
SERVICES = {
    *("account", "ec2", "iam", "organizations", "sts", "kms", "directconnect", "eks", "ecs", "dlm", "logs", "ram"),
    *("ssm", "kinesis", "firehose", "batch", "snowball", "outposts", "transfer"),
}
EXCEPTED = ("kms:", "directconnect:")
WHOLE = ("--accounts", "organization", "--role", "audit/tether", "--external-id", "x-1")
ALL_ON = {"Regions": [{"RegionName": HOME, "RegionOptStatus": "ENABLED_BY_DEFAULT"}]}
ALL_ON["Regions"].append({"RegionName": OTHER, "RegionOptStatus": "DISABLING"})
ALL_ON["Regions"].append({"RegionName": OFF, "RegionOptStatus": "DISABLED"})


class Organisation(Aws):
    """The member may not ask EC2 for its regions, and a policy closes OTHER to all; BARRED lets nobody in."""

    def found(self, name: str, asked: dict[str, Any], model: Any) -> Any:
        account, region = self.who
        if name == "sts:AssumeRole":
            number = asked["RoleArn"].split(":")[4]
            return DENIED if number == BARRED else credentials(number)
        if name == "sts:GetCallerIdentity":
            return {"Account": account, "Arn": f"arn:{PARTITION}:sts::{account}:assumed-role/tether/s", "UserId": "x"}
        if account == MEMBER and name == "ec2:DescribeRegions":
            return FORBIDDEN
        if region == OTHER and not name.startswith(EXCEPTED):
            return FORBIDDEN
        return super().found(name, asked, model)


def credentials(number: str) -> dict[str, Any]:
    made = {"AccessKeyId": f"ASIA{number}", "SecretAccessKey": "s", "SessionToken": "t"}
    return {"Credentials": {**made, "Expiration": "2099-01-01T00:00:00Z"}}


@contextmanager
def organised() -> Iterator[Organisation]:
    """The organisation, asked by a few services alone."""
    made = Organisation(
        estate(
            **{"organizations:ListAccounts": ACCOUNTS, "account:ListRegions": ALL_ON, "ec2:DescribeRegions": REGIONS}
        )
    )

    def bare() -> Any:
        session = botocore.session.Session()
        listen(session, made)
        return session

    def some(of_account: bool) -> Any:
        """Some services, so that it costs little: making clients is what takes time."""
        return [rows for rows in in_order(of_account) if rows[0].service in SERVICES]

    with pytest.MonkeyPatch.context() as patch, answering(made, patch):
        patch.setattr(live_accounts, "bare_session", bare)
        patch.setattr(live_calls, "in_order", some)
        rows = [row for row in aws_operations() if row.service in SERVICES]
        patch.setattr("scanner.sources.aws.estate.aws_operations", lambda: rows)
        yield made
