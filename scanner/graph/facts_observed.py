"""What a live source saw of a thing at a moment."""

from __future__ import annotations

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


class Observed(Fact, frozen=True, kw_only=True):
    """A count of a moment.

    what: "copies" (that ran), "calls" (that it got in the hours before) or "age" (in days, rounded up). at: RFC 3339,
    when it was asked. last: of calls, the last hour in which there was one; "" where there was none.
    """

    what: str
    count: int | Unknown
    at: str
    last: str = ""


class Released(Fact, frozen=True, kw_only=True):
    """Whether what runs of a node is what was released.

    aspect: "image" (a digest), "version" (of a guardrail) or "draft" (that the version is not behind). of: which one.
    good: it is; at: RFC 3339, when it was asked. member: the entry of the release, "" for a draft.
    """

    aspect: str
    of: str
    good: bool | Unknown
    at: str
    member: str = ""
