"""Annotations for GitHub Actions: one workflow command a finding (GitHub Docs, "Workflow commands")."""

from __future__ import annotations

from scanner.findings import Finding, Report, Verdict
from scanner.reports.located import relative
from scanner.reports.safe import safe
from scanner.reports.view import View
from scanner.reports.words import waived_by

SHOWN = 10
"""GitHub shows ten annotations of each level for a step; the rest are in the log, so all are printed."""


def render(report: Report, view: View) -> str:
    """`::error` for a violation, `::warning` for what is not proved or not read, `::notice` for the verdicts."""
    waivers = waived_by(report)
    lines = [_finding(one, view, waived=one.fingerprint in waivers) for one in report.findings]
    for unread in report.unread:
        found = relative(unread.origin, view)
        at = {"file": found.path, "line": str(found.line)} if found else {}
        lines.append(_command("warning", {**at, "title": "not read"}, unread.cause))
    verdicts = ", ".join(f"{one.id}: {one.verdict}" for one in report.commitments)
    lines.append(_command("notice", {"title": f"tether: {report.verdict}"}, verdicts))
    return "".join(f"{line}\n" for line in lines)


def _finding(one: Finding, view: View, *, waived: bool) -> str:
    level = "notice" if waived else "error" if one.verdict is Verdict.VIOLATED else "warning"
    found = relative(one.place, view)
    at: dict[str, str] = {}
    if found is not None:
        at = {"file": found.path, "line": str(found.line), "col": str(found.column)}
    message = one.message + (f"; fix: {one.fix}" if one.fix else "")
    return _command(level, {**at, "title": one.rule}, message)


def _command(level: str, properties: dict[str, str], message: str) -> str:
    settings = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {settings}::{_data(message)}"


def _data(value: str) -> str:
    return safe(value).replace("%", "%25")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
