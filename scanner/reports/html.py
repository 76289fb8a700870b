"""The report as one HTML file: nothing is loaded, nothing runs, and everything from an input is text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.findings import COMMITMENTS, Finding, Hop, Report, Waived
from scanner.reports.alike import told_once
from scanner.reports.excerpt import Sources
from scanner.reports.html_history import section
from scanner.reports.html_parts import WORDS, code, page, sentence, shown, table, verdict
from scanner.reports.view import View
from scanner.reports.words import known_line, place, plural, read_line, titled, verdict_words, waived_by, worst_last

MOST = 500
"""Findings that are told in full; a page of thousands is read by nobody and opened by no browser."""
NAMED = 20
LISTED = 2_000
WIDTH = 160


def render(report: Report, view: View) -> str:
    """The verdict, the commitments, the history if there is one, the findings, and the ground that it stands on."""
    return page(f"Tether: {WORDS[report.verdict]}", _Page(report, view).body())


class _Page:
    def __init__(self, report: Report, view: View) -> None:
        self.report = report
        self.view = view
        self.sources = Sources(view.root, report.inputs, WIDTH)
        self.waivers = waived_by(report)

    def body(self) -> Iterator[str]:
        report, run = self.report, self.report.run
        yield f"<header><h1>Tether: {verdict(report.verdict)}</h1>"
        facts = [f"as of {run.get('as_of', '')}", f"started {run.get('started', '')}", f"version {run.get('version')}"]
        yield f'<p class="soft">{shown(", ".join(facts))}</p>'
        yield f"<p>{shown(read_line(report) + known_line(report, self.view))}</p></header>\n<main>"
        yield from self._commitments()
        if self.view.past is not None:
            yield from section(self.view.past)
        yield from self._findings()
        yield from self._ground()
        yield "</main>"

    def _commitments(self) -> Iterator[str]:
        yield '<section aria-labelledby="commitments"><h2 id="commitments">Commitments</h2>'
        rows = (
            (
                shown(one.id),
                verdict(one.verdict, verdict_words(one, self.report)),
                shown(COMMITMENTS.get(one.id, "")),
                str(one.rules),
                shown(one.summary),
            )
            for one in self.report.commitments
        )
        heads = ("commitment", "verdict", "promise", "rules", "what was seen")
        yield table("Each promise, and what this run proves of it", heads, rows, (3,))
        yield "</section>"

    def _findings(self) -> Iterator[str]:
        told = told_once(self.report.findings, self._state)
        told.sort(key=lambda group: worst_last(group[0]), reverse=True)
        count = len(self.report.findings)
        yield f'<section aria-labelledby="findings"><h2 id="findings">Findings ({count})</h2>'
        for one, *alike in told[:MOST]:
            yield from self._finding(one, alike, self.waivers.get(one.fingerprint))
        if rest := sum(len(group) for group in told[MOST:]):
            yield f"<p>and {plural(rest, 'finding')} more: the JSON report has them all</p>"
        if not told:
            yield "<p>none</p>"
        yield "</section>"

    def _state(self, one: Finding) -> tuple[object, ...]:
        first = self.view.first.get(one.fingerprint)
        return self.waivers.get(one.fingerprint), self.view.knows(one.fingerprint), first

    def _finding(self, one: Finding, alike: list[Finding], waiver: Waived | None) -> Iterator[str]:
        yield f'<article class="{one.verdict}">'
        known = " (known to the baseline)" if self.view.knows(one.fingerprint) else ""
        yield f"<h3>{verdict(one.verdict)} {code(one.rule)}, {shown(one.severity)}{known}</h3>"
        yield f"<p>{sentence(one.message)}</p>"
        if one.place is not None:
            yield f'<p class="soft">{shown(place(one.place))}</p>'
        yield from self._way(one)
        facts = [
            ("commitment", f"{shown(one.commitment)}: {shown(COMMITMENTS.get(one.commitment, ''))}"),
            ("decided by", ", ".join(code(name) for name in one.decided_by[:NAMED])),
            ("called", " &gt; ".join(f"{code(address)} at {shown(place(at))}" for address, at in one.calls)),
            ("seen", shown(one.seen)),
            (
                "known as",
                ", ".join(f"{code(name)} ({side}, {shown(place(at))})" for name, side, at in one.twins[:NAMED]),
            ),
            ("and", ", ".join(code(name) for name in one.also[:NAMED]) + (", …" if len(one.also) > NAMED else "")),
            ("waived", waiver and shown(f"{waiver.reason} ({waiver.owner}, until {waiver.expires})")),
            ("first seen", shown(self.view.first.get(one.fingerprint, ""))),
            ("fix", sentence(one.fix)),
        ]
        yield from (f"<p><strong>{name}:</strong> {value}</p>" for name, value in facts if value)
        yield f'<p class="soft">tether explain {shown(one.rule)}; fingerprint {shown(one.fingerprint)}</p>'
        if alike:
            yield f"<details><summary>the same of {len(alike)} more</summary><ul>"
            for each in alike[:LISTED]:
                where = shown(place(each.place)) if each.place is not None and each.place != one.place else ""
                yield f"<li>{code(each.subject.address)} {where} {shown(each.fingerprint)}</li>"
            yield "</ul></details>"
        yield "</article>"

    def _way(self, one: Finding) -> Iterator[str]:
        if not one.hops:
            return
        if len(one.hops) == 1 and not one.plane:
            yield from self._source(one.hops[0], "" if one.hops[0].because == one.message else one.hops[0].because)
            return
        plane = f", {shown(one.plane)} plane" if one.plane else ""
        yield f"<details open><summary>{plural(len(one.hops), 'hop')}{plane}, shortest of {max(one.ways, 1)}</summary>"
        yield '<ol class="way">'
        for hop in one.hops:
            mark = ' <span class="cut">cut here</span>' if hop.cut else ""
            where = f'<span class="soft">{shown(place(hop.origin))}</span>'
            yield f"<li>{code(titled(hop.kind, hop.address))} {where}{mark}"
            yield from self._source(hop, hop.because)
            yield "</li>"
        yield "</ol></details>"

    def _source(self, hop: Hop, because: str) -> Iterator[str]:
        excerpt = self.sources.excerpt(hop.origin)
        if excerpt is not None:
            marked = " " * excerpt.start + ("^" if hop.cut else "-") * excerpt.length
            room = " " * len(f"{excerpt.line} | ")
            yield f"<pre>{excerpt.line} | {shown(excerpt.text)}\n{room}{marked}</pre>"
        if because:
            yield f"<div>{sentence(because)}</div>"

    def _ground(self) -> Iterator[str]:
        report, scope = self.report, self.report.scope
        unread = [
            f"{shown(one.origin)}: {shown(one.cause)}" + (f" ({shown(one.remedy)})" if one.remedy else "")
            for one in report.unread
        ]
        yield from _listed("Not read", unread, opened=True)
        raised = [f"{code(one.id)}: {shown(one.note)}" for one in report.rules if one.crashed]
        yield from _listed("Rules that raised", raised, opened=True)
        yield from _listed("Notes", map(shown, report.notes), opened=True)
        waived = [
            f"{code(one.rule)} for {code(one.subject)}: {shown(f'{one.reason} ({one.owner}, until {one.expires})')}"
            for one in report.waived
        ]
        yield from _listed("Waivers in use", waived)
        yield from _listed("Trusted", map(shown, report.trusted))
        yield from _listed("Assumed", map(shown, report.assumptions))
        yield from _listed("Not judged", (f"{code(rule)}: {shown(why)}" for rule, why in scope.not_judged))
        yield from _listed("Assumed absent", map(shown, scope.assumed_absent))
        yield from _listed("Inputs", (f"{code(path)} {shown(sha)}" for path, sha in sorted(report.inputs.items())))
        about = [f"basis: {', '.join(scope.basis)}", f"rules: {report.ruleset_sha256}"]
        about += [f"profile: {report.profile_path} {report.profile_sha256}"] if report.profile_path else ["no profile"]
        yield from _listed("Rests on", map(shown, about))


def _listed(title: str, entries: Iterable[str], *, opened: bool = False) -> Iterator[str]:
    kept = list(entries)
    if kept:
        more = [f"and {len(kept) - LISTED} more"] if len(kept) > LISTED else []
        items = "".join(f"<li>{one}</li>\n" for one in [*kept[:LISTED], *more])
        state = " open" if opened else ""
        head = f"<summary>{shown(title)} ({len(kept)})</summary>"
        yield f'<details class="card"{state}>{head}\n<ul>{items}</ul></details>'
