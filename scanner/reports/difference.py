"""Two reports, as plain values, held against each other: what opened, what closed, and which verdicts changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from scanner.findings import NOT_CHOSEN

Json = dict[str, Any]
RANK = {"holds": 0, "not-judged": 0, "unproven": 1, "violated": 2}
_REWRITTEN = ("module", "conflict")
"""Kinds of unread inputs that stand in a file which is read: an edit elsewhere in it leaves them what they are."""


class Turned(Struct, frozen=True):
    """A verdict that is another one now."""

    id: str
    before: str
    now: str

    @property
    def worse(self) -> bool:
        """Whether less is promised now."""
        return RANK[self.now] > RANK[self.before]


class Difference(Struct, frozen=True):
    """What differs from `base` to `head`; findings are those of the reports, in their order.

    opened, closed: findings whose fingerprint the other side does not have. widened: findings of both that speak of
    more things in head, with what was added. turned: the same way, judged otherwise (its finding in base and in
    head); these are in neither `opened` nor `closed`. lost: what base looked at and head did not.
    """

    opened: tuple[Json, ...]
    closed: tuple[Json, ...]
    widened: tuple[tuple[Json, tuple[str, ...]], ...]
    turned: tuple[tuple[Json, Json], ...]
    commitments: tuple[Turned, ...]
    rules: tuple[Turned, ...]
    unread: tuple[Json, ...]
    read_now: tuple[Json, ...]
    lost: tuple[str, ...]


def difference(base: Json, head: Json) -> Difference:
    """Hold `head` against `base`; both have the shape that the report schema gives them."""
    before, now = _by_fingerprint(base), _by_fingerprint(head)
    # Two units can hold one address: a fingerprint counts as often as it is there.
    opened = [one for key, ones in now.items() for one in ones[len(before.get(key, ())) :]]
    closed = [one for key, ones in before.items() for one in ones[len(now.get(key, ())) :]]
    turned = tuple(_turned(closed, opened))
    gone, come = {id(one) for one, _ in turned}, {id(other) for _, other in turned}
    both = (pair for key, ones in now.items() for pair in zip(before.get(key, ()), ones, strict=False))
    widened = ((one, _more(old, one)) for old, one in both)
    return Difference(
        opened=tuple(one for one in opened if id(one) not in come),
        closed=tuple(one for one in closed if id(one) not in gone),
        widened=tuple((one, more) for one, more in widened if more),
        turned=turned,
        commitments=_verdicts(base["commitments"], head["commitments"]),
        rules=_verdicts(base["rules"], head["rules"]),
        unread=tuple(_only(head, base)),
        read_now=tuple(_only(base, head)),
        lost=tuple(_lost(base, head)),
    )


def _by_fingerprint(report: Json) -> dict[str, list[Json]]:
    grouped: dict[str, list[Json]] = {}
    for one in report["findings"]:
        grouped.setdefault(one["fingerprint"], []).append(one)
    return grouped


def _way(one: Json) -> tuple[str, ...]:
    """The way of a finding, whatever its verdict and whatever decides it."""
    return (one["rule"], one["subject"]["address"], *(hop["address"] for hop in one["hops"]))


def _turned(closed: Sequence[Json], opened: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Findings of one way; those without one may be of different things about their subject, and are not paired."""
    waiting: dict[tuple[str, ...], list[Json]] = {}
    for one in opened:
        waiting.setdefault(_way(one), []).append(one)
    for one in closed:
        others = waiting.get(_way(one), []) if len(one["hops"]) > 1 else []
        if others:
            yield one, others.pop(0)


def _more(before: Json, now: Json) -> tuple[str, ...]:
    """What a finding of both sides speaks of in addition: instances by name, ways by number."""
    known = {before["subject"]["address"], *before["also"]}
    added = tuple(one for one in now["also"] if one not in known)
    if not added and now["ways"] > before["ways"]:
        return (f"{now['ways'] - before['ways']} more of its kind",)
    return added


def _verdicts(before: Sequence[Json], now: Sequence[Json]) -> tuple[Turned, ...]:
    old = {one["id"]: one["verdict"] for one in before}
    pairs = ((one["id"], old.get(one["id"], "not-judged"), one["verdict"]) for one in now)
    return tuple(Turned(*one) for one in pairs if one[1] != one[2])


def _only(one: Json, other: Json) -> Iterator[Json]:
    """The unread inputs of `one` that `other` does not have, each as often as it has more of them."""
    known = Counter(_unread_key(entry, _digests(other)) for entry in other["unread"])
    digests = _digests(one)
    for entry in one["unread"]:
        key = _unread_key(entry, digests)
        if known[key]:
            known[key] -= 1
        else:
            yield entry


def _digests(report: Json) -> Mapping[str, str]:
    return {one["path"]: one["sha256"] for one in report["inputs"]}


def _unread_key(entry: Json, digests: Mapping[str, str]) -> tuple[str, ...]:
    """An unread input without its line; a file with other content that nobody could read is another one."""
    where = entry.get("origin") or {}
    path = where.get("path", "") if "api" not in where else str(sorted(where["api"].items(), key=str))
    content = "" if entry["kind"] in _REWRITTEN else digests.get(path, "")
    return (path, entry["kind"], entry["cause"], content)


def _lost(base: Json, head: Json) -> Iterator[str]:
    notes = {one["id"]: one["note"] for one in head["rules"]}
    for one in base["rules"]:
        if one["verdict"] != "not-judged" and one["id"] not in notes:
            yield f"the rule `{one['id']}` is not there any more"
        elif one["verdict"] != "not-judged" and notes[one["id"]] == NOT_CHOSEN:
            yield f"the rule `{one['id']}` was not chosen"
    for basis in base["scope"]["basis"]:
        if basis not in head["scope"]["basis"]:
            yield f"nothing {basis} was read"
