"""Schedules of EventBridge as an account tells them: what is asked, what is kept of it, and what it says of a scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.builders.build import build
from scanner.graph.facts_audit import ScanRun
from scanner.profile_file import load_profile
from scanner.sources.aws.live_plain import page_of
from scanner.sources.aws.operations import asked, is_wanted, operations
from scanner.sources.aws.read import read_estate
from scanner.unknown import Unknown
from tests.bundle.estate import NUMBER, PARTITION, REGION, call, full, scope, write
from tests.harness import FIXTURES, run

CASES = FIXTURES / "evidence" / "scheduled-scan-does-not-run"
RULE = "scheduled-scan-does-not-run"
HERE = f"{REGION}:{NUMBER}"
ECS = f"arn:{PARTITION}:ecs:{HERE}"
FUNCTION = f"arn:{PARTITION}:lambda:{HERE}:function"
LISTS, DETAIL, TASK = "scheduler:ListSchedules", "scheduler:GetSchedule", "ecs:DescribeTaskDefinition"
SCHEDULE = f"arn:{PARTITION}:scheduler:{HERE}:schedule/default/nightly"
SECRET = "hunter2-and-more"
Answers = dict[tuple[str, str], Any]


def answers(case: str, **more: Any) -> Answers:
    """The answers of a recorded case; more: others in their place, `service__Operation`."""
    told = json.loads((CASES / case / "bundle.json").read_text())[NUMBER]
    found = {(key.partition(" ")[0], key.partition(" ")[2]): page for key, page in told.items()}
    return {**found, **{(name.replace("__", ":"), ""): page for name, page in more.items()}}


def said(some: Answers) -> set[tuple[str, str, bool | str]]:
    """What is known of each scan: by the last word of the schedule's address, the aspect and whether it is good."""
    profile = load_profile(CASES / "complies-recorded-schedule" / "tether.yaml", "tether.yaml")
    graph = build(read_estate(full(some), PARTITION, "bundle").resources, profile).graph
    return {
        (node.address.rpartition("/")[2], fact.aspect, fact.good.cause if isinstance(fact.good, Unknown) else fact.good)
        for node, fact in graph.facts(ScanRun)
    }


def target(arn: str, name: str = "nightly", **more: Any) -> dict[str, Any]:
    """The answers about one schedule, in place of those of a case."""
    listed = {"Arn": SCHEDULE.replace("nightly", name), "Name": name, "GroupName": "default", "State": "ENABLED"}
    told = {**listed, "ScheduleExpression": "rate(1 day)", "Target": {"Arn": arn, "RoleArn": "r", **more}}
    return {
        "scheduler__ListSchedules": {"Schedules": [{**listed, "Target": {"Arn": arn}}]},
        "scheduler__GetSchedule": told,
    }


KEPT = ("nightly", "kept", True)
GOOD = {("nightly", "on", True), ("nightly", "again", True), KEPT}
SCAN = {"TaskDefinitionArn": f"{ECS}:task-definition/scan:2"}
LATEST = {"TaskDefinitionArn": f"{ECS}:task-definition/scan"}
FAR = f"arn:{PARTITION}:lambda:{REGION}:999988887777:function:tether-scan"
LAMBDA = {"FunctionName": "tether-scan", "FunctionArn": f"{FUNCTION}:tether-scan", "PackageType": "Image"}
OTHER = {"FunctionName": "cleanup", "FunctionArn": f"{FUNCTION}:cleanup", "PackageType": "Image"}
UNREAD = f"what `{FUNCTION}:tether-scan` runs is not read"


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        (target(f"{ECS}:cluster/scan", EcsParameters=SCAN), GOOD),
        (target(f"{ECS}:cluster/scan"), {("nightly", "there", "which task it starts is not told")}),
        (target(f"{ECS}:cluster/gone", EcsParameters=SCAN), {*GOOD, ("nightly", "there", False)}),
        (target(f"{FUNCTION}:tether-scan"), {("nightly", "there", False)}),
        (target(f"{FUNCTION}:tether-scan:live"), {("nightly", "there", False)}),
        (target(f"{FUNCTION}:cleanup"), set()),
        (target(f"{FUNCTION}:cleanup", "tether"), {("tether", "there", False)}),
        (target(FAR), {("nightly", "there", f"`{FAR}` is not in the inputs")}),
        (
            {**target(f"{FUNCTION}:tether-scan:7"), "lambda__ListFunctions": {"Functions": [LAMBDA]}},
            {("nightly", "there", UNREAD)},
        ),
        ({**target(f"{FUNCTION}:cleanup"), "lambda__ListFunctions": {"Functions": [OTHER]}}, set()),
        (
            {**target(f"{FUNCTION}:tether-scan"), "lambda__ListFunctions": "denied"},
            {("nightly", "there", f"`{FUNCTION}:tether-scan` is not in the inputs")},
        ),
        (
            target(f"arn:{PARTITION}:scheduler:::aws-sdk:ecs:runTask", Input={"$digest": "0"}),
            {("nightly", "there", "what its `input` starts is not read")},
        ),
        (target(f"arn:{PARTITION}:sqs:{HERE}:queue"), set()),
        (
            {**target(f"{FUNCTION}:tether-scan"), "lambda__ListFunctions": {"Functions": [{"FunctionArn": 1}]}},
            {("nightly", "there", f"`{FUNCTION}:tether-scan` is not in the inputs")},
        ),
        (
            {**target(f"{ECS}:cluster/scan", EcsParameters=SCAN), "ecs__ListClusters": {"clusterArns": [True]}},
            GOOD,
        ),
        ({**target(f"{ECS}:cluster/scan", EcsParameters=SCAN), "ecs__ListClusters": {"$digest": "0"}}, GOOD),
        (
            {"scheduler__ListSchedules": "throttled"},
            {("not-readable", "there", "`scheduler:ListSchedules` was not answered: throttled")},
        ),
        (
            {"scheduler__GetSchedule": {"Name": "nightly", "Target": {"Arn": "x", "EcsParameters": SCAN}}},
            {("nightly", "on", True), ("nightly", "again", "the answer has no `ScheduleExpression`"), KEPT},
        ),
        (
            {"events__ListRules": "denied"},
            {*GOOD, ("not-readable", "there", "`events:ListRules` was not answered: denied")},
        ),
    ],
)
def test_what_an_account_says_of_a_schedule(more: dict[str, Any], wanted: set[tuple[str, str, bool | str]]) -> None:
    assert said(answers("complies-recorded-schedule", **more)) == wanted


