"""What an organisation's policies leave of an account: service control policies, and resource control policies.

Source: the AWS Organizations user guide, "SCP evaluation" and "RCP evaluation": every level from the root to the
account must allow, and no level may deny; `FullAWSAccess` (of resource control policies `RCPFullAWSAccess`) is attached
to each level until somebody detaches it; neither kind holds in the management account.

A configuration attaches policies beside what is there, so that an Allow of its own narrows nothing; that
`FullAWSAccess` is gone shows the data source `aws_organizations_policies_for_target`, whose `ids` are all that is
attached, or a plan that deletes the attachment.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_identity.accounts import ROOT, account_of, holds, manages
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import Policy, Statement, listed_in
from scanner.builders.draft import World
from scanner.builders.homes import Account
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

SERVICE = "SERVICE_CONTROL_POLICY"
RESOURCE = "RESOURCE_CONTROL_POLICY"
FULL = {SERVICE: "p-FullAWSAccess", RESOURCE: "p-RCPFullAWSAccess"}
"""By kind: the id of the policy of AWS that allows everything."""
POLICY, ATTACHMENT, LISTING = (
    "aws_organizations_policy",
    "aws_organizations_policy_attachment",
    "aws_organizations_policies_for_target",
)


class Organisation(Struct, frozen=True, eq=False):
    """What the policies of one kind leave of an account.

    levels: lists of policies of which each must allow; denies: what they deny, in doubt where that may not hold here.
    """

    levels: tuple[tuple[Policy, ...], ...] = ()
    denies: tuple[Statement, ...] = ()


NONE = Organisation()


def organisation(world: World, member: Resource, kind: str = SERVICE) -> Organisation:
    """What the organisation's policies of `kind`, as far as the unit shows them, leave of the account of `member`."""
    account = account_of(world, member)
    denies: list[Statement] = []
    for policy, links in _attached(world, member.unit, kind):
        doubts = [_doubt(world, policy, link, member, account) for link in links]
        held = [one for one in doubts if one is not False]
        if held:
            doubt = None if None in held else next(one for one in held if isinstance(one, Unknown))
            denies += [
                replace(one, doubt=one.doubt or doubt)
                for one in policy_at(world.inventory, policy, "content").statements
                if one.denies
            ]
    return Organisation(tuple(_levels(world, member, account, kind)), tuple(denies))


def kind_of(policy: Resource) -> Value:
    """The type of an organisation's policy: the default is a service control policy."""
    return policy.attrs.get("type") or SERVICE


def _attached(world: World, unit: str, kind: str) -> list[tuple[Resource, list[Resource]]]:
    """The policies of a kind with their attachments; the same for every account, so it is worked out once."""
    key = f"organisation.attached {unit} {kind}"
    known = world.memo.get(key)
    if not isinstance(known, list):
        links: dict[str, list[Resource]] = {}
        for one in world.inventory.of(ATTACHMENT, unit=unit):
            policy = world.inventory.find(one.attrs.get("policy_id"), unit)
            if isinstance(policy, Resource):
                links.setdefault(policy.id, []).append(one)
        mine = (one for one in world.inventory.of(POLICY, unit=unit) if kind_of(one) == kind)
        known = world.memo[key] = [(one, links.get(one.id, [])) for one in mine]
    return known


def _doubt(world: World, policy: Resource, link: Resource, member: Resource, account: Account) -> Unknown | None | bool:
    """Why an attachment may not hold over a resource's account: None where it does, False where it does not."""
    found = holds(world, link.attrs.get("target_id"), link.unit, account)
    by = policy if policy.attrs.get("arn") is not None else link
    managed = manages(world, by, member)
    if found is Truth.NO or managed is Truth.YES:
        return False
    if link.possible is not None or policy.possible is not None:
        return link.possible or policy.possible
    if enabled(world, link.unit, kind_of(policy)) is not Truth.YES:
        cause = f"whether `{ROOT}` enables the type of `{policy.address}` (`enabled_policy_types`) is not sure"
        return Unknown(cause, decided_by=(f"{ROOT}: enabled_policy_types",))
    if managed is not Truth.NO:
        # It is the management account, or one that it delegates to, which attaches policies.
        cause = f"`{link.address}` is made from the account of the principals, which may be the management account"
        return Unknown(cause, decided_by=(f"{link.address}: the account of its provider",))
    if found is Truth.YES:
        return None
    cause = f"whether the target of `{link.address}` holds this account is not known"
    return Unknown(cause, decided_by=(f"{link.address}.target_id",))


