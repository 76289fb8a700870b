"""The rules or tables that judged are not those that were agreed.

Why it matters
--------------
A verdict is worth what its rules are worth. Whoever can swap a rule, or a row of a table, can make anything hold; the
agreement therefore names the digests of the rules and tables that both sides looked at.

How to fix
----------
Install the version of Tether that the lock was written with. Where the new rules are right, agree on them: give
`agreement` in the profile another name, and write the lock anew with `tether lock`.

What it cannot see
------------------
Whether the engine that runs the rules is unchanged (pin the package by its hash for that), and whether the lock itself
is the agreed one: take it from the protected branch.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.agreed import Pinned
from scanner.rule import Case
from scanner.unknown import Unknown

ASSERTION = "PIN-001"
SEVERITY = "critical"
NEEDS = ()
"""It speaks of the profile and its lock alone."""
WAIVABLE = False


def check(case: Case) -> Iterable[Finding]:
    """Rules and tables, each as the lock pins them; a lock that pins neither leaves nothing to judge."""
    for node, fact in case.graph.facts(Pinned):
        if fact.what not in ("rules", "tables"):
            continue
        case.examine(node, f"{fact.what}: {fact.because}")
        if isinstance(fact.differs, Unknown):
            # Once: that there is no lock is the same for rules and tables.
            if fact.what == "rules":
                decided, fix = fact.differs.decided_by, "write the lock with `tether lock` and commit it"
                yield case.unproven(node, fact.because, because=fact.because, decided_by=decided, fix=fix)
        elif fact.differs:
            message = f"the {fact.what} are not those agreed as `{fact.agreement}`: {fact.because}"
            fix = "use the agreed version, or agree anew: another `agreement`, then `tether lock`"
            yield case.violated(node, message, because=fact.because, fix=fix)
    case.summary = "rules and tables as agreed"
