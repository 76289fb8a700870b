"""One call to an API, with its outcome: the line of a bundle, and what a live scan is made of."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, get_args

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.origin import ApiOrigin

SCHEMA = "tether.bundle/1"
Outcome = Literal[
    "read",
    "absent",
    "denied",
    "denied-by-organisation",
    "throttled",
    "failed",
    "region-off",
    "not-in-partition",
    "not-asked",
]
"""read: answered to its end. absent: the API does not have such a thing. denied: the credential may not ask.
denied-by-organisation: a policy of the organisation forbids it to everyone in the account. throttled: refused for its
rate until nobody waited longer. failed: anything else. region-off: the account has not switched the region on.
not-in-partition: the partition or region does not have the service. not-asked: known of, not called."""
OUTCOMES: tuple[str, ...] = get_args(Outcome)
FINAL = ("read", "absent", "not-asked", "region-off", "not-in-partition")
"""Outcomes of Kubernetes that `--resume` does not try again."""
ANSWERED = ("read", "absent", "region-off", "not-in-partition")
"""Outcomes after which it is known what there is: of AWS, a call that nobody made answers nothing."""

CALLER = "sts:GetCallerIdentity"
"""The call that each who asks is answered in another way."""
Key = tuple[str, tuple[tuple[str, str], ...], str, str]


class Call(Struct, frozen=True):
    """A call and what came of it.

    source: "kubernetes" or "aws". scope: sorted (name, value): partition, account and region, or cluster.
    operation: the API's own name for it. parameters: plain JSON. pages: what was answered, page by page; of a call
    that ended badly, what came before. at: RFC 3339 in UTC. cause: of what is neither read nor absent, for people.
    """

    source: str
    scope: tuple[tuple[str, str], ...]
    operation: str
    parameters: Mapping[str, Any]
    outcome: Outcome
    pages: Sequence[Any] = field(default=())
    at: str = ""
    cause: str = ""

    @property
    def key(self) -> Key:
        """What tells calls apart: the same question is the same call, whenever it was asked."""
        return self.source, self.scope, self.operation, parameters_key(self.parameters)

    def line(self) -> dict[str, Any]:
        """The call as plain JSON."""
        plain = {
            "source": self.source,
            "scope": dict(self.scope),
            "operation": self.operation,
            "parameters": dict(self.parameters),
            "outcome": self.outcome,
            "pages": list(self.pages),
            "at": self.at,
        }
        return {**plain, "cause": self.cause} if self.cause else plain

    def origin(self, object_id: str = "") -> ApiOrigin:
        """The call, or an object in its answer, as an origin."""
        return ApiOrigin(self.source, self.operation, self.scope, object_id, self.at)


def call_of(plain: object) -> Call | str:
    """The call in a line of a bundle, or what is wrong with it."""
    if not isinstance(plain, dict):
        return "a line is no object"
    for name, kind in (("source", str), ("scope", dict), ("operation", str), ("parameters", dict), ("at", str)):
        if not isinstance(plain.get(name), kind):
            return f"a call has no `{name}`"
    if plain.get("outcome") not in OUTCOMES:
        return f"a call has none of the outcomes {', '.join(OUTCOMES)}"
    if not isinstance(plain.get("pages"), list) or not isinstance(plain.get("cause", ""), str):
        return "a call has no list of `pages`"
    scope = plain["scope"]
    if set(scope) not in ({"cluster"}, {"partition", "account", "region"}) or not all(
        isinstance(value, str) for value in scope.values()
    ):
        return "a `scope` is neither a cluster nor a partition, account and region"
    return Call(
        source=sys.intern(plain["source"]),
        scope=_scope(tuple(sorted(scope.items()))),
        operation=sys.intern(plain["operation"]),
        parameters=_shared(plain["parameters"]),
        outcome=OUTCOMES[OUTCOMES.index(plain["outcome"])],  # type: ignore[arg-type]
        pages=_shared(plain["pages"]),
        at=sys.intern(plain["at"]),
        cause=plain.get("cause", ""),
    )


_LITTLE = 12
"""Pieces of what is kept once however often it is read: that nothing is there is most of what an account says."""


@lru_cache(maxsize=1 << 14)
def _scope(scope: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return scope


def _shared(value: Any) -> Any:
    """The value, or one like it that was read before; nobody changes what was read."""
    return _kept(_Text(repr(value), value)).value if _left(value, _LITTLE) > 0 else value


def _left(value: Any, pieces: int) -> int:
    """How many pieces are left of so many once those of a value are taken away; none where there are too many."""
    if isinstance(value, str):
        return pieces - 1 if len(value) <= 100 else 0
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            if pieces <= 0:
                break
            pieces = _left(one, pieces)
    return pieces - 1


class _Text:
    """A value that is told from others by its text."""

    __slots__ = ("text", "value")

    def __init__(self, text: str, value: Any) -> None:
        self.text, self.value = text, value

    def __hash__(self) -> int:
        return hash(self.text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Text) and self.text == other.text


@lru_cache(maxsize=1 << 14)
def _kept(one: _Text) -> _Text:
    return one


def parameters_key(parameters: Mapping[str, Any]) -> str:
    """What tells the calls of one operation in one scope apart."""
    return json.dumps(parameters, sort_keys=True) if parameters else "{}"


def merged(calls: Iterable[Call]) -> list[Call]:
    """Shards as one: of the same call an answer counts before none, and then the later one.

    Of two answers that are not the same, and of which neither is known to be the later, none counts.
    """
    best: dict[Key, Call] = {}
    for one in calls:
        before = best.get(one.key)
        best[one.key] = one if before is None else _better(before, one)
    return list(best.values())


def _better(before: Call, one: Call) -> Call:
    answered, told = one.outcome in ANSWERED, before.outcome in ANSWERED
    if answered is not told:
        return one if answered else before
    last, when = _when(before), _when(one)
    known = last is not None and when is not None and last != when
    if (
        not known
        and answered
        and one.operation != CALLER
        and (one.outcome, one.pages) != (before.outcome, before.pages)
    ):
        cause = "it was answered in two ways, and which answer is the later one is not told"
        return replace(one, outcome="failed", pages=(), cause=cause)
    return one if last is None or when is None or when >= last else before


def _when(one: Call) -> datetime | None:
    try:
        found = datetime.fromisoformat(one.at)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def is_done(one: Call) -> bool:
    """Whether `--resume` takes a call for made: a region that was off may be on, and so may what was not asked."""
    return one.outcome in (("read", "absent", "not-in-partition") if one.source == "aws" else FINAL)
