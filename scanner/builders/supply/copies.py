"""Copies of what a store holds: replication, jobs, shares, images and snapshots, by the table `copies`."""

from __future__ import annotations

from collections.abc import Mapping

from scanner import tables
from scanner.builders.blocks import Found, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.builders.supply.named import ends
from scanner.graph.facts import Placement
from scanner.graph.model import Plane, Role
from scanner.resource import Resource, mark
from scanner.table_rows import Copy
from scanner.unknown import Ref, Unknown, refs_in

REPLICATION = "aws_s3_bucket_replication_configuration"
BLOCKS, FILES = ("aws_ebs", "aws_ami"), ("aws_efs", "aws_fsx")
FAMILIES = {
    "aws_ami": BLOCKS,
    "aws_ebs": BLOCKS,
    "aws_instance": BLOCKS,
    "aws_launch_template": BLOCKS,
    "aws_volume": BLOCKS,
    "aws_efs": FILES,
    "aws_fsx_backup": FILES,
    "aws_s3": ("aws_s3", "awscc_s3"),
}
"""What a type begins with -> what the kinds begin with that it can copy; any kind for the others."""


def handled() -> frozenset[str]:
    """The types that copy something, with those that only name an end of a copy."""
    own = {row.type for row in tables.copies()}
    return frozenset(own | {"aws_ecr_replication_configuration", "aws_datasync_location_s3", "aws_ecr_repository"})


def build_copies(world: World) -> None:
    """Supply edges with the verb `copy`, of every resource of the table."""
    for row in tables.copies():
        for one in world.inventory.of(row.type):
            if not one.data:
                _copy(world, one, row)
    for one in world.inventory.of("aws_ecr_replication_configuration"):
        _registry(world, one)


def _copy(world: World, one: Resource, row: Copy) -> None:
    sources = [(found, end) for found in _at(one, row.taken) for end in _sources(world, found, one)]
    targets = [(found, end) for found in _at(one, row.given) for end in ends(world, found, one.unit, row.outside)]
    if not sources or not targets:
        return
    exists = doubt_of(one.possible)
    off, because = _switched_off(one, row.off), row.because
    if off is True:
        return
    why = first_doubt(exists, off if isinstance(off, Doubt) else None)
    if one.kind == REPLICATION:
        _replicas(world, one)
    if row.via:
        for found, (source, unsure) in sources:
            _edge(world, source, one.id, f"`{one.address}` reads from it", found, first_doubt(why, unsure))
        for found, (target, unsure) in targets:
            _edge(world, one.id, target, because, found, first_doubt(why, unsure))
        return
    for taken, (source, unsure) in sources:
        for found, (target, also) in targets:
            place = taken if found.origin == one.origin else found
            _edge(world, source, target, f"`{one.address}`: {because}", place, first_doubt(why, unsure, also))


def _sources(world: World, found: Found, one: Resource) -> list[tuple[str, Doubt | None]]:
    """What a copy is made of; where nobody knows, any store of a kind that the type can copy."""
    some = ends(world, found, one.unit, "")
    if not isinstance(found.value, Unknown) or any(refs_in(found.value)):
        return some
    family = next((kinds for start, kinds in FAMILIES.items() if one.kind.startswith(start)), ())
    return [end for end in some if not family or world.nodes[end[0]].kind.startswith(family)]


def _replicas(world: World, one: Resource) -> None:
    """The account of a bucket that the inputs do not show, where the replication says to whom its objects belong."""
    for found in values(one, "rule.destination"):
        block = found.value if isinstance(found.value, Mapping) else {}
        account = block.get("account")
        if not isinstance(account, str) or not account:
            continue
        bucket = Found(block.get("bucket"), mark(block, "bucket") or found.origin)
        for node, _ in ends(world, bucket, one.unit, "bucket"):
            if Role.EXTERNAL in world.nodes[node].roles:
                because = "the replicas belong to this account"
                region = Unknown("the region of the bucket is not known", decided_by=(world.nodes[node].name,))
                fact = Placement(origin=mark(block, "account") or found.origin, because=because, place_class="cloud",
                                 provider="aws", account=account, region=region)  # fmt: skip
                world.add_fact(node, fact)


def _at(one: Resource, paths: tuple[str, ...]) -> list[Found]:
    """The values at the first path that has any; the resource itself for the empty path."""
    for path in paths:
        if not path:
            return [Found(_itself(one), one.origin)]
        found = values(one, path)
        if found:
            return found
    return []


def _itself(one: Resource) -> Unknown:
    return Unknown(one.address, decided_by=(one.address,), ref=Ref(one.address))


def _edge(world: World, source: str, target: str, because: str, found: Found, doubt: Doubt | None) -> None:
    connect(world, source, target, because, found.origin, plane=Plane.SUPPLY, verb="copy", doubt=doubt, cut=True)


def _switched_off(one: Resource, off: str) -> bool | Doubt:
    """Whether a copy does nothing: every entry says so; a doubt where one may, or where it is not known."""
    path, _, word = off.partition("=")
    states = [found.value for found in values(one, path)] if path else []
    if not states:
        return False
    if all(state == word for state in states):
        return True
    if any(state == word or isinstance(state, Unknown) for state in states):
        return Doubt("value-unknown", (f"{one.address}.{path}",))
    return False


def _registry(world: World, one: Resource) -> None:
    """ECR replicates every repository that a rule's filters let through, or all where there is none."""
    prefixes = [text(found.value) for found in values(one, "replication_configuration.rule.repository_filter.filter")]
    for found in values(one, "replication_configuration.rule.destination"):
        block = found.value if isinstance(found.value, Mapping) else {}
        region, account = (block.get(key) for key in ("region", "registry_id"))
        name = f"registry/{text(account) or '*'}/{text(region) or '*'}"
        node = world.external(name, "Registry", actor=False)
        world.add_fact(
            node.id,
            Placement(
                origin=found.origin,
                because="the registry is replicated here",
                place_class="cloud",
                provider="aws",
                account=account if isinstance(account, (str, Unknown)) else "",
                region=region if isinstance(region, (str, Unknown)) else "",
            ),
        )
        for repository in world.inventory.of("aws_ecr_repository", unit=one.unit):
            own = repository.attrs.get("name")
            if prefixes and isinstance(own, str) and not any(own.startswith(prefix) for prefix in prefixes):
                continue
            unsure = doubt_of(own) if prefixes and isinstance(own, Unknown) else None
            doubt = first_doubt(doubt_of(found.possible), unsure, doubt_of(one.possible))
            _edge(world, repository.id, node.id, "the registry replicates the repository", found, doubt)
