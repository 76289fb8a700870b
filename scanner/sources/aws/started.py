"""What a schedule names and is not there: a task definition, a function or a cluster that AWS was asked for, and lacks.

Sources: ECS API reference, `DescribeTaskDefinition` and `ListClusters`; Lambda API reference, `ListFunctions`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.origin import ApiOrigin
from scanner.patterns import lazy
from scanner.resource import OBSERVED, Items, Resource, dig
from scanner.sources.aws.paths import hidden
from scanner.sources.aws.translate import Translation
from scanner.sources.bundle import Call
from scanner.sources.kubernetes.live_marks import marked

TASKS = "ecs:DescribeTaskDefinition"
OF = {"ecs": "cluster", "lambda": "function"}
LISTS = {"cluster": "ecs:ListClusters", "function": "lambda:ListFunctions"}
"""By the word in an ARN, what lists all of them in a region."""
NAMES = {
    "aws_scheduler_schedule": (("target", 0, "arn"), ("target", 0, "ecs_parameters", 0, "task_definition_arn")),
    "aws_cloudwatch_event_target": (("arn",), ("ecs_target", 0, "task_definition_arn")),
}
"""By type, where it says what it starts, and where."""
ARN = lazy(
    r"arn:[^:]+:(?P<service>ecs|lambda):(?P<region>[^:]+):(?P<account>[^:]+):(?P<what>cluster|function)[/:][^:]+"
)


def gone(into: Translation) -> Mapping[str, tuple[str, str]]:
    """Put what a schedule names and is not there into its attribute `@observed`."""
    some = [one for one in into.resources.values() if one.kind in NAMES]
    if not some:
        return {}
    lacking = frozenset(_lacking(into))
    there: dict[tuple[str, str], frozenset[str] | None] = {}
    scopes = {(dict(scope)["account"], dict(scope)["region"]): scope for scope in into.estate.by_scope}

    def is_gone(arn: str) -> bool:
        found = ARN.match(arn)
        scope = scopes.get((found["account"], found["region"])) if found is not None else None
        if found is None or scope is None or found["what"] != OF[found["service"]]:
            return False
        key = found["service"], found["account"] + found["region"]
        if key not in there:
            there[key] = _told(list(into.estate.of(scope, LISTS[found["what"]])))
        told = there[key]
        return told is not None and found[0] not in told

    for one in some:
        for path in NAMES[one.kind]:
            value = dig(one.attrs, *path)
            if isinstance(value, str) and (value in lacking or is_gone(value)):
                _note(one, value)
    return {}


def _lacking(into: Translation) -> Iterator[str]:
    """The task definitions that AWS was asked for by name, and says that there are none of."""
    for scope in into.estate.by_scope:
        for call in into.estate.of(scope, TASKS):
            if call.outcome == "absent":
                yield str(call.parameters.get("taskDefinition"))


def _told(calls: list[Call]) -> frozenset[str] | None:
    """The ARNs that lists of clusters or functions tell; None where not all of it is as AWS writes it."""
    arns: set[str] = set()
    for page in (page for call in calls for page in (call.pages if call.outcome == "read" else (None,))):
        told = page if isinstance(page, dict) and not hidden(page) else None
        some = told.get("clusterArns", told.get("Functions", [])) if told is not None else None
        for one in some if isinstance(some, list) else (None,):
            arn = one.get("FunctionArn") if isinstance(one, dict) else one
            if not isinstance(arn, str):
                return None
            arns.add(arn)
    return frozenset(arns) if calls else None


def _note(one: Resource, arn: str) -> None:
    before = one.attrs.get(OBSERVED)
    if isinstance(one.origin, ApiOrigin):
        entry = marked({"what": "gone", "of": arn}, one.origin)
        one.attrs[OBSERVED] = Items([*(before if isinstance(before, Items) else ()), entry])
