"""Calls to a model leave no complete log.

Why it matters
--------------
"Independently verify" needs evidence: who asked what, what was answered, and what the safety stack said. A path without
a log, or with requests but no answers, cannot be verified afterwards by anybody.

How to fix
----------
Turn invocation logging on for every modality with a destination that the operator holds, and let the gateway write to
a store that the profile names under `evidence.sinks`.

What it cannot see
------------------
Whether the log's content is true, and whether somebody reads it.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts import Log
from scanner.graph.model import Node, Role
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "AUDIT-001"
SEVERITY = "critical"


def check(case: Case) -> Iterable[Finding]:
    """Every statement of a log, then every gateway that has none, and every managed model that has none."""
    count = 0
    for node, fact in case.graph.facts(Log):
        count += 1
        case.examine(node, f"log: {fact.because}")
        yield from _judge(case, node, fact)
    for node in case.graph.with_role(Role.GATEWAY):
        if not _has_log(node) and _serves(node):
            case.examine(node, "no statement of a log")
            message = f"whether gateway `{node.address}` logs what passes through it is not known"
            yield case.unproven(node, message, decided_by=("profile:evidence.sinks",))
    if not case.graph.with_role(Role.GATEWAY):
        for node in case.graph.with_role(Role.MODEL):
            if not _has_log(node):
                case.examine(node, "no gateway and no log")
                yield case.missing(
                    "safety_stack.gateways",
                    "which actors are the safety stack is not known: the profile has no `safety_stack.gateways`",
                    "safety_stack: {gateways: [NAMESPACE/Deployment/NAME]}",
                )
    case.summary = f"{counted(count, 'log')} of inference, complete"


def _judge(case: Case, node: Node, fact: Log) -> Iterator[Finding]:
    if isinstance(fact.complete, Unknown):
        message = f"whether inference through `{node.address}` is logged is not known: {fact.because}"
        decided = fact.complete.decided_by
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
    elif not fact.complete:
        message = f"inference through `{node.address}` is not fully logged: {fact.because}"
        fix = "log request and response of every call"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)


def _has_log(node: Node) -> bool:
    return any(isinstance(fact, Log) for fact in node.facts)


def _serves(node: Node) -> bool:
    """An IAM role named as a gateway carries no traffic of its own; the workload that becomes it does."""
    return not node.kind.startswith("aws_iam_")
