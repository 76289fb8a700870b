"""Tell findings over time, from the store that `tether scan --store` keeps: open, waived, fixed, or not seen."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from scanner.commands.arguments import PROFILE, profile_of
from scanner.errors import UsageError

EPILOG = f"""Without --store, the store is that of the settings (--profile, or {PROFILE} in the current folder).
A finding is fixed only where a later run judged its rule and read every place that it speaks of; where one could not,
it is not seen, and why is told. The chart is in `tether scan --format html --store STORE`.

exit codes: 0 it is told; 2 wrong use, or no such store; 5 the store cannot be read."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--store", metavar="PATH|URL", help="a file of SQLite, or postgresql://USER@HOST/DATABASE")
    parser.add_argument("--series", metavar="NAME", help="which runs, where the store holds several series")
    parser.add_argument("--profile", type=Path, metavar="FILE", help="settings that name the store")
    parser.add_argument("--runs", type=_number, default=20, metavar="N", help="how many runs (default: 20)")
    parser.add_argument(
        "--status",
        action="append",
        default=[],
        choices=("open", "waived", "fixed", "not-seen"),
        help="findings of this status only; repeatable",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="(default: text)")
    parser.add_argument("-v", "--verbose", action="store_true", help="say more; a traceback for a fault")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Print the history."""
    from scanner.commands.output import columns, emit
    from scanner.commands.remember import store_of
    from scanner.profile import Outputs
    from scanner.profile_file import load_profile

    profile = profile_of(options.profile)
    outputs = Outputs() if profile is None else load_profile(profile, str(profile)).outputs
    store = store_of(options.store, outputs, profile, os.environ)
    if store is None:
        raise UsageError("--store PATH or URL is missing, and no settings name a store")
    from scanner.reports.history_text import as_json, as_text
    from scanner.store.history import history

    told = history(store, options.series or outputs.series or None, options.runs)
    wanted = tuple(one for one in told.findings if not options.status or one.status in options.status)
    emit(
        as_json(told, wanted)
        if options.format == "json"
        else as_text(told, wanted, columns() if sys.stdout.isatty() else 0)
    )
    return 0


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) <= 10_000:
        return int(text)
    raise ArgumentTypeError(f"`{text}` is no number from 1 to 10000")
