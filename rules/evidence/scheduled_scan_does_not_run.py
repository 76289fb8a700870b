"""The schedule that runs Tether is off, runs once or starts nothing, or nothing keeps what the scan says.

Why it matters
--------------
A promise that was proved in spring says nothing of autumn. The nightly scan is what notices the change that nobody
announced; a schedule that somebody paused for a weekend, or whose result lies in no store of evidence, is noticed by
nobody.

How to fix
----------
Switch the schedule on, let it repeat and start a task definition that is there, and send the output of the task to a
log group, or a store, that the profile names under `evidence.sinks`.

What it cannot see
------------------
Whether the last run ended well, and when: `tether history` of its store says so. Schedules of CI and of products that
run Tether under another name, and scans that a schedule starts by way of a pipeline, a state machine or a build; how
often it runs; where a cluster keeps the output of a job. What is handed to a task (`input`) is not read, and leaves
open what that does. Where no schedule of Tether is in the inputs, nothing is said here: one whose target or image
nobody knows counts where its name speaks of Tether, or where a scan is in the inputs beside it.
"""

from collections.abc import Iterable

from scanner.findings import Finding
from scanner.graph.facts_audit import ScanRun
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "AUDIT-006"
SEVERITY = "medium"
NEEDS = ("Kubernetes", "aws_scheduler_schedule", "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target",
         "aws_ecs_task_definition", "aws_lambda_function", "aws_lambda_alias", "aws_cloudwatch_log_group")  # fmt: skip
FIX = {
    "on": "switch it on",
    "there": "let it start a task definition that is there, in a cluster that is",
    "again": "let it run every day",
    "kept": "send what it says to a store of `evidence.sinks`",
}


def check(case: Case) -> Iterable[Finding]:
    """Every schedule of a scan: is it on, does it repeat, is the result kept."""
    for node, fact in case.graph.facts(ScanRun):
        case.examine(node, f"{fact.aspect}: {fact.because}")
        if isinstance(fact.good, Unknown):
            message = f"whether the scan that `{node.address}` starts runs and is kept is not known: {fact.because}"
            decided = fact.good.decided_by
            yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=decided)
        elif not fact.good:
            does = "has no result to show" if fact.aspect == "kept" else "does not run"
            message = f"the scan that `{node.address}` starts {does}: {fact.because}"
            yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=FIX[fact.aspect])
    case.summary = f"{counted(len(case.looked_at), 'schedule')} of scans, on and kept" if case.looked_at else ""
