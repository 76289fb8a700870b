"""Admission control does not hold for a model or a part of the safety stack.

Why it matters
--------------
A policy on images guards what it covers, and only while it denies. A namespace that is left out, an exception, a mode
that only warns, or a webhook that lets pods through when it does not answer: each lets an image in that nobody
approved, under the name of the model or of the gateway.

How to fix
----------
Let one policy about images cover every namespace of models and of the stack, let it deny and fail closed, and take its
exemptions (excluded namespaces, ignore labels, exceptions) away from there.

What it cannot see
------------------
A cluster whose admission control is not among the inputs: where no policy about images is declared, nothing is judged.
Expressions of policies are not evaluated; who signs the images is not known.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_admission import Verification
from scanner.graph.model import STACK, Node, Role
from scanner.rule import Case, counted

ASSERTION = "CTRL-003"
SEVERITY = "high"
FIX = "let a policy about images that denies and fails closed cover it"


def check(case: Case) -> Iterable[Finding]:
    """Every workload of a model or the stack, where its cluster verifies images at all."""
    asked: dict[str, list[Verification]] = {}
    for node, fact in case.graph.facts(Verification):
        asked.setdefault(node.id, []).append(fact)
    for node_id, facts in asked.items():
        finding = _judged(case, case.graph.nodes[node_id], facts)
        if finding is not None:
            yield finding
    case.summary = f"admission holds for {counted(len(asked), 'workload')}" if asked else ""


def _judged(case: Case, node: Node, facts: list[Verification]) -> Finding | None:
    held = next((one for one in facts if one.holds), None)
    if held is not None:
        case.examine(node, f"`{held.policy}` verifies its images, denies and fails closed")
        return None
    case.examine(node, "no policy about images certainly holds for it")
    what = "model" if Role.MODEL in node.roles and not node.roles & STACK else "safety component"
    open_ = [one for one in facts if one.unknown is not None]
    if open_:
        names = tuple(sorted({name for one in open_ for name in (one.unknown.decided_by if one.unknown else ())}))
        fact = open_[0]
        message = f"whether admission control holds for the {what} `{node.address}` is not known: {fact.because}"
        return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=names, fix=FIX)
    fact = max(facts, key=_nearness)
    message = f"admission control lets the {what} `{node.address}` past: {fact.because}"
    return case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)


def _nearness(fact: Verification) -> tuple[int, ...]:
    """The policy that comes nearest is the one to mend: one that covers the workload before one that does not."""
    return (fact.covers is True, fact.enforces is True, fact.closed is True)
