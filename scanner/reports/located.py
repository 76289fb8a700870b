"""Where findings stand for formats that others resolve: paths relative to the working directory, as CI expects them."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.findings import Finding, Report
from scanner.origin import FileOrigin, Origin
from scanner.reports.view import View

PROFILE = "tether.yaml"
"""Where a setting that is missing would be written, if no profile says otherwise."""


def relative(where: Origin | None, view: View) -> FileOrigin | None:
    """A file origin whose path is relative to the working directory (`../x` outside it).

    None for an object of an API, or for no origin.
    """
    if not isinstance(where, FileOrigin):
        return None
    if view.root is None:
        return where
    path = Path(os.path.relpath(view.root / where.path, Path.cwd())).as_posix()
    return FileOrigin(path, where.line, where.column, where.end_line, where.end_column)


def anchor(one: Finding, report: Report, view: View) -> FileOrigin:
    """The place of a finding in some file, for formats that refuse one without: else a hop's, else the profile's."""
    for where in (one.place, *(hop.origin for hop in one.hops)):
        found = relative(where, view)
        if found is not None:
            return found
    return profile_place(report, view)


def profile_place(report: Report, view: View) -> FileOrigin:
    """The first line of the profile, or of the one that would be written."""
    path = report.profile_path
    if path and view.root is not None and not Path(path).is_absolute() and (view.root / path).is_file():
        return relative(FileOrigin(path, 1), view) or FileOrigin(path, 1)
    return FileOrigin(path or PROFILE, 1)
