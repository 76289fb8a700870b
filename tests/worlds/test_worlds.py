"""The shipped worlds: one keeps every commitment and proves it, the other breaks each."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scanner.findings import COMMITMENTS
from tests.harness import AS_OF, FIXTURES, run, run_scan


def scan(name: str, *more: str) -> tuple[int, str]:
    folder = FIXTURES / "worlds" / name
    code, out, _ = run("scan", str(folder), "--profile", str(folder / "tether.yaml"), "--as-of", AS_OF, *more)
    return code, out


@pytest.mark.parametrize(("name", "code"), [("reference", 0), ("broken", 1)])
def test_the_text_is_what_a_user_sees(name: str, code: int) -> None:
    assert scan(name) == (code, (FIXTURES / "worlds" / name / "expected.txt").read_text())


def test_the_reference_keeps_every_commitment_and_proves_it() -> None:
    report = run_scan(FIXTURES / "worlds" / "reference")
    assert {one["id"]: one["verdict"] for one in report["commitments"]} == dict.fromkeys(COMMITMENTS, "holds")
    for one in report["commitments"]:
        assert one["certificate"]["checks"] or one["certificate"]["reachability"], one["id"]


def test_the_broken_world_violates_each_commitment() -> None:
    report = run_scan(FIXTURES / "worlds" / "broken")
    assert {one["id"]: one["verdict"] for one in report["commitments"]} == dict.fromkeys(COMMITMENTS, "violated")


TRUSTED = """
trusted:
  - from: tenant-a/Deployment/assistant
    to: inference/Deployment/claude-gov
    port: 9400
    reason: a scraper
    owner: safety
    expires: {day}
"""


@pytest.mark.parametrize(("day", "told"), [("2027-01-01", True), ("2026-10-31", False)])
def test_a_trusted_caller_whose_time_is_over_is_not_trusted(tmp_path: Path, day: str, told: bool) -> None:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "broken", folder)
    profile = folder / "tether.yaml"
    profile.write_text(profile.read_text() + TRUSTED.format(day=day))
    report = run_scan(folder)
    said = [*report["trusted"], *report["assumptions"]]
    assert any("tenant-a/Deployment/assistant" in one for one in said) == told


def test_what_nobody_declared_is_named_as_assumed_absent() -> None:
    absent = run_scan(FIXTURES / "worlds" / "reference")["scope"]["assumed_absent"]
    assert "AWS: organisation policies" in absent
    assert "Kubernetes: network policies" not in absent
