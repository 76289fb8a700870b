"""The collector of AWS: accounts and regions at once, in each the table's operations, every call with its outcome."""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import msgspec
from msgspec import Struct

from scanner.sources.aws.estate import LEFT, SOURCE, UNCHOSEN
from scanner.sources.aws.live_accounts import assumed, listed
from scanner.sources.aws.live_client import Account, Stopped, connect
from scanner.sources.aws.live_elsewhere import calls_elsewhere, check_cluster, cluster
from scanner.sources.aws.live_outcome import outcome_of
from scanner.sources.aws.live_plain import page_of
from scanner.sources.aws.live_rate import Rates
from scanner.sources.aws.lost import CLOSED
from scanner.sources.aws.operations import ACCOUNT, asked, follows, in_order, is_wanted, timed
from scanner.sources.aws.regions import OPERATIONS as TELL_REGIONS
from scanner.sources.aws.regions import told
from scanner.sources.bundle import Call, Outcome
from scanner.sources.bundle.call import Key
from scanner.sources.read import AwsAsked
from scanner.table_rows import AwsOperation

SHUT_AFTER = 12
"""Services that a policy of the organisation refuses in a region before it counts as closed."""
INTERRUPTED = "the run was interrupted before it was asked"


@dataclass(slots=True)
class Collector:
    """Asks AWS, call by call. now: RFC 3339 in UTC. done: calls of a bundle that is resumed. stop: set by Ctrl-C.
    told: of how many places are through, of how many that are known of. lean: what may be left out is, but for `led`.

    Nothing is asked once `stop` is set or the deadline is over: what is left is recorded as failed, with that cause.
    """

    asked: AwsAsked
    now: Callable[[], str]
    salt: str
    done: Mapping[Key, Call] | None = None
    stop: Event = field(default_factory=Event)
    told: Callable[[int, int], None] = lambda *_: None
    clock: Callable[[], float] = time.monotonic
    executor: Executor | None = None
    lean: bool = False
    led: frozenset[Key] = frozenset()
    closed: Event = field(init=False, default_factory=Event)
    until: float = field(init=False)
    home: Account = field(init=False)
    numbers: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        """Connect. Raises UsageError where AWS does not say who asks, or which accounts there are, or no cluster is."""
        if self.asked.executor:
            check_cluster(self.asked.executor)
        self.until = self.clock() + self.asked.deadline if self.asked.deadline else float("inf")
        self.home = connect(self.asked, Rates(self.asked.share), self.over)
        self.numbers = listed(self.home) if self.asked.organisation else self.asked.accounts or (self.home.id,)

    def over(self) -> str:
        """Why nothing more is asked; "" while it is."""
        return INTERRUPTED if self.closed.is_set() else self.ended()

    def ended(self) -> str:
        """Why nothing more may be asked, ever; "" while it may."""
        if self.stop.is_set():
            return INTERRUPTED
        late = f"the deadline of {self.asked.deadline:g} s was over before it was asked"
        return "" if self.clock() < self.until else late

    def more(self, led: frozenset[Key], known: Mapping[Key, Call]) -> Iterator[Call]:
        """Ask what was left out, for something leads to it after all. known: every call so far."""
        self.led, self.done = led, {key: call for key, call in known.items() if key not in led}
        self.closed.clear()
        return self.calls()

    def calls(self) -> Iterator[Call]:
        """Every call, as it is made; those that are done already are not repeated. Raises what a worker raised."""
        if self.asked.executor:
            yield from self._elsewhere()
            return
        made: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        pool = self.executor or ThreadPoolExecutor(max_workers=max(1, self.asked.workers))
        run = _Run(self, pool, made)
        try:
            for number in self.numbers:
                run.submit(run.account, number)
            while run.pending:
                call = made.get()
                if call is not None:
                    yield call
                    continue
                for future in [one for one in run.pending if one.done()]:
                    run.pending.remove(future)
                    run.through += 1
                    self.told(run.through, run.through + len(run.pending))
                    future.result()
            while not made.empty():
                call = made.get()
                if call is not None:
                    yield call
        finally:
            self.closed.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _elsewhere(self) -> Iterator[Call]:
        """Every call, made by the workers of a cluster."""

        def lost(number: str, why: str) -> Iterator[Call]:
            account = self.home if number == self.home.id else assumed(self.home, number, self.asked)
            made: list[Call] = []
            for region in (ACCOUNT, *(self.asked.regions or (account.region,))):
                Place(self, account, region, made.append, lost=why).ask()
            return iter(made)

        def left() -> float:
            return max(self.until - self.clock(), 1e-3) if self.asked.deadline else 0.0

        with cluster(self.asked.executor) as pool:
            yield from calls_elsewhere(self, pool, lost, left)


