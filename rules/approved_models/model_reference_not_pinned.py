"""A model is referred to by a name that can mean other weights tomorrow.

Why it matters
--------------
What was evaluated is a set of weights, not a name. A branch of a hub, a tag of an image, a path without a version or a
deployment that upgrades itself serves something else one day, and nothing in the deployment changes.

How to fix
----------
Name a commit, a digest or a published version; put the version or the digest into the path of a store; switch automatic
upgrades off.

What it cannot see
------------------
Whether the weights behind a version of a store are still the ones that were put there: who may write it is another
rule's.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import ModelReference, Pin
from scanner.rule import Case, counted
from scanner.rule_models import told_once, unknown_reference
from scanner.rule_shared import by_claim
from scanner.rule_switches import Words, tell
from scanner.unknown import Unknown

ASSERTION = "MODEL-003"
SEVERITY = "high"
FIX = "name a digest, a commit or a published version"
UPGRADES = Words("moves to other models by itself, by", "set `version_upgrade_option` to `NoAutoUpgrade`")


def check(case: Case) -> Iterable[Finding]:
    """Every reference; then the settings that let a deployment upgrade itself."""
    count = 0
    for node, fact in told_once(case.graph.facts(Pin)):
        count += 1
        case.examine(node, f"{fact.reference}: {fact.because}")
        message = f"`{node.address}` refers to `{fact.reference}`, which is not pinned: {fact.because}"
        if isinstance(fact.pinned, Unknown):
            decided = fact.pinned.decided_by
            made = case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=FIX)
            said = f"what {{}} holds is referred to as `{fact.reference}`, which is not pinned: {fact.because}"
            yield by_claim(case, node, made, fact.reference, said)
        elif not fact.pinned:
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX)
    for node, fact in told_once(case.graph.facts(ModelReference)):
        if isinstance(fact.reference, Unknown):
            case.examine(node, "a reference that is not known")
            yield unknown_reference(case, node, fact, fact.reference)
    yield from tell(case, ASSERTION, UPGRADES)
    case.summary = f"{counted(count, 'reference')}, each pinned"
