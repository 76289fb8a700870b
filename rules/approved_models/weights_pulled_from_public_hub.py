"""A server fetches its weights from a public hub, or from a store that is not the operator's.

Why it matters
--------------
Whoever can change the hub's repository, or stand between it and the server, chooses what is served. A store that the
operator holds is where the evaluated weights lie, and where somebody would notice another set.

How to fix
----------
Copy the evaluated weights into a store that the profile names under `models.stores`, and let the server read them from
there; set `HF_HUB_OFFLINE=1`, so that nothing is fetched beside it.

What it cannot see
------------------
What was put into the operator's own store; a program that fetches weights in its own code.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import ModelReference, Origination
from scanner.rule import Case, counted
from scanner.rule_models import told_once, unknown_reference
from scanner.rule_shared import by_claim
from scanner.unknown import Unknown

ASSERTION = "MODEL-004"
SEVERITY = "critical"
FIX = "serve the weights from a store of the operator"
STORES = "models.stores"


def check(case: Case) -> Iterable[Finding]:
    """Where the weights of every reference come from; what nothing shows is not proved."""
    count = 0
    for node, fact in told_once(case.graph.facts(Origination)):
        count += 1
        case.examine(node, f"{fact.place}: {fact.because}")
        if isinstance(fact.public, Unknown):
            if f"profile:{STORES}" in fact.public.decided_by:
                yield case.missing(
                    STORES,
                    f"which stores of weights are the operator's is not known: the profile has no `{STORES}`",
                    'models: {stores: ["s3://BUCKET"]}',
                )
                continue
            message = f"where `{node.address}` gets its weights from is not known: {fact.because}"
            decided = fact.public.decided_by
            made = case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
            said = f"where the weights in {{}} are from is not known: {fact.because}"
            yield by_claim(case, node, made, fact.place, said)
        elif fact.public:
            message = f"`{node.address}` gets its weights from outside the operator's stores: {fact.because}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)
    for node, fact in told_once(case.graph.facts(ModelReference)):
        if isinstance(fact.reference, Unknown):
            case.examine(node, "a reference that is not known")
            yield unknown_reference(case, node, fact, fact.reference)
    case.summary = f"{counted(count, 'source')} of weights, all the operator's" if count else ""
