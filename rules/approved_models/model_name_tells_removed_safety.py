"""A model, an adapter or a served name tells that its safety training was removed or never done.

Why it matters
--------------
Names of this kind are honest more often than not: who publishes weights without refusals says so. Such a name in a
reference, a path or an adapter is a model that answers what the approved one would refuse.

How to fix
----------
Serve the approved model in its instruction-tuned form, and take weights with such names out of stores and settings.

What it cannot see
------------------
Anything about weights whose name says nothing: a renamed model passes every pattern, and only the list with digests
decides. A hint that is weak, as a missing `-instruct`, is not proved, never judged.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import ModelName, ModelReference
from scanner.graph.model import Node
from scanner.rule import Case, counted
from scanner.rule_models import told_once, unknown_reference
from scanner.unknown import Unknown

ASSERTION = "MODEL-002"
SEVERITY = "high"
FIX = "serve the approved model under its own name"


def check(case: Case) -> Iterable[Finding]:
    """Every name, then every reference of which nobody knows the name."""
    listed = {model.id for model in case.profile.approved_models}
    count = 0
    for node, fact in told_once(case.graph.facts(ModelName)):
        count += 1
        case.examine(node, f"{fact.what} `{fact.name}`: {fact.because}")
        if fact.trips:
            yield from _tripped(case, node, fact, fact.name in listed)
    told = {(node.id, fact.origin) for node, fact in case.graph.facts(ModelName) if fact.trips}
    for node, fact in told_once(case.graph.facts(ModelReference)):
        if isinstance(fact.reference, Unknown) and (node.id, fact.origin) not in told:
            case.examine(node, "a name that is not known")
            yield unknown_reference(case, node, fact, fact.reference)
    case.summary = f"{counted(count, 'name')}, none of removed safety"


def _tripped(case: Case, node: Node, fact: ModelName, listed: bool) -> Iterator[Finding]:
    """A weak hint is overruled by the list; a strong one contradicts it, and somebody has to look."""
    message = f"the {fact.what} `{fact.name}` of `{node.address}`: {fact.trips}"
    if fact.sure and not listed:
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)
    elif fact.sure or not listed:
        decided = (f"how {fact.name} was trained",)
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=FIX)
