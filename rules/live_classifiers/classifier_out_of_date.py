"""A classifier or guardrail of the safety stack is older than the profile allows.

Why it matters
--------------
Attacks change by the week. A guardrail that was published a year ago knows none of them, however well it runs.

How to fix
----------
Publish a new version, name it in the profile, and let the gateway call it.

What it cannot see
------------------
Whether a new version is a better one: a version that was published again, unchanged, is young. Of classifiers that are
no guardrails nothing that is read tells the age of what they run, for the date of a service, a function or an endpoint
moves with every setting: they stay `unproven` once the profile has a `max_age`. Without one, or of what runs in a
cluster where no API was asked, the rule has nothing to ask.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_observed import Observed
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "CLASS-002"
SEVERITY = "high"
BASES = ("recorded", "live")


def check(case: Case) -> Iterable[Finding]:
    """Every classifier and guardrail of the stack of which an API told, where the profile has a `max_age`."""
    for node in case.graph.with_role(Role.CLASSIFIER, Role.GUARDRAIL):
        for fact in node.facts:
            if isinstance(fact, Observed) and fact.what == "age":
                case.examine(node, fact.because)
                yield from _judge(case, node, fact)
    case.summary = f"{counted(len(case.looked_at), 'guard')} of {case.profile.max_age_days} days at most"


def _judge(case: Case, node: Node, fact: Observed) -> Iterator[Finding]:
    what = "guardrail" if Role.GUARDRAIL in node.roles else "classifier"
    most = case.profile.max_age_days
    if isinstance(fact.count, Unknown):
        message = f"how old {what} `{node.address}` is, is not known: {fact.count.cause}"
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=fact.count.decided_by)
    elif fact.count > most:
        message = f"{what} `{node.address}` is {counted(fact.count, 'day')} old: `max_age` is {counted(most, 'day')}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix="publish a new version")
