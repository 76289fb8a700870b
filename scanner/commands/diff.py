"""Hold two revisions, folders or reports against each other: ways opened and closed, verdicts changed."""

from __future__ import annotations

import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.commands.arguments import add_reading, add_rules, complain, day
from scanner.errors import UsageError

if TYPE_CHECKING:
    from scanner.commands.revision import Revision
    from scanner.reports.difference import Difference

FORMATS = ("text", "json", "markdown")
EPILOG = """BASE and HEAD are each a report of `tether scan --format json`, a folder, or a git revision of the
repository in the current folder, of which that folder is judged. What is no report is scanned with the settings that
are given here: one profile judges both sides.

exit codes: 0 nothing is worse; 1 a way opened, or a promise is broken that was not; 2 wrong use or settings;
3 something may be worse: less is proven, or an input was not read; 4 a fault in Tether. What is waived is not
counted."""


class Side(Struct, frozen=True):
    """One side: its name as given, its report, and the submodules that a revision names and does not hold."""

    name: str
    report: dict[str, Any]
    submodules: dict[str, str] = field(default_factory=dict)


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("base", metavar="BASE", help="what was: a report, a folder, or a git revision")
    parser.add_argument("head", metavar="HEAD", help="what is now")
    parser.add_argument("--format", choices=FORMATS, default="text", help="(default: text)")
    parser.add_argument("--output", "-o", type=Path, metavar="FILE", help="where it goes (default: stdout)")
    parser.add_argument("--as-of", type=day, metavar="DATE", help="the day on which waivers must hold (default: today)")
    add_reading(parser)
    add_rules(parser)
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Compare; the exit code says whether head is worse."""
    from scanner.commands.output import emit, write_file
    from scanner.reports.diff_formats import Told, render
    from scanner.reports.difference import difference

    base, head = side(options.base, options), side(options.head, options)
    found = difference(base.report, head.report)
    found = replace(found, lost=(*found.lost, *_submodules(base, head)))
    code, reasons = outcome(found, head.report)
    waived = frozenset(one["fingerprint"] for one in head.report["waived"])
    shown = render(options.format, Told(found, (base.name, head.name), code, tuple(reasons), waived))
    if options.output is None:
        emit(shown)
    else:
        write_file(options.output, shown)
    if not options.quiet:
        _notes(base, head)
    return code


def side(name: str, options: Namespace) -> Side:
    """The report of one side. Raises UsageError where it names nothing, or more than one thing."""
    from scanner.commands.report_file import load_report
    from scanner.commands.revision import revision

    path = Path(name)
    commit = revision(name)
    if commit is not None and path.exists():
        raise UsageError(f"`{name}` is a revision and a path: write ./{name} or {name}^0")
    if commit is not None:
        return _of_revision(name, commit, options)
    if path.is_dir():
        return Side(name, _scanned(path, options))
    if path.exists():
        return Side(name, load_report(path))
    raise UsageError(f"`{name}` is no report, no folder and no revision of a repository here")


def _of_revision(name: str, commit: Revision, options: Namespace) -> Side:
    from scanner.commands.revision import write_tree

    with tempfile.TemporaryDirectory(prefix="tether-") as place:
        top = Path(place) / "tree"
        tree = top / commit.prefix
        tree.mkdir(parents=True)
        submodules = write_tree(commit, tree)
        return Side(name, _scanned(tree, options), submodules)


def _scanned(folder: Path, options: Namespace) -> dict[str, Any]:
    from scanner.commands.arguments import request_of
    from scanner.reports.report_json import plain_report
    from scanner.scan import scan

    request = request_of(Namespace(**{**vars(options), "paths": [folder]}))
    if request.profile is not None:
        shown = str(request.profile)
        below = _units_from(request.profile, folder)
        request = replace(request, profile_shown=shown, profile_dir=below, idle_waivers=True)
    report, scanned = scan(request)
    body = plain_report(report)
    if not scanned.reading.resources:
        body["unread"].append(
            {"origin": None, "kind": "file", "cause": "nothing to scan: no resource was found", "remedy": ""}
        )
    return body


def _units_from(profile: Path, folder: Path) -> Path:
    """What the folders of the profile's units are relative to: its own place below the current folder, or the side."""
    own, here = profile.resolve().parent, Path.cwd()
    if own.is_relative_to(folder.resolve()):
        return own
    below = folder / own.relative_to(here) if own.is_relative_to(here) else folder
    return below if below.is_dir() else folder


def outcome(found: Difference, head: dict[str, Any]) -> tuple[int, list[str]]:
    """The exit code and the reasons for it. What head waives does not count."""
    waived = {one["fingerprint"] for one in head["waived"]}
    fresh = [*found.opened, *(one for one, _ in found.widened), *(one for _, one in found.turned)]
    counted = [one for one in fresh if one["fingerprint"] not in waived]
    better = {id(one) for before, one in found.turned if before["verdict"] == "violated"}
    violated = [one for one in counted if one["verdict"] == "violated" and id(one) not in better]
    if violated:
        return 1, [f"{len(violated)} violation{'s' * (len(violated) > 1)} more"]
    reasons = [f"`{one['rule']}` is not proven: {one['message']}" for one in counted if id(one) not in better]
    reasons += [f"{one.id} is not proven any more" for one in found.commitments if one.worse and one.now == "unproven"]
    reasons += [f"an input was not read: {one['cause']}" for one in found.unread]
    reasons += [f"{one['id']}: {one['note']}" for one in head["rules"] if one["crashed"]]
    reasons += found.lost
    return (3, reasons) if reasons else (0, [])


def _submodules(base: Side, head: Side) -> list[str]:
    """Submodules that changed: nobody can see here what that did."""
    both = sorted(base.submodules.items() ^ head.submodules.items())
    return [f"the submodule `{path}` is another one, and not in this repository" for path in dict(both)]


def _notes(base: Side, head: Side) -> None:
    for what in ("profile", "ruleset"):
        if base.report[what]["sha256"] != head.report[what]["sha256"]:
            complain(f"note: the two sides were judged by another {what}")
