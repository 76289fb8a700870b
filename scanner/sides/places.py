"""In which account and region of AWS a declared or a recorded thing stands, and what shows it where nobody says so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from scanner.patterns import lazy
from scanner.resource import Resource, items_of

GLOBAL = (
    *("aws_iam_", "aws_s3_bucket", "aws_cloudfront_", "aws_route53_", "aws_organizations_", "aws_account_"),
    *("aws_globalaccelerator_", "aws_ssoadmin_", "aws_identitystore_"),
)
"""Kinds that an account has once, whatever the region of the provider that declares them."""
_IN_ARN = lazy(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):")
_OWN = lazy(r"arn:[^:]*:[^:]*:([^:]*):([0-9]{12}):")
TOLD = ("state", "plan")
"""Sources of which an `arn` or an `id` is that of the thing itself: in code, it may be an argument."""
MADE_UP = lazy(
    r"arn:[^:]*:[^:]*:[^:]*:[0-9]{12}:.+|[a-z]+(?:-[a-z]+)*-[0-9a-f]{8,17}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
"""Identifiers that no two things have."""
_NUMBER = lazy(r"[0-9]{12}")
Shown = Mapping[tuple[str, str], tuple[str, str]]
"""By unit and address of a provider configuration, the account and the region that a thing of it was seen in."""


def account_of(one: Resource, shown: Shown = {}) -> str:  # noqa: B006 - a mapping, and nobody writes to it
    """The number of the account of a thing: as its provider allows or assumes, else as was shown; "" where unknown."""
    itself = one.kind == "provider"
    if one.provider is None and not itself:
        return ""
    attrs = one.attrs if one.provider is None else one.provider.attrs
    for key in ("allowed_account_ids", "assume_role"):
        for value in items_of(attrs.get(key)):
            number = _number(value.get("role_arn") if isinstance(value, Mapping) else value)
            if number:
                return number if len(items_of(attrs.get(key))) == 1 else ""
    return shown.get((one.unit, one.address if one.provider is None else one.provider.address), ("", ""))[0]


def _number(value: object) -> str:
    if not isinstance(value, str):
        return ""
    found = _IN_ARN.match(value)
    return found[1] if found is not None else value if _NUMBER.fullmatch(value) else ""


def region_of(one: Resource, shown: Shown = {}) -> str:  # noqa: B006 - a mapping, and nobody writes to it
    """The region of a thing: as it says or its provider, else as was shown; "" where it is not known."""
    own = one.attrs.get("region")
    if one.provider is None or own is not None:
        return own if isinstance(own, str) else ""
    region = one.provider.attrs.get("region")
    return region if isinstance(region, str) else shown.get((one.unit, one.provider.address), ("", ""))[1]


def places_shown(declared: Iterable[Resource], recorded: Iterable[Resource]) -> Shown:
    """Where each provider configuration works: by the ARNs of a state or a plan, and by buckets that were recorded.

    Source: Amazon S3 User Guide, "General purpose bucket naming rules": unique across all accounts of a partition.
    """
    there: dict[str, set[tuple[str, str]]] = {}
    for one in recorded:
        name = one.attrs.get("bucket")
        if one.kind == "aws_s3_bucket" and isinstance(name, str):
            there.setdefault(name, set()).add((account_of(one), region_of(one)))
    found: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for one in declared:
        if one.provider is None or one.data or not one.kind.startswith("aws_"):
            continue
        places = found.setdefault((one.unit, one.provider.address), set())
        name, arn = one.attrs.get("bucket"), one.attrs.get("arn")
        if one.kind == "aws_s3_bucket" and isinstance(name, str):
            places.update(there.get(name, ()))
        own = _OWN.match(arn) if isinstance(arn, str) and one.source in TOLD else None
        if own is not None:
            places.add((own[2], own[1]))
    return {key: place for key, places in found.items() for place in [_one(places)] if place[0]}


def _one(places: set[tuple[str, str]]) -> tuple[str, str]:
    """The account and the region that all agree on, as far as they say any."""
    said = [{place[index] for place in places if place[index]} for index in (0, 1)]
    account, region = (next(iter(some)) if len(some) == 1 else "" for some in said)
    return account, region


def apart(mine: Resource, other: Resource, units: frozenset[str], shown: Shown) -> bool:
    """Whether two things of one name are surely not the same: in other units, accounts or regions."""
    if not mine.kind.startswith("aws_"):
        return mine.unit != other.unit and {mine.unit, other.unit} <= units
    places = [account_of(mine, shown), account_of(other)]
    if not mine.kind.startswith(GLOBAL):
        places += [region_of(mine, shown), region_of(other)]
    return any(x and y and x != y for x, y in zip(places[::2], places[1::2], strict=True))


def identifiers(one: Resource) -> frozenset[str]:
    """What a thing of AWS is called that nothing else is, as far as it is known."""
    found = (one.attrs.get("arn"), one.attrs.get("id")) if one.kind.startswith("aws_") else ()
    return frozenset(value for value in found if isinstance(value, str) and MADE_UP.fullmatch(value))


def placed_alike(mine: Resource, other: Resource, shown: Shown, said: frozenset[str]) -> str:
    """What is not known of whether two things of one name stand in one place; "" where they surely do.

    A profile that puts what was recorded into the unit of the files (one of `said`) says that it is theirs.
    """
    if (
        (mine.unit == other.unit and mine.unit in said)
        or mine.kind.startswith("aws_s3_bucket")
        or not mine.kind.startswith("aws_")
        or (mine.source in TOLD and identifiers(mine) & identifiers(other))
    ):
        return ""
    where = mine.provider.address if mine.provider is not None else mine.address
    if not account_of(mine, shown):
        return f"the account of `{where}`"
    return "" if mine.kind.startswith(GLOBAL) or region_of(mine, shown) else f"the region of `{where}`"