def enabled(world: World, unit: str, kind: Value) -> Truth:
    """Whether the organisation of the unit, where the unit makes it, has policies of a kind: the default is none."""
    best = Truth.YES
    for one in world.inventory.of(ROOT, unit=unit):
        listed = listed_in(one.attrs.get("enabled_policy_types"))
        if kind not in listed:
            unknown = any(isinstance(each, Unknown) for each in listed)
            best = min(best, Truth.POSSIBLE if unknown else Truth.NO)
    return best


def _levels(world: World, member: Resource, account: Account, kind: str) -> Iterator[tuple[Policy, ...]]:
    """The levels over the account of which all that is attached is known, `FullAWSAccess` not among it."""
    for one in world.inventory.data(LISTING):
        if one.unit == member.unit and one.attrs.get("filter") == kind and one.possible is None:
            ids = _whole(one.attrs.get("ids"))
            if (
                ids
                and FULL[kind] not in ids
                and holds(world, one.attrs.get("target_id"), one.unit, account) is Truth.YES
            ):
                yield from _sure(world, one, member, kind, tuple(_by_id(world, one, each) for each in ids))
    for link in world.inventory.deleted:
        if link.kind == ATTACHMENT and link.unit == member.unit and link.attrs.get("policy_id") == FULL[kind]:
            target = link.attrs.get("target_id")
            level = tuple(_beside(world, link, target, kind))
            if level and holds(world, target, link.unit, account) is Truth.YES:
                yield from _sure(world, link, member, kind, level)


def _sure(
    world: World, told: Resource, member: Resource, kind: str, level: tuple[Policy, ...]
) -> Iterator[tuple[Policy, ...]]:
    """A level as it is, or as one that may allow everything where it may not be in force."""
    certain = min(enabled(world, told.unit, kind), manages(world, told, member).negated())
    if certain is Truth.NO:
        return
    if certain is Truth.POSSIBLE:
        cause = Unknown("whether the organisation's policies hold over the account is not known", decided_by=(ROOT,))
        anything = Statement("Allow", ("*",), ("*",), (), FULL[kind], told.origin, doubt=cause)
        level = (*level, Policy(FULL[kind], told.origin, (anything,)))
    yield level


def _whole(value: Value) -> tuple[str, ...]:
    """The items of a list of which every one is known, else ()."""
    listed = listed_in(value)
    return tuple(str(one) for one in listed) if all(isinstance(one, str) for one in listed) else ()


def _by_id(world: World, listing: Resource, policy_id: str) -> Policy:
    kinds = (one for one in (*world.inventory.of(POLICY), *world.inventory.data(POLICY)) if one.unit == listing.unit)
    for one in kinds:
        if policy_id in (one.attrs.get("id"), one.attrs.get("policy_id")) and one.possible is None:
            return policy_at(world.inventory, one, "content")
    cause = f"what the organisation's policy `{policy_id}` allows is not in the inputs"
    return Policy(policy_id, listing.origin, unknown=Unknown(cause, decided_by=(policy_id,)))


def _beside(world: World, gone: Resource, target: Value, kind: str) -> Iterator[Policy]:
    """What else the plan attaches to the target of an attachment that it deletes."""
    for policy, links in _attached(world, gone.unit, kind):
        for link in links:
            same = link.attrs.get("target_id") == target
            if same or isinstance(link.attrs.get("target_id"), Unknown) or link.possible is not None:
                found = policy_at(world.inventory, policy, "content")
                sure = same and link.possible is None
                yield found if sure else replace(found, unknown=found.unknown or Unknown("where it is attached"))
