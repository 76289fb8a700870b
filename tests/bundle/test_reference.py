"""One model, four sources: what the API tells of a world is judged as the files that made it are."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from scanner.sources.aws import read_estate
from tests.bundle.estate import PARTITION, full, write
from tests.bundle.reference import answers, profile
from tests.harness import FIXTURES, ROOT, run, run_scan

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
    # What runs, no file tells.
    assert theirs.pop("classifier-not-seen-running") == ("not-judged", 0)
    assert ours.pop("classifier-not-seen-running") == ("holds", 1)
    assert theirs.pop("guardrail-behind-its-draft") == ("not-judged", 0)
    assert ours.pop("guardrail-behind-its-draft") == ("holds", 1)
    assert {name: verdict for name, (verdict, _) in ours.items()} == {
        name: verdict for name, (verdict, _) in theirs.items()
    }


def test_a_certificate_says_as_of_when_a_guardrail_was_at_work(world: Path) -> None:
    report = run_scan(world, "--bundle", str(world / "aws.bundle"))
    (live,) = (one for one in report["commitments"] if one["id"] == "live-classifiers")
    said = "42 calls of version 7 of it in the 24 h before 2026-11-01T00:00:00Z, the last in the hour of "
    assert said in json.dumps(live["certificate"])


def test_a_bundle_is_verified_against_its_report(world: Path, tmp_path: Path) -> None:
    given = ["--bundle", str(world / "aws.bundle"), "--profile", str(world / "tether.yaml"), "--as-of", "2026-11-01"]
    code, out, _ = run("scan", str(world), *given, "--format", "json")
    assert code == 0
    (tmp_path / "report.json").write_text(out)
    code, out, err = run("verify", str(tmp_path / "report.json"), "--root", str(world), *given[:2])
    assert code == 0, out + err


def test_every_line_is_of_the_published_schema(world: Path) -> None:
    schema = json.loads((ROOT / "scanner" / "schemas" / "bundle.schema.json").read_text())
    validator = Draft202012Validator(schema)
    lines = gzip.decompress((world / "aws.bundle").read_bytes()).splitlines()
    assert len(lines) > 150
    for line in lines:
        validator.validate(json.loads(line))
    assert not validator.is_valid({**json.loads(lines[1]), "outcome": "perhaps"})


def test_what_is_only_asked_for_is_unread_where_it_is_there() -> None:
    """The table of Snow tells that there is a job, and nothing of what it carries."""
    job = {"JobId": "JID1", "JobState": "InTransitToCustomer"}
    some = {**answers(), ("snowball:ListJobs", ""): {"JobListEntries": [job]}}
    (unread,) = read_estate(full(some), PARTITION, "bundle").unread
    assert "aws_snowball_job" in unread.cause
