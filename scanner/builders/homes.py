"""In which account and region of AWS a resource stands, as far as it and its provider say; whether two share one.

Facts: the Terraform provider for AWS (`allowed_account_ids`, `assume_role`, `profile`: which credentials it works
with; the argument `region` of a resource stands before that of its provider).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.blocks import reach
from scanner.origin import ApiOrigin
from scanner.patterns import lazy
from scanner.resource import Provider, Resource
from scanner.unknown import Unknown, Value

ACCOUNT = "aws_organizations_account"
NUMBER = lazy("[0-9]{12}")
IN_ARN = lazy(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):")
MADE_UP = lazy(r"[a-z]+(?:-[a-z]+)*-[0-9a-f]{8,17}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""Identifiers that AWS makes up: no two things have the same one, in whatever account."""
CREDENTIALS = (
    "profile", "access_key", "assume_role", "assume_role_with_web_identity", "shared_credentials_files",
    "shared_config_files",
)  # fmt: skip
"""Arguments of the provider that tell which credentials it works with; without any two of it work with the same."""
UNIQUE = ("bucket", "guardrail_id", "self_link")
"""Attributes whose value no two things have, in whatever account."""
GLOBAL = (
    "aws_iam_", "aws_s3_", "aws_s3control_", "aws_cloudfront_", "aws_route53_", "aws_organizations_", "aws_account_",
    "aws_globalaccelerator_", "aws_ssoadmin_", "aws_identitystore_", "aws_networkmanager_", "aws_wafv2_", "aws_waf_",
    "aws_ecrpublic_", "aws_shield_", "aws_dx_",
)  # fmt: skip
"""Kinds that an account has once, whatever the region of the provider that declares them, or that regions share."""


class Account(Struct, frozen=True):
    """An account as far as it is known. number: "" where it is not; declared: the id of the resource that makes it.

    credentials: equal for two providers that work with the same ones.
    """

    number: str
    declared: str
    credentials: str


class Addressed(Hashable, Protocol):
    """What finds a resource by its unit and address, and has all of them."""

    all: list[Resource]

    def at(self, unit: str, address: str) -> Resource | None:
        """The resource at `address` of `unit`."""


@lru_cache(maxsize=4)
def providers(inventory: Addressed) -> dict[str, dict[str, Provider]]:
    """By unit and address, the provider configurations that resources are made with."""
    found: dict[str, dict[str, Provider]] = {}
    for one in inventory.all:
        if one.provider is not None:
            found.setdefault(one.unit, {})[one.provider.address] = one.provider
    return found


@lru_cache(maxsize=16384)
def account_of_provider(inventory: Addressed, unit: str, address: str) -> Account:
    """The account that a provider configuration of a unit works in."""
    attrs = providers(inventory)[unit][address].attrs
    credentials = repr([(key, repr(attrs.get(key))) for key in CREDENTIALS if attrs.get(key)])
    for path in ("allowed_account_ids", "assume_role.role_arn"):
        values = [each for found in reach(attrs, path) for each in listed_in(found.value)]
        if len(values) != 1:
            continue
        number, declared = _number(inventory, unit, values[0])
        if number or declared:
            return Account(number, declared, credentials)
    return Account("", "", credentials)


def _number(inventory: Addressed, unit: str, value: Value) -> tuple[str, str]:
    if isinstance(value, str):
        found = NUMBER.fullmatch(value) or IN_ARN.match(value)
        return (value if found is not None and not found.groups() else found[1] if found is not None else ""), ""
    if isinstance(value, Unknown):
        for one in (value, *(piece for piece in value.pieces if isinstance(piece, Unknown))):
            named = None if one.ref is None else inventory.at(unit, one.ref.address)
            if named is not None and named.kind == ACCOUNT and not named.data:
                number = named.attrs.get("id")
                return (number if isinstance(number, str) else ""), named.id
    return "", ""


def account(inventory: Addressed, one: Resource) -> Account:
    """The account of a resource by its ARN, else by its provider, else by the answer that it was in."""
    arn = one.attrs.get("arn")
    written = IN_ARN.match(arn) if isinstance(arn, str) else None
    if written is not None:
        return Account(written[1], "", "")
    found = Account("", "", "")
    if one.provider is not None:
        found = account_of_provider(inventory, one.unit, one.provider.address)
    if not found.number and isinstance(one.origin, ApiOrigin):
        return Account(dict(one.origin.scope).get("account", ""), "", "")
    return found


def region(one: Resource) -> str:
    """The region of a resource; "" where it is not known."""
    own = one.attrs.get("region")
    found = own if isinstance(own, str) or one.provider is None else one.provider.attrs.get("region")
    return found if isinstance(found, str) else ""


def together(inventory: Addressed, first: Resource, second: Resource) -> Truth:
    """Whether a name that `first` uses may be that of `second`: both stand in one account (and in one region)."""
    if not second.kind.startswith(GLOBAL) and not first.kind.startswith(GLOBAL):
        here, there = region(first), region(second)
        if here and there and here != there:
            return Truth.NO
    ours, theirs = account(inventory, first), account(inventory, second)
    if ours.number and theirs.number:
        return Truth.YES if ours.number == theirs.number else Truth.NO
    if ours.declared and theirs.declared:
        return Truth.YES if ours.declared == theirs.declared else Truth.NO
    if first.provider is None or second.provider is None:
        return Truth.YES if first.provider is second.provider else Truth.POSSIBLE
    same = first.provider.address == second.provider.address or ours.credentials == theirs.credentials
    return Truth.YES if same and first.unit == second.unit else Truth.POSSIBLE


def unique(one: Resource, value: str) -> bool:
    """Whether no other thing than `one` can be called `value`, in whatever account and region."""
    known = value.startswith("arn:") or MADE_UP.fullmatch(value) is not None
    return known or any(one.attrs.get(key) == value for key in UNIQUE) or not one.kind.startswith(("aws_", "awscc_"))


def chosen(
    inventory: Addressed, value: str, found: Sequence[Resource], asker: Resource | None
) -> Resource | Unknown | None:
    """Which of the things that are called `value` somebody in the account of `asker` means."""
    everywhere = next((one for one in found if unique(one, value)), None)
    if everywhere is not None or not found:
        return everywhere
    if asker is None:
        alike = all(together(inventory, found[0], one) is Truth.YES for one in found[1:])
        return found[0] if alike else _several(value, found)
    how = [(together(inventory, asker, one), one) for one in found]
    sure = next((one for truth, one in how if truth is Truth.YES), None)
    some = [one for truth, one in how if truth is not Truth.NO]
    return sure if sure is not None or not some else _several(value, some)


def _several(value: str, some: Iterable[Resource]) -> Unknown:
    which = sorted({one.address for one in some})
    cause = f"`{value}` is the name of `{which[0]}`, and in which account it is looked for is not known"
    if len(which) > 1:
        cause = f"`{value}` is the name of {len(which)} things, and in which account it is looked for is not known"
    return Unknown(cause, decided_by=(f"the account of `{value}`",))
