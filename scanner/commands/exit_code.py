"""From a report to the exit code, and the words that go with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from scanner.findings import Report, Verdict

if TYPE_CHECKING:
    from scanner.commands.baseline import Since

HOLDS, VIOLATED, USAGE, UNPROVEN, FAULT, UNTOLD = range(6)


class Outcome(Struct, frozen=True):
    """The exit code, and what stderr says of it; "" where the report says it all."""

    code: int
    message: str = ""


def outcome(report: Report, resources: int, *, allow_unproven: bool, since: Since | None = None) -> Outcome:
    """The exit code of a scan that read `resources` resources; `since` is what is new beside its baseline.

    Waived findings do not count, nor those that the baseline has. `allow_unproven` lets unknown values through, and
    never an input that could not be read, a rule that raised, a scan of nothing, or less than the baseline knew.
    """
    excused = {one.fingerprint for one in report.waived} | (since.known if since else set())
    counted = [one for one in report.findings if one.fingerprint not in excused]
    violated = sum(one.verdict is Verdict.VIOLATED for one in counted)
    if violated:
        return Outcome(VIOLATED, f"{violated} violation{'s' * (violated > 1)} not in the baseline" if since else "")
    never = _never_let_through(report, resources, since)
    if never:
        return Outcome(UNPROVEN, f"{'; '.join(never)}" + (": --allow-unproven does not help" if allow_unproven else ""))
    doubts = _doubts(report, excused, since)
    if not doubts:
        return Outcome(HOLDS, _known(report, since))
    if allow_unproven:
        return Outcome(HOLDS, f"let through by --allow-unproven: {'; '.join(doubts)}")
    return Outcome(UNPROVEN, f"not in the baseline: {'; '.join(doubts)}" if since else "")


def _known(report: Report, since: Since | None) -> str:
    known = sum(one.fingerprint in since.known for one in report.findings) if since else 0
    return f"let through by --baseline: {known} finding{'s' * (known > 1)} that it has" if known else ""


def _never_let_through(report: Report, resources: int, since: Since | None) -> list[str]:
    broken = sum(one.broken for one in (report.unread if since is None else since.unread))
    crashed = [one.id for one in report.rules if one.crashed]
    parts = [] if resources else ["nothing to scan: no Terraform and no Kubernetes resource was found"]
    if broken:
        parts.append(f"{broken} input{'s' * (broken > 1)} could not be read")
    if crashed:
        parts.append(f"{', '.join(crashed)} raised")
    return parts + list(since.lost if since else ())


def _doubts(report: Report, excused: set[str], since: Since | None) -> list[str]:
    """What is not proven, and why neither a waiver nor the baseline explains it.

    A rule that is unproven without a note has findings that say why; one with a note lacks an input or a basis, which
    nobody can waive. A commitment without any rule that is unproven had nothing to judge.
    """
    before = since.unproven if since else frozenset()
    unread = report.unread if since is None else since.unread
    unproven = [one for one in report.rules if one.verdict is Verdict.UNPROVEN]
    found = sum(one.verdict is Verdict.UNPROVEN and one.fingerprint not in excused for one in report.findings)
    noted = [f"{one.id}: {one.note}" for one in unproven if one.note and one.id not in before]
    doubted = {one.commitment for one in unproven} | before
    hollow = [one.id for one in report.commitments if one.verdict is Verdict.UNPROVEN and one.id not in doubted]
    parts = [f"{found} finding{'s' * (found > 1)} not proven"] if found else []
    if unread:
        parts.append(f"{len(unread)} input{'s' * (len(unread) > 1)} not looked into")
    elif noted:
        parts += noted
    if hollow and not unread:
        parts.append(f"nothing to judge for {', '.join(hollow)}")
    return parts
