"""Check a report against the files it speaks of: digests, the graph, and every certificate, without trusting the
search that made them; then judge again, since a certificate does not show that a rule found nothing."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from scanner.commands.arguments import add_reading, add_rules, add_told, complain, lock_of, terraform_environment
from scanner.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from scanner.commands.replay import Recorded
    from scanner.scan import Request

SCHEMA = "tether.report/1"
MAX_PRINTED = 50
EPILOG = """The inputs are read again below DIR, the graph is built again, and each certificate is checked edge by edge.
Then the rules are asked again: whatever the report says but for its notes must be what they say now.
Variables that the scan was given on the command line or in the environment must be given again.

exit codes: 0 the report agrees with the files; 1 something disagrees; 2 the report is malformed, or wrong use;
3 the inputs cannot be read."""


def arguments(parser: ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("report", type=Path, metavar="REPORT.json", help="a report of `tether scan --format json`")
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="the folder that was the run's root, if files were read"
    )
    parser.add_argument(
        "--bundle", action="append", default=[], type=Path, metavar="FILE", help="each bundle that was read; repeatable"
    )
    add_told(parser)
    add_reading(parser)
    add_rules(parser)
    parser.epilog = EPILOG


def run(options: Namespace) -> int:
    """Check and print what disagrees."""
    from scanner.commands.output import emit
    from scanner.commands.replay import replayed
    from scanner.commands.verify_checks import disagreements
    from scanner.commands.verify_judged import differing
    from scanner.reports.safe import safe
    from scanner.scan import scan

    report = _load(options.report)
    request = _request(replayed(report["run"].get("request")), str(report["profile"].get("path", "")), options)
    try:
        again, scanned = scan(request)
    except SettingsError:
        raise
    except (UsageError, OSError) as error:
        complain(f"the inputs cannot be read: {error}")
        return 3
    wrong = disagreements(report, scanned) or list(differing(report, again))
    for line in wrong[:MAX_PRINTED]:
        emit(f"{safe(line)}\n")
    if len(wrong) > MAX_PRINTED:
        emit(f"and {len(wrong) - MAX_PRINTED} more\n")
    if wrong:
        return 1
    held = sum(one["verdict"] == "holds" for one in report["commitments"])
    emit(f"the report agrees: {len(report['inputs'])} inputs, {held} commitments that hold, certificates checked\n")
    return 0


def _load(path: Path) -> Mapping[str, Any]:
    """The report. Raises UsageError where it is none."""
    from scanner.commands.report_file import load_json

    report = load_json(path)
    fault = _fault(report)
    if fault:
        raise UsageError(f"`{path}` is no report of the schema {SCHEMA}: {fault}")
    return cast("Mapping[str, Any]", report)


_LISTS = {
    "commitments": ("id", "verdict"),
    "inputs": ("path", "sha256"),
    "unread": ("cause",),
    "findings": ("commitment", "verdict"),
}


_OF_REACHABILITY = ("planes", "verbs", "targets", "allowed", "closed")


def _fault(report: object) -> str:
    """What keeps `report` from being checked; "" where nothing does."""
    if not isinstance(report, Mapping) or report.get("schema") != SCHEMA:
        return "another schema"
    for key in ("run", "profile"):
        if not isinstance(report.get(key), Mapping):
            return f"`{key}` is missing"
    for key, fields in _LISTS.items():
        entries = report.get(key)
        if not isinstance(entries, list):
            return f"`{key}` is missing"
        for entry in entries:
            if not isinstance(entry, Mapping) or not all(isinstance(entry.get(field), str) for field in fields):
                return f"an entry of `{key}` lacks {' or '.join(fields)}"
    return next((fault for one in report["commitments"] for fault in [_certificate_fault(one)] if fault), "")


def _certificate_fault(commitment: Mapping[str, Any]) -> str:
    proof = commitment.get("certificate", {"reachability": [], "checks": []})
    if not isinstance(proof, Mapping):
        return "a certificate is no object"
    for key in ("reachability", "checks"):
        entries = proof.get(key)
        if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
            return f"a certificate has no list of `{key}`"
    for closure in proof["reachability"]:
        if not all(isinstance(closure.get(key, []), list) for key in _OF_REACHABILITY):
            return "a proof of reachability has no list where one is meant"
    for check in proof["checks"]:
        examined = check.get("examined")
        if not isinstance(examined, list) or not all(
            isinstance(one, Mapping) and isinstance(one.get("address"), str) for one in examined
        ):
            return "a check lists nothing that was examined"
    return ""


def _root(recorded: Recorded, options: Namespace) -> Path:
    """The folder that was read. Raises UsageError where inputs of the report are not given, or cannot be had again."""
    if recorded.live:
        raise UsageError(
            "the report rests on what an API answered at the time, which cannot be read again: "
            "`tether collect`, and scan the bundle"
        )
    told = recorded.bundles or recorded.plans or recorded.states
    if options.root is None and (recorded.paths or not told):
        raise UsageError("the report rests on files: --root DIR names the folder that was the run's root")
    for option, given, read in (
        ("bundle", options.bundle, recorded.bundles),
        ("plan", options.plan, recorded.plans),
        ("state", options.state, recorded.states),
    ):
        if sorted(path.name for path in given) != sorted(Path(one).name for one in read):
            wanted = ", ".join(f"`{one}`" for one in read) or "none"
            raise UsageError(f"--{option} must name the {option}s that were read: {wanted}")
    return options.root or Path()


def _request(recorded: Recorded, shown: str, options: Namespace) -> Request:
    """The request of the report, below another root. Raises UsageError where a variable is missing or new."""
    from datetime import date

    from scanner.scan import Request

    root = _root(recorded, options)
    environ = terraform_environment()
    given = {name for name, _ in options.var} | {name.removeprefix("TF_VAR_") for name, _ in environ}
    for name in sorted(given ^ set(recorded.variables)):
        what = "was not given to the scan" if name in given else "was given to the scan: give it again"
        raise UsageError(f"the variable `{name}` {what}")
    try:
        as_of = date.fromisoformat(recorded.as_of)
    except ValueError as error:
        raise UsageError(f"`run.request` of the report has no date in `as_of`: {error}") from error
    profile = options.profile or (root / recorded.profile if recorded.profile else None)
    lock = options.lock or (root / recorded.lock if recorded.lock else None)
    if options.profile is not None and options.lock is None and recorded.lock:
        lock = lock_of(None, options.profile) or lock
    return Request(
        paths=tuple(root / path for path in recorded.paths),
        profile=profile,
        profile_shown=shown,
        var_files=tuple(options.var_file) or tuple(root / path for path in recorded.var_files),
        variables=tuple(options.var),
        environ=environ,
        as_of=as_of,
        lock=lock,
        rules_dirs=tuple(options.rules) or tuple(Path(path) for path in recorded.rules),
        workspace=recorded.workspace or options.workspace,
        plans=tuple(options.plan),
        states=tuple(options.state),
        bundles=tuple(options.bundle),
        lean=True,
        judged=recorded.judged,
        cross_check=recorded.cross_check or options.cross_check,
    )
