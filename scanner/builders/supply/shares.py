"""Shares of what holds weights in AWS: images, snapshots, grants of S3, and resource shares.

Facts: hashicorp/aws documentation of `aws_ami_launch_permission`, `aws_snapshot_create_volume_permission`,
`aws_dlm_lifecycle_policy`, `aws_s3control_access_grant`, `aws_s3control_access_grants_location` and `aws_ram_*`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from scanner.builders.aws_identity.by_arn import is_certain
from scanner.builders.blocks import Found, first, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.builders.supply.inside import inside
from scanner.builders.supply.named import ends
from scanner.builders.supply.outside import account_of, named, read
from scanner.graph.model import Plane
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

PERMISSIONS = {"aws_ami_launch_permission": "image_id", "aws_snapshot_create_volume_permission": "snapshot_id"}
WITH = ("account_id", "group", "organization_arn", "organizational_unit_arn")
LIFECYCLE, GRANT, LOCATION = (
    "aws_dlm_lifecycle_policy",
    "aws_s3control_access_grant",
    "aws_s3control_access_grants_location",
)
EVERYTHING = "s3://"
"""The scope of the default location, whose id is `default`: every bucket of the account and region."""
VOLUMES = {"VOLUME": ("aws_ebs_volume",), "INSTANCE": ("aws_instance",)}
SHARED, PRINCIPAL = "aws_ram_resource_association", "aws_ram_principal_association"
HANDLED = frozenset({*PERMISSIONS, LIFECYCLE, GRANT, LOCATION, SHARED, PRINCIPAL, "aws_ram_resource_share"})


def build_shares(world: World) -> None:
    """Supply edges with the verb `read`, from what is shared to whom it is shared with."""
    for kind, path in PERMISSIONS.items():
        for one in world.inventory.of(kind):
            _permission(world, one, path)
    for one in world.inventory.of(LIFECYCLE):
        if one.attrs.get("state") != "DISABLED":
            _lifecycle(world, one)
    for one in world.inventory.of(GRANT):
        _grant(world, one)
    _resource_shares(world)


def _permission(world: World, one: Resource, path: str) -> None:
    for store, unsure in _ends(world, one, path):
        for key in WITH:
            for found in values(one, key):
                name = _called(key, found)
                doubt = first_doubt(unsure, doubt_of(found.unknown), doubt_of(one.possible))
                read(world, store, name, f"`{one.address}` shares it", found.origin, doubt)


def _called(key: str, found: Found) -> str:
    written = text(found.value)
    if key == "group":
        return "anyone" if written == "all" else f"aws-group/{written or 'unknown'}"
    return f"aws-account/{written or 'unknown'}" if key == "account_id" else f"aws-organization/{written or 'unknown'}"


def _ends(world: World, one: Resource, path: str) -> list[tuple[str, Doubt | None]]:
    return [end for found in values(one, path) for end in ends(world, found, one.unit, "")]


def _lifecycle(world: World, one: Resource) -> None:
    """Snapshots that a policy makes of whatever has one of its tags, and shares with other accounts."""
    shared = values(one, "policy_details.schedule.share_rule.target_accounts")
    regions = values(one, "policy_details.schedule.cross_region_copy_rule.target")
    tags = [found.value for found in values(one, "policy_details.target_tags")]
    for target, unsure in _tagged(world, one, tags) if shared or regions else ():
        for found in shared:
            name = _called("account_id", found)
            doubt = first_doubt(unsure, doubt_of(found.unknown), doubt_of(one.possible))
            read(world, target.id, name, f"`{one.address}` shares its snapshots", found.origin, doubt)
        for found in regions:
            place = world.external(f"snapshots/{text(found.value) or 'unknown'}", "Store", actor=False)
            doubt = first_doubt(unsure, doubt_of(found.unknown) or Doubt("peer-not-in-input", (place.name,)))
            because = f"`{one.address}` copies its snapshots there"
            connect(world, target.id, place.id, because, found.origin, plane=Plane.SUPPLY, verb="copy", doubt=doubt,
                    cut=True)  # fmt: skip


def _tagged(world: World, one: Resource, tags: list[Value]) -> Iterator[tuple[Resource, Doubt | None]]:
    kinds = [kind for found in values(one, "policy_details.resource_types") for kind in VOLUMES.get(found.text, ())]
    for target in world.inventory.of(*(kinds or VOLUMES["VOLUME"]), unit=one.unit):
        own = target.attrs.get("tags")
        for wanted in tags:
            if isinstance(wanted, Unknown) or isinstance(own, Unknown):
                unknown = wanted if isinstance(wanted, Unknown) else own
                yield target, doubt_of(unknown if isinstance(unknown, Unknown) else None)
            elif isinstance(wanted, Mapping) and isinstance(own, Mapping) and _shared(wanted, own):
                yield target, None


def _shared(wanted: Mapping[str, Value], own: Mapping[str, Value]) -> bool:
    return any(own.get(key) == value for key, value in wanted.items())


def _grant(world: World, one: Resource) -> None:
    """A grant of S3 Access Grants: the grantee reads what the location spans."""
    permission = first(one, "permission")
    if permission is not None and permission.text == "WRITE":
        return
    for store, unsure in _spanned(world, one):
        for found in values(one, "grantee.grantee_identifier"):
            doubt = first_doubt(unsure, doubt_of(one.possible), doubt_of(permission.unknown if permission else None))
            _grantee(world, one, store, found, doubt)


def _spanned(world: World, one: Resource) -> Iterator[tuple[str, Doubt | None]]:
    """What the location of a grant spans; the default one is every bucket, as far as the grant narrows it."""
    named = first(one, "access_grants_location_id")
    location = world.inventory.find(named.value if named else None, one, LOCATION)
    scopes = values(location, "location_scope") if isinstance(location, Resource) else []
    for scope in scopes:
        if scope.text != EVERYTHING:
            yield from ends(world, scope, one.unit, "")
    if any(scope.text == EVERYTHING for scope in scopes) or (named is not None and named.text == "default"):
        yield from _buckets(world, one, None)
    elif not scopes:
        hidden = doubt_of(named.unknown if named else None)
        yield from _buckets(world, one, hidden or Doubt("peer-not-in-input", (f"the location of {one.address}",)))


def _buckets(world: World, one: Resource, doubt: Doubt | None) -> Iterator[tuple[str, Doubt | None]]:
    """The buckets of the unit that the prefix of a grant begins with; all of them where it has none."""
    prefix = first(one, "access_grants_location_configuration.s3_sub_prefix")
    name = prefix.text.partition("/")[0] if prefix is not None else "*"
    for bucket in world.inventory.of("aws_s3_bucket", unit=one.unit):
        own = bucket.attrs.get("bucket")
        if not isinstance(own, str) or fnmatchcase(own, name or "*"):
            unsure = doubt_of(prefix.unknown) if prefix is not None else None
            yield bucket.id, first_doubt(doubt, unsure)


def _grantee(world: World, one: Resource, store: str, found: Found, doubt: Doubt | None) -> None:
    because = f"`{one.address}` grants it"
    own = inside(world, one, found.value)
    for each in own if isinstance(own, list) else ():
        why = first_doubt(doubt, doubt_of(each.doubt))
        connect(
            world, store, each.resource.id, because, found.origin, plane=Plane.SUPPLY, verb="read", doubt=why, cut=True
        )
    if own is False or (isinstance(own, list) and not is_certain(own)):
        name, hidden = named(found.value)
        kind = first(one, "grantee.grantee_type")
        if kind is not None and kind.text.startswith("DIRECTORY"):
            name, hidden = f"directory/{found.text or 'unknown'}", doubt_of(found.unknown)
        if name:
            read(world, store, name, because, found.origin, first_doubt(doubt, hidden))


def _resource_shares(world: World) -> None:
    """AWS RAM: what is put into a share, and with whom the share is shared."""
    principals = list(world.inventory.of(PRINCIPAL))
    for one in world.inventory.of(SHARED):
        for store, unsure in _ends(world, one, "resource_arn"):
            for other in principals:
                same = same_share(world, one, other)
                if same is False:
                    continue
                for found in values(other, "principal"):
                    account = account_of(text(found.value))
                    written = text(found.value) or "unknown"
                    name = f"aws-account/{account}" if account else f"aws-principal/{written}"
                    also = same if isinstance(same, Doubt) else None
                    doubt = first_doubt(unsure, also, doubt_of(found.unknown), doubt_of(other.possible))
                    read(world, store, name, f"`{other.address}` shares it", found.origin, doubt)


def same_share(world: World, one: Resource, other: Resource) -> bool | Doubt:
    """Whether two associations are of one share; one that nobody knows may be the other's."""
    if one.unit != other.unit:
        return False
    left, right = (each.attrs.get("resource_share_arn") for each in (one, other))
    shares = [world.inventory.find(each, one) for each in (left, right)]
    if all(isinstance(share, Resource) for share in shares):
        return shares[0] is shares[1]
    unknown = next((each for each in shares if isinstance(each, Unknown)), None)
    if unknown is not None:
        return (left == right) or doubt_of(unknown) or False
    return left == right
