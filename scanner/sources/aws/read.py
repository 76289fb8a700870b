"""From calls to Resources: an estate as a Terraform root would declare it, and what no answer came to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from scanner.resource import Asked, Reading, Resource, SourceName
from scanner.sources.aws.estate import SOURCE, Estate, estate_of
from scanner.sources.aws.furniture import without_furniture
from scanner.sources.aws.link import link
from scanner.sources.aws.lost import not_counted, unread_of
from scanner.sources.aws.operations import ACCOUNT
from scanner.sources.aws.special import SPECIAL
from scanner.sources.aws.translate import Translation, translate
from scanner.sources.aws.truncated import truncated
from scanner.sources.aws.typed import typed
from scanner.sources.bundle import Call
from scanner.sources.bundle.call import ANSWERED

CALLER = "sts:GetCallerIdentity"


def partitions_of(calls: Iterable[Call]) -> dict[str, list[Call]]:
    """The calls to AWS by the partition that they were made in: nothing of one is ever seen from another."""
    found: dict[str, list[Call]] = {}
    for call in calls:
        if call.source == SOURCE:
            found.setdefault(dict(call.scope).get("partition", ""), []).append(call)
    return found


def read_estate(calls: Sequence[Call], unit: str, source: SourceName, *, lean: bool = False) -> Reading:
    """Everything that the answers hold; all calls are of one partition. lean: what was left out is for the caller."""
    reading = Reading()
    # What an API answers is typed by the SDK; a file may have been written by anybody.
    told = calls if source == "live" else (typed(call, reading.unread) for call in calls)
    estate = estate_of((truncated(call) for call in told), lean=lean)
    reading.left += estate.left
    into = Translation(estate, unit, source)
    translate(into)
    links: dict[str, tuple[str, str]] = {}
    for special in SPECIAL:
        links.update(special(into))
    reading.unread += [*into.unread, *unread_of(estate)]
    resources = list(without_furniture(into.resources.values()))
    link(resources, links)
    reading.resources += _at_home(resources)
    reading.assumptions |= dict.fromkeys([*not_counted(estate), *_nowhere(estate)])
    reading.asked += _asked(estate, unit)
    for call in estate.answered("organizations:ListAccounts"):
        names = _elsewhere(call, {dict(scope)["account"] for scope in estate.by_scope})
        if names:
            reading.assumptions[f"of the organisation's accounts these are not looked into: {', '.join(names)}"] = None
    for scope in estate.by_scope:
        off = [call for asked in estate.by_scope[scope].values() for call in asked.values()]
        if off and all(call.outcome in ("region-off", "not-asked") for call in off):
            where = dict(scope)
            said = f"{where['region']} is switched off in account {where['account']}: nothing made there before counts"
            reading.assumptions[said] = None
    return reading


def _elsewhere(call: Call, asked: set[str]) -> list[str]:
    return sorted(_members([call]) - asked)


def _members(calls: Iterable[Call]) -> set[str]:
    """The numbers of the accounts that can be used."""
    pages = [page for call in calls for page in call.pages if isinstance(page, dict)]
    accounts = [one for page in pages for one in page.get("Accounts") or () if isinstance(one, dict)]
    return {str(one.get("Id")) for one in accounts if _usable(one)}


def _asked(estate: Estate, unit: str) -> Iterator[Asked]:
    """Each region of each account, whether it answered anything, and as whom it was asked."""
    members = tuple(sorted(_members(estate.answered("organizations:ListAccounts"))))
    callers = {dict(call.scope)["account"]: _caller(call) for call in estate.answered(CALLER)}
    for scope, asked in estate.by_scope.items():
        calls = [call for some in asked.values() for call in some.values()]
        if calls:
            origin = replace(calls[0], operation="", parameters={}).origin()
            # A region that is off, and one in which a service cannot be, holds nothing: that is an answer.
            answered = any(call.outcome in ANSWERED for call in calls)
            yield Asked(scope, unit, origin, answered, callers.get(dict(scope)["account"], ""), members)


def _caller(call: Call) -> str:
    return next((arn for page in call.pages if isinstance(page, dict) and isinstance(arn := page.get("Arn"), str)), "")


def _usable(one: dict[str, object]) -> bool:
    """Whether an account can be used; one that does not say counts. `State` is what `Status` is called since 2026."""
    return (one.get("State") or one.get("Status") or "ACTIVE") not in ("SUSPENDED", "CLOSED")


def _nowhere(estate: Estate) -> Iterator[str]:
    """Services that AWS does not offer in a region: a sentence for each region, as it was said when it was asked."""
    found: dict[str, dict[str, None]] = {}
    for scope, asked in estate.by_scope.items():
        for name, calls in asked.items():
            if any(call.outcome == "not-in-partition" and call.cause for call in calls.values()):
                found.setdefault(dict(scope)["region"], {})[name.partition(":")[0]] = None
    for region, services in sorted(found.items()):
        where = "for whole accounts" if region == ACCOUNT else f"in {region}"
        yield f"AWS does not offer {where}, as far as the endpoints that botocore knows: {', '.join(sorted(services))}"


def _at_home(resources: Sequence[Resource]) -> list[Resource]:
    """What is of a whole account stands with the first region of it that holds anything, as in a Terraform root."""
    homes: dict[str, Resource] = {}
    for one in resources:
        if one.provider is not None and not one.provider.address.endswith(f"/{ACCOUNT}"):
            account = one.provider.address.partition("/")[0]
            best = homes.get(account)
            if best is None or best.provider is None or one.provider.address < best.provider.address:
                homes[account] = one
    found = []
    for one in resources:
        if one.provider is not None and one.provider.address.endswith(f"/{ACCOUNT}"):
            home = homes.get(one.provider.address.partition("/")[0])
            one = one if home is None else replace(one, provider=home.provider)
        found.append(one)
    return found
