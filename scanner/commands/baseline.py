"""What a run found beyond an earlier report: `--baseline` is silent on what that knew, and never content with less."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from scanner.commands.replay import replayed
from scanner.errors import UsageError
from scanner.findings import Report, Verdict
from scanner.reports.difference import difference
from scanner.reports.report_json import plain_report
from scanner.resource import Unread

Json = dict[str, Any]


class Since(Struct, frozen=True):
    """A run beside its baseline.

    known: the fingerprints of the findings that the baseline has, with all that they speak of. unread: the inputs
    that were not read and that it had read, or did not have. unproven: the rules and commitments that it could not
    prove either. lost: what it knew and this run does not.
    """

    known: frozenset[str]
    unread: tuple[Unread, ...]
    unproven: frozenset[str]
    lost: tuple[str, ...]


def since(baseline: Json, report: Report, root: Path) -> Since:
    """Hold `report`, of a run below `root`, against the report `baseline`.

    A finding that the baseline has as waived is not known by it: a waiver ends on its day.
    """
    now = plain_report(report)
    found = difference(baseline, now)
    fresh = {one["fingerprint"] for one in found.opened}
    fresh |= {one["fingerprint"] for one, _ in found.widened} | {one["fingerprint"] for _, one in found.turned}
    waived = {one["fingerprint"] for one in baseline["waived"]}
    new = {id(one) for one in found.unread}
    doubted = [one["id"] for one in baseline["rules"] if one["verdict"] in ("unproven", "violated")]
    doubted += [one["id"] for one in baseline["commitments"] if one["verdict"] == "unproven"]
    weaker = [one.id for one in found.commitments if one.before == "holds" and one.now == "unproven"]
    lost = [f"{one}: the baseline proved it" for one in weaker if not _accepted(report, one)]
    return Since(
        known=frozenset({one.fingerprint for one in report.findings} - fresh - waived),
        unread=tuple(one for one, plain in zip(report.unread, now["unread"], strict=True) if id(plain) in new),
        unproven=frozenset(doubted),
        lost=(*lost, *found.lost, *_not_looked_at(baseline, now, root)),
    )


def _accepted(report: Report, commitment: str) -> bool:
    """Whether waivers explain all that keeps a commitment from being proven."""
    waived = {one.fingerprint for one in report.waived}
    doubted = [one for one in report.rules if one.commitment == commitment and one.verdict is Verdict.UNPROVEN]
    for rule in doubted:
        mine = [one.fingerprint for one in report.findings if one.rule == rule.id]
        if rule.note or not mine or not waived.issuperset(mine):
            return False
    return bool(doubted)


def _not_looked_at(baseline: Json, now: Json, root: Path) -> Iterator[str]:
    """Paths and files of the baseline that this run passed by."""
    before, current = ({one["path"] for one in report["inputs"]} for report in (baseline, now))
    if before and not before & current:
        yield "no file that the baseline read was read"
        return
    try:
        wanted = replayed(baseline["run"].get("request")).paths
        given = [PurePosixPath(path) for path in replayed(now["run"].get("request")).paths]
    except UsageError:
        wanted, given = (), []
    for path in wanted:
        if not any(PurePosixPath(path).is_relative_to(one) for one in given):
            yield f"the baseline read `{path}`, which was not given"
    there = sorted(path for path in before - current if (root / path).exists())
    if there:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        yield f"the baseline read `{there[0]}`{more}: still there, and not read"
