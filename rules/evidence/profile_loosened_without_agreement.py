"""The profile promises less than was agreed, under the same name.

Why it matters
--------------
Every verdict is relative to the profile. One more gateway, a wider place, a weaker filter or a new waiver turns a
violation into a promise kept, without anybody touching the deployment. What was agreed is pinned in the lock; to
tighten it is free, to loosen it needs a new agreement that both sides see.

How to fix
----------
Take the change back. Where it is meant, give `agreement` another name, have it approved, and write the lock anew with
`tether lock`.

What it cannot see
------------------
Whether an entry that stayed the same now names something else, and whether the lock itself is the agreed one: take
profile and lock from the protected branch.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.agreed import Loosened, Pinned
from scanner.rule import Case
from scanner.unknown import Unknown

ASSERTION = "PIN-002"
SEVERITY = "high"
NEEDS = ()
"""It speaks of the profile and its lock alone."""
WAIVABLE = False


def check(case: Case) -> Iterable[Finding]:
    """The profile against its lock, then each key that was loosened."""
    for node, fact in case.graph.facts(Pinned):
        if fact.what == "profile":
            case.examine(node, fact.because)
            if isinstance(fact.differs, Unknown):
                decided, fix = fact.differs.decided_by, "write the lock with `tether lock` and commit it"
                yield case.unproven(node, fact.because, because=fact.because, decided_by=decided, fix=fix)
    for node, loose in case.graph.facts(Loosened):
        case.examine(node, loose.because)
        message = f"the profile is looser than agreed as `{loose.agreement}`: {loose.because}"
        fix = "take it back, or agree anew: another `agreement`, then `tether lock`"
        yield case.violated(node, message, origin=loose.origin, because=loose.because, fix=fix)
    case.summary = "the profile is as tight as agreed"