def test_the_newest_revision_is_what_a_schedule_without_one_starts() -> None:
    """And one that cannot be described is not known, whatever else the account has."""
    latest = LATEST["TaskDefinitionArn"]
    some = answers("complies-recorded-schedule", **target(f"{ECS}:cluster/scan", EcsParameters=LATEST))
    newest = some[TASK, SCAN["TaskDefinitionArn"]]
    assert said({**some, (TASK, latest): newest}) == GOOD
    assert said({**some, (TASK, latest): "absent"}) == {("nightly", "there", False)}
    cause = f"`{TASK}({latest})` was not answered: denied"
    assert said({**some, (TASK, latest): "denied"}) == {("nightly", "there", cause)}


def test_a_rule_that_is_no_schedule_starts_no_scheduled_scan() -> None:
    some = answers("violates-recorded-rule")
    (rule,) = some["events:ListRules", ""]["Rules"]
    waits = {key: value for key, value in rule.items() if key != "ScheduleExpression"}
    waits["EventPattern"] = {"$digest": "0"}
    assert ("nightly", "on", False) in said(some)
    assert said({**some, ("events:ListRules", ""): {"Rules": [waits]}}) == set()


def test_only_what_may_start_a_task_or_a_function_is_asked_for() -> None:
    arns = [
        f"{ECS}:cluster/c",
        f"{FUNCTION}:f",
        f"arn:{PARTITION}:scheduler:::aws-sdk:ecs:runTask",
        f"arn:{PARTITION}:scheduler:::aws-sdk:sqs:sendMessage",
        f"arn:{PARTITION}:states:{HERE}:stateMachine:s",
        None,
    ]
    listed = [
        {"Name": f"s{number}", "GroupName": "g", "Target": {"Arn": arn} if arn else {}}
        for number, arn in enumerate(arns)
    ]
    made = asked(operations()[DETAIL], dict(scope()), [call(LISTS, {"Schedules": listed})])
    assert [one["Name"] for one in made] == ["s0", "s1", "s2", "s5"]
    rules = [{"Name": "a", "ScheduleExpression": "rate(1 day)"}, {"Name": "b", "EventPattern": {"$digest": "0"}}]
    made = asked(operations()["events:ListTargetsByRule"], dict(scope()), [call("events:ListRules", {"Rules": rules})])
    assert list(made) == [{"Rule": "a"}]


@pytest.mark.parametrize("name", [LISTS, "events:ListRules"])
def test_where_no_task_and_no_function_can_be_no_schedule_is_asked_for(name: str) -> None:
    nothing = {
        "ecs:ListClusters": [call("ecs:ListClusters", {"clusterArns": []})],
        "ecs:ListTaskDefinitions": [call("ecs:ListTaskDefinitions", {"taskDefinitionArns": []}, status="ACTIVE")],
        "lambda:ListFunctions": [call("lambda:ListFunctions", {"Functions": []})],
    }
    assert not is_wanted(operations()[name], lambda one: nothing[one])
    some = {**nothing, "ecs:ListClusters": [call("ecs:ListClusters", {"clusterArns": ["a"]})]}
    assert is_wanted(operations()[name], lambda one: some[one])
    assert is_wanted(operations()[name], lambda one: [])


