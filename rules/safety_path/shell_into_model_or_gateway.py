"""A shell, a debugger or a console stands open into a model or into the safety stack.

Why it matters
--------------
Whoever types inside the container of a model asks it directly, and whoever types inside the gateway reads what passes
and switches the filter off. Such a door is meant for a bad day; left open it is a second way in that no policy of the
network sees.

How to fix
----------
Turn the door off where the finding marks it, and open it for the incident alone, by an operator, with a record.

What it cannot see
------------------
Programs that start a shell of their own. Who holds the right to run commands in a pod, or to forward a port, is told
by `principal-invokes-model-directly`, `stranger-mints-stack-identity` and `model-bypasses-safety-stack`.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import STACK, Role
from scanner.rule import Case, counted
from scanner.rule_switches import Words, tell

ASSERTION = "IDENT-005"
SEVERITY = "high"
WORDS = Words("lets a shell in, by", "turn it off; open it for an incident alone")


def check(case: Case) -> Iterable[Finding]:
    """Every model and member of the stack, so that none is passed over, and every open door of the tables."""
    inside = case.graph.with_role(*STACK, Role.MODEL)
    for node in inside:
        case.examine(node, "no shell, debugger or console is set up into it")
    yield from tell(case, ASSERTION, WORDS)
    case.summary = f"no shell into {counted(len(inside), 'model or stack member')}" if inside else ""
