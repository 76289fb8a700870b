"""Two reports side by side: paths opened and closed, verdicts changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scanner.commands.known import Known
from scanner.findings import COMMITMENTS, Verdict

Json = dict[str, Any]
ORDER = [str(one) for one in (Verdict.HOLDS, Verdict.UNPROVEN, Verdict.VIOLATED)]


@dataclass(frozen=True, slots=True)
class Change:
    """A commitment whose verdict is not what it was."""

    commitment: str
    before: str
    after: str

    @property
    def worse(self) -> bool:
        """Whether less is promised than before."""
        return ORDER.index(self.after) > ORDER.index(self.before)


@dataclass(frozen=True, slots=True)
class Comparison:
    """opened, closed: violations of the second alone, or the first alone; doubts: what only the second cannot prove."""

    changes: tuple[Change, ...]
    opened: tuple[Json, ...]
    closed: tuple[Json, ...]
    doubts: tuple[Json, ...]
    unread: tuple[tuple[str, str], ...]

    @property
    def worse(self) -> bool:
        """Whether the second report is worse in anything than the first."""
        return bool(self.opened or self.unread or self.doubts) or any(one.worse for one in self.changes)

    def plain(self) -> Json:
        """As plain values."""
        return {
            "schema": "tether.diff/1",
            "worse": self.worse,
            "commitments": [
                {"id": one.commitment, "before": one.before, "after": one.after, "worse": one.worse}
                for one in self.changes
            ],
            "opened": list(self.opened),
            "closed": list(self.closed),
            "unproven": list(self.doubts),
            "unread": [{"path": path, "cause": cause} for path, cause in self.unread],
        }


def compare(before: Known, after: Known) -> Comparison:
    """What changed from one report to the other."""
    changes = tuple(
        Change(name, before.commitments[name], after.commitments[name])
        for name in COMMITMENTS
        if before.commitments[name] != after.commitments[name]
    )
    was, now = before.with_verdict(Verdict.VIOLATED), after.with_verdict(Verdict.VIOLATED)
    return Comparison(
        changes=changes,
        opened=tuple(now[key] for key in sorted(now.keys() - was.keys())),
        closed=tuple(was[key] for key in sorted(was.keys() - now.keys())),
        doubts=_new(before, after, Verdict.UNPROVEN),
        unread=tuple(sorted(after.unread - before.unread)),
    )


def _new(before: Known, after: Known, verdict: Verdict) -> tuple[Json, ...]:
    was, now = before.with_verdict(verdict), after.with_verdict(verdict)
    return tuple(now[key] for key in sorted(now.keys() - was.keys()))


def witness(finding: Json) -> Sequence[tuple[str, str, str, bool]]:
    """The hops of a finding of a report: (address, place, because, cut)."""
    return [(one["address"], _place(one["origin"]), one["because"], one["cut"]) for one in finding["hops"]]


def _place(origin: Json | None) -> str:
    if not origin:
        return ""
    return f"{origin['path']}:{origin['line']}:{origin['column']}" if "path" in origin else "api"
