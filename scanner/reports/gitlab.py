"""A Code Quality report for GitLab (GitLab Docs, "Code Quality report format")."""

from __future__ import annotations

import json
from typing import Any

from scanner.findings import Finding, Report, Verdict
from scanner.reports.located import relative
from scanner.reports.safe import safe
from scanner.reports.view import View
from scanner.reports.words import waived_by

SEVERITIES = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def render(report: Report, view: View) -> str:
    """A JSON array: findings with a file, then what was not read; waived findings are left out."""
    waivers = waived_by(report)
    entries = [_finding(one, view) for one in report.findings if one.fingerprint not in waivers]
    for unread in report.unread:
        found = relative(unread.origin, view)
        if found is not None:
            fingerprint = f"unread:{found.path}:{unread.kind}"
            entries.append(_entry("unread", f"not read: {unread.cause}", fingerprint, "major", found.path, found.line))
    return json.dumps(entries, indent=2, sort_keys=True) + "\n"


def _finding(one: Finding, view: View) -> dict[str, Any]:
    found = relative(one.place, view)
    severity = SEVERITIES[one.severity] if one.verdict is Verdict.VIOLATED else "info"
    # A finding about a missing key of the profile has no line of its own: it belongs to the settings file.
    path, line = (found.path, found.line) if found else ("tether.yaml", 1)
    return _entry(one.rule, one.message, one.fingerprint, severity, path, line)


def _entry(check: str, description: str, fingerprint: str, severity: str, path: str, line: int) -> dict[str, Any]:
    return {
        "check_name": safe(check),
        "description": safe(description),
        "fingerprint": safe(fingerprint),
        "severity": severity,
        "location": {"path": safe(path), "lines": {"begin": line}},
    }
