"""What a format may know beside the report: where it will be shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class View:
    """root: the run's root, to read excerpts from (None: no excerpts). width: columns. verbose: more of the scope.

    known: the fingerprints of the findings that the baseline of the run has; None where it has no baseline.
    exit_code: with which the run will end; None where that is not known.
    """

    root: Path | None = None
    width: int = 120
    colour: bool = False
    verbose: bool = False
    known: frozenset[str] | None = None
    exit_code: int | None = None

    def knows(self, fingerprint: str) -> bool:
        """Whether the baseline has this finding."""
        return self.known is not None and fingerprint in self.known