def test_what_is_handed_over_is_never_kept_and_that_there_is_something_is() -> None:
    inside = {
        "Input": SECRET,
        "SageMakerPipelineParameters": {"PipelineParameterList": [{"Name": "k", "Value": SECRET}]},
    }
    transformer = {"InputPathsMap": {"a": "$.detail"}, "InputTemplate": f'{{"t": "{SECRET}"}}'}
    more = {
        "InputTransformer": transformer,
        "HttpParameters": {
            "PathParameterValues": [SECRET],
            "HeaderParameters": {"Authorization": SECRET},
            "QueryStringParameters": {"q": SECRET},
        },
        "RedshiftDataParameters": {"Sql": SECRET, "Sqls": [SECRET], "Database": "d"},
        "AppSyncParameters": {"GraphQLOperation": SECRET},
    }
    kept = page_of({"Target": inside, "Targets": [{**inside, **more}], "Rules": [{"EventPattern": SECRET}]}, "salt")
    assert SECRET not in json.dumps(kept)
    assert set(kept["Target"]["Input"]) == {"$digest"} and kept["Targets"][0]["InputTransformer"]["InputTemplate"]
    some = answers("complies-recorded-schedule", **target(f"{ECS}:cluster/scan", EcsParameters=SCAN, **kept["Target"]))
    assert said(some) == {*GOOD, ("nightly", "kept", "what its `input` changes of the task is not read")}


FILES = f"""
provider "aws" {{
  region              = "{REGION}"
  allowed_account_ids = ["{NUMBER}"]
}}
resource "aws_cloudwatch_log_group" "evidence" {{
  name = "evidence"
}}
resource "aws_ecs_cluster" "scan" {{
  name = "scan"
}}
resource "aws_ecs_task_definition" "scan" {{
  family = "scan"
  container_definitions = jsonencode([{{
    name             = "scan"
    image            = "registry.example/tether:1"
    command          = ["scan", "--live", "aws"]
    logConfiguration = {{
      logDriver = "awslogs"
      options   = {{ awslogs-group = aws_cloudwatch_log_group.evidence.name }}
    }}
  }}])
}}
resource "aws_scheduler_schedule" "nightly" {{
  name                = "nightly"
  schedule_expression = "cron(30 2 * * ? *)"
  flexible_time_window {{
    mode = "OFF"
  }}
  target {{
    arn      = aws_ecs_cluster.scan.arn
    role_arn = "arn:{PARTITION}:iam::{NUMBER}:role/scan"
    ecs_parameters {{
      task_definition_arn = aws_ecs_task_definition.scan.arn
    }}
  }}
}}
resource "aws_cloudwatch_event_rule" "nightly" {{
  name                = "nightly"
  schedule_expression = "rate(1 day)"
}}
resource "aws_cloudwatch_event_target" "nightly" {{
  rule      = aws_cloudwatch_event_rule.nightly.name
  target_id = "scan"
  arn       = aws_ecs_cluster.scan.arn
  role_arn  = "arn:{PARTITION}:iam::{NUMBER}:role/scan"
  ecs_target {{
    task_definition_arn = aws_ecs_task_definition.scan.arn
  }}
}}
"""
SINKS = """
evidence:
  sinks:
    - "arn:aws-us-gov:logs:us-gov-west-1:111122223333:log-group:evidence"
    - aws_cloudwatch_log_group.evidence
units: [{name: prod, terraform: ["."], live: [aws-us-gov]}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(FILES)
    (tmp_path / "tether.yaml").write_text(SINKS)
    return tmp_path


def judged(folder: Path, some: Answers | None) -> dict[str, Any]:
    """The verdict of the rule, and what it says by address, of files and of an account beside them."""
    (folder / "aws.bundle").unlink(missing_ok=True)
    more = ("--bundle", str(write(folder / "aws.bundle", full(some)))) if some is not None else ()
    profile = ("--profile", str(folder / "tether.yaml"))
    code, out, err = run("scan", str(folder), *profile, "--as-of", "2026-11-01", "--format", "json", *more)
    assert code in (0, 1, 3), err
    report = json.loads(out)
    verdict = next(one["verdict"] for one in report["rules"] if one["id"] == RULE)
    return {
        "verdict": verdict,
        **{one["subject"]["address"]: one["message"] for one in report["findings"] if one["rule"] == RULE},
    }


def test_a_rule_that_is_switched_off_by_hand_stays_so_where_files_say_nothing_of_it(folder: Path) -> None:
    """The schedule and the rule of both sides are one each, by their names."""
    both = {**answers("complies-recorded-schedule"), **answers("violates-recorded-rule")}
    assert judged(folder, None) == {"verdict": "holds"}
    told = judged(folder, both)
    assert told.pop("verdict") == "violated"
    assert list(told) == ["aws_cloudwatch_event_rule.nightly"] and "switched off" in next(iter(told.values()))


def test_a_schedule_in_a_region_that_was_not_read_is_unproven(tmp_path: Path) -> None:
    some = answers("complies-recorded-schedule")
    on = [{"RegionName": name, "OptInStatus": "opt-in-not-required"} for name in (REGION, "us-gov-east-1")]
    (tmp_path / "tether.yaml").write_text((CASES / "complies-recorded-schedule" / "tether.yaml").read_text())
    assert judged(tmp_path, some)["verdict"] == "holds"
    assert judged(tmp_path, {**some, ("ec2:DescribeRegions", ""): {"Regions": on}})["verdict"] == "unproven"
