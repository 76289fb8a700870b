"""A plan deletes, replaces, forgets or weakens an object that safety rests on.

Why it matters
--------------
Between the deletion of a guardrail and the next one every call goes unguarded, and a plan that nobody read is how a
filter is lost for good. A plan is the last moment at which that can be seen before it is so.

How to fix
----------
Keep the object: take the change out of the plan, make the new one first and move everything over to it, or set
`prevent_destroy` so that the plan fails. For a published version of a guardrail set `skip_destroy`.

What it cannot see
------------------
What is changed past Terraform. That `prevent_destroy` is set is in no plan. A change that is as strong in another way
(one filter in the place of another) is told as the loss that it is by itself.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_planned import Planned
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "GUARD-010"
SEVERITY = "critical"
BASES = ("declared",)


def check(case: Case) -> Iterable[Finding]:
    """Every safety object that a plan speaks of."""
    count = 0
    for node, fact in case.graph.facts(Planned):
        count += 1
        case.examine(node, fact.because)
        if isinstance(fact.harms, Unknown):
            yield case.unproven(
                node,
                f"{fact.because} (`{node.address}`)",
                origin=fact.origin,
                because=fact.because,
                decided_by=fact.harms.decided_by,
            )
        elif fact.harms:
            message = f"{fact.because}: `{node.address}`"
            yield case.violated(
                node, message, origin=fact.origin, because=fact.because, fix="keep it, or put the new one up first"
            )
    case.summary = f"{counted(count, 'safety object')} kept by the plan" if count else ""
