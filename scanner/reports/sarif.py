"""SARIF 2.1.0: a result for each finding, its path as a code flow (OASIS sarif-v2.1.0, sections 3.27 and 3.36).

Code scanning at GitHub ignores `kind`, refuses a file in which one result has no place in a file, and lets
`security-severity`, which is of the rule, win over the level of a result. So every result has such a place, and rules
have no `security-severity`: what is not proven must not be shown as a critical violation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scanner import __version__
from scanner.catalogue import rules
from scanner.findings import COMMITMENTS, Finding, Hop, Report, Verdict, Waived
from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.reports.located import anchor, relative
from scanner.reports.plain import dumped
from scanner.reports.safe import safe
from scanner.reports.view import View
from scanner.reports.words import waived_by
from scanner.resource import Unread
from scanner.rule import Rule

Json = dict[str, Any]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
FINGERPRINT = "tether/1"
BASE = "%SRCROOT%"
"""The working directory. Code scanning takes this name for the root of the checkout."""
LEVELS = {"critical": "error", "high": "error", "medium": "warning", "low": "note"}
_LINK = lazy(r"\[(?=[^\]]*\]\()")


def render(report: Report, view: View) -> str:
    """One run; what was not read and what raised are notifications of its invocation."""
    known = {rule.id: rule for rule in rules()}
    commitments = {one.id: one.commitment for one in report.rules} | {o.rule: o.commitment for o in report.findings}
    ids = sorted(commitments)
    waivers = waived_by(report)
    results = [_result(one, ids.index(one.rule), report, view, waivers) for one in report.findings]
    driver = {
        "name": "Tether",
        "semanticVersion": __version__,
        "version": __version__,
        "rules": [_rule(name, commitments[name], known.get(name)) for name in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {BASE: {"uri": _folder_uri(Path.cwd())}},
        "invocations": [_invocation(report, view, ids)],
        "results": results,
    }
    return dumped({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})


def _rule(name: str, commitment: str, rule: Rule | None) -> Json:
    promise = COMMITMENTS.get(commitment, commitment)
    if rule is None:
        # A contract of the profile, or a rule of the user's own.
        about = {"text": safe(promise)}
        return {"id": safe(name), "shortDescription": {"text": safe(name)}, "fullDescription": about, "help": about}
    parts = (("Why it matters", rule.why), ("How to fix", rule.fix), ("What it cannot see", rule.blind))
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": "\n\n".join(f"{title}\n\n{body}" for title, body in parts),
            "markdown": "\n\n".join(f"### {title}\n\n{body}" for title, body in parts),
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": ["security", rule.commitment, rule.assertion], "severity": rule.severity},
    }


def _result(one: Finding, index: int, report: Report, view: View, waivers: Mapping[str, Waived]) -> Json:
    violated = one.verdict is Verdict.VIOLATED
    alike = f" ({len(one.also)} more alike)" if one.also else ""
    body: Json = {
        "ruleId": safe(one.rule),
        "ruleIndex": index,
        # `open`: there was not enough to decide (section 3.27.9); any kind but `fail` has the level `none` (3.27.10).
        "kind": "fail" if violated else "open",
        "level": LEVELS.get(one.severity, "error") if violated else "none",
        "message": {"text": _message(one.message + alike) + (f"\nfix: {_message(one.fix)}" if one.fix else "")},
        "locations": [_location(anchor(one, report, view), one.subject.address, one.subject.kind)],
        "partialFingerprints": {FINGERPRINT: one.fingerprint},
        "properties": {
            "commitment": one.commitment,
            "verdict": str(one.verdict),
            "severity": one.severity,
            "decidedBy": [safe(name) for name in one.decided_by],
            "also": [safe(name) for name in one.also],
        },
    }
    if len(one.hops) > 1:
        body["codeFlows"] = [{"threadFlows": [{"locations": [_hop(hop, view) for hop in one.hops]}]}]
        body["relatedLocations"] = list(_related(one.hops, view))
    if view.known is not None:
        body["baselineState"] = "unchanged" if view.knows(one.fingerprint) else "new"
    waiver = waivers.get(one.fingerprint)
    if waiver is not None:
        why = safe(f"{waiver.reason} ({waiver.owner}, until {waiver.expires})")
        body["suppressions"] = [{"kind": "external", "status": "accepted", "justification": why}]
    return body


def _message(text: str) -> str:
    """Text for a message: brackets that would make a link of it are escaped (section 3.11.6)."""
    return _LINK.sub(r"\\[", safe(text))


def _hop(hop: Hop, view: View) -> Json:
    location = _location(relative(hop.origin, view), hop.address, hop.kind)
    location["message"] = {"text": _message(f"{hop.address}: {hop.because}")}
    return {"location": location, "importance": "essential" if hop.cut else "important"}


def _related(hops: Sequence[Hop], view: View) -> Iterator[Json]:
    for number, hop in enumerate(hops, 1):
        found = relative(hop.origin, view)
        if found is not None:
            told = {"text": _message(f"({number}) {hop.address}: {hop.because}")}
            yield {"id": number, **_location(found, hop.address, hop.kind), "message": told}


def _location(found: FileOrigin | None, address: str, kind: str) -> Json:
    """A place, its path relative to the working directory; what has no file is told by its address alone."""
    body: Json = {"logicalLocations": [{"fullyQualifiedName": safe(address), "kind": safe(kind)}]}
    if found is not None:
        region = {"startLine": found.line, "startColumn": found.column}
        if found.end_line > found.line or (found.end_line == found.line and found.end_column > found.column):
            region |= {"endLine": found.end_line, "endColumn": max(found.end_column, 1)}
        body["physicalLocation"] = {"artifactLocation": _artifact(found.path), "region": region}
    return body


def _artifact(path: str) -> Json:
    if path.startswith("../") or Path(path).is_absolute():
        return {"uri": "file://" + _quoted(Path.cwd().joinpath(path).resolve().as_posix())}
    return {"uri": _quoted(path), "uriBaseId": BASE}


def _folder_uri(folder: Path) -> str:
    return f"file://{_quoted(folder.as_posix().rstrip('/'))}/"


def _quoted(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape" if _bytes(path) else "surrogatepass"))


def _bytes(path: str) -> bool:
    """Whether each lone surrogate of `path` stands for a byte that was no UTF-8."""
    return all(0xDC80 <= ord(one) <= 0xDCFF for one in path if 0xD800 <= ord(one) <= 0xDFFF)


def _invocation(report: Report, view: View, ids: Sequence[str]) -> Json:
    crashed = [one for one in report.rules if one.crashed]
    notes = [_unread(one, view) for one in report.unread]
    notes += [
        {
            "level": "error",
            "message": {"text": _message(f"{one.id}: {one.note}")},
            "associatedRule": {"id": safe(one.id), "index": ids.index(one.id)},
        }
        for one in crashed
    ]
    body: Json = {
        "executionSuccessful": not crashed and not any(one.broken for one in report.unread),
        "toolExecutionNotifications": notes,
    }
    return body if view.exit_code is None else {**body, "exitCode": view.exit_code}


def _unread(one: Unread, view: View) -> Json:
    remedy = f"; remedy: {one.remedy}" if one.remedy else ""
    return {
        "level": "error" if one.broken else "warning",
        "message": {"text": _message(f"not read: {one.cause}{remedy}")},
        "locations": [_location(relative(one.origin, view), str(one.origin), one.kind)],
    }
