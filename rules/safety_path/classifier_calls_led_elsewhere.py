"""A gateway's calls to a classifier are led elsewhere, or to nothing.

Why it matters
--------------
A gateway asks its classifiers by name. Whoever answers to that name decides what passes: a Service with another
selector, an alias, a line in the file of hosts, a route of the mesh or a proxy is enough for every prompt to be judged
by a program that finds nothing, or by none, while the classifier runs beside it and is never asked.

How to fix
----------
Let the setting name a Service that selects the pods of the declared classifier, on a port that it listens on, and take
out the alias, route, redirect or proxy that leads the calls away.

What it cannot see
------------------
Settings that a program of your own reads under names that say nothing of classifiers, and lead to none; what the
gateway does with the answer; what a name server outside of the cluster answers.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_ways import StackWay
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.rule_ways import tell

ASSERTION = "ROUTE-001"
SEVERITY = "critical"
FIX = "let it name a Service that selects the declared classifier"
MESSAGE = "calls of `{gateway}` to the classifier of `{setting}` do not arrive at a declared one"


def check(case: Case) -> Iterable[Finding]:
    """Every way of every setting for a classifier; then the classifiers that no such way arrives at."""
    ways = [(node, fact) for node, fact in case.graph.facts(StackWay) if fact.purpose == "classifier"]
    for node, fact in ways:
        case.examine(node, f"{fact.setting}: {fact.because}")
    yield from tell(case, ways, MESSAGE, FIX)
    yield from _unasked(case, ways)
    case.summary = f"{counted(len(ways), 'way')} to classifiers, each to a declared one" if ways else ""


def _unasked(case: Case, ways: list[tuple[Node, StackWay]]) -> Iterator[Finding]:
    """Classifiers that no gateway of their unit is told of, where gateways are told of others."""
    asked = {end for _, fact in ways for end in fact.ends}
    doubtful = {node.id.partition(":")[0] for node, fact in ways if fact.arrives is not True}
    units = {node.id.partition(":")[0] for node, _ in ways} - doubtful
    for node in case.graph.with_role(Role.CLASSIFIER):
        unit = node.id.partition(":")[0]
        if unit in units and node.id not in asked:
            message = (
                f"whether any gateway asks classifier `{node.address}` is not known: no setting of theirs leads to it"
            )
            yield case.unproven(node, message, decided_by=("the settings of the gateways",))
