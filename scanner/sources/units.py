"""Names of units: a unit without a name in the profile is called after its folder."""

from __future__ import annotations

from pathlib import Path


def unit_name(root: Path, folder: str) -> str:
    """The name of the unit in `folder` (relative to `root`, with `/`; "" or "." is the root itself)."""
    if folder not in ("", "."):
        return folder
    return root.resolve().name or "manifests"
