"""The steps for GitHub and GitLab: inputs never become shell text, and the very scripts run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.yamltext import load_one
from tests.harness import FIXTURES, ROOT


def document(name: str) -> dict[str, Any]:
    value = load_one((ROOT / name).read_text(), name).value
    assert isinstance(value, dict)
    return value


ACTION = document("action.yml")
GITLAB = document("deploy/gitlab/tether.gitlab-ci.yml")["tether"]


def steps() -> Iterator[dict[str, Any]]:
    yield from (step for step in ACTION["runs"]["steps"] if "run" in step)


def bash(script: str, folder: Path, environ: dict[str, str], shell: str = "bash") -> subprocess.CompletedProcess[str]:
    """Run a script with `tether` on the path, as a runner would."""
    programs = folder.parent / "programs"
    programs.mkdir(exist_ok=True)
    program = programs / "tether"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m scanner "$@"\n')
    program.chmod(0o755)
    where = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", **environ}
    return subprocess.run([shell, "-ec", script], cwd=folder, env=where, capture_output=True, text=True, check=False)


def world(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "workspace"
    shutil.copytree(FIXTURES / "worlds" / name, folder)
    return folder


def github(tmp_path: Path, name: str, **inputs: str) -> tuple[int, Path, dict[str, str]]:
    folder = world(tmp_path, name)
    script = next(step for step in steps() if step.get("id") == "scan")
    environ = dict.fromkeys(script["env"], "")
    environ |= {"TETHER_PATH": ".", "TETHER_ALLOW_UNPROVEN": "false", "TETHER_SARIF": "tether.sarif", **inputs}
    environ |= {"GITHUB_STEP_SUMMARY": str(tmp_path / "summary"), "GITHUB_OUTPUT": str(tmp_path / "output")}
    done = bash(script["run"], folder, environ)
    return done.returncode, folder, {"out": done.stdout, "err": done.stderr}


def test_no_input_stands_in_a_script() -> None:
    for step in steps():
        assert "${{" not in step["run"]


def test_every_input_reaches_a_step() -> None:
    used = re.findall(r"inputs\.([\w-]+)", json.dumps(ACTION["runs"]))
    assert set(used) == set(ACTION["inputs"])


@pytest.mark.parametrize(("name", "code"), [("reference", 0), ("broken", 1)])
def test_the_action_scans_summarises_and_ends_with_the_verdict(tmp_path: Path, name: str, code: int) -> None:
    ended, folder, told = github(tmp_path, name)
    assert ended == code, told
    assert json.loads((folder / "tether.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "summary").read_text().startswith("## Tether: ")
    assert f"exit-code={code}\n" in (tmp_path / "output").read_text()
    assert ("::error " in told["out"]) == (code == 1)


@pytest.mark.parametrize("value", ["$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "--profile=x", "-q"])
def test_an_input_is_an_argument_and_nothing_else(tmp_path: Path, value: str) -> None:
    ended, folder, _ = github(tmp_path, "reference", TETHER_PATH=value)
    assert ended == 2
    assert not list(folder.rglob("pwned"))


def test_unknown_values_are_let_through_on_request(tmp_path: Path) -> None:
    text = (FIXTURES / "worlds/reference/terraform/providers.tf").read_text()
    folder = world(tmp_path, "reference")
    (folder / "terraform/providers.tf").write_text(text.replace('  default     = "us-gov-west-1"\n', ""))
    script = next(step for step in steps() if step.get("id") == "scan")["run"]
    environ = {
        "TETHER_PATH": ".", "TETHER_PROFILE": "tether.yaml", "TETHER_SARIF": "t.sarif",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "s"), "GITHUB_OUTPUT": str(tmp_path / "o"),
    }  # fmt: skip
    assert bash(script, folder, {**environ, "TETHER_ALLOW_UNPROVEN": "false"}).returncode == 3
    assert bash(script, folder, {**environ, "TETHER_ALLOW_UNPROVEN": "true"}).returncode == 0


@pytest.mark.parametrize(("name", "code"), [("reference", 0), ("broken", 1)])
def test_the_gitlab_job_writes_its_reports(tmp_path: Path, name: str, code: int) -> None:
    folder = world(tmp_path, name)
    done = bash(GITLAB["script"][0], folder, {**GITLAB["variables"]}, shell="sh")
    assert done.returncode == code, done.stderr
    for report in GITLAB["artifacts"]["reports"].values():
        assert (folder / report).is_file()
    assert "commitments" in done.stdout
