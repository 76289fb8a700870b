"""Readers of a store from outside: bucket policies, access lists, shares of images and snapshots, file servers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from scanner.builders.aws_identity.documents import policy_at
from scanner.builders.aws_policy.match import Truth, glob, includes
from scanner.builders.aws_policy.statements import Statement, listed_in
from scanner.builders.blocks import Found, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, truth, values
from scanner.builders.supply.inside import inside
from scanner.builders.supply.named import ends
from scanner.graph.model import Plane
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

HANDLED = frozenset(
    {
        "aws_s3_bucket", "aws_s3_bucket_policy", "aws_s3_bucket_acl", "aws_s3_bucket_public_access_block",
        "aws_s3_account_public_access_block", "aws_s3_bucket_ownership_controls", "aws_s3control_access_point_policy",
        "aws_s3control_multi_region_access_point_policy", "aws_ecr_repository_policy", "aws_ecr_registry_policy",
        "aws_ami_launch_permission", "aws_snapshot_create_volume_permission", "aws_ram_resource_share",
        "aws_ram_resource_association", "aws_ram_principal_association", "aws_transfer_server", "aws_transfer_user",
    }
)  # fmt: skip
POLICIES = {
    "aws_s3_bucket_policy": ("bucket", "s3:GetObject"),
    "aws_s3_bucket": ("", "s3:GetObject"),
    "aws_s3_access_point": ("", "s3:GetObject"),
    "aws_s3control_access_point_policy": ("access_point_arn", "s3:GetObject"),
    "aws_ecr_repository_policy": ("repository", "ecr:BatchGetImage"),
}
"""By type: the argument that names what the policy guards (empty: itself), and the action that reads it."""
PUBLIC_LISTS = {"public-read": "anyone", "public-read-write": "anyone", "authenticated-read": "aws-principals"}
PUBLIC_GROUPS = {"AllUsers": "anyone", "AuthenticatedUsers": "aws-principals"}
ACCOUNT = re.compile(r"^(?:arn:[^:]+:(?:iam|sts)::)?(\d{12})(?::.*)?$")


def build_readers(world: World) -> None:
    """Supply edges with the verb `read`, from a store to whoever outside may read it."""
    for kind, (path, action) in POLICIES.items():
        for one in world.inventory.of(kind):
            if one.attrs.get("policy") is not None:
                _policy(world, one, path, action)
    for one in world.inventory.of("aws_s3_bucket_acl", "aws_s3_bucket"):
        _access_list(world, one)
    _shared_images(world)
    _resource_shares(world)
    _file_servers(world)
    _distributions(world)


def _read(
    world: World,
    source: str,
    name: str,
    because: str,
    origin: Origin | None,
    doubt: Doubt | None,
    kind: str = "External",
) -> None:
    reader = world.external(name, kind).id
    connect(world, source, reader, because, origin, plane=Plane.SUPPLY, verb="read", doubt=doubt, cut=True)


def _guarded(world: World, one: Resource, path: str) -> list[tuple[str, Doubt | None]]:
    if not path:
        return [(one.id, None)]
    return [end for found in values(one, path) for end in ends(world, found, one.unit, "")]


def _policy(world: World, one: Resource, path: str, action: str) -> None:
    policy = policy_at(world.inventory, one, "policy")
    for store, unsure in _guarded(world, one, path):
        if policy.unknown is not None:
            why = first_doubt(unsure, doubt_of(policy.unknown))
            _read(world, store, "unknown-readers", f"the policy of `{one.address}` is not known", policy.origin, why)
        for statement in policy.statements:
            acts = _reads(statement, action)
            if acts is Truth.NO or not statement.allows:
                continue
            narrowed = Doubt("condition-unevaluable", (one.address,)) if statement.conditions else None
            vague = doubt_of(statement.doubt) or (None if acts is Truth.YES else Doubt("value-unknown", (one.address,)))
            for who in _readers(statement):
                own = inside(world, one.unit, who)
                if own is not False:
                    if isinstance(own, Resource) and own.unit == one.unit:
                        _own_reader(world, one, store, own, statement, first_doubt(unsure, narrowed, vague))
                    continue
                name, hidden = _name(who)
                if not name:
                    continue
                public = _public_closed(world, store) if name == "anyone" else False
                if public is True:
                    continue
                closed = public if isinstance(public, Doubt) else None
                doubt = first_doubt(unsure, narrowed, vague, hidden, closed)
                because = f"`{one.address}` lets `{text(who) or '*'}` read it"
                _read(world, store, name, because, statement.origin, doubt)


def _own_reader(
    world: World, one: Resource, store: str, own: Resource, statement: Statement, doubt: Doubt | None
) -> None:
    """A principal of the inputs: within an account the store's policy is enough."""
    because = f"`{one.address}` lets `{own.address}` read it"
    line = statement.principal_line()
    connect(world, store, own.id, because, line, plane=Plane.SUPPLY, verb="read", doubt=doubt, cut=True)


def _reads(statement: Statement, action: str) -> Truth:
    """Whether the actions of a statement may include the action."""
    found = max((includes(glob(value, fold=True), action.lower()) for value in statement.actions), default=Truth.NO)
    return found.negated() if statement.not_actions else found


def _readers(statement: Statement) -> Iterator[Value]:
    """The principals that are AWS accounts or everyone; services and federations are identity's."""
    if statement.not_principals:
        yield "*"
    elif isinstance(statement.principals, Mapping):
        for kind in ("AWS", "*"):
            yield from listed_in(statement.principals.get(kind))
    else:
        yield from listed_in(statement.principals)


