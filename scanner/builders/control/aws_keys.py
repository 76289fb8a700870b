"""Keys of AWS KMS under evidence, guardrails and settings: without the key nothing that it seals can be read."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found
from scanner.builders.control.aws_holds import Behind, Hold
from scanner.builders.control.guards import TRAIL, sinks_of
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, doubt_of, first_doubt, values
from scanner.graph.model import STACK, Role
from scanner.resource import Resource
from scanner.unknown import Unknown, refs_in

KEY, ALIAS = "aws_kms_key", "aws_kms_alias"
ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
IN_BUCKET = "rule.apply_server_side_encryption_by_default.kms_master_key_id"
PATHS: dict[str, tuple[str, ...]] = {
    "aws_s3_bucket": (f"server_side_encryption_configuration.{IN_BUCKET}",),
    "aws_cloudwatch_log_group": ("kms_key_id",),
    "aws_kinesis_firehose_delivery_stream": (
        "server_side_encryption.key_arn",
        "extended_s3_configuration.kms_key_arn",
    ),
    "aws_kinesis_stream": ("kms_key_id",),
    "aws_opensearch_domain": ("encrypt_at_rest.kms_key_id",),
    "aws_bedrock_guardrail": ("kms_key_arn",),
    "awscc_bedrock_guardrail": ("kms_key_arn",),
    "aws_lambda_function": ("kms_key_arn",),
    "aws_ssm_parameter": ("key_id",),
    "aws_secretsmanager_secret": ("kms_key_id",),
    TRAIL: ("kms_key_id",),
}
"""Kind of what is sealed -> where it names its key (hashicorp/aws documentation of each)."""


def keys(world: World, more: frozenset[str]) -> Iterator[Behind]:
    """Each key of the inputs with what it seals; `more`: ids of what counts beside the stack and the evidence."""
    found: dict[str, list[Hold]] = {}
    for one, ids, named in sealed(world, more):
        for key, doubt in _keys(world, one, named):
            because = f"it seals `{one.address}`"
            why = first_doubt(doubt, doubt_of(one.possible))
            found.setdefault(key.id, []).extend(Hold(each, because, named.origin, why) for each in ids)
    for key_id, holds in found.items():
        yield Behind(world.inventory.by_id[key_id], "key", tuple(holds))


def sealed(world: World, more: frozenset[str]) -> Iterator[tuple[Resource, list[str], Found]]:
    """What is sealed, the nodes that are lost with it, and the value that names the key."""
    for one in world.inventory.of(*PATHS):
        ids = [one.id] if world.nodes[one.id].roles & {*STACK, Role.SINK} or one.id in more else []
        ids += sinks_of(world, one) if one.kind == TRAIL else []
        for named in (each for path in PATHS[one.kind] for each in values(one, path)) if ids else ():
            yield one, ids, named
    for one in world.inventory.of(ENCRYPTION):
        bucket = world.inventory.find(one.attrs.get("bucket"), one, "aws_s3_bucket")
        if isinstance(bucket, Resource) and Role.SINK in world.nodes[bucket.id].roles:
            for named in values(one, IN_BUCKET):
                yield one, [bucket.id], named
        elif isinstance(bucket, Unknown) and not any(refs_in(bucket)):
            # Nobody knows of which bucket it is: it may be one of the evidence.
            buckets = world.inventory.of("aws_s3_bucket", unit=one.unit)
            sinks = [each.id for each in buckets if Role.SINK in world.nodes[each.id].roles]
            for named in values(one, IN_BUCKET) if sinks else ():
                yield one, sinks, Found(named.value, named.origin, bucket)


def _keys(world: World, one: Resource, named: Found) -> list[tuple[Resource, Doubt | None]]:
    """The keys that a value may be: the one it names, by an alias or not, or any of the unit where nobody knows."""
    found = world.inventory.find(named.value, one, KEY, ALIAS)
    if found is None and named.text.startswith("alias/"):
        found = next((each for each in world.inventory.of(ALIAS, unit=one.unit) if _called(each, named.text)), None)
    if isinstance(found, Resource) and found.kind == ALIAS:
        found = world.inventory.find(found.attrs.get("target_key_id"), found, KEY)
    unsure = doubt_of(named.possible)
    if isinstance(found, Resource):
        return [] if found.data else [(found, unsure)]
    if isinstance(found, Unknown) and not any(refs_in(found)):
        why = first_doubt(doubt_of(found), unsure)
        return [(each, why) for each in world.inventory.of(KEY, unit=one.unit)]
    return []


def _called(alias: Resource, name: str) -> bool:
    return alias.attrs.get("name") == name
