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
from scanner.graph.facts import Switch
from scanner.graph.model import STACK
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "GUARD-005"
SEVERITY = "critical"
EFFECT = "fail-open"


def check(case: Case) -> Iterable[Finding]:
    """Every fail-open switch of the tables, wherever it stands, and every stack member, so that none is passed over."""
    count = 0
    for node in case.graph.with_role(*STACK):
        case.examine(node, "a member of the stack: no fail-open setting")
    for node, fact in case.graph.facts(Switch):
        if fact.effect != EFFECT:
            continue
        count += 1
        case.examine(node, f"{fact.setting}: {fact.because}")
        if isinstance(fact.bad, Unknown):
            message = f"whether `{node.address}` fails open by `{fact.setting}` is not known: {fact.bad.cause}"
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=fact.bad.decided_by)
        elif fact.bad:
            message = f"{fact.product} `{node.address}` fails open by `{fact.setting}`: {fact.because}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix="let it fail closed")
    case.summary = f"{counted(count, 'fail-open setting')}, all closed" if count else ""
