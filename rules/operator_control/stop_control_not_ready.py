"""A stop control is not there, stops nothing, is in other hands than the operator's, or was not tried in its time.

Why it matters
--------------
When a model has to be taken off the net within minutes, there is no time to find out who may, and whether it works. A
deny policy that nobody ever attached, a role that nobody can assume, or a key that seals something else is found out
on the day on which it is needed. One that a tenant may use as well is a way to take the service down.

How to fix
----------
Give the operator, and nobody else, one thing that stops the models: a policy that denies their calls and that can be
attached, a role that scales them to nothing, a key without which their weights cannot be read. Try it, and write the
day under `stop_controls`.

What it cannot see
------------------
Whether it really was tried, and what came of that: the profile says so, and every report prints it. How long it takes;
who signs in as an operator. Whether what a role of AWS may end is a model's: one thing that it may end is enough, and
of a ClusterRole, any namespace. Of who becomes an operator `outsider-controls-safety-stack` tells. Without
`stop_controls` in the profile nothing is judged.
"""

from collections.abc import Iterable, Iterator

from scanner.findings import Finding
from scanner.graph.facts_audit import Stop
from scanner.graph.model import Node, Plane, Role, State
from scanner.graph.search import reach
from scanner.rule import Case, counted
from scanner.unknown import Unknown

ASSERTION = "CTRL-006"
SEVERITY = "medium"
CARRIES = False
EXAMPLE = "stop_controls: [{subject: ADDRESS, tested: YYYY-MM-DD, max_age: 365d, reason: WHAT IT STOPS}]"
SAYS = {
    "effect": ("stops no model", "stops a model", "name what stops the models, or let it do so"),
    "held": ("is not in the operator's hands alone", "is in the operator's hands alone", "let operators alone use it"),
    "tested": ("was not tried in its time", "was tried in its time", "try it, and write the day"),
}
"""By aspect: what is wrong, what should be, and what to do."""


def check(case: Case) -> Iterable[Finding]:
    """Every stop control that the profile names."""
    message = "by what the operator stops the models is not known: the profile has no `stop_controls`"
    yield from case.lacks("stop_controls", message, EXAMPLE, case.profile.stop_controls)
    found: dict[str, Node] = {}
    subjects: set[str] = set()
    for node, fact in case.graph.facts(Stop):
        found[node.id] = node
        subjects.add(fact.subject)
        case.examine(node, f"{fact.aspect}: {fact.because}")
        yield from _judge(case, node, fact)
    for node in found.values():
        if node.kind == "aws_iam_role":
            yield from _taken(case, node)
    for one in case.profile.stop_controls:
        if one.subject not in subjects:
            yield case.missing(
                f"stop_controls: {one.subject}",
                f"the stop control `{one.subject}` is not in what was read",
                "scan what declares it, or correct the address",
            )
    if found and not case.profile.has("operators"):
        yield case.missing("operators", "who may stop the models is not known: the profile has no `operators`",
                           "operators: [group:NAME, arn:aws:iam::ACCOUNT:role/NAME]")  # fmt: skip
    case.summary = f"{counted(len(found), 'stop control')}, held by operators and tried" if found else ""


def _judge(case: Case, node: Node, fact: Stop) -> Iterator[Finding]:
    wrong, right, fix = SAYS[fact.aspect]
    if node.state is State.POSSIBLE and fact.aspect == "effect":
        message = f"whether the stop control `{node.address}` exists is not known"
        yield case.unproven(node, message, decided_by=node.decided_by)
    elif isinstance(fact.good, Unknown):
        message = f"whether the stop control `{node.address}` {right} is not known: {fact.because}"
        yield case.unproven(node, message, origin=fact.origin, because=fact.because, decided_by=fact.good.decided_by)
    elif not fact.good and (case.profile.has("operators") or fact.aspect != "held"):
        message = f"the stop control `{node.address}` {wrong}: {fact.because}"
        yield case.violated(node, message, origin=fact.origin, because=fact.because, fix=fix)


def _taken(case: Case, node: Node) -> Iterator[Finding]:
    """Who can take a role that stops the models: operators, and somebody of them at least."""
    found = reach(case.graph, [node.id], [Plane.IDENTITY], allowed=_trusted, verbs=["become"], through_actors=True)
    for way in found.ways if case.profile.has("operators") else ():
        able = "can" if way.state is State.OPEN else "may be able to"
        message = f"`{way.actor.address}` {able} take the stop control `{node.address}`, and is no operator"
        outside = Role.EXTERNAL in way.actor.roles
        yield case.way(way, message, fix="let operators alone assume it", about=node if outside else way.actor)
    if not found.ways and not found.allowed and Role.OPERATOR not in node.roles:
        message = f"no operator is seen to be able to take the stop control `{node.address}`"
        yield case.unproven(node, message, decided_by=("profile:operators",), fix="let an operator assume it")


def _trusted(node: Node) -> bool:
    return bool(node.roles & {Role.OPERATOR, Role.PLATFORM})
