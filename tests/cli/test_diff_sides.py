"""`tether diff`: what each difference comes to, and revisions of repositories that mean harm."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from scanner.commands.diff import outcome
from scanner.findings import Report, RuleResult, Verdict
from scanner.reports.diff_formats import Told, render
from scanner.reports.difference import Difference, difference
from scanner.reports.report_json import plain_report
from tests.changed import replace
from tests.harness import AS_OF, FIXTURES, ROOT, run
from tests.reports.made import BYPASS, UNKNOWN, UNREAD, WAIVED, made
from tests.reports.test_text import hostile_report

DOUBTED = replace(BYPASS, verdict=Verdict.UNPROVEN, decided_by=("var.open",))
CRASHED = RuleResult("some-rule", "no-edge", Verdict.UNPROVEN, 0, "it raised", crashed=True)
SCHEMAS = {name: json.loads((ROOT / f"scanner/schemas/{name}.schema.json").read_text()) for name in ("report", "diff")}
VALIDATOR = Draft202012Validator(
    SCHEMAS["diff"], registry=Registry().with_resource("urn:tether:report:1", Resource.from_contents(SCHEMAS["report"]))
)


def held(base: Report, head: Report) -> tuple[Difference, int, dict[str, Any]]:
    before, now = (json.loads(json.dumps(plain_report(one))) for one in (base, head))
    found = difference(before, now)
    code, reasons = outcome(found, now)
    assert bool(reasons) == bool(code)
    told = Told(found, ("a", "b"), code, tuple(reasons), frozenset(one["fingerprint"] for one in now["waived"]))
    body = json.loads(render("json", told))
    VALIDATOR.validate(body)
    for form in ("text", "markdown"):
        assert all(line.isprintable() for line in render(form, told).split("\n"))
    return found, code, body


CASES = {
    "the same": (made(BYPASS, UNKNOWN), made(BYPASS, UNKNOWN), 0),
    "a way opened": (made(), made(BYPASS), 1),
    "a way closed": (made(BYPASS), made(rules=made(BYPASS).rules), 0),
    "a doubt opened": (made(), made(UNKNOWN), 3),
    "a doubt closed": (made(UNKNOWN), made(rules=made(UNKNOWN).rules), 0),
    "a rule is not there any more": (made(UNKNOWN), made(), 3),
    "a doubt became certain": (made(DOUBTED), made(BYPASS), 1),
    "what was certain is in doubt": (made(BYPASS), made(DOUBTED), 0),
    "a violation of one thing is a doubt about it": (
        made(replace(UNKNOWN, verdict=Verdict.VIOLATED, decided_by=())),
        made(UNKNOWN),
        3,
    ),
    "the same in another unit": (made(BYPASS), made(BYPASS, BYPASS), 1),
    "more come this way": (made(BYPASS), made(replace(BYPASS, also=("tenant-a/Deployment/x",))), 1),
    "fewer come this way": (made(replace(BYPASS, also=("tenant-a/Deployment/x",))), made(BYPASS), 0),
    "a way opened and is waived": (made(), made(BYPASS, waived=(WAIVED,)), 0),
    "an input is not read any more": (made(), made(unread=(UNREAD,)), 3),
    "an input is read now": (made(unread=(UNREAD,)), made(), 0),
    "an input was never read": (made(unread=(UNREAD,)), made(unread=(UNREAD,)), 0),
    "a rule raised": (made(UNKNOWN), replace(made(UNKNOWN), rules=(*made(UNKNOWN).rules, CRASHED)), 3),
    "nothing to judge any more": (made(), made(verdicts={"evidence": Verdict.UNPROVEN}), 3),
    "hostile": (made(), hostile_report(), 0),
}


@pytest.mark.parametrize("name", CASES)
def test_what_a_difference_comes_to(name: str) -> None:
    base, head, code = CASES[name]
    if name == "hostile":
        head = replace(head, waived=(), unread=())
        code = 1
    assert held(base, head)[1] == code


def test_a_way_that_is_judged_otherwise_is_neither_opened_nor_closed() -> None:
    found, _, body = held(made(BYPASS), made(DOUBTED))
    assert (found.opened, found.closed) == ((), ())
    assert [(one["base"]["verdict"], one["head"]["verdict"]) for one in body["turned"]] == [("violated", "unproven")]
    assert body["commitments"] == [{"id": "safety-path", "base": "violated", "head": "unproven", "worse": False}]


def test_nothing_of_a_hostile_name_acts_in_a_summary() -> None:
    evil = "x](https://e.example) <script>alert(1)</script> @team `a` #1"
    finding = replace(BYPASS, message=evil, hops=tuple(replace(hop, because=evil, address=evil) for hop in BYPASS.hops))
    before, now = plain_report(made()), plain_report(made(finding))
    told = Told(difference(before, now), (evil, evil), 1, (evil,), frozenset())
    outside = re.sub("`[^`]*`", "", render("markdown", told))
    assert "<script>" not in outside
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert not re.search(r"@\w", outside)


def git(folder: Path, *arguments: str, text: str = "") -> str:
    names = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    command = ["git", "-c", "protocol.file.allow=always", *arguments]
    environ = {**os.environ, **names}
    done = subprocess.run(command, cwd=folder, check=True, capture_output=True, env=environ, input=text, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose one commit is the reference world, settings and all."""
    folder = tmp_path / "repository"
    shutil.copytree(FIXTURES / "worlds/reference", folder)
    (folder / "expected.txt").unlink()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "kept")
    monkeypatch.chdir(folder)
    return folder


