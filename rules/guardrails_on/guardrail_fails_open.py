"""A safety component lets traffic through when it fails.

Why it matters
--------------
A filter that fails open is a filter that an attacker turns off by making it fail: a long prompt, a flood, a crash. The
calls that pass in that time look like any other.

How to fix
----------
Set the component to fail closed, and give it the replicas and time-outs that make that bearable.

What it cannot see
------------------
Error handling inside a component's own code, and defaults of versions that the tables do not know.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import STACK
from scanner.rule import Case, counted
from scanner.rule_switches import Words, judge, settings

ASSERTION = "GUARD-005"
SEVERITY = "critical"
WORDS = Words("fails open by", "let it fail closed")


def check(case: Case) -> Iterable[Finding]:
    """Every fail-open switch of the tables, wherever it stands, and every stack member, so that none is passed over."""
    count = 0
    for node in case.graph.with_role(*STACK):
        case.examine(node, "a member of the stack: no fail-open setting")
    for node, fact in settings(case, ASSERTION):
        count += 1
        found = judge(case, node, fact, WORDS)
        if found is not None:
            yield found
    case.summary = f"{counted(count, 'fail-open setting')}, all closed" if count else ""
