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
NEEDS = ("Guardrail", "aws_bedrock_guardrail", "awscc_bedrock_guardrail", "azurerm_cognitive_account_rai_policy",
         "google_model_armor_template")  # fmt: skip
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
        lacking = [one for one in case.profile.required_filters if _sides(filters, one)]
        yield from _unnamed(case, node, filters, lacking)
        for required in case.profile.required_filters if filters else ():
            yield from _required(case, node, filters, required)
        if not filters:
            message = f"guardrail `{node.address}` has no filter at all"
            yield case.violated(node, message, because="no filter is set", fix="add the required filters")
    if guardrails and not case.profile.has("safety_stack.required_filters"):
        yield case.missing(
            "safety_stack.required_filters",
            "which filters are required is not known: the profile has no `safety_stack.required_filters`",
            "safety_stack: {required_filters: {PROMPT_ATTACK: {input: HIGH}, ...}}",
        )
    case.summary = f"{counted(len(guardrails), 'guardrail')}, {counted(count, 'filter side')} on and blocking"


def _standing(case: Case, node: Node, fact: Filter) -> Iterator[Finding]:
    """A filter that is written down but does not block is wrong whether it is required or not."""
    if fact.required_none or not isinstance(fact.type, str):
        return
    values = (fact.enabled, fact.strength, fact.action)
    wrongs = ((fact.enabled is False, "is disabled"), (fact.strength == "NONE", "has strength NONE"))
    wrong = next((word for bad, word in (*wrongs, (fact.action == "NONE", "only reports")) if bad), "")
    unknown = next((value for value in values if isinstance(value, Unknown)), None)
    if wrong:
        message = f"the {fact.side} filter {fact.type} of guardrail `{node.address}` {wrong}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix="let the filter block")
    elif unknown is not None:
        message = f"whether the {fact.side} filter {fact.type} of `{node.address}` blocks is not known: {unknown.cause}"
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=unknown.decided_by)


def _sides(filters: list[Filter], required: RequiredFilter) -> list[tuple[str, str]]:
    """The sides, with the strength that is wanted there, on which no filter of the required type is written."""
    wanted = (("input", required.input), ("output", required.output))
    have = {fact.side for fact in filters if fact.type == required.type}
    return [(side, least) for side, least in wanted if least not in ("", "NONE") and side not in have]


def _unnamed(case: Case, node: Node, filters: list[Filter], lacking: list[RequiredFilter]) -> Iterator[Finding]:
    """One finding for all filters whose type waits for the same value: it says on which side NONE is right."""
    waiting: dict[tuple[str, ...], tuple[Unknown, Filter]] = {}
    for fact in filters:
        if isinstance(fact.type, Unknown):
            waiting.setdefault(fact.type.decided_by, (fact.type, fact))
    for unknown, fact in waiting.values():
        names = ", ".join(one.type for one in lacking)
        what = f"whether they include {names}" if lacking else "how strict they are"
        message = f"which filters guardrail `{node.address}` has, and {what}, is not known: {unknown.cause}"
        yield case.unproven(node, message, origin=fact.origin, because=unknown.cause, decided_by=unknown.decided_by)


def _required(case: Case, node: Node, filters: list[Filter], required: RequiredFilter) -> Iterator[Finding]:
    missing = _sides(filters, required)
    if missing and not any(isinstance(fact.type, Unknown) for fact in filters):
        sides = " and ".join(f"{side} {least}" for side, least in missing)
        message = f"guardrail `{node.address}` does not filter {required.type}"
        message += "" if len(missing) == 2 else f" on {missing[0][0]}"
        because = f"no filter of type {required.type} is set: the profile requires {sides}"
        yield case.violated(node, message, because=because, fix="add the filter")
    for fact in filters:
        least = required.input if fact.side == "input" else required.output
        if fact.type == required.type and least and _weaker(fact, least):
            message = f"the {fact.side} filter {required.type} of guardrail `{node.address}` is weaker than {least}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=f"set it to {least}")


def _weaker(fact: Filter, least: str) -> bool:
    """NONE is told by `_standing` already; a strength that is no known word compares as the weakest."""
    if isinstance(fact.strength, Unknown) or fact.strength in ("", "NONE") or least not in STRENGTHS:
        return False
    return fact.strength not in STRENGTHS or STRENGTHS.index(fact.strength) < STRENGTHS.index(least)