class _Run(Struct):
    """A run over all places. pending: what is not through; each puts None into `made` when it is."""

    collector: Collector
    pool: Executor
    made: queue.SimpleQueue[Call | None]
    pending: list[Future[None]] = msgspec.field(default_factory=list)
    through: int = 0

    def submit(self, work: Callable[..., None], *arguments: Any) -> None:
        future = self.pool.submit(work, *arguments)
        self.pending.append(future)
        future.add_done_callback(lambda _: self.made.put(None))

    def account(self, number: str) -> None:
        """What is asked once an account; then each of its regions is a piece of work of its own."""
        home, wanted = self.collector.home, self.collector.asked
        account = home if number == home.id else assumed(home, number, wanted)
        lost = "" if account is home or self.collector.over() else not_taken(account)
        place = Place(self.collector, account, ACCOUNT, self.made.put, lost=lost)
        place.ask()
        on, off = place.regions()
        for region in on:
            self.submit(Place(self.collector, account, region, self.made.put, lost=lost).ask)
        for region in off:
            Place(self.collector, account, region, self.made.put, off=True).ask()


def not_taken(account: Account) -> str:
    """Why the credentials for another account are of no use; "" where they are."""
    try:
        (page,) = account.pages("sts", "GetCallerIdentity", account.region, {})
    except account.library.failures as error:
        fault = account.library.fault(error)
        return f"the role in account {account.id} cannot be assumed ({fault.code or fault.kind})"
    return "" if page.get("Account") == account.id else f"the role is not of account {account.id}"


