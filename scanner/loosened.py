"""What one snapshot of a profile allows that another did not: each is a promise made weaker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from msgspec import Struct

from scanner.lock import Snapshot

STRENGTHS = ("NONE", "LOW", "MEDIUM", "HIGH")
Weaker = Callable[[str, str], bool]


class Change(Struct, frozen=True):
    """One loosening: the dotted key of the profile, the entry in it, and a sentence about it."""

    key: str
    entry: str
    what: str


def _differs(then: str, now: str) -> bool:
    return then != now


def _later(then: str, now: str) -> bool:
    """ISO dates sort as text."""
    return now > then


def _lower(then: str, now: str) -> bool:
    return int(now) < _number(then)


def _higher(then: str, now: str) -> bool:
    return int(now) > _number(then)


def _number(text: str) -> int:
    """A number of the lock; what is none allows nothing to differ from it."""
    return int(text) if text.isascii() and text.isdigit() else -1


def _weaker(then: str, now: str) -> bool:
    return then not in STRENGTHS or STRENGTHS.index(now) < STRENGTHS.index(then)


def _more_digests(then: str, now: str) -> bool:
    agreed = set(then.split())
    return "any" not in agreed and not set(now.split()) <= agreed


class _Way(Struct, frozen=True):
    """How a key is loosened: by an entry more, by an entry less, by a value that changes."""

    more: bool = False
    less: bool = False
    value: Weaker | None = None


WAYS: Mapping[str, _Way] = {
    "given": _Way(less=True),
    "places": _Way(more=True),
    "models.approved": _Way(more=True, value=_more_digests),
    "models.servers": _Way(less=True),
    "models.stores": _Way(less=True),
    "safety_stack.gateways": _Way(more=True),
    "safety_stack.classifiers": _Way(more=True, less=True),
    "safety_stack.guardrails": _Way(more=True, less=True, value=_differs),
    "safety_stack.required_filters": _Way(less=True, value=_weaker),
    "safety_stack.min_replicas": _Way(less=True, value=_lower),
    "safety_stack.max_age": _Way(less=True, value=_higher),
    "safety_stack.updates": _Way(less=True, value=_higher),
    "safety_stack.release": _Way(less=True, value=_differs),
    "stop_controls": _Way(less=True, value=_higher),
    "delivery.repositories": _Way(more=True),
    "delivery.keys": _Way(more=True),
    "operators": _Way(more=True),
    "tenants.agreed": _Way(more=True),
    "tenants.excluded": _Way(less=True),
    "evidence.sinks": _Way(more=True, less=True),
    "trusted": _Way(more=True, value=_later),
    "not_models": _Way(more=True),
    "platform": _Way(more=True),
    "require": _Way(less=True),
    "waivers": _Way(more=True, value=_later),
    "units": _Way(less=True, value=_differs),
    "charts": _Way(less=True, value=_differs),
    "contracts": _Way(less=True, value=_differs),
}
"""Every key of a snapshot. A classifier more is one more server that no path is asked for; one less need not run."""


def loosened(then: Snapshot, now: Snapshot) -> Iterator[Change]:
    """The loosenings from one snapshot to the other, in the order of the keys; what is not comparable counts as one."""
    for key, way in WAYS.items():
        before, after = then[key], now[key]
        for entry in sorted(set(after) - set(before)) if way.more else ():
            if not _narrows(key, entry, then):
                yield Change(key, entry, f"`{key}` has `{entry}`, which was not agreed")
        for entry in sorted(set(before) - set(after)) if way.less else ():
            gone = f"`{entry}` is not given any more" if key == "given" else f"`{key}` has no `{entry}` any more"
            yield Change(entry, "", gone) if key == "given" else Change(key, entry, gone)
        for entry in sorted(set(before) & set(after)):
            if way.value is not None and before[entry] != after[entry] and way.value(before[entry], after[entry]):
                yield Change(key, entry, f"`{key}` says `{after[entry]}` of `{entry}`, not `{before[entry]}`")


def _narrows(key: str, entry: str, then: Snapshot) -> bool:
    """Whether a new entry takes something away: a partition where all were approved, guardrails where all counted."""
    if key == "places":
        provider, partition, _ = entry.partition(" partition ")
        return bool(partition) and f"{provider} partition *" in then[key]
    return key == "safety_stack.guardrails" and key not in then["given"]
