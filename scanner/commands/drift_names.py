"""A profile names a thing once, as one side calls it: on the other side it means the same thing."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from scanner.builders.build import build
from scanner.commands.drift_join import Joined, join, side
from scanner.graph.model import Node
from scanner.profile import Profile
from scanner.scan import Scanned

_LISTS = ("servers", "gateways", "classifiers", "operators", "evidence_sinks", "platform")
"""The keys of a profile that list addresses."""


def with_names_of_both(declared: Scanned, live: Scanned) -> tuple[Scanned, Scanned]:
    """Both sides, each built with the profile as it would name its own things. Contracts stay as they are written."""
    both = join(side(declared), side(live))
    return _renamed(declared, live, both, both.declared, both.live), _renamed(
        live, declared, both, both.live, both.declared
    )


def _renamed(
    mine: Scanned, other: Scanned, both: Joined, ours: Mapping[str, str], theirs: Mapping[str, str]
) -> Scanned:
    here = mine.built.graph.nodes
    partners = {key: id_ for id_, key in ours.items() if id_ not in both.doubtful}
    known = {name for node in here.values() if node.kind != "Guardrail" for name in (node.address, node.id)}
    found: dict[str, str] = {}
    for id_, node in other.built.graph.nodes.items():
        partner = partners.get(theirs.get(id_, ""))
        if partner is not None and id_ not in both.doubtful:
            found.update(dict.fromkeys(_names(node), here[partner].address))

    def told(entry: str) -> str:
        return entry if entry in known else found.get(entry, entry)

    profile = _told(mine.profile, told)
    if profile == mine.profile:
        return mine
    return replace(mine, profile=profile, built=build(mine.reading.resources, profile))


def _names(node: Node) -> tuple[str, str]:
    return node.address, node.id


def _told(profile: Profile, told: Callable[[str], str]) -> Profile:
    """The profile with each address as `told` has it."""
    lists = {name: tuple(told(entry) for entry in getattr(profile, name)) for name in _LISTS}
    return replace(
        profile,
        **lists,
        guardrails=tuple(replace(one, id=told(one.id)) for one in profile.guardrails),
        not_models=tuple(replace(one, subject=told(one.subject)) for one in profile.not_models),
        trusted=tuple(replace(one, source=told(one.source), target=told(one.target)) for one in profile.trusted),
    )
