"""What a format may know beside the report: where it will be shown."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class View:
    """root: the run's root, to read excerpts from (None: no excerpts). width: columns. verbose: more of the scope."""

    root: Path | None = None
    width: int = 120
    colour: bool = False
    verbose: bool = False
