"""Which identities of the inputs may read a store of weights: by their own policies, by the store's, or by a mount."""

from __future__ import annotations

from msgspec import Struct

from scanner.builders.aws_identity.access import Access, Judge, judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.guarded import across, guarded
from scanner.builders.aws_identity.principals import Principal
from scanner.builders.aws_identity.sessions import everybody
from scanner.builders.aws_policy.authorize import Guarded
from scanner.builders.aws_policy.match import ANY, Truth
from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.builders.own_statements import about
from scanner.builders.supply.copied import holders
from scanner.builders.supply.mounts import build_mounts
from scanner.graph.model import Plane
from scanner.resource import Resource

POINT = "aws_s3_access_point"
SNAPSHOT = (
    ("ec2:CreateVolume", "it makes a volume of the weights"),
    ("ec2:CopySnapshot", "it copies the weights elsewhere"),
    ("ec2:ModifySnapshotAttribute", "it shares the weights"),
    ("ebs:GetSnapshotBlock", "it reads the weights"),
)
IMAGE = (
    ("ec2:RunInstances", "it starts a machine with the weights on it"),
    ("ec2:CopyImage", "it copies the weights elsewhere"),
    ("ec2:ModifyImageAttribute", "it shares the weights"),
    ("ec2:CreateStoreImageTask", "it writes the weights to a bucket"),
    ("ec2:ExportImage", "it writes the weights to a bucket"),
)
READS: dict[str, tuple[tuple[str, str], ...]] = {
    "aws_s3_bucket": (
        ("s3:GetObject", "it reads the weights"),
        ("s3:GetObjectVersion", "it reads earlier versions of the weights"),
        ("s3:PutBucketPolicy", "it lets others read the weights"),
        ("s3:PutReplicationConfiguration", "it copies the weights elsewhere"),
    ),
    "aws_ecr_repository": (
        ("ecr:BatchGetImage", "it pulls the weights"),
        ("ecr:SetRepositoryPolicy", "it lets others pull the weights"),
    ),
    "aws_ebs_volume": (
        ("ec2:CreateSnapshot", "it takes a snapshot of the weights"),
        ("ec2:AttachVolume", "it attaches the weights to a machine"),
    ),
    "aws_ebs_snapshot": SNAPSHOT,
    "aws_ebs_snapshot_copy": SNAPSHOT,
    "aws_ebs_snapshot_import": SNAPSHOT,
    "aws_ami": IMAGE,
    "aws_ami_copy": IMAGE,
    "aws_ami_from_instance": IMAGE,
    "aws_efs_file_system": (("elasticfilesystem:ClientMount", "it mounts the weights"),),
    POINT: (("s3:GetObject", "it reads the weights"),),
}
"""Kind of a store -> the actions that read, copy or share what is in it."""
SHAPES = {
    "aws_ebs_volume": f"ec2:{ANY}:{ANY}:volume/{ANY}",
    "aws_ebs_snapshot": f"ec2:{ANY}::snapshot/{ANY}",
    "aws_ami": f"ec2:{ANY}::image/{ANY}",
    POINT: f"s3:{ANY}:{ANY}:accesspoint/",
    "aws_efs_file_system": f"elasticfilesystem:{ANY}:{ANY}:file-system/{ANY}",
}
"""Kind, or what it begins with -> its ARN behind the partition (AWS Service Authorization Reference)."""
ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
KEY_PATH = "rule.apply_server_side_encryption_by_default.kms_master_key_id"


class Store(Struct, frozen=True, eq=False):
    """A store of weights in AWS. guarded: its own policy. key: what encrypts it, where that is a key of the inputs."""

    resource: Resource
    arns: tuple[str, ...]
    partly: bool
    judged: Judge
    guarded: Guarded
    key: Resource | None
    opened: Guarded | None


def build_identity_readers(world: World) -> None:
    """Supply edges with the verb `read`, from a store to each identity of the inputs that may read it."""
    held = holders(world)
    stores = [_store(world, one) for one in world.inventory.of(*READS) if one.id in held]
    if stores:
        for principal in everybody(world):
            for store in stores:
                if store.resource.unit == principal.unit:
                    _read(world, store, principal)
    build_mounts(world)


