"""Paths for formats that others resolve: relative to the working directory, as CI systems expect them."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.origin import FileOrigin, Origin
from scanner.reports.view import View


def relative(where: Origin | None, view: View) -> FileOrigin | None:
    """A file origin whose path is relative to the working directory; None for an object of an API, or for no origin.

    A file outside the working directory keeps its path below the run's root.
    """
    if not isinstance(where, FileOrigin):
        return None
    if view.root is None:
        return where
    path = os.path.relpath(view.root / where.path, Path.cwd())
    shown = where.path if path.startswith("..") else Path(path).as_posix()
    return FileOrigin(shown, where.line, where.column, where.end_line, where.end_column)
