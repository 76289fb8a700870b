"""JUnit XML: a suite for each commitment, a case for each rule; unproven is an error, not judged is skipped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from scanner.findings import Finding, Report, RuleResult, Verdict
from scanner.reports.safe import safe
from scanner.reports.view import View
from scanner.reports.words import place

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, view: View) -> str:
    """The report as test results: `failure` for a violation, `error` for what is not proved."""
    del view
    top = Element("testsuites", name="tether")
    for commitment in report.commitments:
        mine = [one for one in report.rules if one.commitment == commitment.id]
        suite = SubElement(top, "testsuite", name=_clean(commitment.id), tests=str(len(mine)))
        for verdict, name in (
            (Verdict.VIOLATED, "failures"),
            (Verdict.UNPROVEN, "errors"),
            (Verdict.NOT_JUDGED, "skipped"),
        ):
            suite.set(name, str(sum(one.verdict is verdict for one in mine)))
        for result in mine:
            _case(suite, result, [one for one in report.findings if one.rule == result.id])
    indent(top)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + tostring(top, encoding="unicode") + "\n"


def _case(suite: Element, result: RuleResult, findings: Sequence[Finding]) -> None:
    case = SubElement(suite, "testcase", name=_clean(result.id), classname=_clean(result.commitment))
    if result.verdict is Verdict.NOT_JUDGED:
        SubElement(case, "skipped", message=_clean(result.note))
        return
    if result.verdict is Verdict.HOLDS:
        return
    tag = "failure" if result.verdict is Verdict.VIOLATED else "error"
    told = [one for one in findings if one.verdict is result.verdict]
    lines = [f"{place(one.place)}: {one.message}" for one in told]
    message = lines[0] if lines else result.note or "not proved"
    body = SubElement(case, tag, type=str(result.verdict), message=_clean(message))
    body.text = "\n".join(_clean(line) for line in lines)


def _clean(value: object) -> str:
    return _NOT_XML.sub("?", safe(value))
