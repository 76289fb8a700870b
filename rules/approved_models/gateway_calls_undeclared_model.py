"""A gateway sends prompts on to a model that is not declared.

Why it matters
--------------
A gateway hands on what it has let pass. A second base address, a Service that selects another workload, or one that is
another name for a public API sends the prompts, and the answers that users get, to a model that nobody approved.

How to fix
----------
Let each address of a model in the gateway's settings name a Service of a declared model, or declare and approve the
model that it names.

What it cannot see
------------------
Addresses that a program of your own reads under names that say nothing of models; addresses that callers may choose.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_ways import StackWay
from scanner.rule import Case, counted
from scanner.rule_ways import tell

ASSERTION = "MODEL-001"
SEVERITY = "critical"
FIX = "let it name a Service of a declared model, or approve the model that it names"
MESSAGE = "calls of `{gateway}` to the model of `{setting}` do not arrive at a declared one"


def check(case: Case) -> Iterable[Finding]:
    """Every way of every setting for a model."""
    ways = [(node, fact) for node, fact in case.graph.facts(StackWay) if fact.purpose == "model"]
    for node, fact in ways:
        case.examine(node, f"{fact.setting}: {fact.because}")
    yield from tell(case, ways, MESSAGE, FIX)
    case.summary = f"{counted(len(ways), 'way')} to models, each to a declared one" if ways else ""
