"""What was seen of a thing at a moment, beside how it is declared: copies that ran, calls that were counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from scanner.resource import OBSERVED, Items
from scanner.sources.aws.estate import why
from scanner.sources.aws.observed_images import TASKS, drafts, images_of_an_endpoint, images_of_tasks
from scanner.sources.aws.observed_runs import STATE, runs_of_a_pipeline
from scanner.sources.aws.operations import operations
from scanner.sources.aws.paths import at
from scanner.sources.aws.translate import Translation
from scanner.sources.bundle import Call
from scanner.sources.kubernetes.live_marks import marked
from scanner.unknown import Unknown

METRICS, SERVICES, ENDPOINT = "cloudwatch:GetMetricData", "ecs:DescribeServices", "sagemaker:DescribeEndpoint"
GUARDRAIL = "bedrock:GetGuardrail"
SERVING = frozenset({"InService", "Updating", "SystemUpdating", "RollingBack"})
"""States of an endpoint that answers. Source: SageMaker API reference, `DescribeEndpoint`, `EndpointStatus`."""
Seen = Iterator[tuple[str, dict[str, Any]]]


def observed(into: Translation) -> Mapping[str, tuple[str, str]]:
    """Put what was seen of each thing into its attribute `@observed`."""
    told = (
        *((METRICS, _calls), (SERVICES, _services), (ENDPOINT, _endpoint), (GUARDRAIL, _ages)),
        *((TASKS, images_of_tasks), (ENDPOINT, images_of_an_endpoint)),
        (STATE, runs_of_a_pipeline),
    )
    for operation, tell in told:
        for scope in into.estate.by_scope:
            for call in into.estate.of(scope, operation):
                for address, entry in tell(call):
                    made = into.resources.get(address)
                    if made is not None:
                        before = made.attrs.get(OBSERVED)
                        one = marked({**entry, "at": call.at}, call.origin(address))
                        made.attrs[OBSERVED] = Items([*(before if isinstance(before, Items) else ()), one])
    drafts(into)
    return {}


def _calls(call: Call) -> Seen:
    """The calls of each thing that was asked about, with the last hour in which there was one."""
    hours = operations()[METRICS].window
    for query in _dicts(call.parameters.get("MetricDataQueries")):
        metric = at(query, ("MetricStat", "Metric"))
        named = {str(one.get("Name")): str(one.get("Value")) for one in _dicts(at(metric, ("Dimensions",)))}
        address = _address(call, named) if at(metric, ("MetricName",)) == "Invocations" else ""
        if not address:
            continue  # nothing that the table asks: a bundle may hold whatever somebody wrote
        count, last = _sum(call, query.get("Id"))
        of = named.get("GuardrailVersion") or named.get("VariantName") or ""
        yield address, {"what": "calls", "of": of, "count": count, "last": last, "hours": hours}


def _address(call: Call, named: Mapping[str, str]) -> str:
    """The address of what has the dimensions of a metric; "" for none that the table asks about."""
    where = dict(call.scope)
    place = f"{where['region']}:{where['account']}"
    if "GuardrailArn" in named:
        return named["GuardrailArn"]
    if "EndpointName" in named:
        return f"arn:{where['partition']}:sagemaker:{place}:endpoint/{named['EndpointName']}"
    return (
        f"arn:{where['partition']}:lambda:{place}:function:{named['FunctionName']}" if "FunctionName" in named else ""
    )


def _sum(call: Call, id_: object) -> tuple[int | Unknown, str]:
    """The sum of a metric; not known where a part of it did not come."""
    if call.outcome != "read":
        return why(call), ""
    pages = [page.get("MetricDataResults") for page in call.pages if isinstance(page, dict)]
    results = [one for page in pages for one in _dicts(page) if one.get("Id") == id_]
    unknown = Unknown(f"`{METRICS}` did not tell the whole of it", decided_by=(METRICS,))
    if not results or results[-1].get("StatusCode") != "Complete":
        return unknown, ""
    total, last = 0.0, ""
    for one in results:
        values, times = one.get("Values"), one.get("Timestamps")
        if not isinstance(values, list) or not isinstance(times, list) or len(values) != len(times):
            return unknown, ""
        for value, hour in zip(values, times, strict=True):
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                return unknown, ""
            total += value
            last = max(last, str(hour)) if value else last
    return int(total), last


def _services(call: Call) -> Seen:
    for page in call.pages if call.outcome == "read" else ():
        for one in _dicts(page.get("services") if isinstance(page, dict) else None):
            yield str(one.get("serviceArn")), {"what": "copies", "of": "", "count": _count(one, "runningCount")}


def _endpoint(call: Call) -> Seen:
    """The instances of each variant that serves; a serverless one has none to count."""
    where = dict(call.scope)
    for page in call.pages if call.outcome == "read" else ():
        if not isinstance(page, dict):
            continue
        name = f"endpoint/{page.get('EndpointName')}"
        address = f"arn:{where['partition']}:sagemaker:{where['region']}:{where['account']}:{name}"
        if page.get("EndpointStatus") not in SERVING:
            yield address, {"what": "copies", "of": f"state {page.get('EndpointStatus')}", "count": 0}
            continue
        for one in _dicts(page.get("ProductionVariants")):
            if "CurrentServerlessConfig" not in one:
                of = str(one.get("VariantName") or "")
                yield address, {"what": "copies", "of": of, "count": _count(one, "CurrentInstanceCount")}


def _ages(call: Call) -> Seen:
    """The days since a version of a guardrail was published, or its draft changed, counted from when it was asked."""
    for page in call.pages if call.outcome == "read" else ():
        if isinstance(page, dict):
            days = _days(page.get("updatedAt"), call.at)
            yield str(page.get("guardrailArn")), {"what": "age", "of": str(page.get("version")), "count": days}


def _days(since: object, until: str) -> int | Unknown:
    unknown = Unknown("the answer does not say when it was published", decided_by=(GUARDRAIL,))
    try:
        passed = datetime.fromisoformat(until) - datetime.fromisoformat(str(since))
    except (ValueError, TypeError):
        return unknown
    return -(-passed // timedelta(days=1)) if passed >= timedelta() else unknown


def _count(one: Mapping[str, Any], key: str) -> int | Unknown:
    value = one.get(key)
    known = isinstance(value, int) and not isinstance(value, bool)
    return value if known else Unknown(f"the answer does not give `{key}`", decided_by=(key,))  # type: ignore[return-value]


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (one for one in value if isinstance(one, dict)) if isinstance(value, list) else iter(())
