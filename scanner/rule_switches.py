"""What the rules about safety switches share: which settings count, and how certain a bad one is."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.findings import Finding
from scanner.graph.facts import Switch
from scanner.graph.model import STACK, Node, Role
from scanner.podspec_shapes import RUNTIME
from scanner.rule import Case
from scanner.rule_shared import by_runtime
from scanner.unknown import Unknown

BESIDE = STACK | {Role.MODEL, Role.CANDIDATE}
GATEWAYS = "safety_stack.gateways"


class Words(Struct, frozen=True):
    """How a rule tells a bad setting.

    bad: what the component does, between its name and the setting ("fails open by"). fix: what to do.
    """

    bad: str
    fix: str


def settings(case: Case, assertion: str) -> Iterator[tuple[Node, Switch]]:
    """The settings of the switches table that an assertion is about, each noted as looked at.

    A product that guards anything counts only in a unit where a model or a member of the safety stack stands; in
    every unit where the profile names a stack that the inputs do not show.
    """
    units = {_unit(node) for node in case.graph.with_role(*BESIDE)}
    hidden = not units and case.profile.has(GATEWAYS)
    for node, fact in case.graph.facts(Switch):
        if fact.assertion != assertion or (fact.general and _unit(node) not in units and not hidden):
            continue
        case.examine(node, f"{fact.setting}: {fact.because}")
        yield node, fact


def tell(case: Case, assertion: str, words: Words) -> Iterator[Finding]:
    """A finding for each setting of `assertion` that stands, or may stand, in its bad position."""
    for node, fact in settings(case, assertion):
        found = judge(case, node, fact, words)
        if found is not None:
            yield found


def judge(case: Case, node: Node, fact: Switch, words: Words) -> Finding | None:
    """The finding of one setting, if it has one.

    Where nobody has named the safety stack, whether a product that guards anything belongs to it is not known.
    """
    if isinstance(fact.bad, Unknown):
        message = f"whether `{node.address}` {words.bad} `{fact.setting}` is not known: {fact.bad.cause}"
        # The runtime is told by the finding of all that it serves; what is found of one alone stays what it was.
        decided = tuple(one for one in fact.bad.decided_by if not one.startswith(RUNTIME))
        made = case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        said = f"whether what {{}} serves {words.bad} `{fact.setting}` is not known: {fact.bad.cause}"
        return by_runtime(case, node, made, fact.bad.decided_by, said)
    if not fact.bad:
        return None
    if fact.general and not case.profile.has(GATEWAYS):
        return case.missing(
            GATEWAYS,
            f"which actors are the safety stack is not known: the profile has no `{GATEWAYS}`",
            "safety_stack: {gateways: [NAMESPACE/Deployment/NAME]}",
        )
    message = f"{fact.product} `{node.address}` {words.bad} `{fact.setting}`: {fact.because}"
    return case.violated(node, message, origin=fact.origin, because=fact.because, fix=words.fix)


def _unit(node: Node) -> str:
    return node.id.partition(":")[0]
