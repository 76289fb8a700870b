"""A safety component is switched off, empty or weakened by its own settings.

Why it matters
--------------
A component can stand in the path and do nothing: rails without a flow, a plug-in that is disabled, a threshold of
BLOCK_NONE, a prompt of an agent that was replaced. The path proves that calls pass it, not that it does something.

How to fix
----------
Take the switch out, or give the component the flows, detectors and thresholds that it is there for.

What it cannot see
------------------
Switches of products that the tables do not know; a variable whose name suggests one is not proved, never judged.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import STACK
from scanner.rule import Case
from scanner.rule_switches import Words, tell

ASSERTION = "GUARD-008"
SEVERITY = "high"
WORDS = Words("is switched off or weakened by", "take the switch out")


def check(case: Case) -> Iterable[Finding]:
    """Every member of the stack, so that none is passed over, and every off switch of the tables."""
    for node in case.graph.with_role(*STACK):
        case.examine(node, "a member of the stack: no off switch")
    yield from tell(case, ASSERTION, WORDS)
