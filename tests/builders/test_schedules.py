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
DAILY = "rate(1 day)"
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
}
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
"""


def test_each_schedule_is_told_by_what_it_runs(tmp_path: Path) -> None:
    blocks = [RULE]
    for name, (image, command, log, when, more, _) in CASES.items():
        text = (TASK + SCHEDULE).replace("IMAGE", image).replace("COMMAND", command).replace("LOG", log)
        blocks.append(text.replace("WHEN", when).replace("MORE", more).replace("NAME", name))
    (tmp_path / "main.tf").write_text("\n".join(blocks))
    (tmp_path / "tether.yaml").write_text("evidence: {sinks: [aws_cloudwatch_log_group.evidence]}\n")
    found = {
        one["subject"]["address"].partition(".")[2].partition("[")[0]: one["verdict"]
        for one in run_scan(tmp_path)["findings"]
        if one["rule"] == "scheduled-scan-does-not-run"
    }
    wanted = {name: case[-1] for name, case in CASES.items() if case[-1]}
    assert found == {**wanted, "by_rule": "violated", "hidden_rule": "unproven"}
