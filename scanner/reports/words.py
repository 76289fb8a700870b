"""Words that several formats share: how places, nodes, verdicts and waivers are written."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.findings import CommitmentResult, Finding, Report, Verdict, Waived
from scanner.origin import Origin
from scanner.reports.safe import cut, safe
from scanner.reports.view import View

MAX_PLACE = 300


def place(origin: Origin | None) -> str:
    """`path:line:column`, or the API object; "" for None."""
    return "" if origin is None else cut(safe(origin), MAX_PLACE)


def titled(kind: str, address: str) -> str:
    """A node by its kind and address, each word once: `deployment tenant-a/batch-runner`, `aws_iam_role.gateway`."""
    parts = address.split("/")
    lowered = [part.lower() for part in parts]
    word = kind.lower()
    if word in lowered and len(parts) > 1:
        parts.pop(lowered.index(word))
        return safe(f"{word} {'/'.join(parts)}")
    if kind in address or not kind:
        return safe(address)
    return safe(f"{word if kind[:1].isupper() else kind} {address}")


def waived_by(report: Report) -> dict[str, Waived]:
    """The waiver of each waived finding, by the finding's fingerprint."""
    return {one.fingerprint: one for one in report.waived}


def verdict_words(result: CommitmentResult, report: Report) -> str:
    """A commitment's verdict as people read it: `holds (declared)`, `VIOLATED (1 waived until 2027-01-31)`."""
    if result.verdict is Verdict.HOLDS:
        return f"holds ({', '.join(result.basis)})" if result.basis else "holds"
    word = "VIOLATED" if result.verdict is Verdict.VIOLATED else str(result.verdict)
    waivers = waived_by(report)
    ends = [
        waivers[one.fingerprint].expires
        for one in report.findings
        if one.commitment == result.id and one.fingerprint in waivers
    ]
    return f"{word} ({len(ends)} waived until {safe(min(ends))})" if ends else word


def plural(number: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def read_line(report: Report) -> str:
    """The last line of a report: what was looked at."""
    counts: Mapping[str, int] = report.counts
    names = [name for name in ("terraform", "plan", "state", "kubernetes", "bundle", "live") if counts.get(name)]
    resources = " + ".join(f"{counts[name]} {name}" for name in names) or "no"
    total = sum(counts[name] for name in names)
    parts = [f"read {plural(len(report.inputs), 'file')}, {resources} resource{'' if total == 1 else 's'}"]
    if counts.get("unknown_values"):
        parts.append(f"{plural(counts['unknown_values'], 'value')} unknown")
    if report.unread:
        parts.append(f"{plural(len(report.unread), 'input')} not read")
    if counts.get("unmodelled"):
        parts.append(f"{counts['unmodelled']} of kinds in no table")
    if report.waived:
        ends = sorted({one.expires for one in report.waived})
        parts.append(f"{plural(len(report.waived), 'waiver')} (until {safe(ends[0])})")
    return "; ".join(parts)


def known_line(report: Report, view: View) -> str:
    """What the baseline makes of the findings; "" without one."""
    if view.known is None:
        return ""
    known = sum(view.knows(one.fingerprint) for one in report.findings)
    return f"; {plural(known, 'finding')} known to the baseline, {len(report.findings) - known} not"


def worst_last(finding: Finding) -> tuple[bool, int]:
    """A key that puts violations behind what is not proven, and the severe behind the mild."""
    order = ("low", "medium", "high", "critical")
    severity = order.index(finding.severity) if finding.severity in order else len(order)
    return finding.verdict is Verdict.VIOLATED, severity
