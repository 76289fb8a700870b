"""A principal of the inputs as AWS's policies see it: its ARN, its account, its tags."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from scanner.builders.aws_identity.accounts import account_of, own_accounts
from scanner.builders.aws_identity.arns import arn_of, speller
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_policy.condition import EVERY_TAG, Fact, Given, Values
from scanner.builders.aws_policy.decide import Spell, acts_on
from scanner.builders.aws_policy.match import ANY, DIGIT, Glob, Truth, glob
from scanner.builders.aws_policy.named import Named
from scanner.builders.aws_policy.statements import listed_in
from scanner.builders.draft import World
from scanner.resource import Provider, Resource, dig
from scanner.unknown import Unknown, Value

PARTITIONS = {"us-gov-": "aws-us-gov", "cn-": "aws-cn"}
RESERVED = "role/aws-reserved/sso.amazonaws.com/"
"""Where IAM Identity Center keeps the role of a permission set, in each account."""


def caller(world: World, principal: Principal) -> Named:
    """What policies may call a principal."""
    resource = principal.resource
    account = "" if resource is None else account_of(world, resource).number
    partition = "" if resource is None else _partition(resource.provider)
    arn, sure = _arn(principal)
    fill = partial(_filled, account=account, partition=partition)
    spell = partial(_spelled, spell=speller(world.inventory, principal.unit), account=account, partition=partition)
    return Named(fill(arn), "", account, sure, spell, partial(owned, world, resource or principal.unit))


def _arn(principal: Principal) -> tuple[str, bool]:
    resource, head = principal.resource, f"arn:{ANY}:iam::{DIGIT * 12}:"
    if resource is None:
        named = principal.name.startswith("arn:")
        return (principal.name if named else f"{head}role/{ANY}{principal.name}"), named
    if resource.kind == "aws_iam_group":
        return f"{head}user/{ANY}", False
    if resource.kind == "aws_ssoadmin_permission_set":
        name = glob(resource.attrs.get("name") or Unknown("its name"), wild=False).text
        return f"{head}{RESERVED}{ANY}AWSReservedSSO_{name}_{ANY}", False
    found = arn_of(resource)
    return found.text, not found.partly


def _filled(text: str, account: str, partition: str) -> str:
    """An ARN of IAM with the account and the partition that are known."""
    text = text.replace(DIGIT * 12, account) if account else text
    before = f"arn:{ANY}:iam:"
    return f"arn:{partition}:iam:{text[len(before) :]}" if partition and text.startswith(before) else text


def _spelled(value: Value, spell: Spell, account: str, partition: str) -> Glob:
    if not isinstance(value, Unknown):
        return glob(value, wild=False)
    found = spell(value)
    return Glob(_filled(found.text, account, partition), found.partly and ANY in found.text)


def _partition(provider: Provider | None) -> str:
    """The partition of a provider's region; "" where the region is not known."""
    region = None if provider is None else provider.attrs.get("region")
    if not isinstance(region, str) or "-" not in region:
        return ""
    return next((name for head, name in PARTITIONS.items() if region.startswith(head)), "aws")


def owned(world: World, home: Resource | str, value: Value) -> Truth:
    """Whether a value that names an account, or its root, names that of a resource, or of a unit."""
    if isinstance(value, Unknown):
        parts = [value, *(piece for piece in value.pieces if isinstance(piece, Unknown))]
        named = [name for part in parts for name in (*part.decided_by, *((part.ref.address,) if part.ref else ()))]
        if any("data.aws_caller_identity." in f".{name}" for name in named):
            return Truth.YES
        return Truth.POSSIBLE
    text = str(value)
    number = text.split(":")[4] if text.count(":") >= 5 else text
    mine = "" if isinstance(home, str) else account_of(world, home).number
    if mine:
        return Truth.YES if number == mine else Truth.NO
    known = own_accounts(world, home if isinstance(home, str) else home.unit)
    if number in known:
        return Truth.YES if len(known) == 1 else Truth.POSSIBLE
    return Truth.NO if known else Truth.POSSIBLE


def facts_of(world: World, principal: Principal) -> Mapping[str, Fact]:
    """The condition keys that the tags of a principal, and of its sessions, fill in.

    A role whose trust lets its callers tag the session has whatever tags they choose; a person of IAM Identity Center
    has those of its directory.
    """
    resource = principal.resource
    if resource is None or resource.kind not in ("aws_iam_role", "aws_iam_user"):
        return {}
    if principal.tagged:
        return {EVERY_TAG: Given.CHOSEN}
    chosen = _session_tags(world, principal) if resource.kind == "aws_iam_role" else Truth.NO
    if chosen is not Truth.NO:
        return {EVERY_TAG: Given.CHOSEN if chosen is Truth.YES else Given.UNKNOWN}
    # What is recorded, or told by a contract, without the tags says nothing of them.
    told = resource.source in ("bundle", "live") or resource.default_of != ""
    silent = told and "tags" not in resource.attrs
    found: dict[str, Fact] = {EVERY_TAG: Given.UNKNOWN if silent else Given.ABSENT}
    defaults = None if resource.provider is None else dig(resource.provider.attrs, "default_tags", 0, "tags")
    for tags in (defaults, resource.attrs.get("tags"), resource.attrs.get("tags_all")):
        if isinstance(tags, Mapping):
            for key, value in tags.items():
                known = isinstance(value, (str, int, bool))
                found[f"{EVERY_TAG[:-1]}{str(key).lower()}"] = Values((str(value),)) if known else glob(value)
        elif tags is not None:
            found[EVERY_TAG] = Given.UNKNOWN
    return found


def _session_tags(world: World, principal: Principal) -> Truth:
    """Whether who assumes a role chooses the tags of the session: possible where a condition or a service decides."""
    assert principal.resource is not None
    policy = policy_at(world.inventory, principal.resource, "assume_role_policy")
    best = Truth.NO if policy.unknown is None else Truth.POSSIBLE
    for one in policy.statements:
        if not one.allows or acts_on(one, "sts:TagSession") is Truth.NO:
            continue
        who = one.principals
        people = not isinstance(who, Mapping) or bool(listed_in(who.get("AWS")))
        certain = people and not one.conditions and one.doubt is None
        best = max(best, Truth.YES if certain else Truth.POSSIBLE)
    return best
