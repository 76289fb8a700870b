"""What becomes of the findings of a series when a run is held against it: data in, data out, no database.

A finding that a run does not have is fixed only where the run could have had it: its rule was judged, every place that
it speaks of was read, nothing is unread that was read when it was last seen, and no doubt has come up since that could
hide it. In every other case it is not seen, which is no news about it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from scanner.store.observed import Looked, Observed, Seen


class Status(StrEnum):
    """How a finding stands after the latest run that had a say in it."""

    OPEN = "open"
    WAIVED = "waived"
    FIXED = "fixed"
    NOT_SEEN = "not-seen"


class Event(StrEnum):
    """A change that a run made; a finding that stays as it was has none."""

    NEW = "new"
    REGRESSED = "regressed"
    SEEN_AGAIN = "seen-again"
    WAIVED = "waived"
    WAIVER_OVER = "waiver-over"
    FIXED = "fixed"
    NOT_SEEN = "not-seen"


class Before(Struct, frozen=True):
    """A finding as the store has it. opened: the number of the run in which it came up last: new, regressed or again.

    last_run, asked, unread: of the run that saw it last. moved: when the run started that set its status.
    first, last: when the first and the last run started that saw it.
    """

    id: int
    fingerprint: str
    way: str
    rule: str
    commitment: str
    places: tuple[str, ...]
    nodes: frozenset[str]
    status: Status
    opened: int
    last_run: int
    asked: str
    unread: frozenset[str]
    moved: str
    first: str
    last: str


class Change(Struct, frozen=True):
    """What a run does to a finding; `event` is None where its status stays."""

    before: Before | None
    seen: Seen | None
    status: Status
    event: Event | None
    because: str = ""


def changes(stored: Sequence[Before], run: Observed, looked: Looked) -> list[Change]:
    """Hold a run against what is stored of its series."""
    known = {one.fingerprint: one for one in stored}
    found: dict[str, Seen] = {}
    for one in run.findings:
        found.setdefault(one.fingerprint, one)
    made = [_present(known.get(key), one, run) for key, one in found.items()]
    ways = {one.way for one in found.values()}
    for before in stored:
        if before.fingerprint not in found:
            made.append(_absent(before, run, looked, ways, _since(before, tuple(found.values()), known)))
    return made


def _present(before: Before | None, one: Seen, run: Observed) -> Change:
    status = Status.WAIVED if one.waived else Status.OPEN
    if before is None:
        return Change(None, one, status, Event.NEW)
    if before.moved > run.started:
        # A run that began later has spoken already: what this one saw is older.
        return Change(before, one, before.status, None)
    if before.status is Status.FIXED:
        return Change(before, one, status, Event.REGRESSED)
    if status is Status.WAIVED and before.status is not Status.WAIVED:
        return Change(before, one, status, Event.WAIVED)
    if before.status is Status.NOT_SEEN:
        return Change(before, one, status, Event.SEEN_AGAIN)
    if before.status is Status.WAIVED and status is Status.OPEN:
        return Change(before, one, status, Event.WAIVER_OVER)
    return Change(before, one, status, None)


def _absent(before: Before, run: Observed, looked: Looked, ways: set[str], doubts: Iterable[Seen]) -> Change:
    if before.status is Status.FIXED or before.moved > run.started:
        return Change(before, None, before.status, None)
    why = _could_hide(before, run, looked, ways, doubts)
    if not why:
        return Change(before, None, Status.FIXED, Event.FIXED)
    event = None if before.status is Status.NOT_SEEN else Event.NOT_SEEN
    return Change(before, None, Status.NOT_SEEN, event, why)


def _could_hide(before: Before, run: Observed, looked: Looked, ways: set[str], doubts: Iterable[Seen]) -> str:
    """Why a finding could be there although the run does not have it; "" where it could not."""
    if before.rule not in run.judged and not (before.rule in run.idle and not run.unread):
        return "its rule was not judged"
    same = run.asked == before.asked
    place = next((one for one in before.places if not looked(one, same)), None)
    if place is not None:
        return f"{place} was not read"
    if run.unread - before.unread:
        return "an input was not read that was read when it was seen, or was not there"
    if before.way in ways:
        return "the same is judged otherwise"
    doubt = next(iter(doubts), None)
    return (
        "" if doubt is None else f"{'violated' if doubt.verdict == 'violated' else 'not proven'} since: {doubt.message}"
    )


def _since(before: Before, found: Sequence[Seen], known: Mapping[str, Before]) -> Iterable[Seen]:
    """What came up after the finding was last seen, and may be why its rule says nothing of it.

    That is a doubt of the same promise, and one of any promise about a thing that the finding speaks of: where it is
    not known any more whether something is a model, the rules about models pass it by. And it is another violation
    that the same rule tells of one of those things: a rule that has a certain way does not tell the possible ones.
    """
    for one in found:
        old = known.get(one.fingerprint)
        there = old is not None and old.status in (Status.OPEN, Status.WAIVED) and old.opened <= before.last_run
        if not there and _bears_on(one, before):
            yield one


def _bears_on(one: Seen, before: Before) -> bool:
    about = bool(one.nodes & before.nodes)
    if one.verdict == "violated":
        return about and one.rule == before.rule
    return about or one.commitment == before.commitment or bool(one.speaks_for & {before.rule, before.commitment})
