"""Findings over time as plain data: what a store remembers, and reports tell."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct


class PastVerdict(Struct, frozen=True):
    """A commitment in one run; certificate: the sha256 of its certificate, "" where it did not hold."""

    commitment: str
    verdict: str
    rules: int
    violated: int
    unproven: int
    unread: int
    certificate: str


class PastRun(Struct, frozen=True):
    """A run. counts: what became of the findings (new, open, regressed, waived, fixed, not_seen)."""

    number: int
    started: str
    as_of: str
    version: str
    verdict: str
    basis: tuple[str, ...]
    inputs: int
    inputs_sha256: str
    unread: int
    ruleset: str
    profile: str
    counts: Mapping[str, int]
    verdicts: tuple[PastVerdict, ...]


class PastFinding(Struct, frozen=True):
    """A finding: how it stands, since when, and why it is not known whether it is still there, if that is so."""

    fingerprint: str
    rule: str
    commitment: str
    verdict: str
    severity: str
    subject: str
    message: str
    status: str
    because: str
    first_seen: str
    last_seen: str
    changed: str
    regressed: int


class History(Struct, frozen=True):
    """A series: its runs, the latest last, and its findings."""

    series: str
    runs: tuple[PastRun, ...]
    findings: tuple[PastFinding, ...]
