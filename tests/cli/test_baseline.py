"""`--baseline`: silent on what is known, loud on what is new, and never content with less."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness import AS_OF, FIXTURES, run


def scan(folder: Path, *more: str) -> int:
    code, _, _ = run("scan", str(folder), "--profile", str(folder / "tether.yaml"), "--as-of", AS_OF, "-q", *more)
    return code


def prepared(tmp_path: Path, world: str, damage: str = "") -> tuple[Path, Path]:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / world, folder)
    if damage:
        (folder / "terraform" / "old.tf").write_text(damage)
    report = tmp_path / "baseline.json"
    scan(folder, "--format", "json", "--output", str(report))
    return folder, report


def test_what_is_known_does_not_count(tmp_path: Path) -> None:
    folder, report = prepared(tmp_path, "broken")
    assert scan(folder) == 1
    assert scan(folder, "--baseline", str(report)) == 0


def test_a_new_violation_counts(tmp_path: Path) -> None:
    folder, report = prepared(tmp_path, "broken")
    (folder / "k8s" / "more.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: lb, namespace: safety}\n"
        "spec: {type: NodePort, selector: {app: gateway}, ports: [{port: 8443, nodePort: 30443}]}\n"
    )
    assert scan(folder, "--baseline", str(report)) in (1, 3)


def edit(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / path).read_text()
        assert old in text
        (folder / path).write_text(text.replace(old, new, 1))

    return change


def damage(folder: Path) -> None:
    (folder / "k8s" / "rbac.yaml").write_text("kind: [")


def forget(folder: Path) -> None:
    (folder / "k8s" / "rbac.yaml").rename(folder / "k8s" / "rbac.txt")
    (folder / "k8s" / "rbac.yaml").mkdir()


LESS = {
    "a value that is no longer known": edit("terraform/providers.tf", '  default     = "us-gov-west-1"\n', ""),
    "a violation that cannot be seen any more": edit("k8s/model.yaml", "namespaceSelector:", "unknownSelector:"),
    "a file that cannot be read": damage,
}


@pytest.mark.parametrize("what", LESS)
@pytest.mark.parametrize("world", ["reference", "broken"])
def test_less_than_the_baseline_knew_is_not_enough(tmp_path: Path, world: str, what: str) -> None:
    folder, report = prepared(tmp_path, world)
    LESS[what](folder)
    assert scan(folder, "--baseline", str(report)) != 0


def test_a_part_of_the_baseline_is_not_the_whole(tmp_path: Path) -> None:
    folder, report = prepared(tmp_path, "broken")
    code, _, err = run(
        "scan", str(folder / "terraform"), str(folder / "tether.yaml"), "--baseline", str(report), "--as-of", AS_OF
    )
    assert code != 0, err


def test_what_the_baseline_could_not_read_is_known(tmp_path: Path) -> None:
    folder, report = prepared(tmp_path, "reference", damage="resource {{{\n")
    assert scan(folder) == 3
    assert scan(folder, "--baseline", str(report)) == 0
    (folder / "terraform" / "new.tf").write_text("resource {{{\n")
    assert scan(folder, "--baseline", str(report)) == 3


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": "tether.report/1"}', '{"schema": "other/1"}'])
def test_a_file_that_is_no_report_is_wrong_use(tmp_path: Path, text: str) -> None:
    folder, report = prepared(tmp_path, "reference")
    report.write_text(text)
    assert scan(folder, "--baseline", str(report)) == 2


def test_a_file_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    folder, report = prepared(tmp_path, "reference")
    report.unlink()
    assert scan(folder, "--baseline", str(report)) == 2
