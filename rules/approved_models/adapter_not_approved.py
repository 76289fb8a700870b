"""An adapter, a fine-tune or an imported model is loaded that is not itself on the list.

Why it matters
--------------
A few megabytes of adapter over an approved model undo what it was trained to refuse, and the model's own name and
digest stay what they were. A model that was tuned or brought in from outside is another model.

How to fix
----------
Take the adapter away, or evaluate it together with its model and add it to `models.approved` with its digest.

What it cannot see
------------------
Adapters that are merged into weights before they are stored; what a tuning service makes, before something serves it.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts import ModelReference
from scanner.graph.model import Role
from scanner.rule import Case, counted
from scanner.rule_models import held_against_list, told_once

ASSERTION = "MODEL-005"
SEVERITY = "critical"
FIX = "take the adapter away, or approve it with its model"


def check(case: Case) -> Iterable[Finding]:
    """Every adapter and every tuned model; every server is looked at, so that none is passed over."""
    servers = case.graph.with_role(Role.MODEL, Role.CLASSIFIER)
    for node in servers:
        case.examine(node, "a server: no adapter over its model")
    for node, fact in told_once(case.graph.facts(ModelReference)):
        if fact.adapter:
            case.examine(node, f"adapter {fact.reference if isinstance(fact.reference, str) else 'unknown'}")
            yield from held_against_list(case, node, fact, "loads", FIX)
    case.summary = f"{counted(len(servers), 'server')}, no adapter beside the list"
