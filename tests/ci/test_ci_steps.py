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
from tests.harness import FIXTURES, ROOT, run


def document(name: str) -> dict[str, Any]:
    value = load_one((ROOT / name).read_text(), name).value
    assert isinstance(value, dict)
    return value


ACTION = document("action.yml")
GITLAB = document("deploy/gitlab/tether.gitlab-ci.yml")["tether"]


DEFAULTS = {f"TETHER_{name.upper().replace('-', '_')}": str(one["default"]) for name, one in ACTION["inputs"].items()}


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
    environ |= {name: DEFAULTS[name] for name in environ} | inputs
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


def test_every_input_reaches_the_command_line(tmp_path: Path) -> None:
    """The script with a `tether` that tells its arguments, and inputs that would break an unquoted word."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    programs = tmp_path / "fake"
    programs.mkdir()
    (programs / "tether").write_text("#!/bin/sh\nprintf '<%s>' \"$@\"\n")
    (programs / "tether").chmod(0o755)
    script = next(step for step in steps() if step.get("id") == "scan")
    environ = {name: f"a b*{name}" for name in script["env"]} | {"TETHER_ALLOW_UNPROVEN": "true"}
    environ |= {"TETHER_PATH": "one two\nthree\n", "PATH": f"{programs}:{os.environ['PATH']}"}
    environ |= {"GITHUB_STEP_SUMMARY": str(tmp_path / "s"), "GITHUB_OUTPUT": str(tmp_path / "o")}
    done = subprocess.run(
        ["bash", "-ec", script["run"]], cwd=folder, env=environ, capture_output=True, text=True, check=False
    )
    told = re.findall("<([^>]*)>", done.stdout)
    assert done.returncode == 0, done.stderr
    assert told[:6] == ["scan", "--format", "a b*TETHER_FORMAT", "--output", "-", "--format"]
    assert told[7:9] == ["--output", "a b*TETHER_SARIF"]
    assert told[13:] == [
        *("--cross-check", "--profile", "a b*TETHER_PROFILE", "--baseline", "a b*TETHER_BASELINE", "--allow-unproven"),
        *("--", "one two", "three"),
    ]
    assert set(script["env"]) == {f"TETHER_{one}" for one in ("PATH", "PROFILE", "FORMAT", "BASELINE", "SARIF")} | {
        "TETHER_ALLOW_UNPROVEN"
    }


def test_the_action_takes_a_baseline(tmp_path: Path) -> None:
    folder, report = FIXTURES / "worlds/broken", tmp_path / "baseline.json"
    run("scan", str(folder), "--profile", str(folder / "tether.yaml"), "--format", "json", "--output", str(report))
    ended, _, told = github(tmp_path, "broken", TETHER_BASELINE=str(report), TETHER_ALLOW_UNPROVEN="true")
    assert ended == 0, told
    assert "let through by --baseline" in told["err"]


def test_a_line_end_in_a_name_makes_no_other_output(tmp_path: Path) -> None:
    ended, _, told = github(tmp_path, "reference", TETHER_SARIF="a\nexit-code=7")
    assert ended == 0, told
    lines = (tmp_path / "output").read_text().splitlines()
    assert lines == ["exit-code=0", "sarif=aexit-code=7"]


def test_nothing_is_left_in_the_workspace_but_the_report(tmp_path: Path) -> None:
    _, folder, _ = github(tmp_path, "reference")
    kept = {path.name for path in (FIXTURES / "worlds/reference").iterdir()}
    assert {path.name for path in folder.iterdir()} - kept == {"tether.sarif"}


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
    files = {"GITHUB_STEP_SUMMARY": str(tmp_path / "s"), "GITHUB_OUTPUT": str(tmp_path / "o")}
    environ = {**DEFAULTS, **files, "TETHER_PROFILE": "tether.yaml"}
    assert bash(script, folder, {**environ, "TETHER_ALLOW_UNPROVEN": "false"}).returncode == 3
    assert bash(script, folder, {**environ, "TETHER_ALLOW_UNPROVEN": "true"}).returncode == 0


@pytest.mark.parametrize(("name", "code"), [("reference", 0), ("broken", 1)])
def test_the_gitlab_job_writes_its_reports(tmp_path: Path, name: str, code: int) -> None:
    folder = world(tmp_path, name)
    done = bash(GITLAB["script"][0], folder, {**GITLAB["variables"]}, shell="sh")
    assert done.returncode == code, done.stderr
    for report in GITLAB["artifacts"]["reports"].values():
        assert (folder / report).is_file()
    for kept in GITLAB["artifacts"]["paths"]:
        assert (folder / kept).is_file()
    assert "commitments" in done.stdout


def test_every_variable_of_the_gitlab_job_is_used() -> None:
    text = "".join([*GITLAB["script"], *GITLAB["before_script"]])
    assert all(f"${name}" in text for name in GITLAB["variables"])
    assert json.loads(json.dumps(GITLAB["artifacts"]["when"])) == "always"
