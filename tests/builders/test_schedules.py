"""Schedules that run Tether, and those that run something else: on, again, and kept."""

from __future__ import annotations

from pathlib import Path

from tests.harness import run_scan

TASK = """
resource "aws_ecs_task_definition" "NAME" {
  family = "NAME"
  container_definitions = jsonencode([{ name = "a", image = "IMAGE", command = [COMMAND]LOG }])
}
"""
LOG = ', logConfiguration = { logDriver = "awslogs", options = { awslogs-group = GROUP } }'
EVIDENCE = LOG.replace("GROUP", "aws_cloudwatch_log_group.evidence.name")
SCHEDULE = """
resource "aws_scheduler_schedule" "NAME" {
  schedule_expression = "WHEN"
  MORE
  target {
    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.NAME.arn
    }
  }
}
"""
OURS = ("registry.example/tether:1", '"scan", "--live", "aws"')
DAILY, LAST_DAY = "rate(1 day)", "cron(0 23 31 10 ? 2026)"
OVERRIDE = """target {
    input = jsonencode({ containerOverrides = [{ name = "a", command = ["--version"] }] })
  }"""
CASES = {
    "daily": (*OURS, EVIDENCE, DAILY, "", ""),
    "once": (*OURS, EVIDENCE, "at(2026-12-01T00:00:00)", "", "violated"),
    "ended": (*OURS, EVIDENCE, DAILY, 'end_date = "2026-10-01T00:00:00Z"', "violated"),
    "ends_later": (*OURS, EVIDENCE, DAILY, 'end_date = "2027-10-01T00:00:00Z"', ""),
    "years_over": (*OURS, EVIDENCE, "cron(0 6 * * ? 2024-2025)", "", "violated"),
    "years_over_by_list": (*OURS, EVIDENCE, "cron(0 6 * * ? 2023,2025)", "", "violated"),
    "years_to_come": (*OURS, EVIDENCE, "cron(0 6 * * ? 2024,2026)", "", ""),
    "years_by_step": (*OURS, EVIDENCE, "cron(0 6 * * ? 2024/2)", "", ""),
    "years_by_step_in_a_range": (*OURS, EVIDENCE, "cron(0 6 * * ? 2020-2024/2)", "", "violated"),
    "no_such_day": (*OURS, EVIDENCE, "cron(0 6 30-31 FEB ? *)", "", "violated"),
    "leap_days": (*OURS, EVIDENCE, "cron(0 6 29 2 ? *)", "", ""),
    "no_leap_day_in_time": (*OURS, EVIDENCE, "cron(0 6 29 2 ? 2026-2027)", "", "violated"),
    "over_this_year": (*OURS, EVIDENCE, "cron(0 6 1 1 ? 2026)", "", "violated"),
    "to_come_this_year": (*OURS, EVIDENCE, "cron(0 6 L 12 ? 2026)", "", ""),
    "no_schedule": (*OURS, EVIDENCE, "cron(0 6 * *)", "", "unproven"),
    "every_year": (*OURS, EVIDENCE, "cron(0 6 * * ? *)", "", ""),
    "perhaps": (*OURS, EVIDENCE, DAILY, "count = var.on ? 1 : 0", "unproven"),
    "another_command": (*OURS, EVIDENCE, DAILY, OVERRIDE, "unproven"),
    "no_log": (*OURS, "", DAILY, "", "violated"),
    "log_elsewhere": (*OURS, LOG.replace("GROUP", '"far"'), DAILY, "", "unproven"),
    "told_to_a_store": (OURS[0], '"scan", "--store-from", "URL"', "", DAILY, "", "unproven"),
    "by_its_command": ("acme/tools:1", '"tether", "scan"', "", DAILY, "", "violated"),
    "another_program": ("acme/untethered:1", '"scan"', "", DAILY, 'state = "DISABLED"', ""),
    "no_scan": (OURS[0], '"--version"', "", DAILY, 'state = "DISABLED"', ""),
    "begins_later": (*OURS, EVIDENCE, DAILY, 'start_date = "2027-01-01T00:00:00Z"', "violated"),
    "began": (*OURS, EVIDENCE, DAILY, 'start_date = "2026-01-01T00:00:00Z"', ""),
    "ends_soon": (*OURS, EVIDENCE, DAILY, 'end_date = "soon"', "unproven"),
    "last_day_elsewhere": (*OURS, EVIDENCE, LAST_DAY, 'schedule_expression_timezone = "Pacific/Honolulu"', "unproven"),
    "last_day": (*OURS, EVIDENCE, LAST_DAY, 'schedule_expression_timezone = "UTC"', "violated"),
    "over_elsewhere": (
        *OURS, EVIDENCE, "cron(0 23 30 10 ? 2026)", 'schedule_expression_timezone = "Pacific/Honolulu"', "violated",
    ),
    "nightly": (*OURS, EVIDENCE, "nightly", "", "unproven"),
    "image_hidden": ("${var.hidden}:1", '"scan"', EVIDENCE, DAILY, "", "unproven"),
    "image_of_another": ("${var.hidden}/acme/tool:1", '"scan"', EVIDENCE, DAILY, 'state = "DISABLED"', ""),
    "image_hidden_of_a_server": ("${var.hidden}:1", '"serve"', EVIDENCE, DAILY, 'state = "DISABLED"', ""),
}  # fmt: skip
RULE = """
variable "on" {
  type = bool
}
variable "years" {
}
resource "aws_cloudwatch_event_rule" "by_rule" {
  schedule_expression = "rate(1 day)"
  is_enabled          = false
}
resource "aws_cloudwatch_event_target" "by_rule" {
  rule = aws_cloudwatch_event_rule.by_rule.name
  arn  = "arn:aws:ecs:us-east-1:111122223333:cluster/c"
  ecs_target {
    task_definition_arn = aws_ecs_task_definition.daily.arn
  }
}
resource "aws_cloudwatch_event_rule" "hidden_rule" {
  schedule_expression = "cron(0 6 * * ? ${var.years})"
}
resource "aws_cloudwatch_event_target" "hidden_rule" {
  rule = aws_cloudwatch_event_rule.hidden_rule.name
  ecs_target {
    task_definition_arn = aws_ecs_task_definition.daily.arn
  }
}
resource "aws_cloudwatch_log_group" "evidence" {
  name = "evidence"
}
variable "hidden" {
}
"""
ODD = """
resource "aws_scheduler_schedule" "target_hidden" {
  schedule_expression = "rate(1 day)"
  target {
    arn = var.hidden
  }
}
resource "aws_scheduler_schedule" "task_hidden" {
  schedule_expression = "rate(1 day)"
  target {
    arn = "arn:aws:ecs:us-east-1:111122223333:cluster/c"
    ecs_parameters {
      task_definition_arn = var.hidden
    }
  }
}
resource "aws_scheduler_schedule" "cluster_hidden" {
  schedule_expression = "rate(1 day)"
  target {
    arn = var.hidden
    ecs_parameters {
      task_definition_arn = aws_ecs_task_definition.daily.arn
    }
  }
}
resource "aws_scheduler_schedule" "something_else" {
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
  target {
    arn = "arn:aws:lambda:us-east-1:111122223333:function:cleanup"
  }
}
resource "aws_scheduler_schedule" "queue" {
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
  target {
    arn   = aws_sqs_queue.q.arn
    input = "scan"
  }
}
resource "aws_scheduler_schedule" "named" {
  name                = "tether-nightly"
  schedule_expression = "rate(1 day)"
  target {
    arn = "arn:aws:lambda:us-east-1:111122223333:function:cleanup"
  }
}
resource "aws_scheduler_schedule" "another_revision" {
  schedule_expression = "rate(1 day)"
  target {
    arn = "arn:aws:ecs:us-east-1:111122223333:cluster/c"
    ecs_parameters {
      task_definition_arn = "arn:aws:ecs:us-east-1:111122223333:task-definition/daily:3"
    }
  }
}
resource "aws_scheduler_schedule" "another_family" {
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
  target {
    arn = "arn:aws:ecs:us-east-1:111122223333:cluster/c"
    ecs_parameters {
      task_definition_arn = "arn:aws:ecs:us-east-1:111122223333:task-definition/weekly:3"
    }
  }
}
resource "aws_scheduler_schedule" "by_call" {
  schedule_expression = "rate(1 day)"
  target {
    arn   = "arn:aws:scheduler:::aws-sdk:ecs:runTask"
    input = jsonencode({ TaskDefinition = aws_ecs_task_definition.daily.arn })
  }
}
resource "aws_scheduler_schedule" "by_call_off" {
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
  target {
    arn   = "arn:aws:scheduler:::aws-sdk:ecs:runTask"
    input = jsonencode({ TaskDefinition = aws_ecs_task_definition.daily.arn })
  }
}
resource "aws_scheduler_schedule" "by_alias" {
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
  target {
    arn = aws_lambda_alias.live.arn
  }
}
resource "aws_scheduler_schedule" "code" {
  schedule_expression = "rate(1 day)"
  state               = "DISABLED"
  target {
    arn = aws_lambda_function.code.arn
  }
}
resource "aws_lambda_function" "image" {
  function_name = "image"
  package_type  = "Image"
  image_uri     = "registry.example/tether:1"
}
resource "aws_lambda_function" "code" {
  function_name = "code"
  handler       = "app.main"
}
resource "aws_lambda_alias" "live" {
  name          = "live"
  function_name = aws_lambda_function.image.function_name
}
resource "aws_sqs_queue" "q" {
}
resource "aws_cloudwatch_event_rule" "waits" {
  event_pattern = jsonencode({ source = ["aws.s3"] })
  state         = "DISABLED"
}
resource "aws_cloudwatch_event_target" "waits" {
  rule = aws_cloudwatch_event_rule.waits.name
  ecs_target {
    task_definition_arn = aws_ecs_task_definition.daily.arn
  }
}
resource "aws_cloudwatch_event_target" "rule_elsewhere" {
  rule = "of-another-root"
  ecs_target {
    task_definition_arn = aws_ecs_task_definition.daily.arn
  }
}
resource "aws_cloudwatch_event_target" "rule_of_something_else" {
  rule = "of-another-root"
  arn  = aws_sqs_queue.q.arn
}
"""
TOLD = {
    "target_hidden": "unproven",
    "task_hidden": "unproven",
    "named": "unproven",
    "another_revision": "unproven",
    "by_call": "unproven",
    "by_call_off": "violated",
    "by_alias": "violated",
    "rule_elsewhere": "unproven",
    "by_rule": "violated",
    "hidden_rule": "unproven",
}
"""Of those above, what is said; of the others nothing is."""


