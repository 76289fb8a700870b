"""Whether the key of a bucket lets a reader from another account decrypt what is in it.

Facts: Amazon S3 User Guide, "Using server-side encryption with AWS KMS keys": a reader needs `kms:Decrypt` beside the
right to the object, and in another account the policy of the key or a grant must give it. The setting of a bucket is
the default of new objects: one may be sealed otherwise, so that what is sealed is never closed for certain.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_identity.by_arn import Meant, is_certain
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import Truth
from scanner.builders.aws_policy.statements import Policy, listed_in
from scanner.builders.blocks import first, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, doubt_of
from scanner.builders.supply.inside import inside
from scanner.builders.supply.outside import account_of, read
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.resource import Resource, mark
from scanner.unknown import Unknown, Value

ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
PATH = "rule.apply_server_side_encryption_by_default.kms_master_key_id"
KEY, POLICY, GRANT, ALIAS = "aws_kms_key", "aws_kms_key_policy", "aws_kms_grant", "aws_kms_alias"
HANDLED = frozenset({ENCRYPTION, POLICY, GRANT, ALIAS})


def key_of(world: World, store: Resource) -> Resource | None:
    """The key of the inputs that a bucket is sealed with by default; None where there is none, or nobody knows."""
    for one in world.inventory.of(ENCRYPTION, unit=store.unit):
        if world.inventory.find(one.attrs.get("bucket"), one, store.kind) is store:
            named = first(one, PATH)
            found = None if named is None else world.inventory.find(named.value, one, KEY, ALIAS)
            if isinstance(found, Resource) and found.kind == ALIAS:
                found = world.inventory.find(found.attrs.get("target_key_id"), found, KEY)
            return found if isinstance(found, Resource) and not found.data else None
    return None


def build_key_readers(world: World, held: frozenset[str]) -> None:
    """Supply edges with the verb `read`, from the keys of what is `held` and of evidence to accounts outside."""
    keys: dict[str, Resource] = {}
    for one in world.inventory.of("aws_s3_bucket"):
        key = key_of(world, one) if one.id in held or Role.SINK in world.nodes[one.id].roles else None
        if key is not None:
            keys[key.id] = key
    for key in keys.values():
        for who, origin, doubt in _decrypting(world, key):
            account = account_of(text(who))
            if account and _may_be_outside(inside(world, key, who)):
                because = f"`{text(who)}` may decrypt with it"
                read(world, key.id, f"aws-account/{account}", because, origin, doubt)


def _may_be_outside(own: list[Meant] | bool) -> bool:
    return own is False or (isinstance(own, list) and not is_certain(own))


def sealed(world: World, store: str, account: str) -> Doubt | None:
    """What keeps a reader of another account (`account`, "" for anybody) from the content; None where nothing does."""
    bucket = world.inventory.by_id.get(store)
    key = None if bucket is None else key_of(world, bucket)
    if key is None or any(_opens(who, account) for who, *_ in _decrypting(world, key)):
        return None
    return Doubt("condition-unevaluable", (f"whether {key.address} seals what is in {world.nodes[store].address}",))


def _decrypting(world: World, key: Resource) -> Iterator[tuple[Value, Origin | None, Doubt | None]]:
    """Whom the policies and grants of a key let decrypt, as they are written: the line, and what is in doubt."""
    for policy in _policies(world, key):
        for statement in policy.statements:
            if statement.allows and acts_on(statement, "kms:Decrypt") is not Truth.NO:
                whom = statement.principals
                doubt = doubt_of(statement.doubt)
                if statement.conditions:
                    doubt = doubt or Doubt("condition-unevaluable", (policy.name,))
                for who in listed_in(whom.get("AWS") if isinstance(whom, dict) else whom):
                    yield who, statement.principal_line(), doubt
        if policy.unknown is not None:
            yield policy.unknown, policy.origin, doubt_of(policy.unknown)
    for one in world.inventory.of(GRANT, unit=key.unit):
        if world.inventory.find(one.attrs.get("key_id"), one, KEY) is key:
            operations = list(listed_in(one.attrs.get("operations")))
            if "Decrypt" in operations or any(isinstance(each, Unknown) for each in operations):
                doubt = doubt_of(one.possible)
                yield one.attrs.get("grantee_principal"), mark(one.attrs, "grantee_principal") or one.origin, doubt


def _policies(world: World, key: Resource) -> Iterator[Policy]:
    if key.attrs.get("policy") is not None:
        yield policy_at(world.inventory, key, "policy")
    for one in world.inventory.of(POLICY, unit=key.unit):
        if world.inventory.find(one.attrs.get("key_id"), one, KEY) is key:
            yield policy_at(world.inventory, one, "policy")


def _opens(who: Value, account: str) -> bool:
    """Whether a principal is the account, one of it, everybody, or nobody knows whom."""
    return isinstance(who, Unknown) or who == "*" or (bool(account) and account_of(text(who)) == account)
