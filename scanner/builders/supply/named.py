"""What a value names in the supply of weights: a bucket, a repository, an image, or something outside."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, strings, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, doubt_of, first_doubt
from scanner.graph.model import Role
from scanner.patterns import lazy
from scanner.resource import Resource
from scanner.unknown import Unknown, Value, refs_in

BUCKET_KINDS = ("aws_s3_bucket", "awscc_s3_bucket", "aws_s3_directory_bucket", "google_storage_bucket")
BUCKET_NAME = lazy(r"(?:s3://|gs://|arn:[^:\s]+:s3:::|https://)([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?=$|[/*\"'\s.,\\])")
BARE_NAME = lazy(r"^([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/.*)?$")
IN_PATH = lazy(
    r"https://s3(?:[.-][a-z0-9-]+)?\.amazonaws\.com(?:\.cn)?/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?=$|[/*\"'\s])"
)
"""An address that names the bucket in its path (Amazon S3 User Guide, "Path-style requests")."""
HOST = lazy(r"\.s3[.-][a-z0-9.-]*amazonaws\.com.*$")


def buckets_by_name(world: World) -> dict[str, list[Resource]]:
    """The buckets of the inputs by their name, where it is known."""
    found: dict[str, list[Resource]] = {}
    for one in world.inventory.of(*BUCKET_KINDS):
        for key in ("bucket", "bucket_name", "name"):
            name = one.attrs.get(key)
            if isinstance(name, str) and name:
                found.setdefault(name, []).append(one)
    return found


def referred(world: World, value: Value, unit: str) -> list[Resource]:
    """The resources that a value refers to, in the order of the text."""
    found = (world.inventory.at(unit, ref.address) for ref in refs_in(value))
    return [one for one in found if one is not None]


def bucket_names(value: Value, *, bare: bool = False) -> Iterator[str]:
    """The names of buckets in a value: in URIs and ARNs; with `bare`, a text that is a name or a path under it."""
    for found in strings(value):
        written = str(found.value)
        names = [match.group(1) for match in IN_PATH.finditer(written)]
        names += [HOST.sub("", match.group(1)) for match in BUCKET_NAME.finditer(IN_PATH.sub("", written))]
        plain = BARE_NAME.match(written.lstrip("/")) if bare and not names else None
        yield from names or ([plain.group(1)] if plain else [])


def ends(world: World, found: Found, unit: str, outside: str) -> list[tuple[str, Doubt | None]]:
    """The nodes that a value of a copy names, each with what is not certain of it.

    outside: what a thing is called that the inputs do not show; it becomes an external node, and is only possible.
    Where it is empty, an unknown value may be any store of weights of the unit.
    """
    unsure = doubt_of(found.possible)
    named = [one for one in referred(world, found.value, unit) if not one.data]
    direct = world.inventory.find(found.value, unit)
    if isinstance(direct, Resource) and _speaks_of_a_bucket(direct, found.value):
        direct = None
    if named or isinstance(direct, Resource):
        one = named[0] if named else direct
        assert isinstance(one, Resource)
        return [(node, first_doubt(unsure, also)) for node, also in _behind(world, one)]
    by_name = buckets_by_name(world)
    for name in bucket_names(found.value, bare=True):
        some = by_name.get(name)
        if some:
            abroad = None if any(one.unit == unit for one in some) else Doubt("cross-unit", (name,))
            return [(one.id, first_doubt(unsure, abroad)) for one in some]
    if not outside:
        return _any_store(world, found, unit)
    name = next(bucket_names(found.value), "") or text(found.value) or "unknown"
    hidden = doubt_of(found.value) if isinstance(found.value, Unknown) else Doubt("peer-not-in-input", (name,))
    return [(world.external(f"{outside}/{name}", "Store", actor=False).id, first_doubt(unsure, hidden))]


def _speaks_of_a_bucket(one: Resource, value: Value) -> bool:
    """Whether a thing has a name only because it says of which bucket it is a part, as a policy or an object does."""
    return isinstance(value, str) and one.attrs.get("bucket") == value and one.kind not in BUCKET_KINDS


def _any_store(world: World, found: Found, unit: str) -> list[tuple[str, Doubt | None]]:
    """Every store of weights of the unit, for a value that nobody knows; a data source is another thing."""
    value = found.value
    if not isinstance(value, Unknown) or any(refs_in(value)):
        return []
    why = first_doubt(doubt_of(value), doubt_of(found.possible))
    stores = (node.id for node in world.with_role(Role.STORE))
    return [(node, why) for node in sorted(stores) if node.startswith(f"{unit}:")]


def _behind(world: World, one: Resource) -> list[tuple[str, Doubt | None]]:
    """The bucket behind a DataSync location; anything else is itself."""
    if one.kind == "aws_datasync_location_s3":
        named = ends(world, Found(one.attrs.get("s3_bucket_arn"), one.origin), one.unit, "")
        return named or [(one.id, None)]
    return [(one.id, None)]
