"""What the rules about models share: a reference held against the list, and one that is not known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from scanner.findings import Finding
from scanner.graph.facts import Fact, ModelReference
from scanner.graph.model import Node
from scanner.rule import Case
from scanner.unknown import Unknown

F = TypeVar("F", bound=Fact)
WHOLE_ACCOUNT = "BedrockModels"
"""The node of all Bedrock models of an account, which repeats what its parts say."""


def told_once(facts: Iterable[tuple[Node, F]]) -> Iterator[tuple[Node, F]]:
    """Each statement once: what a part says is not said again of the account that it belongs to."""
    listed = list(facts)
    parts = {fact for node, fact in listed if node.kind != WHOLE_ACCOUNT}
    lines = {fact.origin for fact in parts}
    yield from ((node, fact) for node, fact in listed if node.kind != WHOLE_ACCOUNT or fact.origin not in lines)


def unknown_reference(case: Case, node: Node, fact: ModelReference, why: Unknown) -> Finding:
    """The one finding of a reference that nobody knows; every rule that waits for it says the same."""
    what = "loads as an adapter" if fact.adapter else "serves"
    message = f"which model `{node.address}` {what} is not known: {why.cause}"
    return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=why.decided_by)


def held_against_list(case: Case, node: Node, fact: ModelReference, verb: str, fix: str) -> Iterator[Finding]:
    """Whether a reference stands on `models.approved`, with the digest that the list wants. verb: "serves"."""
    approved = {model.id: model.digest for model in case.profile.approved_models}
    if isinstance(fact.reference, Unknown):
        yield unknown_reference(case, node, fact, fact.reference)
    elif not case.profile.has("models.approved"):
        yield case.missing(
            "models.approved",
            "no model is approved yet: the profile has no `models.approved`",
            f"models: {{approved: [{{id: {fact.reference}}}]}}",
        )
    elif fact.reference not in approved:
        message = f"`{node.address}` {verb} `{fact.reference}`, which is not on the list of approved models"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    elif approved[fact.reference] and fact.digest != approved[fact.reference]:
        yield _digest(case, node, fact, verb, approved[fact.reference])


def _digest(case: Case, node: Node, fact: ModelReference, verb: str, wanted: str) -> Finding:
    if fact.digest and isinstance(fact.digest, str):
        message = f"`{node.address}` {verb} `{fact.reference}` at another digest than the approved one"
        because = f"`{fact.digest}` is another one than `{wanted}`"
        origin = fact.pinned_at or fact.origin
        return case.violated(node, message, origin=origin, because=because, fix=f"pin {wanted}")
    message = f"`{node.address}` {verb} `{fact.reference}` without the approved digest"
    return case.unproven(
        node,
        message,
        origin=fact.origin,
        because=fact.because,
        decided_by=(f"digest of {fact.reference}",),
        fix=f"pin {wanted}",
    )
