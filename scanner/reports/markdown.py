"""A summary for a pull request in GitHub's Markdown: the commitments, the paths, what was not read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanner.findings import Finding, Report, Verdict
from scanner.reports.located import relative
from scanner.reports.safe import safe
from scanner.reports.view import View
from scanner.reports.words import place, plural, read_line, verdict_words, waived_by

MOST = 20
"""How many findings are told with their path; a comment that nobody scrolls through helps nobody."""
_SPECIAL = re.compile(r"([\\*_{}\[\]<>()#+!|~&])")


def render(report: Report, view: View) -> str:
    """A table of verdicts, then the findings, worst first, each with its hops folded away."""
    waivers = waived_by(report)
    told = [one for one in report.findings if one.fingerprint not in waivers]
    lines = [f"## Tether: {report.verdict}", "", "| commitment | verdict | |", "|---|---|---|"]
    for one in report.commitments:
        lines.append(f"| {escaped(one.id)} | {escaped(verdict_words(one, report))} | {escaped(one.summary)} |")
    lines += ["", escaped(read_line(report)), ""]
    for finding in told[:MOST]:
        lines += _finding(finding, view)
    if len(told) > MOST:
        lines += [f"… and {plural(len(told) - MOST, 'finding')} more.", ""]
    if report.unread:
        lines += ["**Not read**", ""]
        lines += [f"- {code(str(one.origin))}: {escaped(one.cause)}" for one in report.unread[:MOST]]
        if len(report.unread) > MOST:
            lines.append(f"- … and {len(report.unread) - MOST} more")
        lines.append("")
    return "\n".join(lines).rstrip("\n") + "\n"


def _finding(one: Finding, view: View) -> Iterator[str]:
    mark = "❌" if one.verdict is Verdict.VIOLATED else "❔"
    found = relative(one.place, view)
    where = code(f"{found.path}:{found.line}") if found else ""
    yield f"{mark} **{escaped(one.rule)}** {where}"
    yield ""
    yield sentence(one.message)
    yield ""
    if len(one.hops) > 1:
        yield f"<details><summary>{plural(len(one.hops), 'hop')}, {escaped(one.plane)} plane</summary>"
        yield ""
        for number, hop in enumerate(one.hops, 1):
            cut = " ← cut here" if hop.cut else ""
            yield f"{number}. {code(hop.address)} {code(place(hop.origin))} {sentence(hop.because)}{cut}"
        yield ""
        yield "</details>"
        yield ""
    if one.fix:
        yield f"Fix: {sentence(one.fix)}"
        yield ""


def sentence(text: str) -> str:
    """Text of ours with names in backticks: the names as code, all else escaped."""
    parts = safe(text).split("`")
    return "".join(code(part) if index % 2 else escaped(part) for index, part in enumerate(parts))


def escaped(text: object) -> str:
    """`text` with nothing in it that Markdown, HTML or a mention would act on."""
    plain = _SPECIAL.sub(r"\\\1", safe(text).replace("`", "'"))
    plain = plain.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")
    # A zero-width joiner after it keeps `@name` and `://` from becoming a mention or a link.
    return plain.replace("@", "@\u2060").replace("://", ":\u2060//")


def code(text: str) -> str:
    """`text` as an inline code span; empty text is nothing."""
    plain = safe(text).replace("`", "'").replace("|", "\\|")
    return f"`{plain}`" if plain else ""
