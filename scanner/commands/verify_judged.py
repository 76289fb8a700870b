"""What `tether verify` holds against a judgement that was made again: a certificate alone proves no more than it says.

What a rule looked at stands in a certificate, and not that it found nothing: the rule is asked that again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from scanner.reports.report_json import plain_report

if TYPE_CHECKING:
    from scanner.findings import Report

Json = Mapping[str, Any]
_WHOLE = ("models", "safety_stack", "unread", "waived", "scope", "assumptions", "trusted", "passed_over", "counts")
"""Parts of a report that are the same for the same inputs, and told as one where they are not."""


def differing(report: Json, again: Report) -> Iterator[str]:
    """Everything in which a report differs from the one that is made of the same inputs now, but for its notes."""
    fresh = plain_report(again)
    rules = report.get("ruleset")
    then = rules.get("sha256") if isinstance(rules, Mapping) else None
    if then != fresh["ruleset"]["sha256"]:
        yield f"it was judged by other rules: sha256 {then}, not {fresh['ruleset']['sha256']}"
    if report.get("verdict") != fresh["verdict"]:
        yield f"the verdict is said to be {report.get('verdict')}: judged again, it is {fresh['verdict']}"
    if report["run"].get("as_of") != fresh["run"]["as_of"]:
        yield f"it is said to be as of {report['run'].get('as_of')}: it was judged as of {fresh['run']['as_of']}"
    yield from _named(report, fresh, "commitments")
    yield from _named(report, fresh, "rules")
    yield from _findings(report, fresh)
    for key in _WHOLE:
        if _text(report.get(key)) != _text(fresh[key]):
            yield f"`{key}` of the report is not what is found again"


def _named(report: Json, fresh: Json, key: str) -> Iterator[str]:
    """Commitments or rules, each by its id, and each once."""
    told = [one for one in _entries(report, key) if isinstance(one, Mapping)]
    then = {str(one.get("id")): one for one in told}
    now = {one["id"]: one for one in fresh[key]}
    if len(then) != len(_entries(report, key)):
        yield f"`{key}` of the report has one twice, or what is none"
    for name in sorted(then.keys() | now.keys()):
        if name not in then:
            yield f"{name}: the report leaves it out: judged again, it is {now[name]['verdict']}"
        elif name not in now:
            yield f"{name}: there is none of this name"
        elif then[name].get("verdict") != now[name]["verdict"]:
            said = then[name].get("verdict")
            yield f"{name}: it is said to be {said}: judged again, it is {now[name]['verdict']}"
        elif _text(then[name]) != _text(now[name]):
            yield f"{name}: what the report says of it is not what is found again"


def _findings(report: Json, fresh: Json) -> Iterator[str]:
    then = {_text(one): one for one in _entries(report, "findings")}
    now = {_text(one): one for one in fresh["findings"]}
    for text in sorted(now.keys() - then.keys()):
        yield f"{now[text]['rule']}: the report has not, or has otherwise: {now[text]['message']}"
    for text in sorted(then.keys() - now.keys()):
        one = then[text] if isinstance(then[text], Mapping) else {}
        yield f"{one.get('rule')}: the report has what is not found again: {one.get('message')}"


def _entries(report: Json, key: str) -> list[Any]:
    value = report.get(key)
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
