"""Stores of evidence in AWS: locked buckets, and log groups and streams by the bucket that their records end in."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, first
from scanner.builders.draft import World
from scanner.builders.edges import values
from scanner.builders.evidence.keeping import best, kept, naming
from scanner.graph.facts_audit import Durable
from scanner.resource import Resource
from scanner.unknown import Unknown

BUCKET = "aws_s3_bucket"
LOCK = "aws_s3_bucket_object_lock_configuration"
MODES = ("rule.default_retention.mode", "object_lock_configuration.rule.default_retention.mode")
LOG_GROUP = "aws_cloudwatch_log_group"
FILTER = "aws_cloudwatch_log_subscription_filter"
FIREHOSE = "aws_kinesis_firehose_delivery_stream"
STREAM = "aws_kinesis_stream"
SINKS = (
    "extended_s3_configuration.bucket_arn",
    "s3_configuration.bucket_arn",
    "opensearch_configuration.s3_configuration.bucket_arn",
    "http_endpoint_configuration.s3_configuration.bucket_arn",
)
"""Where a delivery stream writes what it is given; behind a search index or an endpoint that is a backup."""
BACKUPS = {"opensearch_configuration": "AllDocuments", "http_endpoint_configuration": "AllData"}
"""By destination: the `s3_backup_mode` with which the backup holds everything."""


def bucket(world: World, one: Resource) -> Durable:
    """Object lock in COMPLIANCE mode binds the root user too (Amazon S3 User Guide, "Locking objects")."""
    found = list(_modes(world, one))
    for mode in found:
        unknown = mode.unknown or mode.possible
        if unknown is not None:
            return kept(mode.origin, "", unknown)
        if mode.text == "COMPLIANCE":
            return kept(mode.origin, "object lock in COMPLIANCE mode: nobody deletes a record before its time", True)
    if found:
        because = f"object lock in {found[0].text} mode: whoever holds `s3:BypassGovernanceRetention` lifts it"
        return kept(found[0].origin, because, False)
    doubt = next(_unread_locks(world, one), None)
    if doubt is not None:
        return kept(one.origin, "", doubt)
    because = "no object lock with a default retention is declared: the default lets records be deleted"
    return kept(one.origin, because, False)


def _modes(world: World, one: Resource) -> Iterator[Found]:
    yield from (found for path in MODES for found in values(one, path))
    for lock in world.inventory.of(LOCK, unit=one.unit):
        if world.inventory.find(lock.attrs.get("bucket"), lock, BUCKET) is one:
            for found in values(lock, MODES[0]):
                yield found if lock.possible is None else Found(lock.possible, lock.origin)


def _unread_locks(world: World, one: Resource) -> Iterator[Unknown]:
    """Locks of this unit whose bucket is not known: one of them may be this bucket's."""
    for lock in world.inventory.of(LOCK, unit=one.unit):
        named = world.inventory.find(lock.attrs.get("bucket"), lock, BUCKET)
        if isinstance(named, Unknown):
            yield named


def log_group(world: World, one: Resource) -> Durable:
    """No setting keeps a log group from `logs:DeleteLogGroup` for good: only a locked copy of all of it does."""
    filters, doubt = naming(world, one, FILTER, "log_group_name")
    found = [fact for each, _ in filters for fact in _filtered(world, each)]
    if doubt is not None:
        found.append(kept(one.origin, "", doubt))
    because = "whoever may call `logs:DeleteLogGroup` or `logs:DeleteLogStream` deletes its records, and nothing copies"
    return best(found) or kept(one.origin, f"{because} them to a locked store", False)


def _filtered(world: World, each: Resource) -> Iterator[Durable]:
    """What a subscription copies: everything with an empty pattern, a part of it with any other."""
    pattern = first(each, "filter_pattern")
    if pattern is not None and pattern.unknown is None and pattern.text.strip():
        yield kept(pattern.origin, "only the records that match `filter_pattern` are copied to another store", False)
        return
    target = first(each, "destination_arn")
    there = world.inventory.find(target.value if target else None, each, FIREHOSE, STREAM)
    unknown = each.possible or (pattern.unknown if pattern is not None else None)
    if isinstance(there, Resource):
        made = delivery(world, there) if there.kind == FIREHOSE else stream(world, there)
        yield made if unknown is None or made.immutable is False else kept(each.origin, "", unknown)
    elif isinstance(there, Unknown):
        yield kept(target.origin if target else each.origin, "", there)


def delivery(world: World, one: Resource) -> Durable:
    """A delivery stream keeps nothing: the bucket that it writes to decides."""
    found = []
    for path in SINKS:
        for named in values(one, path):
            there = _bucket_of(world, named, one.unit)
            if isinstance(there, Resource):
                found.append(_backup(one, path) or bucket(world, there))
            elif isinstance(there, Unknown):
                found.append(kept(named.origin, "", there))
    if found:
        return best(found) or found[0]
    cause = f"which bucket `{one.address}` writes to is not in the inputs"
    return kept(one.origin, cause, Unknown(cause, decided_by=(one.address,)))


def _bucket_of(world: World, named: Found, unit: str) -> Resource | Unknown | None:
    """The bucket that a value names, by reference, by its name or by its ARN."""
    found = world.inventory.find(named.value, unit, BUCKET)
    return world.inventory.find(named.text.rpartition(":::")[2], unit, BUCKET) if found is None else found


def _backup(one: Resource, path: str) -> Durable | None:
    """Why a backup behind another destination does not hold everything; None where it does."""
    place = path.partition(".")[0]
    mode = first(one, f"{place}.s3_backup_mode")
    if place not in BACKUPS or (mode is not None and mode.text == BACKUPS[place]):
        return None
    if mode is not None and mode.unknown is not None:
        return kept(mode.origin, "", mode.unknown)
    because = "only records that could not be delivered are written to the bucket"
    return kept(one.origin if mode is None else mode.origin, because, False)


def stream(world: World, one: Resource) -> Durable:
    """A stream keeps its records for a time; the delivery streams that read it decide what is kept."""
    readers, doubt = naming(world, one, FIREHOSE, "kinesis_source_configuration.kinesis_stream_arn")
    found = [delivery(world, reader) for reader, _ in readers]
    if doubt is not None:
        found.append(kept(one.origin, "", doubt))
    because = "a stream forgets its records after its retention period, and nothing copies them to a locked store"
    return best(found) or kept(one.origin, because, False)


def index(_world: World, one: Resource) -> Durable:
    """Documents of a search index are changed and deleted by whoever may write to it (OpenSearch documentation)."""
    return kept(one.origin, "documents of a search index can be changed and deleted by whoever writes to it", False)
