"""Which identities of the inputs may read a store of weights: by their own policies, by the store's, or by a mount."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.builders.aws_identity.access import Access, Judge, judge
from scanner.builders.aws_identity.arns import arn_of
from scanner.builders.aws_identity.guarded import across, guarded
from scanner.builders.aws_identity.principals import Principal, principals
from scanner.builders.aws_policy.authorize import Guarded
from scanner.builders.aws_policy.match import ANY, Truth
from scanner.builders.blocks import first
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect
from scanner.builders.supply.mounts import build_mounts
from scanner.graph.model import Plane, Role
from scanner.resource import Resource

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
}
"""Kind of a store -> the actions that read, copy or share what is in it."""
ENCRYPTION = "aws_s3_bucket_server_side_encryption_configuration"
KEY_PATH = "rule.apply_server_side_encryption_by_default.kms_master_key_id"


@dataclass(frozen=True, slots=True, eq=False)
class Store:
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
    stores = [_store(world, one) for one in world.inventory.of(*READS) if Role.STORE in world.nodes[one.id].roles]
    if stores:
        for principal in principals(world):
            for store in stores:
                if store.resource.unit == principal.unit:
                    _read(world, store, principal)
    build_mounts(world)


def _store(world: World, one: Resource) -> Store:
    arn = arn_of(one)
    key = _key(world, one)
    opened = None if key is None else guarded(world, key)
    arns = (arn.text, f"{arn.text}/{ANY}")
    return Store(one, arns, arn.partly, judge(world, one.unit), guarded(world, one), key, opened)


def _key(world: World, store: Resource) -> Resource | None:
    for one in world.inventory.of(ENCRYPTION, unit=store.unit):
        if world.inventory.find(one.attrs.get("bucket"), one.unit, store.kind) is store:
            named = first(one, KEY_PATH)
            key = None if named is None else world.inventory.find(named.value, one.unit, "aws_kms_key")
            return key if isinstance(key, Resource) and not key.data else None
    return None


def _read(world: World, store: Store, principal: Principal) -> None:
    best: tuple[Access, str] | None = None
    for action, because in READS[store.resource.kind]:
        of = across(store.judged.world, store.guarded, store.resource, principal.resource)
        access = store.judged.access(principal, action, store.arns, partly=store.partly, of=of)
        if access.answer.truth is not Truth.NO and (best is None or access.answer.truth > best[0].answer.truth):
            best = (access, because)
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
