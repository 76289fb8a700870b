"""Names of units: a unit without a name in the profile is called after its folder."""

from __future__ import annotations

from pathlib import Path


def unit_name(root: Path, folder: str) -> str:
    """The name of the unit in `folder` (relative to `root`, with `/`; "" or "." is the root itself).

    The root's own unit has a fixed name: a checkout under another name is the same deployment.
    """
    return folder if folder not in ("", ".") else "root"
