"""Read Terraform and Kubernetes files, a cluster or a recorded one, and prove the commitments or show the shortest
way that breaks one."""

from __future__ import annotations

import contextlib
import gc
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from scanner.commands.arguments import (
    add_inputs,
    add_judged,
    add_rules,
    complain,
    day,
    note_foreign_profiles,
    request_of,
)
from scanner.commands.arguments_telling import add_telling, asks_for_more
from scanner.commands.exit_code import UNTOLD
from scanner.commands.output import Target, add_targets, coloured, columns, emit, refuse_inputs, targets_of, write_file
from scanner.reports.formats import FORMATS, render
from scanner.reports.view import View

if TYPE_CHECKING:
    from scanner.commands.baseline import Since
    from scanner.commands.exit_code import Outcome
    from scanner.findings import Report
    from scanner.scan import Scanned

EPILOG = """exit codes: 0 every commitment holds; 1 violated (a violation counts before anything that is not proven);
2 wrong use or settings; 3 not proven: an input that was not read, a value that nobody knows, nothing to scan, or a
rule that raised; 4 a fault in Tether; 5 every commitment holds, and the store or the webhook could not be told. Waived
findings do not count.

formats and files go in pairs: --format json --output report.json --format text prints the text and writes the JSON."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    add_inputs(parser)
    add_rules(parser)
    add_judged(parser)
    add_targets(parser, FORMATS)
    parser.add_argument("--as-of", type=day, metavar="DATE", help="the day on which waivers must hold (default: today)")
    parser.add_argument(
        "--allow-unproven",
        action="store_true",
        help="exit 0 where only unknown values stand against a proof; never for what could not be read",
    )
    parser.add_argument(
        "--baseline", type=Path, metavar="REPORT", help="a JSON report: exit by what is new since, never on less"
    )
    add_telling(parser)
    parser.add_argument("--no-color", action="store_true", help="no colour on a terminal")
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Scan; the exit code is the verdict."""
    from scanner.commands.exit_code import outcome
    from scanner.commands.replay import recorded
    from scanner.scan import scan

    targets = targets_of(getattr(options, "targets", []))
    baseline = _baseline(options.baseline)
    request = replace(request_of(options), waiver_notice=options.waiver_notice)
    started = datetime.now(UTC).isoformat(timespec="seconds")
    note_foreign_profiles(request, options)
    with _no_collection():
        report, scanned = scan(request)
    report = replace(report, run={**report.run, "started": started, "request": recorded(scanned)})
    told = (path for path in (*request.plans, *request.states) if str(path) != "-")
    refuse_inputs(targets, scanned.root, report.inputs, request.profile, options.baseline, *request.bundles, *told)
    beside = _since(baseline, report, scanned)
    ended = outcome(report, len(scanned.reading.resources), allow_unproven=options.allow_unproven, since=beside)
    view = View(
        root=scanned.root,
        verbose=options.verbose,
        known=None if beside is None else beside.known,
        exit_code=ended.code,
        asff=scanned.profile.outputs.asff,
    )
    return _told(options, report, scanned, targets, view, ended)


def _told(
    options: Namespace, report: Report, scanned: Scanned, targets: list[Target], view: View, ended: Outcome
) -> int:
    """Remember the run, write every format, send the message. What cannot be told never changes a verdict."""
    failed: list[str] = []
    beyond = None
    if asks_for_more(options, scanned.profile.outputs):
        from scanner.commands.telling import Beyond

        beyond = Beyond(options, report, scanned)
        view = beyond.remember(view, failed)
    for target in sorted(targets, key=lambda one: one.path is None):
        text = render(target.format, report, view if target.path is not None else _shown(options, view))
        if target.path is None:
            emit(text)
        else:
            write_file(target.path, text)
    if beyond is not None:
        beyond.send(view, failed)
    _say(report, ended.message, quiet=options.quiet)
    for one in failed:
        complain(one)
    return ended.code or (UNTOLD if failed else ended.code)


@contextlib.contextmanager
def _no_collection() -> Iterator[None]:
    """No garbage collection while the inputs are held: nothing of them is garbage, and walking them costs most."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _baseline(path: Path | None) -> dict[str, Any] | None:
    """The report that this one is held against, if there is one. Raises UsageError."""
    if path is None:
        return None
    from scanner.commands.report_file import load_report

    return load_report(path)


def _since(baseline: dict[str, Any] | None, report: Report, scanned: Scanned) -> Since | None:
    if baseline is None:
        return None
    from scanner.commands.baseline import since

    return since(baseline, report, scanned.root)


def _shown(options: Namespace, view: View) -> View:
    """How the report looks on stdout."""
    return replace(view, width=columns(), colour=coloured(not options.no_color))


def _say(report: Report, message: str, *, quiet: bool) -> None:
    for note in () if quiet else report.notes:
        complain(f"note: {note}")
    if message:
        complain(message)
