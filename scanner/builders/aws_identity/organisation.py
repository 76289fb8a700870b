"""What an organisation's policies deny in the account of a unit: service control and resource control policies.

Source: the AWS Organizations user guide. An Allow of theirs grants nothing; `FullAWSAccess` stays attached beside what
a configuration attaches, so that only a Deny takes anything away. Neither kind holds in the management account.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_policy.statements import Policy, listed_in
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.resource import Resource
from scanner.unknown import Unknown

ROOT = "aws_organizations_organization"
SERVICE = "SERVICE_CONTROL_POLICY"
RESOURCE = "RESOURCE_CONTROL_POLICY"


def organisation_denies(world: World, unit: str, kind: str = SERVICE) -> Iterator[Policy]:
    """The Deny statements of the policies of `kind` that the unit attaches, in doubt where they may not hold here."""
    attached = list(world.inventory.of("aws_organizations_policy_attachment", unit=unit))
    for one in world.inventory.of("aws_organizations_policy", unit=unit):
        # `type` is not set: the default is a service control policy.
        if (one.attrs.get("type") or SERVICE) != kind:
            continue
        places = [link for link in attached if world.inventory.find(link.attrs.get("policy_id"), unit) is one]
        doubts = [_doubt(world, link) for link in places if not _elsewhere(world, link)]
        if not doubts:
            continue
        policy = policy_at(world.inventory, one, "content")
        doubt = None if None in doubts else doubts[0]
        denies = (statement for statement in policy.statements if statement.denies)
        yield replace(
            policy, statements=tuple(replace(each, doubt=each.doubt or doubt) for each in denies), unknown=None
        )


def own_accounts(world: World, unit: str) -> set[str]:
    """The accounts of a unit, as far as its providers, or else the profile's places, say."""
    found = _allowed_accounts(world.inventory, unit)
    return set(found) or {
        account for place in world.profile.places if place.provider == "aws" for account in place.accounts
    }


@lru_cache(maxsize=32)
def _allowed_accounts(inventory: Inventory, unit: str) -> frozenset[str]:
    providers = {one.provider.address: one.provider for one in inventory.all if one.unit == unit and one.provider}
    listed = (value for one in providers.values() for value in listed_in(one.attrs.get("allowed_account_ids")))
    return frozenset(value for value in listed if isinstance(value, str))


def _account(link: Resource) -> str:
    target = link.attrs.get("target_id")
    return target if isinstance(target, str) and target.isdecimal() and len(target) == 12 else ""


def _elsewhere(world: World, link: Resource) -> bool:
    """Whether the attachment is to an account that is certainly not the unit's."""
    account, known = _account(link), own_accounts(world, link.unit)
    return bool(account and known) and account not in known


def _doubt(world: World, link: Resource) -> Unknown | None:
    """Why the attachment may not hold for the principals of its unit; None where it certainly does."""
    target = link.attrs.get("target_id")
    if link.possible is not None:
        return link.possible
    if _manages(world, link):
        cause = f"`{link.address}` is made from the account of the principals, which may be the management account"
        return Unknown(cause, decided_by=(f"{link.address}: the account of its provider",))
    if isinstance(target, Unknown):
        ref = target.ref
        whole = ref is not None and ROOT in ref.address and ref.attribute.startswith("roots")
    else:
        whole = isinstance(target, str) and target.startswith("r-") or _account(link) in own_accounts(world, link.unit)
    if whole:
        return None
    cause = f"whether the target of `{link.address}` holds this account is not known"
    return Unknown(cause, decided_by=(f"{link.address}.target_id",))


def _manages(world: World, link: Resource) -> bool:
    """Whether principals of the unit are made by the provider that attaches the policy: no policy holds over those
    of the management account, and it is that account, or one that it delegates to, which attaches policies.
    """
    mine = link.provider.address if link.provider is not None else ""
    people = world.inventory.of("aws_iam_role", "aws_iam_user", unit=link.unit)
    return any((one.provider.address if one.provider is not None else "") == mine for one in people)
