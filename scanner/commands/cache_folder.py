"""Where what was parsed is kept for the next run: below the user's own cache folder, by the platform's custom."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "TETHER_CACHE_DIR"
"""Names another folder."""


def cache_folder(environ: Mapping[str, str], platform: str = sys.platform) -> Path | None:
    """The folder; None where no variable of the environment says where the user's cache is.

    XDG Base Directory Specification, `XDG_CACHE_HOME`; Apple's `~/Library/Caches`; Windows' `%LOCALAPPDATA%`.
    A relative path is not taken: it would lie in what is scanned as often as not.
    """
    if environ.get(VARIABLE):
        return _absolute(environ[VARIABLE])
    if platform == "win32":
        return _absolute(environ.get("LOCALAPPDATA", ""), "tether", "cache")
    if environ.get("XDG_CACHE_HOME"):
        return _absolute(environ["XDG_CACHE_HOME"], "tether")
    below = ("Library", "Caches") if platform == "darwin" else (".cache",)
    return _absolute(environ.get("HOME", ""), *below, "tether")


def _absolute(start: str, *below: str) -> Path | None:
    path = Path(start)
    return path.joinpath(*below) if start and path.is_absolute() else None
