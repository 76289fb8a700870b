"""What is live, held against what is declared."""

from __future__ import annotations

from scanner.graph.facts import Fact


class Compared(Fact, frozen=True, kw_only=True):
    """A thing of both sides, or of one, was held against the other side.

    what: what differs, as `thing`, `fact` or `way`, "" where nothing does. side: which side has it, "declared" or
    "live". detail: the kinds of facts, or the ways. certain: whether it is known that they differ.
    """

    what: str = ""
    side: str = ""
    detail: tuple[str, ...] = ()
    certain: bool = True
