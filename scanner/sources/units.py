"""Names of units: a unit without a name in the profile is called after its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from scanner.profile import Unit


def unit_name(root: Path, folder: str) -> str:
    """The name of the unit in `folder` (relative to `root`, with `/`; "" or "." is the root itself).

    The root's own unit has a fixed name: a checkout under another name is the same deployment.
    """
    return folder if folder not in ("", ".") else "root"


def live_units(units: Sequence[Unit]) -> Callable[[str], str]:
    """The unit of a cluster, by its name, or of what an account or more have in a partition of AWS (`aws:NAME`)."""
    named = {name: unit.name for unit in units for name in unit.live}

    def unit_of(scope: str) -> str:
        name = scope.removeprefix("aws:")
        return named.get(name, f"cluster/{scope}" if name == scope else name)

    return unit_of
