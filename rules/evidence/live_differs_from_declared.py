"""A model, the safety stack, one of its guards or where they stand is live otherwise than it is declared.

Why it matters
--------------
What was reviewed is what is declared. A filter that was lowered by hand, a grant that nobody wrote down and a policy
that was never applied are seen by no review, and the next apply may bring or take them without a word.

How to fix
----------
Declare what is meant to be, or take away what is not; `tether drift` lists every difference with its values. Where the
live setting is the right one, write it into the files.

What it cannot see
------------------
Whether a difference was approved: a change that is not applied yet is one. While a plan changes things, nothing here is
certain. What no name joins (instances, listeners) is not decided. A default that AWS fills in, and that the files leave
out, may count as a difference.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_drift import Compared
from scanner.graph.model import Node
from scanner.rule import Case, counted

ASSERTION = "AUDIT-005"
SEVERITY = "high"
BASES = ("recorded", "live")
BESIDE = ("declared",)
CARRIES = False
NAMED = 4
"""How many differences a sentence names."""
SIDES = {"declared": "declared alone", "live": "live alone"}


def check(case: Case) -> Iterable[Finding]:
    """Every model, member of the safety stack, guard and place of them that was held against the other side."""
    found: dict[Node, list[Compared]] = {}
    for node, fact in case.graph.facts(Compared):
        found.setdefault(node, []).append(fact)
        case.examine(node, fact.because)
    for node, facts in found.items():
        yield from _judge(case, node, [one for one in facts if one.what])
    case.summary = f"{counted(len(found), 'safety object')} live as declared" if found else ""


def _judge(case: Case, node: Node, facts: list[Compared]) -> Iterator[Finding]:
    certain = [one for one in facts if one.certain]
    # The line that a reader can change comes before the object of an API.
    first = next(iter(sorted(certain or facts, key=lambda one: one.side)), None)
    if first is None:
        return
    said = _said(certain or facts)
    fix = "declare what is meant to be, or take it away: `tether drift` has the values"
    if certain:
        message = f"`{node.address}` is live otherwise than it is declared: {said}"
        yield case.violated(node, message, origin=first.origin, because=first.because, fix=fix)
    else:
        message = f"whether `{node.address}` is live as it is declared is not known: {said}"
        yield case.unproven(
            node, message, origin=first.origin, because=first.because, decided_by=(first.because,), fix=fix
        )


def _said(facts: list[Compared]) -> str:
    """What differs, and which side has it."""
    parts = []
    for side, words in SIDES.items():
        mine = [one for one in facts if one.side == side]
        names = sorted({name for one in mine for name in one.detail})
        shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
        if any(one.what == "thing" for one in mine):
            parts.append(f"it is {words}")
        elif names:
            parts.append(f"{words}: {shown}")
    return "; ".join(parts)
