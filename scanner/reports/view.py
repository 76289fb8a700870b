"""What a format may know beside the report: where it will be shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from scanner.past import History


class View(Struct, frozen=True):
    """root: the run's root, to read excerpts from (None: no excerpts). width: columns. verbose: more of the scope.

    known: the fingerprints of the findings that the baseline of the run has; None where it has no baseline.
    exit_code: with which the run will end; None where that is not known.
    past: the runs that a store remembers, this one the last; None without a store. first: when each finding of this run
    was first seen, by fingerprint. asff: partition, region and account of the Security Hub that is written for.
    """

    root: Path | None = None
    width: int = 120
    colour: bool = False
    verbose: bool = False
    known: frozenset[str] | None = None
    exit_code: int | None = None
    past: History | None = None
    first: Mapping[str, str] = field(default_factory=dict)
    asff: tuple[str, str, str] | None = None

    def knows(self, fingerprint: str) -> bool:
        """Whether the baseline has this finding."""
        return self.known is not None and fingerprint in self.known
