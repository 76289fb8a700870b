"""One line a finding, for editors and for people who grep."""

from __future__ import annotations

from scanner.findings import Finding, Report, Verdict
from scanner.origin import FileOrigin
from scanner.reports.safe import cut, safe, safe_line
from scanner.reports.view import View
from scanner.reports.words import place, verdict_words, waived_by

MAX_LINE = 500


def render(report: Report, view: View) -> str:
    """`path:line:column: verdict[rule] message` by path, what was not read, then each commitment's verdict."""
    waivers = waived_by(report)
    lines = [
        _finding(one, one.fingerprint in waivers, view.knows(one.fingerprint))
        for one in sorted(report.findings, key=_key)
    ]
    for unread in sorted(report.unread, key=lambda one: (str(one.origin), one.cause)):
        lines.append(f"{safe(unread.origin)}: unread {safe(unread.cause)}")
    lines += [f"{safe(one.id)}: {verdict_words(one, report)}" for one in report.commitments]
    return "".join(f"{safe_line(cut(line, MAX_LINE))}\n" for line in lines)


def _key(one: Finding) -> tuple[str, int, int, str, str, str]:
    where = one.place
    if isinstance(where, FileOrigin):
        return where.path, where.line, where.column, one.rule, one.subject.address, one.message
    return str(where or one.subject.address), 0, 0, one.rule, one.subject.address, one.message


def _finding(one: Finding, waived: bool, known: bool) -> str:
    where = place(one.place) or safe(one.subject.address)
    word = "violated" if one.verdict is Verdict.VIOLATED else str(one.verdict)
    more = f" (and {len(one.also)} more)" if one.also else ""
    more += (" (waived)" if waived else "") + (" (known)" if known else "")
    return f"{where}: {word}[{safe(one.rule)}] {safe(one.message)}{more}"