def diff(*sides: str) -> tuple[int, str, str]:
    return run("diff", *sides, "--as-of", AS_OF)


def broken(folder: Path) -> None:
    shutil.copytree(FIXTURES / "worlds/broken/k8s", folder / "k8s", dirs_exist_ok=True)
    git(folder, "add", "-A")


def test_a_revision_against_the_folder_and_against_a_report(repository: Path, tmp_path: Path) -> None:
    broken(repository)
    code, out, err = diff("HEAD", ".")
    assert (code, err) == (1, "")
    assert "opened[model-bypasses-safety-stack]" in out
    report = tmp_path / "now.json"
    run("scan", ".", "--as-of", AS_OF, "--format", "json", "--output", str(report))
    assert diff("HEAD", str(report)) == (1, out, "")
    assert diff(str(report), "HEAD")[0] == 0


def test_attributes_hide_no_file(repository: Path) -> None:
    (repository / ".gitattributes").write_text(
        "k8s/* export-ignore\n*.yaml filter=x text eol=crlf working-tree-encoding=UTF-16\n"
    )
    git(repository, "config", "filter.x.smudge", "touch pwned; cat")
    git(repository, "config", "filter.x.clean", "cat")
    git(repository, "add", ".gitattributes")
    git(repository, "commit", "-qm", "attributes")
    assert diff("HEAD~1", "HEAD")[:2] == (0, "no difference\n")
    assert not (repository / "pwned").exists()


def test_a_missing_object_is_not_fetched(repository: Path) -> None:
    (repository / "k8s/more.yaml").write_text("kind: Missing\n")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "more")
    lost = git(repository, "rev-parse", "HEAD:k8s/more.yaml")
    (repository / ".git/objects" / lost[:2] / lost[2:]).unlink()
    for key, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "evil",
        "remote.evil.promisor": "true",
        "remote.evil.url": "ext::sh -c touch% pwned",
        "protocol.ext.allow": "always",
        "protocol.allow": "always",
    }.items():
        git(repository, "config", key, value)
    code, out, err = diff("HEAD~1", "HEAD")
    assert (code, out) == (2, "")
    assert "git does not have the content of `k8s/more.yaml`" in err
    assert not (repository / "pwned").exists()


def test_a_replaced_object_is_not_believed(repository: Path) -> None:
    broken(repository)
    git(repository, "commit", "-qm", "broken")
    git(repository, "replace", git(repository, "rev-parse", "HEAD"), git(repository, "rev-parse", "HEAD~1"))
    assert diff("HEAD~1", "HEAD")[0] == 1


def test_a_submodule_that_changed_is_not_known(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    for name in ("one", "two"):
        (other / f"{name}.yaml").write_text("kind: ConfigMap\n")
        git(other, "add", "-A")
        git(other, "commit", "-qm", name)
    git(repository, "submodule", "add", "-q", str(other), "vendored")
    git(repository, "commit", "-qm", "vendored")
    (repository / "notes.txt").write_text("nothing")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "notes")
    assert diff("HEAD~1", "HEAD")[0] == 0
    code, out, _ = diff("HEAD~2", "HEAD~1")
    assert code == 3
    assert "the submodule `vendored` is another one" in out
    git(repository / "vendored", "checkout", "-q", "HEAD~1")
    git(repository, "commit", "-qam", "older")
    assert diff("HEAD~1", "HEAD")[0] == 3


