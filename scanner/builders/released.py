"""What runs of the safety stack, held against the release that the profile names, and guardrails against drafts."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.draft import World
from scanner.builders.inventory import names
from scanner.builders.observed import LIVE, entries
from scanner.builders.recognise.stack import entry_of, is_guardrail
from scanner.graph.facts_observed import Released
from scanner.graph.model import Role
from scanner.profile import GuardrailEntry, ReleaseEntry
from scanner.resource import Attrs, Resource
from scanner.unknown import Unknown


def build_released(world: World) -> None:
    """Released facts on each guardrail that an API told of, and on each member of the release."""
    shown = {entry.member: _shown(world, entry) for entry in world.profile.release if entry.images}
    for resource in world.inventory.all:
        if resource.source not in LIVE or resource.data:
            continue
        guardrail = Role.GUARDRAIL in world.nodes[resource.id].roles
        facts = list(_drafts(world, resource)) if guardrail else []
        for entry in world.profile.release:
            if _names(entry, resource):
                told = _version(resource, entry) if entry.version else _images(resource, entry, shown[entry.member])
                facts += [replace(one, member=entry.member) for one in told]
        for one in facts:
            world.add_fact(resource.id, one)


def _names(entry: ReleaseEntry, resource: Resource) -> bool:
    if entry.version:
        return is_guardrail(GuardrailEntry(entry.member, entry.origin), resource)
    return names(entry.member, resource.unit, resource.address)


def _at(one: Attrs | None) -> str:
    return "" if one is None else str(one.get("at") or "")


def _fact(resource: Resource, one: Attrs | None, aspect: str, of: str, good: bool | Unknown, because: str) -> Released:
    key = {"image": "digest", "version": "count"}.get(aspect, "behind")
    origin = None if one is None else one.marks.get(key)
    said = good.cause if isinstance(good, Unknown) else because
    return Released(origin=origin or resource.origin, because=said, aspect=aspect, of=of, good=good, at=_at(one))


def _drafts(world: World, resource: Resource) -> Iterator[Released]:
    """The version in use against the draft; where none is named, the answer must be the same for all of them."""
    entry = entry_of(world, resource)
    wanted = entry.version if entry is not None else ""
    told = [one for one in entries(resource, "draft") if one.get("of") == wanted or not wanted]
    if wanted == "DRAFT" or (not told and not wanted):
        return  # nothing is published that could be behind
    behind = [one.get("behind") for one in told]
    if not told:
        good: bool | Unknown = Unknown(f"version {wanted} of it was not read", decided_by=(resource.address,))
    elif len(set(map(str, behind))) > 1:
        cause = "the profile names no version, and some are behind the draft"
        good = Unknown(cause, decided_by=("profile:safety_stack.guardrails",))
    else:
        good = behind[0] if isinstance(behind[0], Unknown) else behind[0] is False
    version = wanted or "each version"
    says = "filters as the draft does" if good is True else "was published before the draft was changed"
    one = told[-1] if told else None
    yield _fact(resource, one, "draft", wanted, good, f"{version if not wanted else f'version {version}'} {says}")


def _version(resource: Resource, entry: ReleaseEntry) -> Iterator[Released]:
    """No other version is called, and the one of the release is published."""
    published = {str(one.get("of")) for one in entries(resource, "draft")}
    calls = [one for one in entries(resource, "calls") if one.get("of") != entry.version]
    if entry.version not in published and entry.version != "DRAFT":
        cause = f"version {entry.version} of it was not read"
        yield _fact(resource, None, "version", entry.version, Unknown(cause, decided_by=(resource.address,)), "")
    for one in calls:
        count, other = one.get("count"), str(one.get("of"))
        if isinstance(count, Unknown):
            yield _fact(resource, one, "version", other, count, "")
        elif count and other == "DRAFT":
            # Whoever tries the draft out calls it as well.
            unknown = Unknown(
                "its draft is called, and by whom is not told", decided_by=(f"calls of {resource.address}",)
            )
            yield _fact(resource, one, "version", other, unknown, "")
        elif count:
            because = f"version {other} got {count} calls in the {one.get('hours')} h before {one.get('at')}"
            yield _fact(resource, one, "version", other, False, because)
    if not entries(resource, "calls"):
        cause = "nothing that was read counts the calls of its versions"
        yield _fact(resource, None, "version", entry.version, Unknown(cause, decided_by=(resource.address,)), "")
    if all(one.get("count") == 0 for one in calls):
        yield _fact(resource, None, "version", entry.version, True, f"no version but {entry.version} is called")


class _Shown(Struct, frozen=True):
    """What ran in everything that an entry names. runs: the ids of what runs something; all of them without a `*`."""

    digests: frozenset[str]
    whole: bool
    runs: frozenset[str]


def _shown(world: World, entry: ReleaseEntry) -> _Shown:
    mine = [one for one in world.inventory.all if one.source in LIVE and not one.data and _names(entry, one)]
    running = [one for one in mine if entries(one, "image") or entries(one, "copies") or "*" not in entry.member]
    told = [one.get("digest") for each in running for one in entries(each, "image")]
    whole = bool(told) and not any(isinstance(one, Unknown) for one in told)
    return _Shown(frozenset(map(str, told)), whole, frozenset(one.id for one in running))


def _images(resource: Resource, entry: ReleaseEntry, shown: _Shown) -> Iterator[Released]:
    """Each image that runs is of the release, and each of the release runs in something that the entry names."""
    if resource.id not in shown.runs:
        return
    told = entries(resource, "image")
    if not told:
        cause = f"which images run in `{resource.address}` is in no answer that was read"
        yield _fact(resource, None, "image", "", Unknown(cause, decided_by=(resource.address,)), "")
        return
    for one in told:
        digest, of = one.get("digest"), str(one.get("of") or "")
        if isinstance(digest, Unknown):
            yield _fact(resource, one, "image", of, digest, "")
        else:
            because = f"`{of}` ran {digest}, as of {_at(one)}"
            yield _fact(resource, one, "image", str(digest), digest in entry.images, because)
    for digest in entry.images if shown.whole and resource.id == min(shown.runs) else ():
        if digest not in shown.digests:
            because = f"{digest} of the release ran nowhere in it, as of {_at(told[0])}"
            yield _fact(resource, told[0], "image", digest, False, because)
