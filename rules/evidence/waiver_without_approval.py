"""An exception has no end in sight, or outlived it.

Why it matters
--------------
An exception is a promise that is broken with permission. It is worth something only while somebody answers for it and
until a day that is near: what nobody looks at again becomes the rule.

How to fix
----------
Repair what was waived and take the entry out, or have it approved again with an end within a year.

What it cannot see
------------------
Whether the approver exists, knows of it, and may approve it. That every exception names its rule, subject, reason,
owner, approver and end, and one of a critical rule a second approver, is checked when the profile is read: a scan with
one that does not is refused.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.agreed import Accepted
from scanner.rule import Case, counted

ASSERTION = "PIN-003"
SEVERITY = "high"
NEEDS = ()
"""It speaks of the profile and its lock alone."""
WAIVABLE = False
LONGEST = 366
"""In days: a year, and a leap year's day."""


def check(case: Case) -> Iterable[Finding]:
    """Every waiver and every trusted caller of the profile."""
    count = 0
    for node, fact in case.graph.facts(Accepted):
        count += 1
        case.examine(node, f"{fact.what}: {fact.because}")
        about = f"the waiver of `{fact.rule}`" if fact.rule else "the trust in a caller"
        if fact.days_left < 0:
            message = f"{about} is over and still in the profile: {fact.because}"
            fix = "take it out, or approve it anew"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
        elif fact.days_left > LONGEST:
            message = f"{about} lasts for more than a year: {fact.because}"
            fix = "approve it for a year at most"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    case.summary = f"{counted(count, 'exception')}, each with an end within a year"
