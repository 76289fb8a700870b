"""Jobs that a state machine starts: wherever the step stands, for a device or not, or nobody knows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.harness import run_scan

COMPILE = "arn:aws:states:::aws-sdk:sagemaker:createCompilationJob"
PACKAGE = "arn:aws:states:::aws-sdk:sagemaker:createEdgePackagingJob"


def task(resource: str = COMPILE, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, "End": True, **more}


def board(name: str) -> dict[str, Any]:
    return task(Parameters={"OutputConfig": {"TargetDevice": name}})


def platform(**parts: str) -> dict[str, Any]:
    return task(Parameters={"OutputConfig": {"TargetPlatform": parts}})


STATES: dict[str, tuple[str, dict[str, Any] | None]] = {
    "named_as_a_key": ("violated", {"Type": board("rasp4b")}),
    "in_a_map": ("violated", {"m": {"Type": "Map", "ItemProcessor": {"States": {"x": board("deeplens")}}}}),
    "in_a_branch": ("violated", {"p": {"Type": "Parallel", "Branches": [{"States": {"x": board("deeplens")}}]}}),
    "platform": ("violated", {"x": platform(Os="ANDROID", Arch="ARM64")}),
    "packages": ("violated", {"x": task(PACKAGE)}),
    "platform_of_both": ("unproven", {"x": platform(Os="LINUX", Arch="X86_64")}),
    "device_of_no_table": ("unproven", {"x": board("something_new")}),
    "path": ("unproven", {"x": task(Parameters={"OutputConfig": {"TargetDevice.$": "$.d"}})}),
    "expression": ("unproven", {"x": task(Arguments={"OutputConfig": "{% $o %}"})}),
    "no_json": ("unproven", None),
    "for_the_cloud": ("", {"x": board("ml_c5")}),
    "other_call": ("", {"x": task("arn:aws:states:::lambda:invoke")}),
}


def test_each_state_machine_is_told_by_what_it_starts(tmp_path: Path) -> None:
    for name, (_, states) in STATES.items():
        text = "{ not json" if states is None else json.dumps({"StartAt": "x", "States": states})
        block = f'resource "aws_sfn_state_machine" "{name}" {{\n  definition = <<E\n{text}\nE\n}}\n'
        (tmp_path / f"{name}.tf").write_text(block)
    (tmp_path / "tether.yaml").write_text("models: {}\n")
    found = {
        one["subject"]["address"].partition(".")[2]: one["verdict"]
        for one in run_scan(tmp_path)["findings"]
        if one["rule"] == "model-built-for-a-device"
    }
    assert found == {name: verdict for name, (verdict, _) in STATES.items() if verdict}
