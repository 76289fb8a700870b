"""Annotations for GitHub Actions: one workflow command a finding (GitHub Docs, "Workflow commands")."""

from __future__ import annotations

from scanner.findings import Finding, Report, Verdict
from scanner.origin import FileOrigin
from scanner.reports.located import relative
from scanner.reports.safe import cut, safe
from scanner.reports.view import View
from scanner.reports.words import place, titled, verdict_words, waived_by

SHOWN = 10
"""GitHub shows ten annotations of each level for a step, the first ones; the rest stay in the log."""
MAX_TEXT = 500
MAX_HOPS = 12


def render(report: Report, view: View) -> str:
    """`::error` for a violation and an input that is broken, `::warning` for what is not proven, `::notice` else.

    In each level the worst come first; more than GitHub shows are counted in the closing notice.
    """
    waivers = waived_by(report)
    told = [("notice", _command("notice", _closing(report), _verdicts(report)))]
    for unread in report.unread:
        level = "error" if unread.broken else "warning"
        remedy = f"; remedy: {unread.remedy}" if unread.remedy else ""
        at = _at(relative(unread.origin, view))
        told.append((level, _command(level, {**at, "title": "not read"}, [f"{unread.cause}{remedy}"])))
    for rule in report.rules:
        if rule.crashed:
            told.append(("error", _command("error", {"title": rule.id}, [rule.note])))
    for one in report.findings:
        excused = one.fingerprint in waivers or view.knows(one.fingerprint)
        level = "notice" if excused else "error" if one.verdict is Verdict.VIOLATED else "warning"
        word = " (waived)" if one.fingerprint in waivers else " (known)" if excused else ""
        told.append((level, _finding(level, one, view, word)))
    for level in ("error", "warning", "notice"):
        more = sum(one == level for one, _ in told) - SHOWN
        if more > 0:
            told.append(("", f"{more} of level {level} beyond the {SHOWN} that GitHub shows stand in this log alone"))
    return "".join(f"{line}\n" for _, line in told)


def _closing(report: Report) -> dict[str, str]:
    return {"title": f"tether: {report.verdict}"}


def _verdicts(report: Report) -> list[str]:
    return [f"{one.id}: {verdict_words(one, report)}; {one.summary}" for one in report.commitments]


def _finding(level: str, one: Finding, view: View, word: str) -> str:
    lines = [f"{one.message}{word}"]
    if len(one.hops) > 1:
        lines += [
            f"({number}) {titled(hop.kind, hop.address)} {place(hop.origin)}: {hop.because}"
            for number, hop in enumerate(one.hops[:MAX_HOPS], 1)
        ]
    lines += [f"fix: {one.fix}"] if one.fix else []
    return _command(level, {**_at(relative(one.place, view)), "title": one.rule}, lines)


def _at(found: FileOrigin | None) -> dict[str, str]:
    if found is None:
        return {}
    at = {"file": found.path, "line": str(found.line), "col": str(found.column)}
    # GitHub takes an end column only where the span stays on one line.
    if found.end_line == found.line and found.end_column > found.column:
        at |= {"endLine": str(found.end_line), "endColumn": str(found.end_column)}
    return at


def _command(level: str, properties: dict[str, str], lines: list[str]) -> str:
    settings = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{level} {settings}::{'%0A'.join(_data(line) for line in lines)}"


def _data(value: str) -> str:
    """One line of text: `safe` leaves no line end in it, and the sign that starts an escape is escaped."""
    return cut(safe(value), MAX_TEXT).replace("%", "%25")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")
