"""One call to an API, with its outcome: the line of a bundle, and what a live scan is made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from msgspec import Struct, field

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
        return self.source, self.scope, self.operation, json.dumps(self.parameters, sort_keys=True)

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
        source=plain["source"],
        scope=tuple(sorted(scope.items())),
        operation=plain["operation"],
        parameters=plain["parameters"],
        outcome=plain["outcome"],
        pages=plain["pages"],
        at=plain["at"],
        cause=plain.get("cause", ""),
    )


def merged(calls: Iterable[Call]) -> list[Call]:
    """Shards as one: of the same call an answer counts before none, and then the later one."""
    best: dict[Key, Call] = {}
    for one in calls:
        before = best.get(one.key)
        if before is None or _rank(one) >= _rank(before):
            best[one.key] = one
    return list(best.values())


def _rank(one: Call) -> tuple[bool, str]:
    return one.outcome in ANSWERED, one.at


def is_done(one: Call) -> bool:
    """Whether `--resume` takes a call for made: a region that was off may be on, and so may what was not asked."""
    return one.outcome in (("read", "absent", "not-in-partition") if one.source == "aws" else FINAL)
