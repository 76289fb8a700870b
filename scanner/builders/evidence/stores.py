"""Stores of evidence: is what they hold beyond anybody's power to alter."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found
from scanner.builders.draft import World
from scanner.builders.edges import values
from scanner.graph.facts_audit import Durable
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown

BUCKET = "aws_s3_bucket"
LOCK = "aws_s3_bucket_object_lock_configuration"
MODES = ("rule.default_retention.mode", "object_lock_configuration.rule.default_retention.mode")


def build_evidence_stores(world: World) -> None:
    """A Durable fact for every store of evidence that the profile names and the inputs declare."""
    for node in list(world.nodes.values()):
        one = world.inventory.by_id.get(node.id)
        if Role.SINK in node.roles and one is not None:
            world.add_fact(one.id, _bucket(world, one) if one.kind == BUCKET else _other(one))


def _bucket(world: World, one: Resource) -> Durable:
    """Object lock in COMPLIANCE mode binds the root user too (Amazon S3 User Guide, "Locking objects")."""
    found = list(_modes(world, one))
    for mode in found:
        unknown = mode.unknown or mode.possible
        if unknown is not None:
            return Durable(origin=mode.origin, because=unknown.cause, immutable=unknown)
        if mode.text == "COMPLIANCE":
            because = "object lock in COMPLIANCE mode: nobody deletes a record before its time"
            return Durable(origin=mode.origin, because=because, immutable=True)
    if found:
        because = f"object lock in {found[0].text} mode: whoever holds `s3:BypassGovernanceRetention` lifts it"
        return Durable(origin=found[0].origin, because=because, immutable=False)
    doubt = next(_unread_locks(world, one), None)
    if doubt is not None:
        return Durable(origin=one.origin, because=doubt.cause, immutable=doubt)
    because = "no object lock with a default retention is declared: the default lets records be deleted"
    return Durable(origin=one.origin, because=because, immutable=False)


def _modes(world: World, bucket: Resource) -> Iterator[Found]:
    yield from (found for path in MODES for found in values(bucket, path))
    for lock in world.inventory.of(LOCK, unit=bucket.unit):
        if world.inventory.find(lock.attrs.get("bucket"), lock.unit, BUCKET) is bucket:
            for found in values(lock, MODES[0]):
                yield found if lock.possible is None else Found(lock.possible, lock.origin)


def _unread_locks(world: World, bucket: Resource) -> Iterator[Unknown]:
    """Locks of this unit whose bucket is not known: one of them may be this bucket's."""
    for lock in world.inventory.of(LOCK, unit=bucket.unit):
        named = world.inventory.find(lock.attrs.get("bucket"), lock.unit, BUCKET)
        if isinstance(named, Unknown):
            yield named


def _other(one: Resource) -> Durable:
    cause = f"no table says how a `{one.kind}` keeps its records from being deleted"
    return Durable(origin=one.origin, because=cause, immutable=Unknown(cause, decided_by=(one.address,)))
