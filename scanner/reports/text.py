"""The report for a person at a terminal: each finding with its way and its source lines, then what was proved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.findings import COMMITMENTS, Finding, Hop, Report, Verdict, Waived
from scanner.reports.alike import has_way, told_once
from scanner.reports.colour import Paint
from scanner.reports.excerpt import Excerpt, Sources
from scanner.reports.safe import cells, cut, inert, safe
from scanner.reports.view import View
from scanner.reports.words import known_line, place, plural, read_line, titled, verdict_words, waived_by
from scanner.resource import Unread

NAMED = 5
"""How many folded findings are named."""
LABEL_ROOM = 40
MAX_FIELD = 400
GUTTER = 4
VERDICT_ORDER = (Verdict.HOLDS, Verdict.NOT_JUDGED, Verdict.UNPROVEN, Verdict.VIOLATED)


def render(report: Report, view: View) -> str:
    """The whole report; it ends with the commitments and a line that says what was read."""
    return "".join(f"{inert(line)}\n" for line in _Writer(report, view).lines())


class _Writer:
    def __init__(self, report: Report, view: View) -> None:
        self.report = report
        self.view = view
        self.paint = Paint(view.colour)
        self.sources = Sources(view.root, report.inputs, view.width - LABEL_ROOM)
        self.waivers = waived_by(report)

    def lines(self) -> Iterator[str]:
        for unread in self.report.unread:
            yield from self._unread(unread)
        for finding, *alike in told_once(self.report.findings, self._state):
            yield from self._finding(finding, alike)
        for title, entries in self._footnotes():
            yield self.paint.bold(title)
            yield from (f"  {_field(entry)}" for entry in entries)
            yield ""
        yield from self._commitments()

    def _unread(self, one: Unread) -> Iterator[str]:
        yield f"{self.paint.bad('unread')}: {safe(one.origin)}: {_field(one.cause)}"
        if one.remedy:
            yield f"   = remedy: {_field(one.remedy)}"
        yield ""

    def _state(self, one: Finding) -> tuple[object, ...]:
        return self.waivers.get(one.fingerprint), self.view.knows(one.fingerprint)

    def _finding(self, one: Finding, alike: Sequence[Finding]) -> Iterator[str]:
        violated = one.verdict is Verdict.VIOLATED
        word = self.paint.bad("error") if violated else self.paint.doubt("warning")
        yield f"{word}[{safe(one.rule)}]: {self.paint.bold(_field(one.message))}"
        if one.place is not None:
            yield f"  --> {place(one.place)}"
        way = has_way(one)
        if not way:
            yield from self._evidence(one)
        yield "   |"
        yield f"   = commitment: {safe(one.commitment)}: {COMMITMENTS.get(one.commitment, '')}"
        if way:
            yield from self._counterexample(one)
        if places := [at for at in dict.fromkeys(place(each.place) for each in alike) if at != place(one.place)]:
            more = f" and {len(places) - NAMED} more" if len(places) > NAMED else ""
            yield f"   = as well at: {', '.join(places[:NAMED])}{more}"
        elif others := list(dict.fromkeys(safe(each.subject.address) for each in alike)):
            more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
            yield f"   = the same lines, {plural(len(alike), 'more finding')}: {', '.join(others[:NAMED])}{more}"
        yield from self._advice(one, self.waivers.get(one.fingerprint))
        yield ""

    def _evidence(self, one: Finding) -> Iterator[str]:
        """A finding without a way: the one line that decides it."""
        for hop in one.hops:
            excerpt = self.sources.excerpt(hop.origin)
            because = "" if hop.because == one.message else hop.because
            if excerpt is not None or because:
                yield "   |"
                yield from self._source(excerpt, because, "   |  ", cut_here=True)

    def _counterexample(self, one: Finding) -> Iterator[str]:
        planes = "".join(f", {safe(plane)} plane" for plane in [one.plane] if plane)
        yield ""
        yield f"  counterexample: {plural(len(one.hops), 'hop')}{planes}, shortest of {max(one.ways, 1)}"
        yield ""
        for number, hop in enumerate(one.hops, 1):
            yield from self._hop(number, hop, last=number == len(one.hops))
        yield ""

    def _hop(self, number: int, hop: Hop, *, last: bool) -> Iterator[str]:
        margin = "      " if last else "   |  "
        yield f"  ({number}) {_field(titled(hop.kind, hop.address))}"
        if hop.origin is not None:
            yield f"{margin}{place(hop.origin)}" + (self.paint.bad("    <- cut here") if hop.cut else "")
        yield from self._source(self.sources.excerpt(hop.origin), hop.because, margin, cut_here=hop.cut)
        if not last:
            yield "   v"

    def _source(self, excerpt: Excerpt | None, because: str, margin: str, *, cut_here: bool) -> Iterator[str]:
        label = _field(because)
        if excerpt is None:
            if label:
                yield f"{margin}{label}"
            return
        line = (" " * excerpt.start) + ("^" if cut_here else "-") * excerpt.length
        yield f"{margin}{excerpt.line:>{GUTTER}} | {excerpt.text}".rstrip()
        width = max(GUTTER, len(str(excerpt.line)))
        marked = f"{line} {label}".rstrip()
        yield f"{margin}{'':>{width}} | {self.paint.bad(marked) if cut_here else self.paint.quiet(marked)}"

    def _advice(self, one: Finding, waiver: Waived | None) -> Iterator[str]:
        if one.decided_by:
            yield f"   = decided by: {_field(', '.join(one.decided_by))}"
        if one.calls:
            chain = " > ".join(f"`{safe(address)}` at {place(at)}" for address, at in one.calls)
            yield f"   = called: {_field(chain)}"
        if one.seen:
            yield f"   = seen: {one.seen}"
        for address, side, at in one.twins[:NAMED]:
            yield f"   = {side}: `{safe(address)}` at {place(at)}"
        if one.also:
            names = ", ".join(safe(name) for name in one.also[:NAMED])
            much = f"used by {len(one.also)}" if one.of_shared else f"and {len(one.also)} more"
            yield f"   = {much}: {names}{', ...' if len(one.also) > NAMED else ''}"
        if waiver is not None:
            yield f"   = waived: {_field(waiver.reason)} ({safe(waiver.owner)}, until {safe(waiver.expires)})"
        if self.view.knows(one.fingerprint):
            yield "   = known: the baseline has it"
        if one.fix:
            yield f"   = fix: {_field(one.fix)}"
        yield f"   = help: tether explain {safe(one.rule)}"

    def _footnotes(self) -> Iterator[tuple[str, list[str]]]:
        """What every report says of the ground it stands on; empty parts are left out."""
        report, scope = self.report, self.report.scope
        parts = [
            ("trusted", list(report.trusted)),
            ("assumed", list(report.assumptions)),
            ("rules that raised", [f"{one.id}: {one.note}" for one in report.rules if one.crashed]),
            ("not judged", self._not_judged()),
        ]
        if self.view.verbose:
            parts += [
                ("assumed absent", list(scope.assumed_absent)),
                ("passed over", [f"{path}: {why}" for path, why in report.passed_over.items()]),
            ]
        return ((title, entries) for title, entries in parts if entries)

    def _not_judged(self) -> list[str]:
        """Why rules were not judged, and the first of those that share a reason; all of them where more is asked."""
        grouped: dict[str, list[str]] = {}
        for rule, why in self.report.scope.not_judged:
            grouped.setdefault(why, []).append(rule)
        few = None if self.view.verbose else NAMED
        told = []
        for why, rules in grouped.items():
            more = f" and {len(rules) - NAMED} more" if few and len(rules) > NAMED else ""
            told.append(f"{why}: {', '.join(rules[:few])}{more}")
        return told

    def _commitments(self) -> Iterator[str]:
        yield self.paint.bold("commitments")
        ranked = sorted(self.report.commitments, key=lambda one: VERDICT_ORDER.index(one.verdict))
        rows = [
            (safe(one.id), one.verdict, verdict_words(one, self.report), plural(one.rules, "rule"), safe(one.summary))
            for one in ranked
        ]
        wide = [max((cells(str(row[index])) for row in rows), default=0) for index in (0, 2, 3)]
        for name, verdict, words, rules, summary in rows:
            shown = self.paint.verdict(verdict, f"{words:<{wide[1]}}")
            yield f"  {name:<{wide[0]}}   {shown}   {rules:<{wide[2]}}   {cut(summary, MAX_FIELD)}".rstrip()
        yield read_line(self.report) + known_line(self.report, self.view)


def _field(text: str) -> str:
    return cut(safe(text), MAX_FIELD)
