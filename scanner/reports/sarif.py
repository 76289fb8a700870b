"""SARIF 2.1.0: a result for each finding, its path as a code flow (OASIS sarif-v2.1.0, sections 3.27 and 3.36)."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from scanner import __version__
from scanner.catalogue import rules
from scanner.findings import Finding, Hop, Report, Verdict
from scanner.origin import Origin
from scanner.reports.located import relative
from scanner.reports.plain import dumped, text
from scanner.reports.safe import safe
from scanner.reports.view import View
from scanner.reports.words import waived_by
from scanner.rule import Rule

Json = dict[str, Any]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
SECURITY_SEVERITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0"}
"""What code scanning at GitHub sorts by: a property of its own, a number from 0 to 10 as text."""


def render(report: Report, view: View) -> str:
    """One run; what was not read and what raised are notifications of its invocation."""
    known = {rule.id: rule for rule in rules()}
    ids = sorted({*known, *(one.rule for one in report.findings)})
    waivers = waived_by(report)
    results = [_result(one, ids.index(one.rule), view, waived=one.fingerprint in waivers) for one in report.findings]
    driver = {
        "name": "Tether",
        "semanticVersion": __version__,
        "version": __version__,
        "rules": [_rule(name, known.get(name)) for name in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report, view)],
        "results": results,
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(name: str, rule: Rule | None) -> Json:
    if rule is None:
        return {"id": text(name), "shortDescription": {"text": text(name)}}
    page = f"{rule.why}\n\nHow to fix\n\n{rule.fix}\n\nWhat it cannot see\n\n{rule.blind}"
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": page, "markdown": page},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {
            "tags": ["security", rule.commitment, rule.assertion],
            "security-severity": SECURITY_SEVERITY[rule.severity],
        },
    }


def _result(one: Finding, index: int, view: View, *, waived: bool) -> Json:
    violated = one.verdict is Verdict.VIOLATED
    message = one.message + (f" ({len(one.also)} more alike)" if one.also else "")
    body: Json = {
        "ruleId": text(one.rule),
        "ruleIndex": index,
        "kind": "fail" if violated else "review",
        # A kind other than `fail` has level `none` (section 3.27.10).
        "level": LEVELS[one.severity] if violated else "none",
        "message": {"text": safe(message) + (f"\nfix: {safe(one.fix)}" if one.fix else "")},
        "locations": [_location(one.place, view, one.subject.address, one.subject.kind)],
        "partialFingerprints": {"tether/1": one.fingerprint},
        "properties": {
            "commitment": one.commitment,
            "verdict": str(one.verdict),
            "decidedBy": [text(name) for name in one.decided_by],
        },
    }
    if len(one.hops) > 1:
        body["codeFlows"] = [{"threadFlows": [{"locations": [_hop(hop, view) for hop in one.hops]}]}]
    if waived:
        body["suppressions"] = [{"kind": "external", "status": "accepted"}]
    return body


def _hop(hop: Hop, view: View) -> Json:
    location = _location(hop.origin, view, hop.address, hop.kind)
    location["message"] = {"text": safe(f"{hop.address}: {hop.because}")}
    return {"location": location, "importance": "essential" if hop.cut else "important"}


def _location(where: Origin | None, view: View, address: str, kind: str) -> Json:
    body: Json = {"logicalLocations": [{"fullyQualifiedName": safe(address), "kind": safe(kind)}]}
    found = relative(where, view)
    if found is not None:
        region = {"startLine": found.line, "startColumn": found.column}
        if found.end_line:
            region |= {"endLine": found.end_line, "endColumn": max(found.end_column, 1)}
        artifact = {"uri": quote(found.path.encode("utf-8", "surrogatepass"))}
        body["physicalLocation"] = {"artifactLocation": artifact, "region": region}
    return body


def _invocation(report: Report, view: View) -> Json:
    broken = [one for one in report.unread if one.broken]
    crashed = [one for one in report.rules if one.crashed]
    notes = [
        {
            "level": "error" if one.broken else "warning",
            "message": {"text": safe(f"not read: {one.cause}")},
            "locations": [_location(one.origin, view, str(one.origin), one.kind)],
        }
        for one in report.unread
    ]
    notes += [{"level": "error", "message": {"text": safe(f"{one.id}: {one.note}")}} for one in crashed]
    return {"executionSuccessful": not broken and not crashed, "toolExecutionNotifications": notes}
