"""What is live and not declared, and the other way round, as text and as JSON of the schema `tether.drift/1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from msgspec import Struct

from scanner.origin import Origin
from scanner.reports.plain import Json, dumped, origin, text
from scanner.reports.safe import cut, inert, safe
from scanner.reports.words import place, plural
from scanner.resource import Unread

SCHEMA = "tether.drift/1"
_HEADS = {"live": "live and not declared", "declared": "declared and not live"}
_SIGN = {"live": "+", "declared": "-"}
MAX_TEXT = 400


class Entry(Protocol):
    """One difference."""

    @property
    def what(self) -> str: ...  # noqa: D102
    @property
    def side(self) -> str: ...  # noqa: D102
    @property
    def about(self) -> str: ...  # noqa: D102
    @property
    def detail(self) -> str: ...  # noqa: D102
    @property
    def origin(self) -> Origin | None: ...  # noqa: D102
    @property
    def why(self) -> str: ...  # noqa: D102


class Told(Struct, frozen=True):
    """The answer. verdict: `none`, `drift` or `unproven`; reasons: for what is not proven, beside the undecided."""

    verdict: str
    certain: Sequence[Entry]
    undecided: Sequence[Entry]
    unread: Sequence[tuple[str, Unread]]
    reasons: Sequence[str]
    counts: tuple[int, int]


def as_json(told: Told) -> str:
    """The answer as JSON; the published schema is scanner/schemas/drift.schema.json."""
    return dumped(
        {
            "schema": SCHEMA,
            "verdict": told.verdict,
            "drift": [_entry(one) for one in told.certain],
            "undecided": [{**_entry(one), "because": text(one.why)} for one in told.undecided],
            "unread": [
                {"side": side, "origin": origin(one.origin), "cause": text(one.cause), "kind": one.kind}
                for side, one in told.unread
            ],
            "reasons": [text(one) for one in told.reasons],
            "counts": {"declared": told.counts[0], "live": told.counts[1]},
        }
    )


def _entry(one: Entry) -> Json:
    return {
        "what": one.what,
        "side": one.side,
        "about": text(one.about),
        "detail": text(one.detail),
        "origin": origin(one.origin),
    }


def as_text(told: Told) -> str:
    """The answer for people: what is certain, what is not decided, and what the verdict rests on."""
    return "".join(f"{inert(line)}\n" for line in _lines(told))


def _lines(told: Told) -> Iterator[str]:
    for side, head in _HEADS.items():
        mine = [one for one in told.certain if one.side == side]
        if mine:
            yield f"{head} ({len(mine)})"
            for one in mine:
                where = place(one.origin)
                yield f"  {_SIGN[side]} {one.what} {_cut(one.about)}" + (f": {_cut(one.detail)}" if one.detail else "")
                if where:
                    yield f"      {where}"
            yield ""
    if told.undecided:
        yield f"not decided ({len(told.undecided)})"
        for one in told.undecided:
            yield f"  ? {one.side} {one.what} {_cut(one.about)}: {_cut(one.why)}"
        yield ""
    for side, unread in told.unread:
        yield f"unread ({side}): {place(unread.origin)}: {_cut(unread.cause)}"
    yield from (_cut(one) for one in told.reasons)
    word = {"none": "no drift", "drift": "DRIFT", "unproven": "not proven"}[told.verdict]
    yield f"{word}: {plural(told.counts[0], 'declared thing')} against {told.counts[1]} live"


def _cut(value: str) -> str:
    return cut(safe(value), MAX_TEXT)
