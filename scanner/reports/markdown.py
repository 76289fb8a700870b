"""A summary for a pull request in GitHub's Markdown: the commitments, the paths, what was not read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.findings import Finding, Report, Verdict
from scanner.patterns import lazy
from scanner.reports.located import relative
from scanner.reports.safe import cut, safe
from scanner.reports.view import View
from scanner.reports.words import known_line, place, plural, read_line, titled, verdict_words, waived_by, worst_last

MOST = 20
"""How many findings are told with their path; a comment that nobody scrolls through helps nobody."""
MAX_TEXT = 400
MAX_HOPS = 12
ROOM = 55_000
"""Characters; a comment at GitHub holds 65,536, and a longer one is refused whole."""
_SPECIAL = lazy(r"([\\*_{}\[\]|~#]|^[-+=])")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_REFERENCE = lazy(r"(@|://|#|www\.|GH-)(?=\S)", re.IGNORECASE)


def render(report: Report, view: View) -> str:
    """A table of verdicts, then the findings, worst first, each with its hops folded away."""
    waived = waived_by(report)
    told = sorted((one for one in report.findings if one.fingerprint not in waived), key=worst_last, reverse=True)
    told.sort(key=lambda one: view.knows(one.fingerprint))
    lines = [f"## Tether: {report.verdict}", "", "| commitment | verdict | |", "|---|---|---|"]
    for one in report.commitments:
        lines.append(f"| {escaped(one.id)} | {escaped(verdict_words(one, report))} | {escaped(one.summary)} |")
    lines += ["", escaped(read_line(report) + known_line(report, view)), ""]
    lines += _section("Not read", [f"{code(str(one.origin))}: {escaped(one.cause)}" for one in report.unread])
    raised = [f"{code(one.id)}: {escaped(one.note)}" for one in report.rules if one.crashed]
    lines += _section("Rules that raised", raised)
    lines += fitted([list(_finding(one, view)) for one in told], sum(map(len, lines)), "finding")
    return "\n".join(lines).rstrip("\n") + "\n"


def fitted(parts: list[list[str]], used: int, noun: str) -> list[str]:
    """The lines of the first parts, as many as a comment has room for, and how many there are beside them."""
    lines: list[str] = []
    shown = 0
    for part in parts[:MOST]:
        used += sum(len(line) + 1 for line in part)
        if used > ROOM:
            break
        lines += part
        shown += 1
    return [*lines, f"… and {plural(len(parts) - shown, noun)} more.", ""] if shown < len(parts) else lines


def _section(title: str, entries: list[str]) -> list[str]:
    if not entries:
        return []
    more = [f"- … and {len(entries) - MOST} more"] if len(entries) > MOST else []
    return [f"**{title}**", "", *(f"- {entry}" for entry in entries[:MOST]), *more, ""]


def _finding(one: Finding, view: View) -> Iterator[str]:
    mark = "❌" if one.verdict is Verdict.VIOLATED else "❔"
    found = relative(one.place, view)
    where = code(f"{found.path}:{found.line}") if found else ""
    known = " (known to the baseline)" if view.knows(one.fingerprint) else ""
    yield f"{mark} **{escaped(one.rule)}** {where}{known}"
    yield ""
    yield sentence(one.message) + (f" (and {len(one.also)} more)" if one.also else "")
    yield ""
    if len(one.hops) > 1:
        yield f"<details><summary>{plural(len(one.hops), 'hop')}, {escaped(one.plane)} plane</summary>"
        yield ""
        for number, hop in enumerate(one.hops[:MAX_HOPS], 1):
            mark = " ← cut here" if hop.cut else ""
            yield hop_line(number, titled(hop.kind, hop.address), place(hop.origin), hop.because) + mark
        yield ""
        yield "</details>"
        yield ""
    if one.decided_by:
        yield f"Decided by: {', '.join(code(name) for name in one.decided_by[:MAX_HOPS])}"
        yield ""
    if one.fix:
        yield f"Fix: {sentence(one.fix)}"
        yield ""


def hop_line(number: int, node: str, where: str, because: str) -> str:
    """One step of a path as an entry of a numbered list."""
    return f"{number}. {code(node)} {code(where)} {sentence(because)}".replace("  ", " ")


def sentence(text: str) -> str:
    """Text of ours with names in backticks: the names as code, all else escaped."""
    parts = cut(safe(text), MAX_TEXT).split("`")
    return "".join(code(part) if index % 2 else escaped(part) for index, part in enumerate(parts))


def escaped(text: object) -> str:
    """`text` with nothing in it that Markdown, HTML, a mention or a reference to an issue would act on."""
    plain = _SPECIAL.sub(r"\\\1", cut(safe(text), MAX_TEXT).replace("`", "'"))
    plain = re.sub("[&<>]", lambda found: _ENTITIES[found.group()], plain)
    # A word joiner: `@name`, `#1` and addresses are looked for after Markdown is done, where no escape helps.
    return _REFERENCE.sub("\\1&#8288;", plain)


def code(text: str) -> str:
    """`text` as an inline code span; empty text is nothing."""
    plain = cut(safe(text), MAX_TEXT).replace("`", "'")
    return f"`{plain}`" if plain else ""
