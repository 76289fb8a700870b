"""A store of evidence lets its records be altered or deleted, or a log goes to no store of evidence.

Why it matters
--------------
Evidence that somebody can delete proves nothing about the days on which it would have mattered. A bucket without a
lock, or with one that a permission lifts, keeps only what nobody wanted gone; what a log writes
elsewhere is in nobody's keeping.

How to fix
----------
Keep evidence where retention is locked, for as long as the agreement asks: a bucket with object lock in COMPLIANCE mode
and a default retention, a container or an account with a locked immutability policy, a bucket or log bucket of Google
Cloud that is locked. A log group, a workspace or a stream is judged by the store that all of it is copied to.

What it cannot see
------------------
Records that were never written; locks that are set object by object; stores outside the inputs; which tables of a
workspace are exported.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_audit import Durable, Landing
from scanner.graph.model import Role
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "AUDIT-002"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every store of evidence that the profile names; one that is not in the inputs is not proved."""
    count = 0
    for node, fact in case.graph.facts(Durable):
        count += 1
        case.examine(node, fact.because)
        if isinstance(fact.immutable, Unknown):
            message = f"whether records in `{node.address}` can be altered is not known: {fact.because}"
            decided = fact.immutable.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif not fact.immutable:
            message = f"records in the store of evidence `{node.address}` can be altered: {fact.because}"
            fix = "lock its retention, so that nobody shortens it"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    yield from _landings(case)
    for entry in case.absent(case.profile.evidence_sinks):
        message = f"the store of evidence `{entry}` of the profile is not in what was read"
        yield case.missing(
            f"evidence.sinks: {entry}", message, "scan the code that declares it, or correct the address"
        )
    if case.graph.with_role(Role.MODEL) and not case.profile.has("evidence.sinks"):
        message = "where the evidence is kept is not known: the profile has no `evidence.sinks`"
        yield case.missing("evidence.sinks", message, "evidence: {sinks: [aws_s3_bucket.NAME]}")
    case.summary = f"{counted(count, 'store')} of evidence that nobody alters" if count else ""


def _landings(case: Case) -> Iterator[Finding]:
    """Every log and trail, and whether what it writes is evidence."""
    for node, fact in case.graph.facts(Landing):
        case.examine(node, fact.because)
        if isinstance(fact.kept, Unknown):
            message = f"whether `{node.address}` writes to a store of evidence is not known: {fact.because}"
            decided = fact.kept.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif not fact.kept:
            message = f"`{node.address}` writes to `{fact.store}`, which is no store of evidence of the profile"
            fix = "let it write to a store of `evidence.sinks`, or name the store there"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
