"""Readers of a store from outside: file servers, distributions and public registries before it, functions in between.

Fact: Amazon S3 User Guide, "Writing Lambda functions for S3 Object Lambda Access Points": the function is handed an
address of the whole object, and answers in its stead; it may stand in another account.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_identity.accounts import own_accounts
from scanner.builders.aws_identity.by_arn import is_certain, meant
from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_policy.decide import acts_on
from scanner.builders.aws_policy.match import Truth
from scanner.builders.blocks import strings
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.builders.supply import policies, public, sealed, shares
from scanner.builders.supply.named import ends
from scanner.builders.supply.outside import read
from scanner.builders.supply.policies import build_policies
from scanner.builders.supply.public import build_access_lists
from scanner.builders.supply.shares import build_shares
from scanner.graph.model import Plane, Role
from scanner.resource import Resource

TRANSFER = ("aws_transfer_user", "aws_transfer_access")
BUCKET, POLICY = "aws_s3_bucket", "aws_s3_bucket_policy"
PUBLIC = "aws_ecrpublic_repository"
HANDLED = frozenset(
    {*policies.HANDLED, *public.HANDLED, *shares.HANDLED, *sealed.HANDLED, *TRANSFER, PUBLIC}
    | {"aws_transfer_server", "aws_ecr_registry_policy", "aws_s3control_access_grants_instance"}
)
OBJECT_LAMBDA, FUNCTION = "aws_s3control_object_lambda_access_point", "aws_lambda_function"
TRANSFORMS = "configuration.transformation_configuration.content_transformation.aws_lambda.function_arn"
FRONTED = "cloudfront.amazonaws.com"
SIGNED = ("default_cache_behavior.trusted_key_groups", "default_cache_behavior.trusted_signers")
"""Where a distribution says that it serves signed addresses alone (Amazon CloudFront Developer Guide)."""


def build_readers(world: World) -> None:
    """Supply edges with the verb `read`, from a store to whoever outside may read it."""
    build_policies(world)
    build_access_lists(world)
    build_shares(world)
    _file_servers(world)
    _distributions(world)
    _transformers(world)
    for one in world.inventory.of(PUBLIC):
        if Role.STORE in world.nodes[one.id].roles:
            read(world, one.id, "anyone", "anybody pulls from a public repository", one.origin, doubt_of(one.possible))


def _file_servers(world: World) -> None:
    """AWS Transfer: the home directory of a user is a bucket; whoever logs in reads it."""
    for user in world.inventory.of(*TRANSFER):
        for path in ("home_directory", "home_directory_mappings.target"):
            for found in values(user, path):
                for store, unsure in ends(world, found, user.unit, ""):
                    doubt = first_doubt(unsure, doubt_of(found.possible), doubt_of(user.possible))
                    because = f"`{user.address}` reads it through a file server"
                    read(world, store, f"file-transfer-user/{user.name}", because, found.origin, doubt)


def _distributions(world: World) -> None:
    """CloudFront in front of a bucket: the bucket's policy says whether it may read."""
    for one in world.inventory.of("aws_cloudfront_distribution"):
        if one.attrs.get("enabled") is False:
            continue
        signed = next((doubt_of(found.unknown) or Doubt("condition-unevaluable", (f"who signs for {one.address}",))
                       for path in SIGNED for found in values(one, path)), None)  # fmt: skip
        for found in values(one, "origin.domain_name"):
            for store, unsure in ends(world, found, one.unit, ""):
                if world.nodes[store].kind == BUCKET:
                    because = f"`{one.address}` serves it to whoever asks"
                    doubt = first_doubt(unsure, doubt_of(found.possible), doubt_of(one.possible), signed)
                    let = _lets(world, store)
                    read(world, store, "internet", because, found.origin, first_doubt(doubt, let))


def _transformers(world: World) -> None:
    """S3 Object Lambda: whatever is read through the access point passes the function."""
    for one in world.inventory.of(OBJECT_LAMBDA):
        if one.source in ("bundle", "live") and not values(one, TRANSFORMS):
            _untold(world, one)
        for found in values(one, TRANSFORMS):
            named = meant(world, found.value, one, FUNCTION)
            because = f"what is read through `{one.address}` passes this function"
            doubt = first_doubt(doubt_of(found.possible), doubt_of(one.possible))
            for each in named:
                why = first_doubt(doubt, doubt_of(each.doubt))
                world.set_actor(each.resource.id)
                connect(world, one.id, each.resource.id, because, found.origin, plane=Plane.SUPPLY, verb="read",
                        doubt=why, cut=True)  # fmt: skip
            if not is_certain(named):
                account = found.text.split(":")[4] if found.text.count(":") > 4 else ""
                own = account in own_accounts(world, one.unit)
                hidden = doubt_of(found.unknown) or (Doubt("peer-not-in-input", (found.text,)) if own else None)
                name = f"aws-account/{account}" if account.isdecimal() and not own else f"function/{found.text or '*'}"
                read(world, one.id, name, because, found.origin, first_doubt(doubt, hidden))


def _untold(world: World, one: Resource) -> None:
    """An access point of which the list alone was recorded: what it serves, and through what, is not asked."""
    doubt = Doubt("value-unknown", (f"the configuration of {one.name}",))
    because = f"what `{one.name}` serves, and which function stands between, is not asked"
    for node in sorted(node.id for node in world.with_role(Role.STORE)):
        if node.startswith(f"{one.unit}:"):
            read(world, node, f"access-point/{one.name}", because, one.origin, doubt)


def _lets(world: World, store: str) -> Doubt | None:
    """What is not known of whether a bucket lets CloudFront read; None where its policy says that it does."""
    bucket = world.inventory.by_id[store]
    for one, path in _documents(world, bucket):
        for statement in policy_at(world.inventory, one, path).statements:
            front = any(FRONTED in str(found.value) for found in strings(statement.principals))
            if front and statement.allows and acts_on(statement, "s3:GetObject") is Truth.YES:
                return doubt_of(statement.doubt) or doubt_of(one.possible)
    return Doubt("condition-unevaluable", (f"the policy of {bucket.address}",))


def _documents(world: World, bucket: Resource) -> Iterator[tuple[Resource, str]]:
    if bucket.attrs.get("policy") is not None:
        yield bucket, "policy"
    for one in world.inventory.of(POLICY, unit=bucket.unit):
        if world.inventory.find(one.attrs.get("bucket"), one, BUCKET) is bucket:
            yield one, "policy"
