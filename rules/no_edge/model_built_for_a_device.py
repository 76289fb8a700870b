"""A job compiles or packages a model for a device.

Why it matters
--------------
A compiler that is told to aim at a phone, a board or an appliance makes a file whose only use is to run where no
gateway stands and no classifier looks. The file needs no delivery object to leave: whoever may read the bucket of the
job's output has a model that runs by itself.

How to fix
----------
Compile for the instances of the cloud alone; delete jobs for devices and what they wrote, and take the step out of
the state machine that starts them.

What it cannot see
------------------
A build in somebody's own code, in a container, in a notebook or in a schedule that calls the API itself; what a person
who may start such a job will do.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_delivery import Built
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "EDGE-003"
SEVERITY = "critical"
NEEDS = ("aws_sagemaker_compilation_job", "aws_sagemaker_edge_packaging_job", "aws_sfn_state_machine")


def check(case: Case) -> Iterable[Finding]:
    """Every job, and every state machine that starts one."""
    count = 0
    for node, fact in case.graph.facts(Built):
        count += 1
        case.examine(node, fact.because)
        if isinstance(fact.device, Unknown):
            message = f"whether `{node.address}` {fact.how} a model for a device is not known: {fact.because}"
            decided = fact.device.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif fact.device:
            message = f"`{node.address}` {fact.how} a model for a device: {fact.because}"
            yield case.violated(
                node, message, origin=fact.origin, because=fact.because, fix="build for the cloud alone"
            )
    for node in case.graph.nodes.values():
        if node.id not in case.looked_at:
            case.examine(node, "builds no model for a machine")
    case.summary = f"{counted(count, 'build')} of models, none for a device"