class Place(Struct):
    """A region of an account, or the account itself. lost: why nothing can be asked. off: it is switched off."""

    collector: Collector
    account: Account
    region: str
    put: Callable[[Call], None]
    lost: str = ""
    off: bool = False
    by_operation: dict[str, dict[str, Call]] = msgspec.field(default_factory=dict)
    lacking: dict[tuple[str, str], str] = msgspec.field(default_factory=dict)
    refused: set[str] = msgspec.field(default_factory=set)
    answered: set[str] = msgspec.field(default_factory=set)

    @property
    def scope(self) -> dict[str, str]:
        """As in a bundle."""
        return {"account": self.account.id, "partition": self.account.partition, "region": self.region}

    def ask(self) -> None:
        """Make every call of the table here; what follows from answers comes after them."""
        scope = self.scope
        for rows in in_order(self.region == ACCOUNT):
            again = True
            while again:
                again = False
                for row in rows:
                    if not is_wanted(row, self._made, unsure=not (self.lost or self.collector.over())):
                        continue
                    earlier = [call for name in follows(row) for call in self._made(name)]
                    for parameters in list(asked(row, scope, earlier)):
                        again = self._new(row, parameters) or again
        if self.region not in (ACCOUNT, self.account.region):
            self.account.forget(self.region)

    def _made(self, name: str) -> Iterable[Call]:
        return self.by_operation.get(name, {}).values()

    def _new(self, row: AwsOperation, parameters: Mapping[str, Any]) -> bool:
        """Make a call that was not made yet; whether it was one."""
        made = self.by_operation.setdefault(row.id, {})
        key = json.dumps(parameters, sort_keys=True)
        if key in made:
            return False
        if row.instead and any(one.outcome == "read" for one in self.by_operation.get(row.instead, {}).values()):
            return False
        blank = Call(SOURCE, tuple(sorted(self.scope.items())), row.id, dict(parameters), "failed")
        # A region may have been switched on since: that is asked anew, but for what was left out a moment ago.
        anew = row.id in TELL_REGIONS and not self.collector.led
        earlier = None if anew else (self.collector.done or {}).get(blank.key)
        made[key] = earlier or (self._left(row, blank) or self._call(row, blank))
        if earlier is None:
            self.put(made[key])
        return True

    def _left(self, row: AwsOperation, blank: Call) -> Call | None:
        """The call as one that is left out, where it may be."""
        may = self.collector.lean and row.about and blank.key not in self.collector.led
        if not may or self.off or self.lost or self.collector.over():
            return None
        return msgspec.structs.replace(blank, outcome="not-asked", cause=LEFT)

    def _call(self, row: AwsOperation, blank: Call) -> Call:
        pages, outcome, cause = self._answer(row, blank.parameters)
        {"denied-by-organisation": self.refused, "read": self.answered, "absent": self.answered}.get(
            outcome, set()
        ).add(row.service)
        return Call(SOURCE, blank.scope, row.id, blank.parameters, outcome, pages, at=self.collector.now(), cause=cause)

    def _answer(self, row: AwsOperation, parameters: Mapping[str, Any]) -> tuple[list[Any], Outcome, str]:
        if self.off:
            return [], "region-off", ""
        why = self.lost or self.collector.over()
        if why:
            return [], "failed", why
        if cause := self._passed_over(row):
            return [], "not-asked", cause
        where = self.account.home(row.service) if self.region == ACCOUNT else self.region
        pages: list[Any] = []
        try:
            if lacks := self._lacks(row.service, where):
                return [], "not-in-partition", lacks
            sent = timed(row, parameters, self.collector.now())
            for page in self.account.pages(row.service, row.operation, where, sent, row.sent):
                pages.append(page_of(page, self.collector.salt))
        except Stopped:
            return pages, "failed", self.collector.over()
        except self.account.library.failures as error:
            return pages, *outcome_of(self.account.library.fault(error), row.absent)
        return pages, *self._whole(row, where, pages)

    def _lacks(self, service: str, region: str) -> str:
        key = service, region
        if key not in self.lacking:
            self.lacking[key] = self.account.lacks(service, region)
        return self.lacking[key]

    def _passed_over(self, row: AwsOperation) -> str:
        """Why a call is not made: no rule needs it, or a policy of the organisation closes the region to its service.

        Such a policy often excepts a few services or single actions: what was refused says how it takes the others.
        """
        if not self.collector.asked.asks(row.id):
            return UNCHOSEN
        shut = len(self.refused) >= SHUT_AFTER and len(self.refused) > 3 * len(self.answered - self.refused)
        return CLOSED if shut and row.service in self.refused and self.region != ACCOUNT else ""

    def _whole(self, row: AwsOperation, region: str, pages: list[Any]) -> tuple[Outcome, str]:
        """Whether the pages hold what the API promises: what each must have, and no piece that it could not give."""
        shape = self.account.client(row.service, region).meta.service_model.operation_model(row.operation).output_shape
        wanted = shape.required_members if shape is not None else []
        if not pages or any(name not in page for page in pages for name in wanted):
            return "failed", "the answer lacks what the API always gives"
        if any(one.get("reason") != "MISSING" for page in pages for one in _dicts(page.get("failures"))):
            return "failed", "the answer names what it could not give"
        return "read", ""

    def regions(self) -> tuple[list[str], list[str]]:
        """The regions to ask, and those that are switched off, as the account itself tells; else those of the user."""
        wanted = self.collector.asked.regions
        known = told(call for name in TELL_REGIONS for call in self.by_operation.get(name, {}).values())
        if not known:
            return list(wanted or (self.account.region,)), []
        on = [name for name in known if known[name] and (not wanted or name in wanted)]
        return sorted({*on, *(name for name in wanted if name not in known)}), sorted(
            name for name in known if not known[name]
        )


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
