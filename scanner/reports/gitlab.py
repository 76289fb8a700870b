"""A Code Quality report for GitLab (GitLab Docs, "Code Quality report format")."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from scanner.findings import Finding, Report, Verdict
from scanner.origin import FileOrigin
from scanner.reports.located import anchor, profile_place, relative
from scanner.reports.safe import cut, safe
from scanner.reports.view import View
from scanner.reports.words import waived_by

SEVERITIES = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}
MAX_TEXT = 1_000


def render(report: Report, view: View) -> str:
    """A JSON array: findings, then what was not read and what raised; waived findings are left out.

    GitLab compares the arrays of two branches by fingerprint; an entry without a file in it would be dropped, so what
    has none stands at the profile.
    """
    waivers = waived_by(report)
    entries = [_finding(one, report, view) for one in report.findings if one.fingerprint not in waivers]
    for unread in report.unread:
        found = relative(unread.origin, view) or profile_place(report, view)
        severity = "blocker" if unread.broken else "major"
        entries.append(_entry("unread", f"not read: {unread.cause}", "", severity, found))
    for rule in report.rules:
        if rule.crashed:
            entries.append(_entry(rule.id, rule.note, "", "blocker", profile_place(report, view)))
    return json.dumps(_told_apart(entries), indent=2, sort_keys=True) + "\n"


def _finding(one: Finding, report: Report, view: View) -> dict[str, Any]:
    severity = SEVERITIES.get(one.severity, "blocker") if one.verdict is Verdict.VIOLATED else "info"
    doubt = "" if one.verdict is Verdict.VIOLATED else "not proven: "
    return _entry(one.rule, doubt + one.message, one.fingerprint, severity, anchor(one, report, view))


def _entry(check: str, description: str, fingerprint: str, severity: str, found: FileOrigin) -> dict[str, Any]:
    path = safe(found.path)
    return {
        "check_name": safe(check),
        "description": cut(safe(description), MAX_TEXT),
        "fingerprint": fingerprint or _digest(check, path, description),
        "severity": severity,
        "location": {"path": path, "lines": {"begin": found.line}},
    }


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(map(safe, parts)).encode()).hexdigest()[:32]


def _told_apart(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """No two entries with one fingerprint: GitLab would show one of them."""
    seen: dict[str, int] = {}
    for entry in entries:
        number = seen[entry["fingerprint"]] = seen.get(entry["fingerprint"], 0) + 1
        if number > 1:
            entry["fingerprint"] = _digest(entry["fingerprint"], str(number))
    return entries