def _name(who: Value) -> tuple[str, Doubt | None]:
    """The external node of a principal; "" for one of the inputs. A role of a foreign account is its account."""
    if isinstance(who, Unknown) and who.ref is not None and "data." not in who.ref.address:
        return "", None
    written = text(who)
    if written == "*" and isinstance(who, str):
        return "anyone", None
    account = ACCOUNT.match(written)
    if account:
        return f"aws-account/{account.group(1)}", None
    hidden = doubt_of(who) if isinstance(who, Unknown) else None
    return f"aws-principal/{written or 'unknown'}", hidden or Doubt("value-unknown", (written,))


def _public_closed(world: World, store: str) -> bool | Doubt:
    """Whether public access to a bucket is blocked; without a written block it is, unless somebody took it off."""
    bucket = world.inventory.by_id.get(store)
    if bucket is None or not bucket.kind.startswith("aws_s3"):
        return False
    blocks = [
        one
        for one in world.inventory.of("aws_s3_bucket_public_access_block", unit=bucket.unit)
        if world.inventory.find(one.attrs.get("bucket"), one.unit) is bucket
    ]
    for one in blocks:
        settings = [truth(one.attrs.get(key), False) for key in ("block_public_policy", "restrict_public_buckets")]
        if any(setting is True for setting in settings):
            return True
        doubts = [setting for setting in settings if isinstance(setting, Doubt)]
        return first_doubt(*doubts) or False
    return Doubt("value-unknown", (f"whether public access to {bucket.address} is blocked, as it is by default",))


def _access_list(world: World, one: Resource) -> None:
    lists = values(one, "acl")
    names = [(PUBLIC_LISTS[text(found.value)], found) for found in lists if text(found.value) in PUBLIC_LISTS]
    for found in values(one, "access_control_policy.grant.grantee.uri"):
        group = text(found.value).rpartition("/")[2]
        if group in PUBLIC_GROUPS:
            names.append((PUBLIC_GROUPS[group], found))
    unknown = [found for found in lists if isinstance(found.value, Unknown)]
    for store, unsure in _guarded(world, one, "bucket" if one.kind == "aws_s3_bucket_acl" else ""):
        for name, found in names:
            closed = _public_closed(world, store)
            if closed is not True:
                also = closed if isinstance(closed, Doubt) else None
                doubt = first_doubt(unsure, doubt_of(found.possible), also)
                _read(world, store, name, f"the access list of `{one.address}` is public", found.origin, doubt)
        for found in unknown:
            doubt = first_doubt(unsure, doubt_of(found.unknown))
            _read(world, store, "anyone", "whether the access list is public is not known", found.origin, doubt)


def _shared_images(world: World) -> None:
    of = world.inventory.of
    shares = [(one, "image_id") for one in of("aws_ami_launch_permission")]
    shares += [(one, "snapshot_id") for one in of("aws_snapshot_create_volume_permission")]
    for one, path in shares:
        for store, unsure in _guarded(world, one, path):
            for key in ("account_id", "group", "organization_arn", "organizational_unit_arn"):
                for found in values(one, key):
                    name = _account_name(key, found)
                    doubt = first_doubt(unsure, doubt_of(found.unknown), doubt_of(one.possible))
                    _read(world, store, name, f"`{one.address}` shares it", found.origin, doubt)


def _account_name(key: str, found: Found) -> str:
    written = text(found.value)
    if key == "group":
        return "anyone" if written == "all" else f"aws-group/{written or 'unknown'}"
    return f"aws-account/{written or 'unknown'}" if key == "account_id" else f"aws-organization/{written or 'unknown'}"


def _resource_shares(world: World) -> None:
    """AWS RAM: what is put into a share, and with whom the share is shared."""
    principals = list(world.inventory.of("aws_ram_principal_association"))
    for one in world.inventory.of("aws_ram_resource_association"):
        share = world.inventory.find(one.attrs.get("resource_share_arn"), one.unit)
        for store, unsure in _guarded(world, one, "resource_arn"):
            for other in principals:
                if (
                    other.unit != one.unit
                    or world.inventory.find(other.attrs.get("resource_share_arn"), one.unit) is not share
                ):
                    continue
                for found in values(other, "principal"):
                    account = ACCOUNT.match(text(found.value))
                    written = text(found.value) or "unknown"
                    name = f"aws-account/{account.group(1)}" if account else f"aws-principal/{written}"
                    doubt = first_doubt(unsure, doubt_of(found.unknown), doubt_of(other.possible))
                    _read(world, store, name, f"`{other.address}` shares it", found.origin, doubt)


def _file_servers(world: World) -> None:
    """AWS Transfer: the home directory of a user is a bucket; whoever logs in reads it."""
    for user in world.inventory.of("aws_transfer_user"):
        for path in ("home_directory", "home_directory_mappings.target"):
            for found in values(user, path):
                for store, unsure in ends(world, found, user.unit, ""):
                    doubt = first_doubt(unsure, doubt_of(found.possible), doubt_of(user.possible))
                    because = f"`{user.address}` reads it through a file server"
                    _read(world, store, f"file-transfer-user/{user.name}", because, found.origin, doubt)


def _distributions(world: World) -> None:
    """CloudFront in front of a bucket: the bucket's policy says whether it may read, so that the way is possible."""
    for one in world.inventory.of("aws_cloudfront_distribution"):
        for found in values(one, "origin.domain_name"):
            for store, unsure in ends(world, found, one.unit, ""):
                if world.nodes[store].kind == "aws_s3_bucket" and one.attrs.get("enabled") is not False:
                    decides = Doubt("condition-unevaluable", (f"the policy of {world.nodes[store].address}",))
                    because = f"`{one.address}` serves it to whoever asks"
                    _read(world, store, "internet", because, found.origin, first_doubt(unsure, decides))
