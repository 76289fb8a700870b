"""In which account of AWS the resources of a provider stand, and where that account hangs in its organisation.

Facts: the Terraform provider for AWS (`allowed_account_ids`, `assume_role`, `profile`: which credentials it works
with); `aws_organizations_account` and `aws_organizations_organizational_unit` (`parent_id`; of an account the default
is the root).
"""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.blocks import reach
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.origin import ApiOrigin
from scanner.resource import Provider, Resource
from scanner.unknown import Unknown, Value

ACCOUNT, UNIT, ROOT = (
    "aws_organizations_account",
    "aws_organizations_organizational_unit",
    "aws_organizations_organization",
)
NUMBER = re.compile("[0-9]{12}")
IN_ARN = re.compile(r"arn:[^:]*:[^:]*:[^:]*:([0-9]{12}):")
CREDENTIALS = (
    "profile", "access_key", "assume_role", "assume_role_with_web_identity", "shared_credentials_files",
    "shared_config_files",
)  # fmt: skip
"""Arguments of the provider that tell which credentials it works with; without any two of it work with the same."""
DEPTH = 8
"""Levels of units under a root, at most five in AWS; parents that name each other in a circle end here."""


class Account(Struct, frozen=True):
    """An account as far as it is known. number: "" where it is not; declared: the id of the resource that makes it.

    credentials: equal for two providers that work with the same ones.
    """

    number: str
    declared: str
    credentials: str


def account_of(world: World, resource: Resource) -> Account:
    """The account that a resource stands in: that of its ARN or of the answer it was in, else that of its provider."""
    arn = resource.attrs.get("arn")
    written = IN_ARN.match(arn) if isinstance(arn, str) else None
    if written is not None:
        return Account(written[1], "", "")
    if isinstance(resource.origin, ApiOrigin):
        return Account(dict(resource.origin.scope).get("account", ""), "", "")
    if resource.provider is None:
        return Account(_only(own_accounts(world, resource.unit)), "", "")
    found = _of_provider(world.inventory, resource.unit, resource.provider.address)
    if found.number or found.declared or not _alone(world.inventory, resource.unit):
        return found
    return Account(_only(own_accounts(world, resource.unit)), "", found.credentials)


def _only(accounts: frozenset[str]) -> str:
    return next(iter(accounts)) if len(accounts) == 1 else ""


@lru_cache(maxsize=32)
def _alone(inventory: Inventory, unit: str) -> bool:
    """Whether all providers of AWS in a unit work with the same credentials: with those of one account."""
    mine = [one.address for one in _providers(inventory, unit).values() if one.name == "aws"]
    return len({_of_provider(inventory, unit, one).credentials for one in mine}) == 1


@lru_cache(maxsize=32)
def _providers(inventory: Inventory, unit: str) -> dict[str, Provider]:
    return {one.provider.address: one.provider for one in inventory.all if one.unit == unit and one.provider}


@lru_cache(maxsize=256)
def _of_provider(inventory: Inventory, unit: str, address: str) -> Account:
    attrs = _providers(inventory, unit)[address].attrs
    credentials = repr([(key, repr(attrs.get(key))) for key in CREDENTIALS if attrs.get(key)])
    for path in ("allowed_account_ids", "assume_role.role_arn"):
        values = [each for found in reach(attrs, path) for each in listed_in(found.value)]
        if len(values) != 1:
            continue
        number, declared = _number(inventory, unit, values[0])
        if number or declared:
            return Account(number, declared, credentials)
    return Account("", "", credentials)


def _number(inventory: Inventory, unit: str, value: Value) -> tuple[str, str]:
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


def same_account(world: World, first: Resource, second: Resource) -> Truth:
    """Whether two resources stand in one account: possible where the providers work with the same credentials."""
    ours, theirs = account_of(world, first), account_of(world, second)
    if ours.declared and ours.declared == theirs.declared:
        return Truth.YES
    if ours.number and theirs.number:
        return Truth.YES if ours.number == theirs.number else Truth.NO
    return Truth.POSSIBLE if ours.credentials == theirs.credentials else Truth.NO


