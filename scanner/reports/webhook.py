"""What a chat is told of a run, as Slack's incoming webhooks take it: short, and nothing in it that pings."""

from __future__ import annotations

import json

from scanner.findings import Finding, Report, Verdict
from scanner.reports.safe import cut, safe
from scanner.reports.view import View
from scanner.reports.words import plural, read_line, verdict_words, waived_by, worst_last

MOST = 5
MAX_TEXT = 300
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""Slack reads no other: what stands between angle brackets is a link, a mention or a call to a whole channel."""
_MARKS = {"*": "\u2217", "_": "\uff3f", "~": "\u223c", "`": "'"}
"""Signs that would mark up, and what looks like them."""


def message(report: Report, view: View) -> bytes:
    """The body of one POST: the verdict, what is new, the worst findings by name, what was read and what is told."""
    lines = [f"*Tether: {_word(report.verdict)}*"]
    lines += [
        f"{_plain(one.id)}: {_plain(verdict_words(one, report))}"
        for one in report.commitments
        if one.verdict is not Verdict.HOLDS
    ]
    if view.past is not None and view.past.runs:
        counts = view.past.runs[-1].counts
        shown = (f"{number} {name.replace('_', ' ')}" for name, number in counts.items() if number)
        lines.append(f"findings: {', '.join(shown) or 'none'}")
    lines += _findings(report)
    lines += [_plain(note) for note in report.notes]
    lines.append(_plain(read_line(report)))
    return json.dumps({"text": "\n".join(lines), "unfurl_links": False, "unfurl_media": False}).encode()


def _word(verdict: Verdict) -> str:
    return "VIOLATED" if verdict is Verdict.VIOLATED else str(verdict)


def _findings(report: Report) -> list[str]:
    waived = waived_by(report)
    told: list[Finding] = [one for one in report.findings if one.fingerprint not in waived]
    told.sort(key=worst_last, reverse=True)
    lines = [f"\u2022 {_plain(one.rule)}: {_plain(one.message)}" for one in told[:MOST]]
    return [*lines, f"and {plural(len(told) - MOST, 'finding')} more"] if len(told) > MOST else lines


def _plain(text: object) -> str:
    """One line of text that a chat shows as it stands; an address in it is no link."""
    shown = "".join(_MARKS.get(one, one) for one in cut(safe(text), MAX_TEXT)).replace("://", ":/\u200b/")
    return "".join(_ENTITIES.get(one, one) for one in shown)
