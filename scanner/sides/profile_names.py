"""A profile names a thing once, as one side calls it: on the other side it means the same thing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from fnmatch import fnmatchcase

from msgspec.structs import replace

from scanner.profile import Profile

_LISTS = ("servers", "gateways", "classifiers", "operators", "evidence_sinks", "platform")
"""The keys of a profile that list addresses."""
_AS_WELL = ("tenants_agreed", "tenants_excluded", "keys")
"""Those that may list addresses among other things."""
Told = Callable[[str], tuple[str, ...]]
"""What an entry of a profile is to say: other entries in its place."""


def alias(names: Mapping[str, str]) -> Told:
    """Each entry, and beside it the new name of every thing whose old one it names. names: new ones by old ones."""

    def told(entry: str) -> tuple[str, ...]:
        if "*" not in entry:
            return (names[entry],) if entry in names else (entry,)
        pattern = entry.replace("[", "[[]")
        found = (new for old, new in names.items() if fnmatchcase(old, pattern) and not fnmatchcase(new, pattern))
        return (entry, *dict.fromkeys(found))

    return told


def renamed(profile: Profile, told: Told) -> Profile:
    """The profile with each address as `told` has it, waivers among them. Contracts stay as they are written."""
    lists = {name: tuple(dict.fromkeys(_each(getattr(profile, name), told))) for name in (*_LISTS, *_AS_WELL)}
    return replace(
        profile,
        **lists,
        guardrails=tuple(replace(one, id=name) for one in profile.guardrails for name in told(one.id)),
        updates=tuple(
            replace(one, classifier=classifier, by=by)
            for one in profile.updates
            for classifier in told(one.classifier)
            for by in told(one.by)
        ),
        release=tuple(replace(one, member=name) for one in profile.release for name in told(one.member)),
        stop_controls=tuple(replace(one, subject=name) for one in profile.stop_controls for name in told(one.subject)),
        not_models=tuple(replace(one, subject=name) for one in profile.not_models for name in told(one.subject)),
        units=tuple(replace(one, cluster=told(one.cluster)[-1]) for one in profile.units),
        waivers=tuple(replace(one, subject=_exactly(one.subject, told)) for one in profile.waivers),
        trusted=tuple(
            replace(one, source=source, target=target)
            for one in profile.trusted
            for source in told(one.source)
            for target in told(one.target)
        ),
    )


def _exactly(name: str, told: Told) -> str:
    """What a name that is no pattern is called: a waiver is of one thing."""
    return name if "*" in name else told(name)[0]


def _each(entries: tuple[str, ...], told: Told) -> list[str]:
    return [name for entry in entries for name in told(entry)]


def without(profile: Profile, own: frozenset[str], others: frozenset[str]) -> Profile:
    """The profile without the entries that name nothing of `own` and something of `others`.

    Where that is every guardrail or every classifier they stay: a view without any has the promise all the same.
    """

    def stays(entry: str) -> bool:
        return names_one(entry, own) or not names_one(entry, others)

    lists = {name: tuple(one for one in getattr(profile, name) if stays(one)) for name in _LISTS}
    lists["classifiers"] = lists["classifiers"] or profile.classifiers
    return replace(
        profile,
        **lists,
        guardrails=tuple(one for one in profile.guardrails if stays(one.id)) or profile.guardrails,
        updates=tuple(one for one in profile.updates if stays(one.classifier)),
        release=tuple(one for one in profile.release if stays(one.member)),
        stop_controls=tuple(one for one in profile.stop_controls if stays(one.subject)),
    )


def names_one(entry: str, names: Collection[str]) -> bool:
    """Whether an entry is one of some names, or is a pattern that one of them fits; brackets are literal."""
    if "*" not in entry:
        return entry in names
    pattern = entry.replace("[", "[[]")
    return any(fnmatchcase(one, pattern) for one in names)
