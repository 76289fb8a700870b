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
    """What is not proven and not waived."""
    unproven = [one for one in report.findings if one.verdict is Verdict.UNPROVEN]
    open_findings = sum(one.fingerprint not in waived for one in unproven)
    explained = {one.commitment for one in report.findings} | {
        name for one in unproven if one.subject.kind == "profile" for name in one.also
    }
    silent = [one.id for one in report.commitments if one.verdict is Verdict.UNPROVEN and one.id not in explained]
    parts = [f"{open_findings} finding{'s' * (open_findings > 1)} not proven"] if open_findings else []
    if report.unread:
        parts.append(f"{len(report.unread)} input{'s' * (len(report.unread) > 1)} not looked into")
    if silent:
        parts.append(f"{', '.join(silent)} not proven")
    return parts
