"""In which account of AWS the resources of a provider stand, and where that account hangs in its organisation.

Facts: the Terraform provider for AWS (`allowed_account_ids`, `assume_role`, `profile`: which credentials it works
with); `aws_organizations_account` and `aws_organizations_organizational_unit` (`parent_id`; of an account the default
is the root).
"""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct

from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.draft import World
from scanner.builders.homes import ACCOUNT, NUMBER, Account, account, account_of_provider, providers
from scanner.builders.inventory import Inventory
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

UNIT, ROOT = "aws_organizations_organizational_unit", "aws_organizations_organization"
DEPTH = 8
"""Levels of units under a root, at most five in AWS; parents that name each other in a circle end here."""


def account_of(world: World, resource: Resource) -> Account:
    """The account that a resource stands in: that of its ARN, else that of its provider or of the answer it was in.

    Where nothing of that tells, it is the only one of its unit, if all providers there work with the same credentials.
    """
    found = account(world.inventory, resource)
    if found.number or found.declared or (resource.provider and not _alone(world.inventory, resource.unit)):
        return found
    return Account(_only(own_accounts(world, resource.unit)), "", found.credentials)


def _only(accounts: frozenset[str]) -> str:
    return next(iter(accounts)) if len(accounts) == 1 else ""


@lru_cache(maxsize=1024)
def _alone(inventory: Inventory, unit: str) -> bool:
    """Whether all providers of AWS in a unit work with the same credentials: with those of one account."""
    mine = [one.address for one in providers(inventory).get(unit, {}).values() if one.name == "aws"]
    return len({account_of_provider(inventory, unit, one).credentials for one in mine}) == 1


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


@lru_cache(maxsize=1024)
def _allowed_accounts(inventory: Inventory, unit: str) -> frozenset[str]:
    mine = providers(inventory).get(unit, {}).values()
    listed = (value for one in mine for value in listed_in(one.attrs.get("allowed_account_ids")))
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
    """What stands above an account; asked for every policy of its organisation, and worked out once."""
    key = f"accounts.above {account.number} {account.declared}"
    known = world.memo.get(key)
    if not isinstance(known, _Above):
        known = world.memo[key] = _found_above(world, account)
    return known


def _found_above(world: World, account: Account) -> _Above:
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
        found = world.inventory.find(parent, named, UNIT)
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
