"""From a report to the exit code, and the words that go with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from scanner.commands.known import Known
from scanner.findings import Report, Verdict
from scanner.origin import FileOrigin
from scanner.resource import Unread

HOLDS, VIOLATED, USAGE, UNPROVEN, FAULT = range(5)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The exit code, and what stderr says of it; "" where the report says it all."""

    code: int
    message: str = ""


def outcome(
    report: Report, resources: int, *, allow_unproven: bool, baseline: Known | None = None, root: Path | None = None
) -> Outcome:
    """The exit code of a scan that read `resources` resources.

    Waived findings do not count, nor what `baseline` knew. `allow_unproven` lets unknown values through, and never
    an input that could not be read, a rule that raised, a scan of nothing, or less than the baseline knew.
    """
    waived = {one.fingerprint for one in report.waived} | (set(baseline.findings) if baseline else set())
    counted = [one for one in report.findings if one.fingerprint not in waived]
    if any(one.verdict is Verdict.VIOLATED for one in counted):
        return Outcome(VIOLATED)
    never = _never_let_through(report, resources)
    if baseline is not None:
        never = _beyond(report, resources, baseline, root)
    if never:
        return Outcome(UNPROVEN, f"{'; '.join(never)}" + (": --allow-unproven does not help" if allow_unproven else ""))
    doubts = _doubts(report, waived, baseline)
    if not doubts:
        return Outcome(HOLDS)
    if allow_unproven:
        return Outcome(HOLDS, f"let through by --allow-unproven: {'; '.join(doubts)}")
    return Outcome(UNPROVEN)


def _beyond(report: Report, resources: int, baseline: Known, root: Path | None) -> list[str]:
    """What a baseline never excuses: less read, less judged, or more unread than it knew."""
    fresh = [one for one in report.unread if one.broken and (_path(one), one.cause) not in baseline.unread]
    parts = _never_let_through(replace(report, unread=tuple(fresh)), resources)
    judged = {one.id for one in report.rules if one.verdict is not Verdict.NOT_JUDGED}
    less = sorted(baseline.judged - judged)
    if less:
        parts.append(f"{', '.join(less)} judged something for the baseline and nothing now")
    gone = sorted(path for path in baseline.inputs - set(report.inputs) if root is not None and (root / path).exists())
    if gone:
        parts.append(f"{gone[0]} was read for the baseline, is there, and was not read now ({len(gone)} in all)")
    return parts


def _path(one: Unread) -> str:
    return one.origin.path if isinstance(one.origin, FileOrigin) else str(one.origin)


def _never_let_through(report: Report, resources: int) -> list[str]:
    broken = sum(one.broken for one in report.unread)
    crashed = [one.id for one in report.rules if one.crashed]
    parts = [] if resources else ["nothing to scan: no Terraform and no Kubernetes resource was found"]
    if broken:
        parts.append(f"{broken} input{'s' * (broken > 1)} could not be read")
    if crashed:
        parts.append(f"{', '.join(crashed)} raised")
    return parts


def _doubts(report: Report, waived: set[str], baseline: Known | None) -> list[str]:
    """What is not proven, and why no waiver and no baseline explains it.

    A rule that is unproven without a note has findings that say why; one with a note lacks an input or a basis, which
    nobody can waive. A commitment without any rule that is unproven had nothing to judge.
    """
    before = baseline.commitments if baseline else {}
    fresh = [one for one in report.unread if baseline is None or (_path(one), one.cause) not in baseline.unread]
    unproven = [one for one in report.rules if one.verdict is Verdict.UNPROVEN]
    found = sum(one.verdict is Verdict.UNPROVEN and one.fingerprint not in waived for one in report.findings)
    # What the baseline proved must be proved again; what it did not prove is known.
    proved = {one.id for one in report.commitments if before.get(one.id, Verdict.HOLDS) == Verdict.HOLDS}
    noted = [f"{one.id}: {one.note}" for one in unproven if one.note and one.commitment in proved]
    doubted = {one.commitment for one in unproven}
    unproved = [one.id for one in report.commitments if one.verdict is Verdict.UNPROVEN and one.id in proved]
    hollow = [one for one in unproved if one not in doubted]
    parts = [f"{found} finding{'s' * (found > 1)} not proven"] if found else []
    if fresh:
        parts.append(f"{len(fresh)} input{'s' * (len(fresh) > 1)} not looked into")
    elif noted:
        parts += noted
    if hollow and not fresh:
        parts.append(f"nothing to judge for {', '.join(hollow)}")
    return parts
