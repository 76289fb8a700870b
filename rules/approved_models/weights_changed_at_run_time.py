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

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Switch
from scanner.graph.model import Node, Plane, Role, State
from scanner.graph.search import reach
from scanner.rule import Case, counted
from scanner.rule_switches import Words, judge, settings

ASSERTION = "MODEL-006"
SEVERITY = "critical"
WORDS = Words("can be given other weights while it runs, by", "take the switch out")
BY_ADDRESS = frozenset({"V-6"})
"""Settings that only open an address: they count where others than the gateway reach it."""


def check(case: Case) -> Iterable[Finding]:
    """Every model and classifier, so that none is passed over, and every switch of the tables that opens one."""
    servers = case.graph.with_role(Role.MODEL, Role.CLASSIFIER)
    for node in servers:
        case.examine(node, "a server: nothing changes its weights at run time")
    for node, fact in settings(case, ASSERTION):
        if fact.row in BY_ADDRESS and fact.bad is True:
            yield from _reached(case, node, fact)
            continue
        found = judge(case, node, fact, WORDS)
        if found is not None:
            yield found
    case.summary = f"{counted(len(servers), 'server')}, none with weights that change at run time"


def _reached(case: Case, node: Node, fact: Switch) -> Iterator[Finding]:
    """A server that pulls on request is as open as its port."""
    found = reach(case.graph, [node.id], [Plane.NETWORK], allowed=_may_stand)
    way = min(found.ways, key=lambda one: one.state is not State.OPEN, default=None)
    if way is None:
        return
    message = f"`{way.actor.address}` reaches {fact.product} `{node.address}`, which loads what it is told to"
    if way.state is State.OPEN:
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=WORDS.fix)
    else:
        message = message.replace(" reaches ", " may reach ")
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=way.decided_by)


def _may_stand(node: Node) -> bool:
    return bool(node.roles & {Role.GATEWAY, Role.PLATFORM})
