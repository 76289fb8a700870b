"""What is known of the agreement: what its lock pins, what the profile loosened, and what was accepted beside it."""

from __future__ import annotations

from scanner.graph.facts import Fact
from scanner.unknown import Unknown


class Pinned(Fact, frozen=True, kw_only=True):
    """What a lock pins under the name of an agreement, held against what this run uses.

    what: "rules", "tables" or "profile". differs: the files that are not the agreed ones; an Unknown where there is
    no lock, or one of another agreement.
    """

    what: str
    agreement: str
    differs: tuple[str, ...] | Unknown


class Loosened(Fact, frozen=True, kw_only=True):
    """The profile promises less under `key` than the agreement of this name."""

    key: str
    agreement: str


class Accepted(Fact, frozen=True, kw_only=True):
    """An exception of the profile: a waiver (of `rule`), or a trusted caller (rule "").

    days_left: from the day of the run to its end; negative where it is over.
    """

    what: str
    rule: str
    approver: str
    days_left: int
