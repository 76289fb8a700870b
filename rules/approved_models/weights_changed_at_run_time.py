"""The weights that a server serves can be changed while it runs.

Why it matters
--------------
The digest of a model is checked when it is loaded. A development mode, adapters that load on request, a repository that
is polled or an interface that pulls models lets whoever reaches the port serve something else under the same name.

How to fix
----------
Take the switch out: no development mode, no adapters at run time, `--model-control-mode=none`, and no pulling server
on an address that others reach.

What it cannot see
------------------
Whether the interface asks for a key, since servers leave such paths open beside it; weights replaced in the store.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.model import Role
from scanner.rule import Case, counted
from scanner.rule_switches import Words, tell

ASSERTION = "MODEL-006"
SEVERITY = "critical"
WORDS = Words("can be given other weights while it runs, by", "take the switch out")


def check(case: Case) -> Iterable[Finding]:
    """Every model and classifier, so that none is passed over, and every switch of the tables that opens one."""
    servers = case.graph.with_role(Role.MODEL, Role.CLASSIFIER)
    for node in servers:
        case.examine(node, "a server: nothing changes its weights at run time")
    yield from tell(case, ASSERTION, WORDS)
    case.summary = f"{counted(len(servers), 'server')}, none with weights that change at run time"