def _store(world: World, one: Resource) -> Store:
    arn = arn_of(one)
    key = _key(world, one)
    opened = None if key is None else guarded(world, key)
    shape = next((shape for kind, shape in SHAPES.items() if one.kind.startswith(kind)), "")
    hidden = arn.partly or bool(shape)
    arns: tuple[str, ...] = (arn.text, f"arn:{ANY}:{shape}" if shape else f"{arn.text}/{ANY}")
    if one.kind == POINT:
        name = one.attrs.get("name")
        arns, hidden = (f"arn:{ANY}:{shape}{name if isinstance(name, str) else ANY}/object/{ANY}",), name is None
    return Store(one, arns, hidden, judge(world, one.unit), guarded(world, one), key, opened)


def _key(world: World, store: Resource) -> Resource | None:
    for one in world.inventory.of(ENCRYPTION, unit=store.unit):
        if world.inventory.find(one.attrs.get("bucket"), one, store.kind) is store:
            named = first(one, KEY_PATH)
            key = None if named is None else world.inventory.find(named.value, one, "aws_kms_key")
            return key if isinstance(key, Resource) and not key.data else None
    return None


def _read(world: World, store: Store, principal: Principal) -> None:
    best = _best(store, store.judged, principal)
    if best is not None:
        narrowed = about(world.inventory, principal, store.resource)
        best = best if narrowed is None else _best(store, judge(world, principal.unit), narrowed)
    if best is None:
        _unknown(world, store, principal)
        return
    access, because = best
    decrypts = _decrypts(store, principal)
    if decrypts is False:
        return
    statement = access.answer.statement
    policy = "" if statement is None else statement.policy
    doubt = decrypts if isinstance(decrypts, Doubt) else None
    if access.answer.truth is Truth.POSSIBLE:
        doubt = Doubt("condition-unevaluable", tuple(sorted(access.answer.decided_by)) or ("condition",))
    connect(
        world,
        store.resource.id,
        principal.node_id,
        f"policy `{policy}` allows `{access.action}` on `{access.answer.scope}`: {because}",
        None if statement is None else statement.origin,
        plane=Plane.SUPPLY,
        verb="read",
        doubt=doubt,
        cut=True,
    )


def _best(store: Store, judged: Judge, principal: Principal) -> tuple[Access, str] | None:
    """The widest access of a principal, and what it comes to."""
    best: tuple[Access, str] | None = None
    of = across(judged.world, store.guarded, store.resource, principal.resource)
    for action, because in READS[store.resource.kind]:
        access = judged.access(principal, action, store.arns, partly=store.partly, of=of)
        if access.answer.truth is not Truth.NO and (best is None or access.answer.truth > best[0].answer.truth):
            best = (access, because)
    return best


def _decrypts(store: Store, principal: Principal) -> bool | Doubt:
    """Whether the principal can use the key of the store: without it, what it may read stays sealed."""
    if store.key is None or store.opened is None:
        return True
    arn = arn_of(store.key)
    of = across(store.judged.world, store.opened, store.key, principal.resource)
    answer = store.judged.access(principal, "kms:Decrypt", (arn.text,), partly=arn.partly, of=of).answer
    if answer.truth is not Truth.POSSIBLE:
        return answer.truth is Truth.YES
    return Doubt("condition-unevaluable", tuple(sorted(answer.decided_by)) or (f"the policy of {store.key.address}",))


def _unknown(world: World, store: Store, principal: Principal) -> None:
    """The one possible edge of a principal some of whose policies nobody knows."""
    unknown, policy = principal.unknown, principal.unknown_policy
    if unknown is None or policy is None:
        return
    connect(
        world,
        store.resource.id,
        principal.node_id,
        f"what policy `{policy.name}` allows is not known: {unknown.cause}",
        policy.origin,
        plane=Plane.SUPPLY,
        verb="read",
        doubt=Doubt(unknown.code, unknown.decided_by or (policy.name,)),
        cut=True,
    )
