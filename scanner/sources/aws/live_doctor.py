"""Whether a scan of AWS would be let: each operation of the table asked once in a region, a page at most."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from scanner.sources.aws.estate import SOURCE
from scanner.sources.aws.live_accounts import assumed
from scanner.sources.aws.live_calls import Collector, not_taken
from scanner.sources.aws.live_client import Account
from scanner.sources.aws.live_outcome import outcome_of
from scanner.sources.aws.live_plain import page_of
from scanner.sources.aws.operations import ACCOUNT, asked, follows, in_order, is_wanted, timed
from scanner.sources.aws.regions import OPERATIONS as TELL_REGIONS
from scanner.sources.aws.regions import told
from scanner.sources.bundle import Call, Outcome
from scanner.sources.bundle.call import ANSWERED
from scanner.table_rows import AwsOperation
from scanner.tables import aws_operations


class Checked(Struct):
    """What an account lets a scan do. entered: "" or why it cannot be entered at all.

    refused: by permission, the outcome and what people are told. works: permissions that let. untried: those of calls
    that nothing there leads to. closed: regions that a policy of the organisation closes, as `probe`, an operation of
    EC2, tells.
    """

    account: str
    region: str
    entered: str = ""
    works: set[str] = field(default_factory=set)
    refused: dict[str, tuple[Outcome, str]] = field(default_factory=dict)
    untried: set[str] = field(default_factory=set)
    closed: list[str] = field(default_factory=list)
    probe: str = "DescribeVpcs"

    @property
    def ready(self) -> bool:
        """Whether a scan would be answered, as far as it could be tried."""
        return not self.entered and not self.refused and not self.closed


def check(collector: Collector) -> Iterator[Checked]:
    """Try each account that a scan would ask, one after the other."""
    home = collector.home
    for number in collector.numbers:
        account = home if number == home.id else assumed(home, number, collector.asked)
        found = Checked(number, (*collector.asked.regions, account.region)[0])
        found.entered = "" if account is home else not_taken(account)
        if not found.entered:
            _try(collector, account, found)
        yield found


def _try(collector: Collector, account: Account, found: Checked) -> None:
    calls: dict[str, list[Call]] = {}
    for region in (ACCOUNT, found.region):
        for rows in in_order(region == ACCOUNT):
            for row in rows:
                if collector.asked.asks(row.id):
                    _row(collector, account, found, row, region, calls)
    for row in (one for one in aws_operations() if one.instead):
        _drop_one(found, row)
    every = {row.action for row in aws_operations() if collector.asked.asks(row.id)}
    found.untried = every - found.works - set(found.refused)
    known = told(call for name in TELL_REGIONS for call in calls.get(name, ()))
    wanted = collector.asked.regions
    for region in sorted(name for name, on in known.items() if on and (not wanted or name in wanted)):
        if region != found.region:
            found.probe = "DescribeVpcs" if collector.asked.asks("ec2:DescribeVpcs") else "DescribeRegions"
            outcome, *_ = _ask(collector, account, "ec2", found.probe, region, {}, ())
            found.closed += [region] if outcome not in ANSWERED else []


def _drop_one(found: Checked, row: AwsOperation) -> None:
    """Of two operations that stand for one another, one is enough."""
    primary = next(one.action for one in aws_operations() if one.id == row.instead)
    if primary in found.works:
        found.refused.pop(row.action, None)
    elif row.action in found.works:
        found.refused.pop(primary, None)


def _row(
    collector: Collector,
    account: Account,
    found: Checked,
    row: AwsOperation,
    region: str,
    calls: dict[str, list[Call]],
) -> None:
    scope = {"account": account.id, "partition": account.partition, "region": region}
    if not is_wanted(row, lambda name: calls.get(name, ())):
        return
    earlier = [call for name in follows(row) for call in calls.get(name, ())]
    parameters = next(iter(asked(row, scope, earlier)), None)
    if parameters is None:
        return
    where = account.home(row.service) if region == ACCOUNT else region
    sent = timed(row, parameters, collector.now())
    outcome, cause, pages = _ask(collector, account, row.service, row.operation, where, sent, row.absent, row.sent)
    made = Call(SOURCE, tuple(sorted(scope.items())), row.id, dict(parameters), outcome, pages, "", cause)
    calls.setdefault(row.id, []).append(made)
    if outcome in ANSWERED:
        found.works.add(row.action)
    elif not row.closing:
        found.refused[row.action] = outcome, cause


def _ask(
    collector: Collector,
    account: Account,
    service: str,
    operation: str,
    region: str,
    parameters: Mapping[str, Any],
    absent: tuple[str, ...],
    beside: Mapping[str, Any] | None = None,
) -> tuple[Outcome, str, list[Any]]:
    """One page of an answer, and what became of the question."""
    library = account.library
    try:
        if lacks := account.lacks(service, region):
            return "not-in-partition", lacks, []
        page = next(iter(account.pages(service, operation, region, parameters, beside)))
        return "read", "", [page_of(page, collector.salt)]
    except library.failures as error:
        return *outcome_of(library.fault(error), absent), []
