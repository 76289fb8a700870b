"""Where logs and trails of AWS write: into a store of evidence of the profile, or somewhere else.

Facts: hashicorp/aws documentation of each type, the arguments that name a destination.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found
from scanner.builders.draft import World
from scanner.builders.edges import values
from scanner.builders.supply.named import bucket_names, buckets_by_name
from scanner.graph.facts_audit import Landing
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown

PATHS: dict[str, tuple[str, ...]] = {
    "aws_bedrock_model_invocation_logging_configuration": (
        "logging_config.s3_config.bucket_name",
        "logging_config.cloudwatch_config.log_group_name",
    ),
    "aws_cloudtrail": ("s3_bucket_name", "cloud_watch_logs_group_arn"),
}
"""By type: where it names what it writes to."""
STORES = ("aws_s3_bucket", "aws_cloudwatch_log_group")


def build_landings(world: World) -> None:
    """A Landing fact on every log and trail, where the profile says what the stores of evidence are."""
    if not world.profile.has("evidence.sinks"):
        return
    for kind, paths in PATHS.items():
        for one in world.inventory.of(kind):
            found = list(_landings(world, one, paths))
            kept = [fact for fact in found if fact.kept is True]
            unsure = [fact for fact in found if isinstance(fact.kept, Unknown)]
            for fact in (kept or unsure or found)[:1]:
                world.add_fact(one.id, fact)


def _landings(world: World, one: Resource, paths: tuple[str, ...]) -> Iterator[Landing]:
    for named in (each for path in paths for each in values(one, path)):
        kept, store = _kept(world, one, named)
        if kept is True and (named.possible or one.possible) is not None:
            kept = named.possible or one.possible or True
        because = f"it writes to `{store}`"
        yield Landing(origin=named.origin, because=because, store=store, kept=kept)


def _kept(world: World, one: Resource, named: Found) -> tuple[bool | Unknown, str]:
    text = named.text
    bare = text.rpartition(":::")[2] or text
    for value in (named.value, bare, bare.partition("log-group:")[2].removesuffix(":*")):
        found = world.inventory.find(value, one, *STORES)
        if isinstance(found, Resource):
            return Role.SINK in world.nodes[found.id].roles, found.address
    for name in bucket_names(named.value, bare=True):
        for bucket in buckets_by_name(world).get(name, ()):
            return Role.SINK in world.nodes[bucket.id].roles, bucket.address
    entries = {entry.removeprefix("s3://").rpartition(":::")[2].rstrip("/") for entry in world.profile.evidence_sinks}
    if text and (text in world.profile.evidence_sinks or bare.partition("/")[0] in entries):
        return True, text
    return (named.value, "*") if isinstance(named.value, Unknown) else (False, text or "*")
