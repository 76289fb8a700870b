"""What was seen at a moment: the window of a metric, answers in part, and batches that were shared out otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from scanner.resource import OBSERVED
from scanner.sources.aws import read_estate
from scanner.sources.aws.operations import operations, timed
from scanner.sources.bundle import Call
from tests.bundle import reference
from tests.bundle.estate import full
from tests.changed import replace

METRICS = "cloudwatch:GetMetricData"


@pytest.fixture(scope="module")
def calls() -> list[Call]:
    return full(reference.answers())


def counts(calls: list[Call]) -> dict[str, Any]:
    """Of each version of the guardrail, what its calls come to."""
    reading = read_estate(calls, "u", "bundle")
    (guardrail,) = (one for one in reading.resources if one.kind == "aws_bedrock_guardrail")
    seen: Any = guardrail.attrs[OBSERVED]
    return {one["of"]: one["count"] for one in seen if one["what"] == "calls"}


def answered(calls: list[Call], *results: Any) -> list[Call]:
    page = {"MetricDataResults": list(results)}
    return [replace(one, pages=(page,)) if one.operation == METRICS else one for one in calls]


def test_one_call_a_region_asks_about_every_version_and_records_no_time(calls: list[Call]) -> None:
    (one,) = (one for one in calls if one.operation == METRICS)
    assert [query["Id"] for query in one.parameters["MetricDataQueries"]] == ["m0", "m1"]
    assert set(one.parameters) == {"MetricDataQueries"}
    assert counts(calls) == {"7": 42, "DRAFT": 0}


def test_the_window_ends_when_it_is_asked() -> None:
    row = operations()[METRICS]
    sent = timed(row, {"MetricDataQueries": []}, "2026-11-01T06:00:00Z")
    assert sent["StartTime"] == "2026-10-31T06:00:00+00:00" and sent["EndTime"] == "2026-11-01T06:00:00Z"
    other = operations()["ec2:DescribeVpcs"]
    assert timed(other, {}, "2026-11-01T06:00:00Z") == {}


@pytest.mark.parametrize(
    "change",
    [
        {"StatusCode": "PartialData"},
        {"StatusCode": "InternalError"},
        {"Values": [1.0, 2.0]},
        {"Values": ["many"]},
        {"Values": [-1.0]},
        {"Values": [True]},
        {"Values": None},
        {"Id": "other"},
    ],
    ids=str,
)
def test_an_answer_that_is_not_whole_counts_nothing(calls: list[Call], change: dict[str, Any]) -> None:
    whole = {"Id": "m0", "StatusCode": "Complete", "Timestamps": ["2026-10-31T23:00:00Z"], "Values": [7.0]}
    assert counts(answered(calls, whole))["7"] == 7
    assert not isinstance(counts(answered(calls, {**whole, **change}))["7"], int)


def test_pages_of_one_metric_are_added_up_and_the_last_says_whether_that_is_all(calls: list[Call]) -> None:
    part = {"Id": "m0", "StatusCode": "PartialData", "Timestamps": ["2026-10-31T23:00:00Z"], "Values": [7.0]}
    rest = {"Id": "m0", "StatusCode": "Complete", "Timestamps": ["2026-10-31T22:00:00Z"], "Values": [3.0]}
    assert counts(answered(calls, part, rest))["7"] == 10
    assert not isinstance(counts(answered(calls, rest, part))["7"], int)


def test_what_was_asked_in_other_batches_was_asked(calls: list[Call]) -> None:
    """As where a list is lost since, or shards are merged; what no call asked about was not."""
    (one,) = (one for one in calls if one.operation == METRICS)
    others = [call for call in calls if call is not one]
    each = [replace(one, parameters={"MetricDataQueries": [query]}) for query in one.parameters["MetricDataQueries"]]
    assert read_estate([*others, *each], "u", "bundle").unread == []
    (unread,) = read_estate([*others, each[0]], "u", "bundle").unread
    assert METRICS in unread.cause


@pytest.mark.parametrize(
    "queries",
    [
        "x", [1], [{}], [{"MetricStat": 1}], [{"MetricStat": {"Metric": {"Dimensions": [1]}}}],
        [{"Id": [], "MetricStat": {"Metric": {"MetricName": "Invocations", "Dimensions": [{"Name": [], "Value": 1}]}}}],
    ],
    ids=str,
)  # fmt: skip
def test_a_bundle_that_asked_what_nobody_asks_counts_nothing_and_is_read(calls: list[Call], queries: Any) -> None:
    odd = [
        replace(one, parameters={"MetricDataQueries": queries}) if one.operation == METRICS else one for one in calls
    ]
    reading = read_estate(odd, "u", "bundle")
    assert any(METRICS in one.cause for one in reading.unread)
    (guardrail,) = (one for one in reading.resources if one.kind == "aws_bedrock_guardrail")
    seen: Any = guardrail.attrs[OBSERVED]  # by the question that was not asked, of which nothing is known
    assert not [one for one in seen if one["what"] == "calls" and isinstance(one["count"], int)]
