"""What an account saw of classifiers and guardrails, where an answer leaves a part of it out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.harness import FIXTURES, run_scan, seen

CASES = FIXTURES / "live-classifiers"
RUNS, DRAFT = "running-stack-differs-from-release", "guardrail-behind-its-draft"
TASKS, CALLED, RAISED = (
    "complies-task-of-before",
    "complies-other-version-is-called",
    "complies-filter-raised-in-the-draft",
)
Page = dict[str, Any]


def without_containers(page: Page) -> None:
    page["ecs:DescribeTasks"]["tasks"][0].pop("containers")


def without_filters(page: Page) -> None:
    for version in ("DRAFT", "7"):
        page[f"bedrock:GetGuardrail gr1/{version}"].pop("contentPolicy")


def without_tasks(page: Page) -> None:
    page["ecs:DescribeTasks"] = "denied"


def without_metrics(page: Page) -> None:
    page["cloudwatch:GetMetricData"]["MetricDataResults"].pop(0)


def without_versions(page: Page) -> None:
    page["bedrock:ListGuardrails gr1"] = "denied"


@pytest.mark.parametrize(
    ("rule", "case", "change"),
    [
        (RUNS, TASKS, without_containers),
        (RUNS, TASKS, without_tasks),
        (RUNS, CALLED, without_metrics),
        (RUNS, CALLED, without_versions),
        (DRAFT, RAISED, without_filters),
        (DRAFT, RAISED, without_versions),
    ],
)
def test_a_part_that_is_not_told_is_unproven(
    tmp_path: Path, rule: str, case: str, change: Callable[[Page], None]
) -> None:
    copy = tmp_path / "case"
    shutil.copytree(CASES / rule / case, copy)
    told = json.loads((copy / "bundle.json").read_text())
    for page in told.values():
        change(page)
    (copy / "bundle.json").write_text(json.dumps(told))
    assert seen(run_scan(copy), rule).startswith(f"{rule}: unproven")
