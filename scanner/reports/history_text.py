"""The runs and findings that a store remembers, as a table and as JSON of the schema `tether.history/1`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scanner.past import History, PastFinding, PastRun
from scanner.reports.plain import Json, dumped, text
from scanner.reports.safe import cells, cut, inert, safe

SCHEMA = "tether.history/1"
COUNTS = {
    "new": "new",
    "open": "open",
    "regressed": "regressed",
    "waived": "waived",
    "fixed": "fixed",
    "not_seen": "not seen",
}
"""What becomes of findings, and how it is headed."""
_ORDER = ("open", "not-seen", "waived", "fixed")


def as_json(told: History, findings: Sequence[PastFinding]) -> str:
    """A series as JSON; the published schema is scanner/schemas/history.schema.json."""
    return dumped(
        {
            "schema": SCHEMA,
            "series": text(told.series),
            "runs": [_run(one) for one in told.runs],
            "findings": [_finding(one) for one in findings],
        }
    )


def _run(one: PastRun) -> Json:
    return {
        "number": one.number,
        "started": one.started,
        "as_of": one.as_of,
        "version": one.version,
        "verdict": one.verdict,
        "basis": list(one.basis),
        "inputs": {"count": one.inputs, "sha256": one.inputs_sha256},
        "unread": one.unread,
        "ruleset_sha256": one.ruleset,
        "profile_sha256": one.profile,
        "findings": {name: one.counts[name] for name in COUNTS},
        "commitments": [
            {
                "id": verdict.commitment,
                "verdict": verdict.verdict,
                "rules": verdict.rules,
                "violated": verdict.violated,
                "unproven": verdict.unproven,
                "unread": verdict.unread,
                "certificate_sha256": verdict.certificate,
            }
            for verdict in one.verdicts
        ],
    }


def _finding(one: PastFinding) -> Json:
    return {
        "fingerprint": one.fingerprint,
        "rule": one.rule,
        "commitment": one.commitment,
        "verdict": one.verdict,
        "severity": one.severity,
        "subject": text(one.subject),
        "message": text(one.message),
        "status": one.status,
        "because": text(one.because),
        "first_seen": one.first_seen,
        "last_seen": one.last_seen,
        "regressed": one.regressed,
    }


def as_text(told: History, findings: Sequence[PastFinding], width: int) -> str:
    """A series as two tables: its runs, the latest last, and its findings, the open ones first. width: 0 for any."""
    lines = [f"series {safe(told.series)}", ""]
    lines += _table(_run_rows(told.runs))
    if findings:
        lines += ["", *_table(_finding_rows(findings))]
    return "".join(f"{inert(cut(line, width).rstrip())}\n" for line in lines)


def _run_rows(runs: Sequence[PastRun]) -> Iterator[tuple[str, ...]]:
    yield ("run", "started", "as of", "verdict", *COUNTS.values(), "unread", "holds")
    for one in runs:
        counts = (str(one.counts[name]) for name in COUNTS)
        held = sum(verdict.verdict == "holds" for verdict in one.verdicts)
        yield (
            *(str(one.number), safe(one.started), safe(one.as_of), safe(one.verdict), *counts),
            *(str(one.unread), f"{held} of {len(one.verdicts)}"),
        )


def _finding_rows(findings: Sequence[PastFinding]) -> Iterator[tuple[str, ...]]:
    yield ("status", "first seen", "last seen", "verdict", "rule", "subject", "")
    for one in sorted(findings, key=lambda each: _ORDER.index(each.status) if each.status in _ORDER else len(_ORDER)):
        again = f"regressed {one.regressed} times; " if one.regressed > 1 else "regressed; " if one.regressed else ""
        days = (safe(one.first_seen[:10]), safe(one.last_seen[:10]))
        yield (safe(one.status), *days, safe(one.verdict), safe(one.rule), safe(one.subject), again + safe(one.because))


def _table(rows: Iterator[tuple[str, ...]]) -> list[str]:
    kept = list(rows)
    wide = [max(cells(row[index]) for row in kept) for index in range(len(kept[0]))]
    return ["  ".join(part + " " * (size - cells(part)) for part, size in zip(row, wide, strict=True)) for row in kept]
