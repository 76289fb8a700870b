"""Whether a bucket is closed to everybody, and access lists that open it.

Facts: Amazon S3 User Guide, "Blocking public access to your Amazon S3 storage": `BlockPublicPolicy` and
`RestrictPublicBuckets` are about policies, `IgnorePublicAcls` is about access lists; the settings of the account hold
beside those of the bucket. "Controlling ownership of objects": with `BucketOwnerEnforced` access lists do nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_identity.accounts import same_account
from scanner.builders.aws_policy.match import Truth
from scanner.builders.blocks import Found, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, doubt_of, first_doubt, truth, values
from scanner.builders.inventory import RECORDED
from scanner.builders.supply.named import ends
from scanner.builders.supply.outside import read
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

BLOCK, ACCOUNT = "aws_s3_bucket_public_access_block", "aws_s3_account_public_access_block"
OWNERSHIP, LIST, BUCKET = "aws_s3_bucket_ownership_controls", "aws_s3_bucket_acl", "aws_s3_bucket"
HANDLED = frozenset({BLOCK, ACCOUNT, OWNERSHIP, LIST, BUCKET})
POLICIES = ("block_public_policy", "restrict_public_buckets")
"""The first refuses policies that would open a bucket; only the second takes away what one has opened."""
LISTS = ("ignore_public_acls",)
PUBLIC_LISTS = {"public-read": "anyone", "public-read-write": "anyone", "authenticated-read": "aws-principals"}
PUBLIC_GROUPS = {"AllUsers": "anyone", "AuthenticatedUsers": "aws-principals"}


def build_access_lists(world: World) -> None:
    """Supply edges with the verb `read` for access lists that are public, or may be."""
    for one in world.inventory.of(LIST, BUCKET):
        _access_list(world, one)


def public_closed(world: World, store: str, settings: tuple[str, ...] = POLICIES) -> bool | Doubt:
    """Whether public access to a bucket is blocked; without a written block it is, unless somebody took it off."""
    bucket = world.inventory.by_id.get(store)
    if bucket is None or not bucket.kind.startswith("aws_s3"):
        return False
    blocks = [
        one
        for one in world.inventory.of(BLOCK, unit=bucket.unit)
        if world.inventory.find(one.attrs.get("bucket"), one) is bucket
    ]
    states = [_state(one, settings) for one in blocks]
    for one in world.inventory.of(ACCOUNT, unit=bucket.unit):
        here = same_account(world, one, bucket)
        if here is not Truth.NO:
            state = _state(one, settings)
            unsure = Doubt("value-unknown", (f"whether {one.address} is of the account of {bucket.address}",))
            states.append(unsure if state is True and here is Truth.POSSIBLE else state)
    if any(state is True for state in states):
        return True
    doubts = [state for state in states if isinstance(state, Doubt)]
    if doubts or blocks:
        return first_doubt(*doubts) or False
    return Doubt("value-unknown", (f"whether public access to {bucket.address} is blocked, as it is by default",))


def _state(one: Resource, settings: tuple[str, ...]) -> bool | Doubt:
    """What one block comes to; one that may not exist closes nothing for certain."""
    found = [truth(one.attrs.get(key), False) for key in settings]
    if found[-1] is True:
        return doubt_of(one.possible) or True
    if found[0] is True and one.source not in RECORDED:
        # It refuses public policies that are put later: one that is put before it stays.
        return Doubt("value-unknown", (f"whether the policy is put before {one.address}: {settings[-1]}",))
    if found[0] is True:
        found = found[1:]
    return next((each for each in found if isinstance(each, Doubt)), False)


def _access_list(world: World, one: Resource) -> None:
    lists = values(one, "acl")
    names = [(PUBLIC_LISTS[text(found.value)], found) for found in lists if text(found.value) in PUBLIC_LISTS]
    for found in values(one, "access_control_policy.grant.grantee.uri"):
        group = text(found.value).rpartition("/")[2]
        if group in PUBLIC_GROUPS:
            names.append((PUBLIC_GROUPS[group], found))
    names += list(_accounts(one))
    unknown = [found for found in lists if isinstance(found.value, Unknown)]
    for store, unsure in _buckets(world, one) if names or unknown else ():
        owned = _owned(world, store)
        if owned is True:
            continue
        closed = public_closed(world, store, LISTS)
        also = first_doubt(*(each for each in (closed, owned) if isinstance(each, Doubt)))
        for name, found in names:
            if closed is True and not name.startswith("aws-principal/"):
                continue
            doubt = first_doubt(unsure, doubt_of(found.possible), doubt_of(one.possible), also)
            said = f"the access list of `{one.address}` is public"
            if name.startswith("aws-principal/"):
                # Which account has the id is not told, and a list of a bucket lets read what is in it, not each object.
                said = f"the access list of `{one.address}` names another than its owner"
                doubt = doubt or Doubt("value-unknown", (f"the account of `{found.text or '*'}`",))
            read(world, store, name, said, found.origin, doubt)
        for found in unknown if closed is not True else ():
            doubt = first_doubt(unsure, doubt_of(found.unknown), also)
            read(world, store, "anyone", "whether the access list is public is not known", found.origin, doubt)


def _accounts(one: Resource) -> Iterator[tuple[str, Found]]:
    """The accounts, by their canonical ids, that an access list names beside the owner of the bucket."""
    owners = list(values(one, "access_control_policy.owner.id"))
    for found in values(one, "access_control_policy.grant.grantee.id"):
        if not any(_same_id(found.value, owner.value) for owner in owners):
            yield f"aws-principal/{found.text or 'unknown'}", found


def _same_id(left: Value, right: Value) -> bool:
    """Whether two ids are surely the same: two that nobody can read are not, but where one thing tells both."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        refs = [one.ref for one in (left, right) if isinstance(one, Unknown)]
        return len(refs) == 2 and refs[0] is not None and refs[0] == refs[1]
    return left == right


def _buckets(world: World, one: Resource) -> Iterator[tuple[str, Doubt | None]]:
    if one.kind == BUCKET:
        yield one.id, None
        return
    for found in values(one, "bucket"):
        yield from ends(world, found, one.unit, "")


def _owned(world: World, store: str) -> bool | Doubt:
    """Whether written ownership controls take the access lists of a bucket out of use."""
    bucket = world.inventory.by_id.get(store)
    for one in world.inventory.of(OWNERSHIP, unit=bucket.unit) if bucket is not None else ():
        if world.inventory.find(one.attrs.get("bucket"), one) is bucket:
            for found in values(one, "rule.object_ownership"):
                if found.unknown is not None or one.possible is not None:
                    return doubt_of(found.unknown or one.possible) or False
                return found.text == "BucketOwnerEnforced"
    return False
