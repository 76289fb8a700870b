"""A guardrail applies only to callers who ask for it, or lets a caller turn it off.

Why it matters
--------------
A guardrail that waits to be named in the request protects the users who need no protection. One that a key, a team, a
header or an option of the request can switch off is a setting of the attacker's.

How to fix
----------
Turn the guardrail on by default, take the opt-outs from keys and teams, and drop options of the request that change
what is checked before they reach the component.

What it cannot see
------------------
Opt-outs that are stored in the gateway's own database; what a component in front strips from a request.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import STACK
from scanner.rule import Case
from scanner.rule_switches import Words, tell

ASSERTION = "GUARD-007"
SEVERITY = "critical"
WORDS = Words("leaves the guardrail to the caller, by", "apply it to every call by default")


def check(case: Case) -> Iterable[Finding]:
    """Every member of the stack, so that none is passed over, and every opt-in and opt-out of the tables."""
    for node in case.graph.with_role(*STACK):
        case.examine(node, "a member of the stack: nothing left to the caller")
    yield from tell(case, ASSERTION, WORDS)
