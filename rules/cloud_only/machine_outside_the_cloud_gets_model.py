"""An identity for machines outside the cloud can read weights, call a model or act as the gateway.

Why it matters
--------------
IAM Roles Anywhere and hybrid activations of Systems Manager hand credentials of the account to whatever holds a
certificate or an activation code: a server in another building, a laptop. What their role may, that machine may, and a
model that it reads or calls so has left the cloud by its answers or as a whole.

How to fix
----------
Give such machines a role of their own that neither reads a store of weights nor calls a model; let them call the
gateway, as every other caller does.

What it cannot see
------------------
Which machines hold a certificate or an activation; keys of users that somebody carried out of the cloud.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.rule import Case, counted
from scanner.rule_machines import gains, told, unread

ASSERTION = "CLOUD-009"
SEVERITY = "high"
OUTSIDE = frozenset({"aws_rolesanywhere_profile", "aws_ssm_activation"})


def check(case: Case) -> Iterable[Finding]:
    """Every identity for machines outside, and what it comes to by becoming others."""
    for gain in gains(case, OUTSIDE):
        yield told(case, gain, "give machines outside the cloud a role without models and weights")
    yield from unread(case, OUTSIDE, "scan what declares the role as well")
    count = len(case.looked_at)
    case.summary = f"{counted(count, 'profile')} of machines outside the cloud, no model in reach" if count else ""
