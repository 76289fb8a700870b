"""A textfile for the node exporter of Prometheus (the text exposition format, version 0.0.4).

A verdict is three series of which one is 1, so that a run that proves nothing cannot be taken for one that found
nothing; the time of the run is there, so that a run that did not take place is seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time

from scanner.findings import SEVERITIES, Report, Verdict
from scanner.reports.safe import safe
from scanner.reports.view import View
from scanner.reports.words import waived_by

_SHOWN = (Verdict.HOLDS, Verdict.VIOLATED, Verdict.UNPROVEN)
Labels = tuple[tuple[str, str], ...]
Sample = tuple[Labels, int]


def render(report: Report, view: View) -> str:
    """Gauges of one run."""
    return "".join(
        f"{line}\n" for name, what, samples in _metrics(report, view) for line in _lines(name, what, samples)
    )


def _lines(name: str, what: str, samples: Iterable[Sample]) -> Iterator[str]:
    kept = list(samples)
    if not kept:
        return
    yield f"# HELP tether_{name} {what}"
    yield f"# TYPE tether_{name} gauge"
    for labels, value in kept:
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
        yield f"tether_{name}{{{shown}}} {value}" if shown else f"tether_{name} {value}"


def _escaped(text: str) -> str:
    return safe(text).replace("\\", "\\\\").replace('"', '\\"')


def _metrics(report: Report, view: View) -> Iterator[tuple[str, str, list[Sample]]]:
    yield "verdict", "1 for the verdict of the run", _verdicts((), report.verdict)
    said = [one for result in report.commitments for one in _verdicts((("commitment", result.id),), result.verdict)]
    yield "commitment_verdict", "1 for the verdict of each commitment", said
    yield "findings", "Findings by verdict, severity and whether a waiver covers them", _findings(report)
    yield "unread_inputs", "Inputs that were not read", [((), len(report.unread))]
    yield "rules_raised", "Rules that raised", [((), sum(one.crashed for one in report.rules))]
    yield "resources", "Resources that were read", [((), report.counts.get("resources", 0))]
    if view.exit_code is not None:
        yield "exit_code", "The exit code of the scan", [((), view.exit_code)]
    started = report.run.get("started")
    if started:
        yield "run_timestamp_seconds", "When the run started", [((), _seconds(datetime.fromisoformat(started)))]
    ends = [datetime.combine(date.fromisoformat(one.expires), time(), UTC) for one in report.waived]
    if ends:
        what = "The last day of the waiver in use that ends first"
        yield "waiver_expiry_timestamp_seconds", what, [((), _seconds(min(ends)))]
    if view.past is not None and view.past.runs:
        counts = view.past.runs[-1].counts
        became: list[Sample] = [
            ((("state", name.replace("_", "-")),), number) for name, number in sorted(counts.items())
        ]
        yield "findings_state", "What became of findings, from the store", became


def _verdicts(labels: Labels, verdict: Verdict) -> list[Sample]:
    return [((*labels, ("verdict", str(one))), int(one is verdict)) for one in _SHOWN]


def _findings(report: Report) -> list[Sample]:
    waived = waived_by(report)
    counts = Counter((one.verdict, one.severity, one.fingerprint in waived) for one in report.findings)
    return [
        ((("verdict", str(verdict)), ("severity", severity), ("waived", str(flag).lower())), count)
        for verdict in _SHOWN[1:]
        for severity in SEVERITIES
        for flag in (False, True)
        for count in [counts[verdict, severity, flag]]
    ]


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
