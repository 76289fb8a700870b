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

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import ModelReference
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "MODEL-001"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every reference of every node, then every model that has none."""
    approved = {model.id: model.digest for model in case.profile.approved_models}
    count = 0
    for node, fact in case.graph.facts(ModelReference):
        count += 1
        case.examine(node, f"model {fact.reference if isinstance(fact.reference, str) else 'unknown'}")
        yield from _judge(case, node, fact, approved)
    for node in case.graph.with_role(Role.MODEL):
        if not any(isinstance(fact, ModelReference) for fact in node.facts):
            case.examine(node, "no model reference")
            yield case.unproven(node, f"which model `{node.address}` serves is not known", decided_by=(node.address,))
    case.summary = f"{counted(count, 'model reference')} on the list"


def _judge(case: Case, node: Node, fact: ModelReference, approved: dict[str, str]) -> Iterator[Finding]:
    if isinstance(fact.reference, Unknown):
        message = f"which model `{node.address}` serves is not known: {fact.reference.cause}"
        decided = fact.reference.decided_by
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
    elif not case.profile.has("models.approved"):
        yield case.missing(
            "models.approved",
            "no model is approved yet: the profile has no `models.approved`",
            f"models: {{approved: [{{id: {fact.reference}}}]}}",
        )
    elif fact.reference not in approved:
        message = f"`{node.address}` serves `{fact.reference}`, which is not on the list of approved models"
        fix = "serve a model of the list"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    elif approved[fact.reference] and fact.digest != approved[fact.reference]:
        yield _digest(case, node, fact, approved[fact.reference])


def _digest(case: Case, node: Node, fact: ModelReference, wanted: str) -> Finding:
    if fact.digest and isinstance(fact.digest, str):
        message = f"`{node.address}` serves `{fact.reference}` at another digest than the approved one"
        return case.violated(node, message, origin=fact.origin, because=fact.because, fix=f"pin {wanted}")
    message = f"`{node.address}` serves `{fact.reference}` without the approved digest"
    return case.unproven(
        node,
        message,
        origin=fact.origin,
        because=fact.because,
        decided_by=(f"digest of {fact.reference}",),
        fix=f"pin {wanted}",
    )
