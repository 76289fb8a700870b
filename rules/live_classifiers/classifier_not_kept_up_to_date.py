"""What brings new versions of a classifier is not there, is off, is in other hands, or has not succeeded for too long.

Why it matters
--------------
A classifier that nothing updates is as good as the attacks of the day on which it was installed. The job that fetches
its new rules fails quietly: the classifier answers as before, and nobody misses what it does not know.

How to fix
----------
Repair the job, the delivery or the pipeline that the profile names under `safety_stack.updates`, switch it on, and let
nobody but operators change it. Where something else brings the updates now, name that.

What it cannot see
------------------
Whether what is brought is newer or better, and whether it is this classifier that it is brought to: the profile says
so, and every report prints it. When it last succeeded is told by an API alone: of a CronJob, an Application that is as
its source is, a Kustomization or HelmRelease of Flux with a history, and a pipeline of CodePipeline; of schedules of
EventBridge and others it is unproven where an API was asked. Who changes it is asked of the principals and subjects of
its own unit. Without `safety_stack.updates` nothing is judged.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_audit import Updated
from scanner.graph.model import Node, Role, State
from scanner.rule import Case, counted, names
from scanner.unknown import Unknown

ASSERTION = "CLASS-003"
SEVERITY = "high"
CARRIES = False
EXAMPLE = "safety_stack: {updates: [{classifier: NAMESPACE/Deployment/NAME, by: NAMESPACE/CronJob/NAME, max_age: 7d}]}"
SAYS = {
    "on": ("is off", "is on", "switch it on"),
    "owned": ("can be changed by others than operators", "is the operator's", "let operators alone change it"),
    "recent": ("has not succeeded in its time", "succeeded in its time", "find out why, and run it"),
}
"""By aspect: what is wrong, what should be, and what to do."""


def check(case: Case) -> Iterable[Finding]:
    """Every update path that the profile names, and every classifier for which it names none."""
    message = "what updates the classifiers is not known: the profile has no `safety_stack.updates`"
    yield from case.lacks("safety_stack.updates", message, EXAMPLE, case.profile.updates)
    seen: set[str] = set()
    for node, fact in case.graph.facts(Updated):
        seen.add(fact.by)
        case.examine(node, f"{fact.aspect}: {fact.because}")
        yield from _judge(case, node, fact)
    yield from _absent(case, seen)
    case.summary = f"{counted(len(case.looked_at), 'update path')}, on and the operator's" if case.looked_at else ""


def _judge(case: Case, node: Node, fact: Updated) -> Iterator[Finding]:
    wrong, right, fix = SAYS[fact.aspect]
    what = f"`{node.address}`, which updates classifier `{fact.classifier}`,"
    if node.state is State.POSSIBLE and fact.aspect == "on":
        yield case.unproven(node, f"whether {what} exists is not known", decided_by=node.decided_by)
    elif isinstance(fact.good, Unknown):
        message = f"whether {what} {right} is not known: {fact.because}"
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=fact.good.decided_by)
    elif not fact.good:
        message = f"{what} {wrong}: {fact.because}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)


def _absent(case: Case, seen: set[str]) -> Iterator[Finding]:
    updates = case.profile.updates
    for one in updates:
        if one.by not in seen:
            yield case.missing(
                f"safety_stack.updates: {one.by}",
                f"`{one.by}`, which updates classifier `{one.classifier}`, is not in what was read",
                "scan what declares it, or correct the address",
            )
    for entry in case.absent([one.classifier for one in updates]):
        yield case.missing(
            f"safety_stack.updates: {entry}",
            f"`{entry}`, which `safety_stack.updates` names as a classifier, is not in what was read",
            "scan what declares it, or correct the address",
        )
    for node in case.graph.with_role(Role.CLASSIFIER) if updates else ():
        if not any(names(one.classifier, node) for one in updates):
            message = f"what updates classifier `{node.address}` is not known: `safety_stack.updates` leaves it out"
            decided = ("profile:safety_stack.updates",)
            yield case.unproven(node, message, decided_by=decided, fix="name what brings its new versions")
