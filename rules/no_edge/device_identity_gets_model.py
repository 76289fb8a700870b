"""An identity of devices can read weights, call a model or act as the gateway.

Why it matters
--------------
A role alias of AWS IoT gives every device with a certificate the credentials of a role. A device that reads a store
of weights has the model; one that calls a model itself passes no gateway, and is the edge that was promised away.

How to fix
----------
Take models and stores of weights out of the role that the alias names; devices that need answers call the gateway.

What it cannot see
------------------
Keys of users that are put on a device; what a device does with the answers of the gateway.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.rule import Case, counted
from scanner.rule_machines import gains, told, unread

ASSERTION = "EDGE-008"
SEVERITY = "high"
DEVICES = frozenset({"aws_iot_role_alias"})


def check(case: Case) -> Iterable[Finding]:
    """Every role alias of devices, and what it comes to by becoming others."""
    for gain in gains(case, DEVICES):
        yield told(case, gain, "give devices a role without models and weights")
    yield from unread(case, DEVICES, "scan what declares the role as well")
    count = len(case.looked_at)
    case.summary = f"{counted(count, 'role')} of devices, no model in reach" if count else ""
