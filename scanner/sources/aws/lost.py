"""What the calls to AWS did not answer, in words: once for each operation and account, with what to do about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from scanner.resource import Unread, UnreadKind
from scanner.sources.aws.estate import Estate
from scanner.sources.aws.operations import ACCOUNT, operations
from scanner.sources.bundle import Call

SHOWN = 5
AGAIN = "`tether collect --resume` asks again"
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
    for call in estate.lost:
        if operations()[call.operation].closing:
            continue
        scope = dict(call.scope)
        if call.outcome == "not-asked" and not call.cause:
            groups.setdefault((scope["account"], "not-asked", scope["region"]), []).append(call)
        else:
            groups.setdefault((scope["account"], call.outcome, call.operation), []).append(call)
    for (_, outcome, _), calls in groups.items():
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
    remedy = f"let the scan call `{row.action}`" if denied else AGAIN
    return Unread(first.origin(), cause, kind, remedy)


def _not_asked(calls: Sequence[Call]) -> Unread:
    first = calls[0]
    scope = dict(first.scope)
    names = list(dict.fromkeys(f"`{call.operation}`" for call in calls))
    where = "" if scope["region"] == ACCOUNT else f" in {scope['region']}"
    cause = f"the bundle does not hold what account {scope['account']} has{where}: {_listed(names)} not asked"
    return Unread(replace(first, operation="").origin(), cause, "call", AGAIN)


def _about(call: Call) -> str:
    found = [value for value in call.parameters.values() if isinstance(value, str)]
    return ", ".join(found)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _other_regions(estate: Estate) -> Iterator[Unread]:
    """Regions that an account has switched on and that no call is of."""
    for call in estate.answered("ec2:DescribeRegions"):
        scope = dict(call.scope)
        asked = {dict(one)["region"] for one in estate.by_scope if dict(one)["account"] == scope["account"]}
        lacking = sorted(set(_switched_on(call.pages)) - asked)
        if lacking:
            cause = f"nothing was asked of account {scope['account']} in {_listed(lacking)}, where it may have anything"
            yield Unread(call.origin("Regions"), cause, "call", "collect these regions too")


def _switched_on(pages: Iterable[object]) -> Iterator[str]:
    for page in pages:
        for one in page.get("Regions") or () if isinstance(page, dict) else ():
            if isinstance(one, dict) and one.get("OptInStatus") != "not-opted-in":
                name = one.get("RegionName")
                if isinstance(name, str):
                    yield name