def own_accounts(world: World, unit: str) -> frozenset[str]:
    """The accounts of a unit, as far as its providers, or else the profile's places, say."""
    found = _allowed_accounts(world.inventory, unit)
    return found or frozenset(
        account for place in world.profile.places if place.provider == "aws" for account in place.accounts
    )


@lru_cache(maxsize=32)
def _allowed_accounts(inventory: Inventory, unit: str) -> frozenset[str]:
    providers = _providers(inventory, unit).values()
    listed = (value for one in providers for value in listed_in(one.attrs.get("allowed_account_ids")))
    return frozenset(value for value in listed if isinstance(value, str))


def holds(world: World, target: Value, unit: str, account: Account) -> Truth:
    """Whether a target of an organisation's policy is the account, or stands above it."""
    if _is_root(target):
        return Truth.YES
    if isinstance(target, str) and NUMBER.fullmatch(target):
        if account.number:
            return Truth.YES if target == account.number else Truth.NO
        known = own_accounts(world, unit)
        return Truth.NO if known and target not in known else Truth.POSSIBLE
    named = world.inventory.find(target, unit, ACCOUNT, UNIT)
    if isinstance(named, Resource) and named.kind == ACCOUNT:
        return _is(named, account)
    above = _above(world, account)
    if isinstance(named, Resource):
        return Truth.YES if named.id in above.ids else Truth.NO if above.whole else Truth.POSSIBLE
    if isinstance(target, str) and target in above.ids:
        return Truth.YES
    return Truth.NO if isinstance(target, str) and above.whole and above.named else Truth.POSSIBLE


def _is(named: Resource, account: Account) -> Truth:
    number = named.attrs.get("id")
    if named.id == account.declared:
        return Truth.YES
    if isinstance(number, str) and account.number:
        return Truth.YES if number == account.number else Truth.NO
    # Another account of the organisation that the inputs make is another account.
    return Truth.NO if account.declared else Truth.POSSIBLE


def _is_root(value: Value) -> bool:
    if isinstance(value, str):
        return value.startswith("r-")
    return isinstance(value, Unknown) and value.ref is not None and (
        ROOT in value.ref.address and value.ref.attribute.startswith("roots")
    )  # fmt: skip


class _Above(Struct, frozen=True):
    """The ids of what stands above an account. whole: up to the root; named: each with the id that AWS gave it."""

    ids: frozenset[str] = frozenset()
    whole: bool = False
    named: bool = True


def _above(world: World, account: Account) -> _Above:
    named = world.inventory.by_id.get(account.declared)
    if named is None and account.number:
        made = (one for one in world.inventory.of(ACCOUNT) if one.attrs.get("id") == account.number)
        named = next(made, None)
    if named is None:
        return _Above()
    ids: set[str] = set()
    known = True
    parent: Value = named.attrs.get("parent_id")
    for _ in range(DEPTH):
        if parent is None or _is_root(parent):
            # `parent_id` is not set: the default is the root.
            return _Above(frozenset(ids), True, known)
        found = world.inventory.find(parent, named.unit, UNIT)
        if not isinstance(found, Resource) or found.data:
            break
        own = found.attrs.get("id")
        ids |= {found.id, *((own,) if isinstance(own, str) else ())}
        known = known and isinstance(own, str)
        named, parent = found, found.attrs.get("parent_id")
    return _Above(frozenset(ids | {parent} if isinstance(parent, str) else ids))


def manages(world: World, attached: Resource, member: Resource) -> Truth:
    """Whether a resource stands in the management account of the organisation in which `attached` is attached."""
    number = account_of(world, member).number
    for one in (*world.inventory.of(ROOT), *world.inventory.data(ROOT)):
        master = one.attrs.get("master_account_id")
        if one.unit != attached.unit:
            continue
        if isinstance(master, str) and number:
            return Truth.YES if master == number else Truth.NO
        if not one.data and same_account(world, one, member) is Truth.YES:
            # Only the management account makes the organisation.
            return Truth.YES
    return min(same_account(world, attached, member), Truth.POSSIBLE)
