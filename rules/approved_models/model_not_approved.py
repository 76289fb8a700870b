"""A model is served, or called, that is not on the list of approved models.

Why it matters
--------------
Only listed models were trained for safety and evaluated. A reference that is not on the list, or that may resolve to
something else tomorrow, can be a base model, a fine-tune or a copy with its refusals removed.

How to fix
----------
Serve a model of the list, or add this one under `models.approved` after its evaluation, with its digest.

What it cannot see
------------------
Whether listed weights were really trained for safety; a model under a name that is not its own, where no digest is
given.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import ModelReference
from scanner.graph.model import Role
from scanner.rule import Case, counted
from scanner.rule_clusters import unseen
from scanner.rule_models import held_against_list, told_once

ASSERTION = "MODEL-001"
SEVERITY = "critical"
FIX = "serve a model of the list"


def check(case: Case) -> Iterable[Finding]:
    """Every reference of every node but adapters, which are another rule's; then every model that has none."""
    count = 0
    for node, fact in told_once(case.graph.facts(ModelReference)):
        if fact.adapter:
            continue
        count += 1
        case.examine(node, f"model {fact.reference if isinstance(fact.reference, str) else 'unknown'}")
        yield from held_against_list(case, node, fact, "serves", FIX)
    for node in case.graph.with_role(Role.MODEL):
        if not any(isinstance(fact, ModelReference) for fact in node.facts):
            case.examine(node, "no model reference")
            yield case.unproven(node, f"which model `{node.address}` serves is not known", decided_by=(node.address,))
    yield from unseen(case, "models.approved")
    case.summary = f"{counted(count, 'model reference')} on the list"
