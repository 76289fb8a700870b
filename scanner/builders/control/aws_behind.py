"""What the stack hangs on in AWS: its keys, images and settings, the groups and fronts before it, what calls with it.

Each is a relay of the control plane: who may change it changes what it leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.builders.blocks import at, strings
from scanner.builders.control.aws_fronts import fronts
from scanner.builders.control.aws_holds import Behind, Hold, members, told
from scanner.builders.control.aws_keys import keys
from scanner.builders.control.aws_packages import packages
from scanner.builders.draft import World
from scanner.builders.edges import connect, doubt_of
from scanner.builders.recognise.containers import containers_of
from scanner.graph.model import STACK, Plane, Role
from scanner.resource import Resource
from scanner.unknown import Unknown, refs_in, unknowns_in

REPOSITORY = "aws_ecr_repository"
SETTINGS = {
    "aws_ssm_parameter": "parameter",
    "aws_secretsmanager_secret": "secret",
    "aws_appconfig_application": "configuration",
    "aws_appconfig_environment": "configuration",
    "aws_appconfig_configuration_profile": "configuration",
}
"""Kind of what settings are kept in -> the rows of the control table that change it."""
GROUPS = ("aws_security_group", "aws_default_security_group")
CONSUMERS = ("aws_bedrockagent_agent", "awscc_bedrock_agent", "aws_bedrockagent_flow", "awscc_bedrock_flow")
ON_FIXED = frozenset({"ecr:PutImageTagMutability", "ecr:BatchDeleteImage", "ecr:DeleteRepository"})
"""Rows that change something for who runs an image by its digest as well, or by a tag that cannot move."""


def behind(world: World) -> Iterator[Behind]:
    """Every relay, its onward edges made."""
    stack = list(members(world))
    found = [*_settings(world, stack), *_images(world, stack), *_groups(world), *_consumers(world)]
    settings = frozenset(each.resource.id for each in found if each.changes in SETTINGS.values())
    for each in (*found, *fronts(world, stack), *packages(world), *keys(world, settings)):
        if not world.nodes[each.resource.id].actor:
            for hold in each.holds:
                connect(
                    world, each.resource.id, hold.node_id, hold.because, hold.origin,
                    plane=Plane.CONTROL, verb="write", doubt=hold.doubt,
                )  # fmt: skip
        yield each


def _settings(world: World, stack: list[tuple[Resource, list[Resource]]]) -> Iterator[Behind]:
    """Parameters, secrets and configurations that a member of the stack is told of."""
    for one in world.inventory.of(*SETTINGS):
        called = [one.attrs.get(key) for key in ("name", "arn")]
        holds = tuple(_held(stack, one, called, "it is told what to do by it"))
        if holds:
            yield Behind(one, SETTINGS[one.kind], holds)


def _images(world: World, stack: list[tuple[Resource, list[Resource]]]) -> Iterator[Behind]:
    """Repositories that a member of the stack runs an image of; by its digest it runs no other."""
    for one in world.inventory.of(REPOSITORY):
        name = one.attrs.get("name")
        called = [f"amazonaws.com/{name}" if isinstance(name, str) else None, one.attrs.get("repository_url")]
        holds = (*_held(stack, one, called, "it runs an image of it"), *_untold(stack, one))
        if not holds:
            continue
        runs = {hold.node_id for hold in holds}
        parts = [part for each, parts in stack if each.id in runs for part in parts]
        texts = [text for part in parts for text in _written(part, one)]
        pinned = bool(texts) and all("@sha256:" in text for text in texts)
        fixed = pinned or one.attrs.get("image_tag_mutability") == "IMMUTABLE"
        yield Behind(one, "image", holds, ON_FIXED if fixed else None)


def _untold(stack: list[tuple[Resource, list[Resource]]], repository: Resource) -> Iterator[Hold]:
    """Members of the stack that run an image of which nothing is known: it may be one of the repository."""
    for member, parts in stack:
        for part in parts if member.unit == repository.unit else ():
            images = at(part, "image_uri") + [one.image for one in containers_of(part) if one.image is not None]
            for found in images:
                if isinstance(found.value, Unknown) and not found.text and found.value.ref is None:
                    because = "it may run an image of it, which is not known"
                    yield Hold(member.id, because, found.origin or part.origin, doubt_of(found.value))


def _written(part: Resource, repository: Resource) -> Iterator[str]:
    """What a part says behind the name of the repository: a tag, a digest or nothing."""
    name = repository.attrs.get("name")
    for found in strings(part.attrs):
        if isinstance(name, str) and f"amazonaws.com/{name}" in found.text:
            yield found.text.partition(f"amazonaws.com/{name}")[2].partition('"')[0]
    for unknown in unknowns_in(part.attrs):
        for index, piece in enumerate(unknown.pieces):
            if isinstance(piece, Unknown) and any(ref.address == repository.address for ref in refs_in(piece)):
                after = unknown.pieces[index + 1 : index + 2]
                yield after[0].partition('"')[0] if after and isinstance(after[0], str) else ""


def _held(
    stack: list[tuple[Resource, list[Resource]]], one: Resource, called: Sequence[object], because: str
) -> Iterator[Hold]:
    for member, parts in stack:
        found = told(parts, one, called)
        if found is not None and member.id != one.id:
            yield Hold(member.id, f"{because}: {found.because}", found.origin, found.doubt)


def _groups(world: World) -> Iterator[Behind]:
    """Security groups of models, of the stack and of endpoints that guard a model."""
    holds: dict[str, list[Hold]] = {}
    for one, parts in members(world, STACK | {Role.MODEL, Role.GUARD}):
        for part in parts:
            for ref in refs_in(part.attrs):
                group = world.inventory.at(one.unit, ref.address)
                if group is not None and group.kind in GROUPS and not group.data:
                    hold = Hold(one.id, "it lets traffic in and out", part.origin, doubt_of(part.possible))
                    holds.setdefault(group.id, []).append(hold)
    for group_id, some in holds.items():
        unique = {hold.node_id: hold for hold in some}
        yield Behind(world.inventory.by_id[group_id], "network", tuple(unique.values()))


def _consumers(world: World) -> Iterator[Behind]:
    """Agents and flows that call with a guardrail of the stack."""
    guardrails = world.with_role(Role.GUARDRAIL)
    for one in world.inventory.of(*CONSUMERS):
        holds = []
        for node in guardrails:
            named = world.inventory.by_id.get(node.id)
            parts = [one, *_versions(world, one)]
            called = (
                [node.name] if named is None else [named.attrs.get(key) for key in ("guardrail_id", "guardrail_arn")]
            )
            found = told(parts, named or one, called) if named is not one else None
            if found is not None:
                holds.append(Hold(node.id, "calls of it pass the guardrail", found.origin, found.doubt))
        if holds:
            yield Behind(one, "model-consumer", tuple(holds))


def _versions(world: World, one: Resource) -> Iterator[Resource]:
    """Versions of guardrails that it refers to: they name the guardrail."""
    for ref in refs_in(one.attrs):
        named = world.inventory.at(one.unit, ref.address)
        if named is not None and named.kind.endswith("_guardrail_version"):
            yield named
