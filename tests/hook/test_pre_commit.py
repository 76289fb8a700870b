"""The hook as a real pre-commit runs it: green where every commitment is kept, red where one is broken."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from scanner.sources.files import SUFFIXES
from scanner.yamltext import load_one
from tests.harness import FIXTURES, ROOT

HOOKS = load_one((ROOT / ".pre-commit-hooks.yaml").read_text(), ".pre-commit-hooks.yaml").value


def hook() -> dict[str, Any]:
    assert isinstance(HOOKS, list)
    (one,) = HOOKS
    assert isinstance(one, dict)
    return one


def repository(tmp_path: Path, world: str) -> Path:
    """A git repository with a world and our hook, its language `system` so that nothing is installed."""
    folder = tmp_path / "repository"
    shutil.copytree(FIXTURES / "worlds" / world, folder)
    (folder / "expected.txt").unlink()
    fields = {**hook(), "language": "system"}
    fields["entry"] = str(fields["entry"]).replace("tether", f"{sys.executable} -m scanner", 1)
    lines = [f"      {key}: {json.dumps(value)}" for key, value in fields.items()]
    config = "repos:\n  - repo: local\n    hooks:\n    - " + "\n".join(lines).lstrip() + "\n"
    (folder / ".pre-commit-config.yaml").write_text(config)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    return folder


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def pre_commit(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {**os.environ, "PRE_COMMIT_HOME": str(folder.parent / "home"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "pre_commit", "run", *arguments]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_the_hook_judges_the_whole_root() -> None:
    assert hook()["pass_filenames"] is False
    assert "--allow-unproven" in str(hook()["entry"])


def test_green_where_every_commitment_is_kept(tmp_path: Path) -> None:
    done = pre_commit(repository(tmp_path, "reference"), "--all-files")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Passed" in done.stdout


def test_red_where_one_is_broken_and_the_file_is_named(tmp_path: Path) -> None:
    done = pre_commit(repository(tmp_path, "broken"), "--all-files")
    assert done.returncode == 1
    assert "k8s/model.yaml:60:11: violated[model-bypasses-safety-stack]" in done.stdout


def test_one_changed_file_triggers_the_judgement_of_all(tmp_path: Path) -> None:
    folder = repository(tmp_path, "broken")
    done = pre_commit(folder, "--files", "terraform/weights.tf")
    assert "model-bypasses-safety-stack" in done.stdout


def test_other_files_do_not_trigger(tmp_path: Path) -> None:
    folder = repository(tmp_path, "broken")
    (folder / "notes.txt").write_text("nothing")
    git(folder, "add", "-A")
    assert "Skipped" in pre_commit(folder, "--files", "notes.txt").stdout


@pytest.mark.parametrize("suffix", [*SUFFIXES, ".pkl", ".k", ".tm"])
def test_whatever_is_scanned_triggers(suffix: str) -> None:
    assert re.search(str(hook()["files"]), f"a/b{suffix}")
    assert not re.search(str(hook()["files"]), f"a/b{suffix}.txt")


@pytest.mark.parametrize("damage", ["resource {{{", "kind: [\n"])
def test_an_unreadable_file_is_never_let_through(tmp_path: Path, damage: str) -> None:
    folder = repository(tmp_path, "reference")
    name = "terraform/bad.tf" if "resource" in damage else "k8s/bad.yaml"
    (folder / name).write_text(damage)
    git(folder, "add", "-A")
    done = pre_commit(folder, "--all-files")
    assert done.returncode == 1
    assert name in done.stdout


def test_unknown_values_alone_do_not_stop_a_commit(tmp_path: Path) -> None:
    folder = repository(tmp_path, "reference")
    text = (folder / "terraform/providers.tf").read_text()
    (folder / "terraform/providers.tf").write_text(text.replace('  default     = "us-gov-west-1"\n', ""))
    git(folder, "add", "-A")
    done = pre_commit(folder, "--all-files", "--verbose")
    assert done.returncode == 0, done.stdout
    assert "let through by --allow-unproven" in done.stdout