@pytest.mark.parametrize("name", ["..", ".GIT"])
def test_a_path_that_leaves_the_folder_is_refused(repository: Path, name: str) -> None:
    blob = git(repository, "hash-object", "-w", "--stdin", text="kind: ConfigMap\n")
    inner = git(repository, "mktree", text=f"100644 blob {blob}\tescaped.yaml\n")
    tree = git(repository, "mktree", text=f"040000 tree {inner}\t{name}\n")
    commit = git(repository, "commit-tree", "-m", "evil", tree)
    code, out, err = diff("HEAD", commit)
    assert (code, out) == (2, "")
    assert "which git itself refuses" in err


def test_nothing_is_written_through_a_link(repository: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    link = git(repository, "hash-object", "-w", "--stdin", text=str(outside))
    blob = git(repository, "hash-object", "-w", "--stdin", text="kind: ConfigMap\n")
    for mode in ("100644", "120000"):
        inner = git(repository, "mktree", text=f"{mode} blob {blob}\tescaped.yaml\n")
        lines = f"120000 blob {link}\ta\n040000 tree {inner}\ta\n"
        commit = git(repository, "commit-tree", "-m", "evil", git(repository, "mktree", text=lines))
        assert diff("HEAD", commit)[0] == 2
        assert list(outside.iterdir()) == []


def test_a_name_that_is_two_things_is_neither(repository: Path) -> None:
    git(repository, "branch", "k8s")
    code, _, err = diff("HEAD", "k8s")
    assert code == 2
    assert "`k8s` is a revision and a path: write ./k8s or k8s^0" in err
    assert diff("HEAD", "k8s^0")[:2] == (0, "no difference\n")
    assert diff("HEAD:./k8s", "k8s")[0] == 2


def test_the_current_folder_of_a_revision_is_judged(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken(repository)
    git(repository, "commit", "-qm", "broken")
    monkeypatch.chdir(repository / "terraform")
    assert run("diff", "HEAD~1", "HEAD", "--as-of", AS_OF, "-q")[:2] == (0, "no difference\n")
    monkeypatch.chdir(repository / "k8s")
    assert run("diff", "HEAD~1", "HEAD", "--as-of", AS_OF, "-q")[0] in (1, 3)
    (repository / "fresh").mkdir()
    monkeypatch.chdir(repository / "fresh")
    assert run("diff", "HEAD~1", "HEAD", "--as-of", AS_OF, "-q")[0] == 2


def test_no_repository_is_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    code, _, err = diff("HEAD", "HEAD~1")
    assert code == 2
    assert "`HEAD` is no report, no folder and no revision of a repository here" in err


def test_two_profiles_are_told(repository: Path, tmp_path: Path) -> None:
    report = tmp_path / "base.json"
    run("scan", ".", "--as-of", AS_OF, "--format", "json", "--output", str(report))
    (repository / "tether.yaml").write_text((repository / "tether.yaml").read_text() + "platform: [x]\n")
    _, _, err = diff(str(report), ".")
    assert "note: the two sides were judged by another profile" in err


WAIVER = """
waivers:
  - rule: guardrail-filter-too-weak
    subject: module.bedrock.aws_bedrock_guardrail.acme
    reason: tuned in March
    owner: safety
    approver: lead
    second_approver: board
    expires: 2027-01-31
"""


def test_a_waiver_of_what_one_side_alone_has(repository: Path) -> None:
    shutil.copytree(FIXTURES / "worlds/broken/terraform/modules", repository / "terraform/modules", dirs_exist_ok=True)
    (repository / "tether.yaml").write_text((repository / "tether.yaml").read_text() + WAIVER)
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "weaker")
    code, out, err = diff("HEAD~1", "HEAD")
    assert code in (1, 3), err
    assert "opened[guardrail-filter-too-weak]" in out
    assert "(waived)" in out
    assert diff("HEAD", "HEAD~1")[0] == 0
