"""Agents and flows of Bedrock: which guardrail each is bound to, at which version."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_policy.guard import GUARDRAILS, VERSIONS
from scanner.builders.blocks import Found, doubt, reach, text
from scanner.builders.draft import World
from scanner.graph.facts import Binding
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.profile import GuardrailEntry
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

AGENTS = ("aws_bedrockagent_agent", "awscc_bedrock_agent")
FLOWS = {
    "aws_bedrockagent_flow": ("definition.node", "knowledge_base"),
    "awscc_bedrock_flow": ("definition.nodes", "knowledge_base"),
}
"""Type of a flow -> where its nodes stand, and the word for a node that asks a knowledge base."""
PROFILE_KEY = "profile:safety_stack.guardrails"
_NUMBER = lazy("[1-9][0-9]{0,7}")
_ID = lazy(r"^(?:arn:[^:]+:bedrock:[^:]*:[^:]*:guardrail/)?(?P<id>[a-z0-9]+)(?::(?P<version>\w+))?$")


def agents(world: World) -> Iterator[tuple[Resource, Binding]]:
    """A Binding for each agent."""
    for one in world.inventory.of(*AGENTS):
        blocks = list(reach(one.attrs, "guardrail_configuration", one.origin))
        yield one, bound(world, one, "", _single(blocks), one.origin)


def flows(world: World) -> Iterator[tuple[Resource, Binding]]:
    """A Binding for each node of a flow that calls a model."""
    for kind, (path, base) in FLOWS.items():
        for one in world.inventory.of(kind):
            for node in _items(reach(one.attrs, path, one.origin)):
                for word in ("prompt", base):
                    for block in _items(reach(node.value, f"configuration.{word}", node.origin)):
                        yield one, _of_node(world, one, node, block)


def _of_node(world: World, flow: Resource, node: Found, block: Found) -> Binding:
    name = text(dig(node.value, "name")) or "*"
    if isinstance(block.value, Unknown):
        return bound(world, flow, f"node `{name}`", Found(block.value, block.origin), block.origin)
    found = _single(list(reach(block.value, "guardrail_configuration", block.origin)))
    return bound(world, flow, f"node `{name}`", found, mark(node.value, "name") or block.origin)


def _items(found: Iterator[Found]) -> Iterator[Found]:
    for one in found:
        values = one.value if isinstance(one.value, list | tuple) else [one.value]
        for index, value in enumerate(values):
            yield Found(value, mark(one.value, index) or one.origin, one.possible or doubt(value))


def _single(blocks: list[Found]) -> Found | None:
    """The one block, with its doubt; None where there is none."""
    listed = list(_items(iter(blocks)))
    return listed[0] if listed else None


def bound(world: World, owner: Resource, part: str, block: Found | None, where: Origin | None) -> Binding:
    """What a `guardrail_configuration` binds; a block that may not exist binds nothing for certain."""
    if block is None:
        because = "`guardrail_configuration` is not set: the default is no guardrail"
        return Binding(origin=where, because=because, part=part, guardrail="", approved=False, published=False)
    unknown = block.possible or (block.value if isinstance(block.value, Unknown) else None)
    if unknown is not None:
        because = "whether a guardrail is bound is not known"
        return Binding(
            origin=block.origin, because=because, part=part, guardrail=unknown, approved=unknown, published=unknown
        )
    named, version = dig(block.value, "guardrail_identifier"), dig(block.value, "guardrail_version")
    approved, entry = _approved(world, owner, named)
    published, says = _published(world, owner, version, entry)
    place = mark(block.value, "guardrail_version") if published is not True else None
    return Binding(
        origin=place or mark(block.value, "guardrail_identifier") or block.origin,
        because=says if published is not True else f"`guardrail_identifier` names `{_shown(world, owner, named)}`",
        part=part,
        guardrail=_shown(world, owner, named),
        approved=approved,
        published=published,
    )


def _shown(world: World, owner: Resource, named: Value) -> str | Unknown:
    target = world.inventory.find(named, owner, *GUARDRAILS, *VERSIONS)
    if isinstance(target, Resource):
        return target.address
    return named if isinstance(named, Unknown) else text(named) or "*"


def _approved(world: World, owner: Resource, named: Value) -> tuple[bool | Unknown, GuardrailEntry | None]:
    """Whether a guardrail is one of the profile; without a list every one that is declared here may be."""
    entries = world.profile.guardrails
    target = world.inventory.find(named, owner, *GUARDRAILS, *VERSIONS)
    if isinstance(target, Resource):
        if target.kind in VERSIONS:
            behind = world.inventory.find(target.attrs.get("guardrail_arn"), owner, *GUARDRAILS)
            target = behind if isinstance(behind, Resource) else target
        if Role.GUARDRAIL in world.nodes[target.id].roles:
            return _listed(world, target.address, entries)
        return (False, None) if entries or world.profile.has("safety_stack.guardrails") else (_unlisted(), None)
    if isinstance(named, Unknown):
        return named, None
    return _by_id(text(named), entries)


def _listed(
    world: World, address: str, entries: tuple[GuardrailEntry, ...]
) -> tuple[bool | Unknown, GuardrailEntry | None]:
    if not entries:
        return _unlisted(), None
    own = [entry for entry in entries if entry.id == address or entry.id.endswith(f":{address}")]
    return True, own[0] if own else None


def _by_id(named: str, entries: tuple[GuardrailEntry, ...]) -> tuple[bool | Unknown, GuardrailEntry | None]:
    found = _ID.match(named)
    short = found["id"] if found else named
    for entry in entries:
        if entry.id in (named, short) or entry.id.endswith(f"guardrail/{short}"):
            return True, entry
    if not entries:
        return _unlisted(), None
    by_address = any("." in entry.id for entry in entries)
    cause = f"whether `{named}` is a guardrail of the profile is not known: the profile names it by address"
    return (Unknown(cause, decided_by=(PROFILE_KEY,)), None) if by_address else (False, None)


def _unlisted() -> Unknown:
    return Unknown("the profile names no guardrail", decided_by=(PROFILE_KEY,))


def _published(
    world: World, owner: Resource, version: Value, entry: GuardrailEntry | None
) -> tuple[bool | Unknown, str]:
    if isinstance(version, Unknown):
        source = None if version.ref is None else world.inventory.at(owner.unit, version.ref.address)
        if source is None:
            return version, "which version is bound is not known"
        if source.kind in GUARDRAILS:
            return False, "the version of the guardrail itself is its draft"
        return True, "a published version is bound"
    if version is None:
        return False, "`guardrail_version` is not set: no published version is bound"
    written = str(version)
    if not _NUMBER.fullmatch(written):
        return False, f"`guardrail_version` is `{written}`, which is no published version"
    if entry is not None and entry.version not in ("", written):
        return False, f"`guardrail_version` is `{written}`, and the profile asks for {entry.version}"
    return True, f"`guardrail_version` is `{written}`"