def test_what_nobody_knows_is_open_where_it_speaks_of_tether_alone(tmp_path: Path) -> None:
    """Without any scan in the inputs beside, a target that is not known says nothing."""
    task = TASK.replace("NAME", "a").replace("COMMAND", "").replace("LOG", "").replace("IMAGE", "${var.hidden}:1")
    schedule = SCHEDULE.replace("WHEN", DAILY).replace("MORE", "")
    named = schedule.replace("NAME", "tether", 1).replace("NAME", "a")
    target = 'resource "aws_scheduler_schedule" "b" {\n  target {\n    arn = var.hidden\n  }\n}\n'
    hidden = 'variable "hidden" {\n}\n'
    (tmp_path / "main.tf").write_text("\n".join((hidden, task, schedule.replace("NAME", "a"), target)))
    (tmp_path / "tether.yaml").write_text("evidence: {sinks: [aws_cloudwatch_log_group.evidence]}\n")
    assert said(tmp_path) == {}
    (tmp_path / "main.tf").write_text("\n".join((hidden, task, named, target)))
    assert said(tmp_path) == {"tether": "unproven"}


def said(folder: Path) -> dict[str, str]:
    """By name, the verdict on each schedule and rule."""
    found: dict[str, str] = {}
    for one in run_scan(folder)["findings"]:
        if one["rule"] == "scheduled-scan-does-not-run":
            # The worst comes first.
            found.setdefault(one["subject"]["address"].partition(".")[2].partition("[")[0], one["verdict"])
    return found


def test_each_schedule_is_told_by_what_it_runs(tmp_path: Path) -> None:
    blocks = [RULE, ODD]
    for name, (image, command, log, when, more, _) in CASES.items():
        text = (TASK + SCHEDULE).replace("IMAGE", image).replace("COMMAND", command).replace("LOG", log)
        blocks.append(text.replace("WHEN", when).replace("MORE", more).replace("NAME", name))
    (tmp_path / "main.tf").write_text("\n".join(blocks))
    (tmp_path / "tether.yaml").write_text("evidence: {sinks: [aws_cloudwatch_log_group.evidence]}\n")
    wanted = {name: case[-1] for name, case in CASES.items() if case[-1]}
    assert said(tmp_path) == {**wanted, **TOLD}
