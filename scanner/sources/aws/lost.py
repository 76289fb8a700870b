"""What the calls to AWS did not answer, in words: once for each operation and account, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from scanner.origin import ApiOrigin
from scanner.resource import Unread, UnreadKind
from scanner.sources.aws.answers import answers
from scanner.sources.aws.brings import told_by
from scanner.sources.aws.estate import SOURCE, UNCHOSEN, Estate
from scanner.sources.aws.operations import ACCOUNT, operations
from scanner.sources.aws.regions import OPERATIONS as TELL_REGIONS
from scanner.sources.aws.regions import told
from scanner.sources.bundle import Call

SHOWN = 5
AGAIN = "`tether collect --resume` asks again"
CLOSED = "a policy of the organisation closes the region"
"""The cause of what is not asked in a region where a policy refuses one service after the other."""
SAID = {
    "denied": "the credential may not ask",
    "denied-by-organisation": "a policy of the organisation forbids it",
    "throttled": "it was refused for its rate",
    "failed": "it failed",
    "not-asked": "it was not asked",
}


def unread_of(estate: Estate) -> Iterator[Unread]:
    """An Unread for each operation and account that was not answered; for what nobody asked one a region."""
    groups: dict[tuple[str, ...], list[Call]] = {}
    shut = {call.scope for call in estate.lost if call.cause == CLOSED}
    barred = _barred(estate)
    yield from barred.values()
    for call in estate.lost:
        scope = dict(call.scope)
        if operations()[call.operation].closing or scope["account"] in barred:
            continue
        if call.scope in shut and (call.cause == CLOSED or call.outcome == "denied-by-organisation"):
            groups.setdefault((scope["account"], "shut"), []).append(call)
        elif call.cause == UNCHOSEN:
            groups.setdefault((scope["account"], "unchosen"), []).append(call)
        elif call.outcome == "not-asked" and not call.cause:
            groups.setdefault((scope["account"], "not-asked", scope["region"]), []).append(call)
        else:
            groups.setdefault((scope["account"], call.outcome, call.operation), []).append(call)
    for (_, outcome, *_), calls in groups.items():
        if outcome == "shut":
            yield _shut(calls)
        elif outcome == "unchosen":
            yield _not_chosen(calls)
        else:
            yield _not_asked(calls) if outcome == "not-asked" and not calls[0].cause else _not_answered(calls)
    for call in estate.strange:
        cause = f"`{call.operation}` is no operation that this version understands"
        yield Unread(replace(call, parameters={}).origin(), cause, "call", "use a newer one")
    yield from _other_regions(estate)


def not_counted(estate: Estate) -> Iterator[str]:
    """What only closes ways, and was not read: a sentence for each account."""
    found: dict[str, dict[str, None]] = {}
    for call in estate.lost:
        if operations()[call.operation].closing:
            found.setdefault(dict(call.scope)["account"], {})[operations()[call.operation].fact] = None
    for account, facts in found.items():
        yield f"account {account}: {_listed(list(facts))} could not be read: nothing that they close is counted on"


def unseen(unread: Iterable[Unread]) -> frozenset[tuple[str, str]]:
    """By account, the kinds of things of which a call was not answered that tells of them; "" for every kind."""
    found: set[tuple[str, str]] = set()
    for one in unread:
        if isinstance(one.origin, ApiOrigin) and one.origin.source == SOURCE:
            account = dict(one.origin.scope)["account"]
            rows = answers().get(one.origin.operation, ())
            found |= {(account, row.kind) for row in rows} if one.origin.operation else {(account, "")}
    return frozenset(found)


def _not_answered(calls: Sequence[Call]) -> Unread:
    first = calls[0]
    scope = dict(first.scope)
    row = operations()[first.operation]
    about = _listed(sorted({_about(call) for call in calls} - {""}))
    regions = sorted({dict(call.scope)["region"] for call in calls} - {ACCOUNT})
    where = f" in {_listed(regions)}" if regions else ""
    said = first.cause or SAID[first.outcome]
    which = f" ({about})" if about else ""
    cause = f"account {scope['account']}{where}: {row.fact}{which} could not be read: {said}"
    denied = first.outcome.startswith("denied")
    kind: UnreadKind = "denied" if denied else "call"
    also = f", which takes {', '.join(row.also)} as well" if row.also else ""
    remedy = f"let the scan call `{row.action}`{also}" if denied else AGAIN
    return Unread(first.origin(), cause, kind, remedy, told_by({first.operation}))


def _barred(estate: Estate) -> dict[str, Unread]:
    """Accounts of which nothing at all was answered, for one and the same cause; each is one Unread."""
    causes: dict[str, dict[str, Call]] = {}
    for asked in estate.by_scope.values():
        for call in (call for calls in asked.values() for call in calls.values()):
            why = call.cause if call.outcome == "failed" else ""
            causes.setdefault(dict(call.scope)["account"], {}).setdefault(why, call)
    return {
        account: Unread(
            replace(call, operation="", parameters={}).origin(),
            f"account {account}: nothing of it could be read: {cause}",
            "call",
            AGAIN,
        )
        for account, found in causes.items()
        if len(found) == 1
        for cause, call in found.items()
        if cause
    }


def _shut(calls: Sequence[Call]) -> Unread:
    """Regions that a policy of the organisation closes: what was made in them before, nobody knows."""
    first = calls[0]
    regions = _listed(sorted({dict(call.scope)["region"] for call in calls}))
    cause = f"account {dict(first.scope)['account']}: {CLOSED} ({regions}): what was made there before is not known"
    remedy = "let the policy except the role of the scan (`aws:PrincipalArn`)"
    return Unread(replace(first, operation="", parameters={}).origin(), cause, "denied", remedy)


def _not_asked(calls: Sequence[Call]) -> Unread:
    first = calls[0]
    scope = dict(first.scope)
    names = list(dict.fromkeys(f"`{call.operation}`" for call in calls))
    where = "" if scope["region"] == ACCOUNT else f" in {scope['region']}"
    cause = f"the bundle does not hold what account {scope['account']} has{where}: {_listed(names)} not asked"
    return Unread(replace(first, operation="").origin(), cause, "call", AGAIN, _tell(calls))


def _not_chosen(calls: Sequence[Call]) -> Unread:
    """What was not asked for because of the rules that were chosen: one for each account."""
    first, count = calls[0], len({call.operation for call in calls})
    cause = f"account {dict(first.scope)['account']}: {count} kinds of calls were not made: {UNCHOSEN}"
    return Unread(replace(first, operation="", parameters={}).origin(), cause, "call", AGAIN, _tell(calls))


def _tell(calls: Iterable[Call]) -> frozenset[str] | None:
    return told_by({call.operation for call in calls})


def _about(call: Call) -> str:
    found = [value for value in call.parameters.values() if isinstance(value, str)]
    return ", ".join(found)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _other_regions(estate: Estate) -> Iterator[Unread]:
    """Regions that an account has switched on and that no call is of; an account that tells of no region at all."""
    answered = [call for name in TELL_REGIONS for call in estate.answered(name)]
    for scope in dict.fromkeys(call.scope for call in answered):
        mine = [call for call in answered if call.scope == scope]
        account = dict(scope)["account"]
        asked = {dict(one)["region"] for one in estate.by_scope if dict(one)["account"] == account}
        regions = told(mine)
        lacking = sorted({name for name, on in regions.items() if on} - asked)
        if lacking:
            cause = f"nothing was asked of account {account} in {_listed(lacking)}, where it may have anything"
            yield Unread(mine[0].origin("Regions"), cause, "call", "collect these regions too")
        if not regions:
            cause = f"account {account} tells of no region: where it may have anything is not known"
            yield Unread(mine[0].origin("Regions"), cause, "call", AGAIN)
