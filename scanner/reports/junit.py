"""JUnit XML: a suite for each commitment, a case for each rule, and a suite for the inputs.

A violation is a failure, what is not proven an error (also where `--allow-unproven` lets it through), what was not
judged is skipped. A rule whose findings are all waived, or known to the baseline, is skipped as well and says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from scanner.findings import CommitmentResult, Finding, Report, RuleResult, Verdict
from scanner.patterns import lazy
from scanner.reports.safe import cut, safe
from scanner.reports.view import View
from scanner.reports.words import place, titled, waived_by
from scanner.resource import Unread

_NOT_XML = lazy("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STARTED = lazy(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
MAX_TEXT = 1_000


def render(report: Report, view: View) -> str:
    """The report as test results."""
    waived = set(waived_by(report))
    top = Element("testsuites")
    started = _STARTED.match(report.run.get("started", ""))
    at = started.group() if started else "1970-01-01T00:00:00"
    for commitment in report.commitments:
        mine = [one for one in report.rules if one.commitment == commitment.id]
        suite = _suite(top, commitment.id, at)
        for result in mine:
            findings = [one for one in report.findings if one.rule == result.id and one.verdict is result.verdict]
            _case(suite, result, findings, waived, view)
        if commitment.verdict is Verdict.UNPROVEN and all(one.verdict in _SILENT for one in mine):
            _hollow(suite, commitment)
        _closed(suite)
    suite = _suite(top, "inputs", at)
    if not report.unread:
        _named(suite, "every input was read", "inputs")
    for unread in report.unread:
        _unread(suite, unread)
    _closed(suite)
    indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(top, encoding="unicode") + "\n"


_SILENT = (Verdict.HOLDS, Verdict.NOT_JUDGED)


def _suite(top: Element, name: str, at: str) -> Element:
    where = {"id": str(len(top)), "name": _clean(name), "package": "tether", "hostname": "localhost", "timestamp": at}
    suite = SubElement(top, "testsuite", where)
    SubElement(suite, "properties")
    return suite


def _closed(suite: Element) -> None:
    """Count what the suite holds, and end it as the schema wants it."""
    suite.set("tests", str(len(suite.findall("testcase"))))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(len(suite.findall(f"testcase/{tag}"))))
    suite.set("time", "0")
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")


def _named(suite: Element, name: str, group: str) -> Element:
    return SubElement(suite, "testcase", name=_clean(name), classname=_clean(group), time="0")


def _case(suite: Element, result: RuleResult, findings: Sequence[Finding], waived: set[str], view: View) -> None:
    case = _named(suite, result.id, result.commitment)
    if result.verdict is Verdict.HOLDS:
        return
    if result.verdict is Verdict.NOT_JUDGED:
        SubElement(case, "skipped", message=_clean(result.note))
        return
    counted = [one for one in findings if one.fingerprint not in waived and not view.knows(one.fingerprint)]
    if findings and not counted:
        words = f"{len(findings)} {result.verdict}, waived or known to the baseline: {findings[0].message}"
        SubElement(case, "skipped", message=_clean(words))
        return
    tag = "failure" if result.verdict is Verdict.VIOLATED else "error"
    message = counted[0].message if counted else result.note or "not proven: another rule's finding says why"
    body = SubElement(case, tag, type=str(result.verdict), message=_clean(message))
    body.text = "\n".join(line for one in counted for line in _told(one))


def _told(one: Finding) -> list[str]:
    """A finding with its way, a line each."""
    lines = [f"{place(one.place)}: {one.message}"]
    if len(one.hops) > 1:
        for number, hop in enumerate(one.hops, 1):
            mark = "  <- cut here" if hop.cut else ""
            lines.append(f"  ({number}) {titled(hop.kind, hop.address)} {place(hop.origin)}: {hop.because}{mark}")
    lines += [f"  decided by: {', '.join(one.decided_by)}"] if one.decided_by else []
    lines += [f"  fix: {one.fix}"] if one.fix else []
    return [_clean(line) for line in lines]


def _hollow(suite: Element, commitment: CommitmentResult) -> None:
    """No rule of the commitment had anything to judge: that is no success."""
    case = _named(suite, "something to judge", commitment.id)
    SubElement(case, "error", type="unproven", message=_clean(commitment.summary or "nothing was judged"))


def _unread(suite: Element, unread: Unread) -> None:
    case = _named(suite, str(unread.origin), "inputs")
    body = SubElement(case, "error", type=f"unread-{unread.kind}", message=_clean(unread.cause))
    body.text = _clean(unread.remedy)


def _clean(value: object) -> str:
    return _NOT_XML.sub("?", cut(safe(value), MAX_TEXT))
