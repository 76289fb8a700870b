"""An account's own administrators can remove its safety objects, or leave the organisation: no deny stands above them.

Why it matters
--------------
Whoever administers an account may, by that, delete its guardrail, end its enforcement, stop its trail and take the
account out of the organisation. Only what stands above the account keeps them from it; where it does not, every other
promise holds as long as they wish.

How to fix
----------
Attach a service control policy that denies the control actions and `organizations:LeaveOrganization` to everybody but
a role of the operator, and that denies taking that role over (`iam:UpdateAssumeRolePolicy`, `iam:CreateRole` on it) to
everybody else. Let no account as a whole, and no service that runs code, assume that role. Keep the safety stack out of
the management account, which no such policy binds.

What it cannot see
------------------
An organisation that no input shows anything of: then nothing is said here; one that is shown and whose policies could
not be read is unproven. Who administers the management account. Who may assume the spared role where no input
declares it.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_access import Above
from scanner.graph.model import Node
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "CTRL-002"
SEVERITY = "high"


def check(case: Case) -> Iterable[Finding]:
    """Every safety object of an account over which the inputs show an organisation."""
    count = 0
    open_: dict[str, list[tuple[Node, Above]]] = {}
    for node, fact in case.graph.facts(Above):
        count += 1
        case.examine(node, fact.because)
        if isinstance(fact.kept, Unknown):
            open_.setdefault(fact.because, []).append((node, fact))
        elif not fact.kept:
            message = f"an administrator of the account can undo `{node.address}`: {fact.because}"
            fix = "deny it above the account"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    # What nobody could read of an organisation is open for all that stands below it, and is said once.
    for some in open_.values():
        yield _open(case, some)
    case.summary = f"{counted(count, 'safety object')}, kept from the administrators of their accounts"


def _open(case: Case, some: list[tuple[Node, Above]]) -> Finding:
    node, fact = some[0]
    more = f" and {len(some) - 1} more can be undone" if len(some) > 1 else " can be undone"
    message = f"whether `{node.address}`{more} by an administrator of the account is not known"
    decided = fact.kept.decided_by if isinstance(fact.kept, Unknown) else ()
    return case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
