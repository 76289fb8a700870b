"""The audit trail of an account or a cluster leaves something out.

Why it matters
--------------
The log of inference says what was asked and answered; the audit trail says who changed a guardrail, assumed the
gateway's role or read the log. A region, a service or a cluster that the trail leaves out is where such a change is
made without a trace.

How to fix
----------
Record management events of every region, global services included, with nothing excluded, and turn the audit log of
every cluster on. In Azure send the audit categories of clusters and of accounts with models by a diagnostic setting;
in Google Cloud ask for the reads of data of Vertex AI, with nobody exempt.

What it cannot see
------------------
Trails of an organisation, and settings that a policy of the cloud adds; whether the records are kept unaltered, and
read by anybody.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_audit import Trail
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "AUDIT-003"
SEVERITY = "high"


def check(case: Case) -> Iterable[Finding]:
    """Every statement about a trail."""
    count = 0
    for node, fact in case.graph.facts(Trail):
        count += 1
        case.examine(node, f"{fact.aspect}: {fact.because}")
        if isinstance(fact.complete, Unknown):
            message = f"whether the audit trail at `{node.address}` leaves nothing out is not known: {fact.because}"
            decided = fact.complete.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif not fact.complete:
            message = f"the audit trail at `{node.address}` has a gap: {fact.because}"
            fix = "record everything, everywhere"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    case.summary = f"{counted(count, 'statement')} about audit trails, no gap"
