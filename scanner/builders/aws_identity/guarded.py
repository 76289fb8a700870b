"""The resource-based policies of the inputs: whom a bucket, a repository, a key or a function itself lets in.

Facts: the Terraform provider for AWS (which resource holds the policy of which); the KMS developer guide, "Default key
policy" (it lets the account in, so that identity policies decide) and "Grants in AWS KMS"; the Lambda developer guide,
"Resource-based policies" (`aws_lambda_permission` is a statement of it).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.builders.aws_identity.accounts import account_of
from scanner.builders.aws_identity.by_arn import meant
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_policy.authorize import Guarded
from scanner.builders.aws_policy.named import OWN_ACCOUNT
from scanner.builders.aws_policy.statements import Condition, Policy, Statement, listed_in
from scanner.builders.draft import World
from scanner.resource import Resource, mark
from scanner.unknown import Unknown, Value

HOLDERS: dict[str, tuple[tuple[str, str], ...]] = {
    "aws_s3_bucket": (("aws_s3_bucket_policy", "bucket"),),
    "aws_ecr_repository": (("aws_ecr_repository_policy", "repository"),),
    "aws_kms_key": (("aws_kms_key_policy", "key_id"),),
}
"""Kind -> the kinds that hold its policy in `policy`, each with the argument that names it."""
INSIDE = frozenset({"aws_kms_key", "aws_s3_bucket"})
"""Kinds whose own argument `policy` holds their policy."""
GRANT, KEY, PERMISSION, FUNCTION = "aws_kms_grant", "aws_kms_key", "aws_lambda_permission", "aws_lambda_function"


def guarded(world: World, resource: Resource) -> Guarded:
    """The account of a resource and its own policy, as far as the inputs show them."""
    parts = list(_parts(world, resource))
    if resource.kind == KEY and not parts:
        anyone = Statement("Allow", ("kms:*",), ("*",), (), "the default key policy", resource.origin,
                           principals=OWN_ACCOUNT)  # fmt: skip
        parts = [Policy("the default key policy", resource.origin, (anyone,))]
    if resource.kind == KEY:
        parts += _grants(world, resource)
    if resource.kind == FUNCTION:
        parts += _permissions(world, resource)
    if not parts:
        return Guarded()
    statements = tuple(one for part in parts for one in part.statements)
    unknown = next((part.unknown for part in parts if part.unknown is not None), None)
    return Guarded("", Policy(parts[0].name, parts[0].origin, statements, unknown))


def across(world: World, of: Guarded, owner: Resource, caller: Resource | None) -> Guarded:
    """The same, with the account of its owner where that is certainly another than the caller's."""
    if caller is None:
        return of
    ours, theirs = account_of(world, owner).number, account_of(world, caller).number
    return Guarded(ours, of.policy, of.levels, of.denies) if ours and theirs and ours != theirs else of


def _parts(world: World, resource: Resource) -> Iterator[Policy]:
    if resource.kind in INSIDE and resource.attrs.get("policy") is not None:
        yield policy_at(world.inventory, resource, "policy")
    for kind, path in HOLDERS.get(resource.kind, ()):
        for one in world.inventory.of(kind, unit=resource.unit):
            value = one.attrs.get(path)
            found = world.inventory.find(value, one, resource.kind)
            if found is resource:
                yield _doubted(policy_at(world.inventory, one, "policy"), one.possible)
            elif isinstance(found, Unknown) and found.ref is None:
                cause = Unknown(f"whether `{one.address}` is its policy is not known", decided_by=found.decided_by)
                yield _doubted(policy_at(world.inventory, one, "policy"), cause)


def _doubted(policy: Policy, why: Unknown | None) -> Policy:
    if why is None:
        return policy
    statements = tuple(replace(one, doubt=one.doubt or why) for one in policy.statements)
    return replace(policy, statements=statements)


def _grants(world: World, key: Resource) -> Iterator[Policy]:
    for one in world.inventory.of(GRANT, unit=key.unit):
        if world.inventory.find(one.attrs.get("key_id"), one, KEY) is not key:
            continue
        operations = tuple(f"kms:{each}" for each in listed_in(one.attrs.get("operations")) if isinstance(each, str))
        who: Value = {"AWS": one.attrs.get("grantee_principal")}
        doubt = one.possible
        if one.attrs.get("constraints"):
            # Which context the sealed data has decides, and what asks for it knows that.
            doubt = doubt or Unknown("the constraints of the grant are not evaluated", decided_by=(one.address,))
        statement = Statement("Allow", operations, ("*",), (), one.address, one.origin, principals=who, doubt=doubt)
        yield Policy(one.address, one.origin, (statement,))


def _permissions(world: World, function: Resource) -> Iterator[Policy]:
    for one in world.inventory.of(PERMISSION, unit=function.unit):
        named = [each for each in meant(world, one.attrs.get("function_name"), one, FUNCTION)
                 if each.resource is function]  # fmt: skip
        if not named:
            continue
        action = one.attrs.get("action") or "lambda:InvokeFunction"
        who: Value = {"AWS": one.attrs.get("principal")}
        keys = (("source_arn", "aws:SourceArn"), ("source_account", "aws:SourceAccount"),
                ("principal_org_id", "aws:PrincipalOrgID"))  # fmt: skip
        conditions = tuple(
            Condition("ArnLike" if key == "source_arn" else "StringEquals", name, (one.attrs[key],), one.origin)
            for key, name in keys
            if one.attrs.get(key) is not None
        )
        line = mark(one.attrs, "principal") or one.origin
        statement = Statement("Allow", (action,), ("*",), conditions, one.address, line, principals=who,
                              doubt=one.possible or named[0].doubt)  # fmt: skip
        yield Policy(one.address, one.origin, (statement,))
