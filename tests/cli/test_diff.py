"""`tether diff`: two revisions, folders or reports; what opened, what closed, and an exit code for CI."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.harness import AS_OF, FIXTURES, run

WORLDS = FIXTURES / "worlds"
SETTINGS = ("--profile", str(WORLDS / "reference" / "tether.yaml"), "--as-of", AS_OF, "-q")
REFERENCE, BROKEN = str(WORLDS / "reference"), str(WORLDS / "broken")


def report(tmp_path: Path, world: str) -> str:
    target = tmp_path / f"{world}.json"
    run("scan", str(WORLDS / world), *SETTINGS, "--format", "json", "--output", str(target))
    return str(target)


@pytest.fixture(params=["folder", "report"])
def sides(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    if request.param == "folder":
        return REFERENCE, BROKEN
    return report(tmp_path, "reference"), report(tmp_path, "broken")


def test_what_opened_is_told_with_its_witness(sides: tuple[str, str]) -> None:
    code, out, err = run("diff", *sides, *SETTINGS)
    assert code == 1, err
    assert "opened[model-bypasses-safety-stack]: `tenant-a/Deployment/assistant` can call" in out
    assert "k8s/model.yaml:60:11" in out
    assert "safety-path: holds -> violated (worse)" in out


def test_what_closed_is_nothing_worse(sides: tuple[str, str]) -> None:
    code, out, _ = run("diff", sides[1], sides[0], *SETTINGS)
    assert code == 0
    assert "closed[model-bypasses-safety-stack]" in out
    assert "safety-path: violated -> holds (better)" in out


def test_the_same_is_no_difference(sides: tuple[str, str]) -> None:
    assert run("diff", sides[0], sides[0], *SETTINGS)[:2] == (0, "no difference\n")


def test_as_json(sides: tuple[str, str]) -> None:
    code, out, _ = run("diff", *sides, *SETTINGS, "--format", "json")
    body = json.loads(out)
    assert code == 1
    assert body["worse"] is True
    assert {one["id"] for one in body["commitments"]} == {one["commitment"] for one in body["opened"]}
    assert all(one["hops"] for one in body["opened"])


def test_as_markdown(sides: tuple[str, str]) -> None:
    _, out, _ = run("diff", *sides, *SETTINGS, "--format", "markdown")
    assert out.startswith("## Tether: worse")
    assert "| safety-path | holds | violated |" in out


def git(folder: Path, *arguments: str) -> None:
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, env={**os.environ, **names})


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose first commit is the reference and whose second is the broken world."""
    folder = tmp_path / "repository"
    shutil.copytree(WORLDS / "reference", folder)
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "kept")
    shutil.copytree(WORLDS / "broken", folder, dirs_exist_ok=True)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "broken")
    monkeypatch.chdir(folder)
    return folder


def test_two_revisions(repository: Path) -> None:
    code, out, err = run("diff", "HEAD~1", "HEAD", *SETTINGS)
    assert code == 1, err
    assert "opened[hybrid-node-joins-model-cluster]" in out
    assert run("diff", "HEAD", "HEAD~1", *SETTINGS)[0] == 0


def test_a_revision_runs_nothing_of_the_repository(repository: Path) -> None:
    mark = repository.parent / "ran"
    hook = repository / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {mark}\n")
    hook.chmod(0o755)
    git(repository, "config", "filter.evil.smudge", f"touch {mark}")
    git(repository, "config", "core.fsmonitor", f"touch {mark}")
    (repository / ".gitattributes").write_text("* filter=evil\n")
    git(repository, "add", ".gitattributes")
    mark.unlink(missing_ok=True)
    assert run("diff", "HEAD~1", "HEAD", *SETTINGS)[0] == 1
    assert not mark.exists()


def test_a_link_of_a_revision_leads_nowhere_outside(repository: Path) -> None:
    (repository / "terraform" / "secret.tf").symlink_to("/etc/passwd")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "link")
    code, out, _ = run("diff", "HEAD~1", "HEAD", *SETTINGS)
    assert code == 3
    assert "not read any more: terraform/secret.tf:1:1: a link that leads out of the root" in out
    assert "root:x:" not in out


@pytest.mark.parametrize("name", ["nowhere", "-q", "--upload-pack=x", "HEAD~99"])
def test_what_is_no_side_is_wrong_use(repository: Path, name: str) -> None:
    assert run("diff", "HEAD", "--", name, *SETTINGS)[0] == 2


def test_the_working_folder_is_left_as_it_is(repository: Path) -> None:
    before = sorted(
        path.relative_to(repository).as_posix() for path in repository.rglob("*") if ".git/" not in str(path)
    )
    run("diff", "HEAD~1", "HEAD", *SETTINGS)
    after = sorted(
        path.relative_to(repository).as_posix() for path in repository.rglob("*") if ".git/" not in str(path)
    )
    assert before == after


@pytest.mark.parametrize(("said", "code"), [("git@git.example:acme/deploy.git", 0), ("https://git.example/x/y", 1)])
def test_a_revision_is_of_the_repository_that_the_profile_says(
    repository: Path, tmp_path: Path, said: str, code: int
) -> None:
    """What is delivered from the repository itself is in both revisions; what git calls its origin is not asked."""
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a, namespace: argocd}\n"
        'spec: {source: {repoURL: "https://git.example/acme/deploy", path: k8s},'
        " destination: {server: https://kubernetes.default.svc}}\n"
    )
    git(repository, "checkout", "-q", "HEAD~1")
    git(repository, "remote", "add", "origin", "https://git.example/acme/deploy")
    (repository / "k8s" / "application.yaml").write_text(text)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "delivered")
    profile = (WORLDS / "reference" / "tether.yaml").read_text()
    settings = tmp_path / "settings" / "tether.yaml"
    settings.parent.mkdir()
    marked = re.sub(r"(\n  - name: \S+\n)", rf"\1    repository: '{said}'\n", profile, count=1)
    assert marked != profile, "the profile of the world has units"
    settings.write_text(marked)
    found, out, err = run("diff", "HEAD~1", "HEAD", "--profile", str(settings), "--as-of", AS_OF, "-q")
    assert (found != 0) == bool(code), out + err
    assert ("is not certainly in the inputs" in out) == bool(code)
