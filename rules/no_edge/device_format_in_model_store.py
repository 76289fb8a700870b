"""A store of weights holds a model in a format that is made for devices.

Why it matters
--------------
A file for a phone, a board or an appliance has one use: to run where no gateway stands and no classifier looks. Once
it lies in the store of weights, whoever may read the store has a model that runs by itself, and an application that
ships it needs no other permission.

How to fix
----------
Delete the file and the step that makes it; serve the model from the cloud, in a format of servers.

What it cannot see
------------------
What lies in a bucket without being declared: objects are not listed. What a build in somebody's own code makes; a file
whose name does not tell its format; formats that phones and servers share, as GGUF and ONNX.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_delivery import Formatted
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "EDGE-007"
SEVERITY = "medium"


def check(case: Case) -> Iterable[Finding]:
    """Every file of a model that is declared in a store, is served from one, or is named by a build."""
    count = 0
    for node, fact in case.graph.facts(Formatted):
        count += 1
        case.examine(node, fact.because)
        if isinstance(fact.device, Unknown):
            message = f"whether `{node.address}` {_does(fact.how)} is not known: {fact.because}"
            decided = fact.device.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif fact.device:
            message = f"`{node.address}` {_does(fact.how)}: {fact.because}"
            fix = "take the file out of the store, and what makes it out of the build"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)
    case.summary = f"{counted(count, 'file')} of models, none in a format of devices" if count else ""


def _does(how: str) -> str:
    return {
        "stores": "keeps a model for devices in the store of weights",
        "serves": "has its model in a format of devices",
        "may build": "builds a model for devices",
    }[how]
