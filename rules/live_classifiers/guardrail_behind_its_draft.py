"""The version of a guardrail that is in use was published before its draft was changed.

Why it matters
--------------
Somebody taught the draft a new attack, and nobody published it: every call is still judged by the version of before.
The console shows the draft, so it looks as if the work were done.

How to fix
----------
Publish a version of the draft, name it in the profile, and let the gateway call it. A draft that is only tried out
belongs into a guardrail of its own.

What it cannot see
------------------
Which of two is the better one. What a filter is worth that both have. Before and after the moment at which the account
was asked; guardrails of other clouds.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_observed import Released
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "CLASS-004"
SEVERITY = "high"
NEEDS = ("Guardrail", "aws_bedrock_guardrail", "awscc_bedrock_guardrail")
BASES = ("recorded", "live")


def check(case: Case) -> Iterable[Finding]:
    """Every guardrail of the stack with a published version, of which an API told."""
    for node, fact in case.graph.facts(Released):
        if fact.aspect != "draft":
            continue
        case.examine(node, fact.because)
        version = f"version {fact.of}" if fact.of else "the published version"
        if isinstance(fact.good, Unknown):
            message = f"whether {version} of `{node.address}` is behind the draft is not known: {fact.because}"
            decided = fact.good.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif not fact.good:
            message = f"guardrail `{node.address}` is behind its draft: {fact.because}"
            fix = "publish a version of the draft, and call that"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    case.summary = f"{counted(len(case.looked_at), 'guardrail')} as in the draft" if case.looked_at else ""
