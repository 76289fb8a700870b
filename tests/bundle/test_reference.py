"""One model, four sources: what the API tells of a world is judged as the files that made it are."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bundle.estate import full, write
from tests.bundle.reference import answers, profile
from tests.harness import FIXTURES, run, run_scan

WORLD = FIXTURES / "worlds" / "reference"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The world with its manifests, its profile and, in place of its Terraform code, a bundle."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copytree(WORLD / "k8s", folder / "k8s")
    (folder / "tether.yaml").write_text(profile((WORLD / "tether.yaml").read_text()))
    write(folder / "aws.bundle", full(answers()))
    return folder


def verdicts(report: dict[str, object]) -> dict[str, tuple[str, int]]:
    return {one["id"]: (one["verdict"], one["examined"]) for one in report["rules"]}  # type: ignore[attr-defined, index]


def test_the_reference_world_as_a_bundle_holds_wherever_its_files_do(world: Path) -> None:
    recorded = run_scan(world, "--bundle", str(world / "aws.bundle"))
    declared = run_scan(WORLD)
    assert recorded["unread"] == []
    assert recorded["findings"] == []
    assert {one["id"]: one["verdict"] for one in recorded["commitments"]} == {
        one["id"]: one["verdict"] for one in declared["commitments"]
    }
    ours, theirs = verdicts(recorded), verdicts(declared)
    assert {name: verdict for name, (verdict, _) in ours.items()} == {
        name: verdict for name, (verdict, _) in theirs.items()
    }


def test_a_bundle_is_verified_against_its_report(world: Path, tmp_path: Path) -> None:
    given = ["--bundle", str(world / "aws.bundle"), "--profile", str(world / "tether.yaml"), "--as-of", "2026-11-01"]
    code, out, _ = run("scan", str(world), *given, "--format", "json")
    assert code == 0
    (tmp_path / "report.json").write_text(out)
    code, out, err = run("verify", str(tmp_path / "report.json"), "--root", str(world), *given[:2])
    assert code == 0, out + err
