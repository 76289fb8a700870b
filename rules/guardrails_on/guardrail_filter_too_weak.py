"""A guardrail lacks a required filter, or has it off, silent or too weak.

Why it matters
--------------
A guardrail can be attached to every call and still do nothing: a filter whose strength is NONE, that is disabled, that
only reports, or that looks at one side of the exchange lets through what it was made to stop.

How to fix
----------
Set each required filter to the strength that the profile asks for, on input and output, with the blocking action.

What it cannot see
------------------
Whether a threshold stops a given misuse; how accurate the filter is.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Filter
from scanner.graph.model import Node, Role
from scanner.profile import RequiredFilter
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "GUARD-003"
SEVERITY = "critical"
STRENGTHS = ("NONE", "LOW", "MEDIUM", "HIGH")


def check(case: Case) -> Iterable[Finding]:
    """Every filter of every guardrail of the stack; then what the profile requires and the guardrail lacks."""
    guardrails = case.graph.with_role(Role.GUARDRAIL)
    count = 0
    for node in guardrails:
        filters = [fact for fact in node.facts if isinstance(fact, Filter)]
        count += len(filters)
        case.examine(node, f"{len(filters)} filter sides")
        for fact in filters:
            yield from _standing(case, node, fact)
        for required in case.profile.required_filters:
            yield from _required(case, node, filters, required)
        if not filters:
            yield case.violated(
                node, f"guardrail `{node.address}` has no filter at all", fix="add the required filters"
            )
    if guardrails and not case.profile.has("safety_stack.required_filters"):
        yield case.missing(
            "safety_stack.required_filters",
            "which filters are required is not known: the profile has no `safety_stack.required_filters`",
            "safety_stack: {required_filters: {PROMPT_ATTACK: {input: HIGH}, ...}}",
        )
    case.summary = f"{counted(len(guardrails), 'guardrail')}, {counted(count, 'filter side')} on and blocking"


def _standing(case: Case, node: Node, fact: Filter) -> Iterator[Finding]:
    """A filter that is written down but does not block is wrong whether it is required or not."""
    if fact.required_none:
        return
    for value, wrong, word in (
        (fact.enabled, fact.enabled is False, "is disabled"),
        (fact.strength, fact.strength == "NONE", "has strength NONE"),
        (fact.action, fact.action == "NONE", "only reports"),
    ):
        name = _name(fact)
        if isinstance(value, Unknown):
            message = f"whether the {fact.side} filter {name} of `{node.address}` blocks is not known: {value.cause}"
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=value.decided_by)
        elif wrong:
            message = f"the {fact.side} filter {name} of guardrail `{node.address}` {word}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix="let the filter block")


def _required(case: Case, node: Node, filters: list[Filter], required: RequiredFilter) -> Iterator[Finding]:
    for side, least in (("input", required.input), ("output", required.output)):
        if not least or least == "NONE":
            continue
        mine = [fact for fact in filters if fact.side == side and fact.type == required.type]
        unsure = [fact for fact in filters if isinstance(fact.type, Unknown)]
        if not mine and unsure and isinstance(unsure[0].type, Unknown):
            message = f"whether guardrail `{node.address}` filters {required.type} on {side} is not known"
            yield case.unproven(node, message, origin=unsure[0].origin, decided_by=unsure[0].type.decided_by)
        elif not mine:
            message = f"guardrail `{node.address}` does not filter {required.type} on {side}"
            because = f"the profile requires {required.type} {side} {least}"
            yield case.violated(node, message, because=because, fix=f"add the filter at {least}")
        for fact in mine:
            if _weaker(fact, least):
                message = f"the {side} filter {required.type} of guardrail `{node.address}` is weaker than {least}"
                yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=f"set it to {least}")


def _weaker(fact: Filter, least: str) -> bool:
    """NONE is told by `_standing` already; a strength that is no known word compares as the weakest."""
    if isinstance(fact.strength, Unknown) or fact.strength in ("", "NONE") or least not in STRENGTHS:
        return False
    return fact.strength not in STRENGTHS or STRENGTHS.index(fact.strength) < STRENGTHS.index(least)


def _name(fact: Filter) -> str:
    return fact.type if isinstance(fact.type, str) else "of unknown type"
