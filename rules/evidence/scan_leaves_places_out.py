"""Something that the profile names was not looked at, or the scan may do more than look.

Why it matters
--------------
A verdict speaks of what was read. An account, a region or a cluster that nobody asked holds whatever it holds, and a
report that is silent about it looks like one that found it in order. And who signs a scan should be unable to have
made what it found: a role that may write is one more way to switch the safety stack off.

How to fix
----------
Scan what is named as well: give the role of the scan to the account, add the region or the cluster, or take out of the
profile what is gone. Take every right to change anything from the role: `tether permissions --aws` prints what it
needs, and `tether doctor` says where it does not work.

What it cannot see
------------------
Accounts and clusters of which neither the profile nor the organisation tells; accounts of other clouds than AWS, which
no API is asked about. Who may assume the role of the scan, and what it may read beside. Accounts of the organisation
that the profile does not name count where it has `require`; else the report names them among its assumptions. Where no
account was asked and the profile has no `require`, files stand for the accounts; where no API was asked at all, the
folders of the units alone are judged.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_audit import Coverage
from scanner.graph.model import Node
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "AUDIT-004"
SEVERITY = "critical"
CARRIES = False
SAYS = {
    "account": (
        "account `{}` of `places` was not looked at as a whole",
        "let the scan into it, in each of its regions",
    ),
    "cluster": ("`{}` of `units` was not looked at", "scan it as well, or correct its name under `live`"),
    "unit": ("the folders of unit `{}` were not looked at", "scan them as well, or take the unit out"),
    "organisation": ("accounts of the organisation were not looked at", "give the scan a role in each of them"),
}
"""By what the profile names: what is said of it, and what to do."""


def check(case: Case) -> Iterable[Finding]:
    """Everything that the profile names, and whoever asked the APIs."""
    named = 0
    for node, fact in case.graph.facts(Coverage):
        case.examine(node, fact.because)
        if fact.what == "caller":
            yield from _caller(case, node, fact)
            continue
        named += 1
        if fact.seen is not True:
            says, fix = SAYS[fact.what]
            message = f"{says.format(node.name)}: {fact.because}"
            decided = (node.address,)
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided, fix=fix)
    case.summary = f"{counted(named, 'thing')} of the profile, all looked at" if named else ""


def _caller(case: Case, node: Node, fact: Coverage) -> Iterable[Finding]:
    fix = "let it read and nothing else: `tether permissions --aws`"
    if isinstance(fact.seen, Unknown):
        message = f"whether the scan of account {node.name} may only read is not known: {fact.because}"
        yield case.unproven(
            node, message, origin=fact.origin, because=fact.because, decided_by=fact.seen.decided_by, fix=fix
        )
    elif not fact.seen:
        message = f"the scan of account {node.name} may do more than read: {fact.because}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
