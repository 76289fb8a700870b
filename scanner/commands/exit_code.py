"""From a report to the exit code, and the words that go with it."""

from __future__ import annotations

from dataclasses import dataclass

from scanner.findings import Report, Verdict

HOLDS, VIOLATED, USAGE, UNPROVEN, FAULT = range(5)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The exit code, and what stderr says of it; "" where the report says it all."""

    code: int
    message: str = ""


def outcome(report: Report, resources: int, *, allow_unproven: bool) -> Outcome:
    """The exit code of a scan that read `resources` resources.

    Waived findings do not count. `allow_unproven` lets unknown values through, and never an input that could not be
    read, a rule that raised, or a scan of nothing.
    """
    waived = {one.fingerprint for one in report.waived}
    counted = [one for one in report.findings if one.fingerprint not in waived]
    if any(one.verdict is Verdict.VIOLATED for one in counted):
        return Outcome(VIOLATED)
    never = _never_let_through(report, resources)
    if never:
        return Outcome(UNPROVEN, f"{'; '.join(never)}" + (": --allow-unproven does not help" if allow_unproven else ""))
    doubts = _doubts(report, waived)
    if not doubts:
        return Outcome(HOLDS)
    if allow_unproven:
        return Outcome(HOLDS, f"let through by --allow-unproven: {'; '.join(doubts)}")
    return Outcome(UNPROVEN)


def _never_let_through(report: Report, resources: int) -> list[str]:
    broken = sum(one.broken for one in report.unread)
    crashed = [one.id for one in report.rules if one.crashed]
    parts = [] if resources else ["nothing to scan: no Terraform and no Kubernetes resource was found"]
    if broken:
        parts.append(f"{broken} input{'s' * (broken > 1)} could not be read")
    if crashed:
        parts.append(f"{', '.join(crashed)} raised")
    return parts


def _doubts(report: Report, waived: set[str]) -> list[str]:
    """What is not proven, and why no waiver explains it.

    A rule that is unproven without a note has findings that say why; one with a note lacks an input or a basis, which
    nobody can waive. A commitment without any rule that is unproven had nothing to judge.
    """
    unproven = [one for one in report.rules if one.verdict is Verdict.UNPROVEN]
    found = sum(one.verdict is Verdict.UNPROVEN and one.fingerprint not in waived for one in report.findings)
    noted = [f"{one.id}: {one.note}" for one in unproven if one.note]
    doubted = {one.commitment for one in unproven}
    hollow = [one.id for one in report.commitments if one.verdict is Verdict.UNPROVEN and one.id not in doubted]
    parts = [f"{found} finding{'s' * (found > 1)} not proven"] if found else []
    if report.unread:
        parts.append(f"{len(report.unread)} input{'s' * (len(report.unread) > 1)} not looked into")
    elif noted:
        parts += noted
    if hollow and not report.unread:
        parts.append(f"nothing to judge for {', '.join(hollow)}")
    return parts
