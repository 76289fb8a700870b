"""A safety component watches, and stops nothing.

Why it matters
--------------
A filter in shadow, audit, dry-run or log-only mode looks like a guardrail on every chart: it is attached, it answers,
it counts hits. The harmful answer still reaches the caller. Such modes are meant for a trial and tend to stay.

How to fix
----------
Set the component to its blocking or enforcing mode, and keep the trial in an environment that serves nobody.

What it cannot see
------------------
A component whose own code ignores its verdict; admission policies about anything but images and models.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import STACK
from scanner.rule import Case
from scanner.rule_switches import Words, tell

ASSERTION = "GUARD-004"
SEVERITY = "critical"
WORDS = Words("only observes, by", "let it block")


def check(case: Case) -> Iterable[Finding]:
    """Every member of the stack, so that none is passed over, and every observing mode of the tables."""
    for node in case.graph.with_role(*STACK):
        case.examine(node, "a member of the stack: no observing mode")
    yield from tell(case, ASSERTION, WORDS)
