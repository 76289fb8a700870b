"""A live scan leaves out what nothing leads to: fewer calls, the same verdicts, a bundle that says what it lacks."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scanner.sources.aws.estate import LEFT, NEEDED
from scanner.sources.aws.operations import operations
from tests.bundle import reference
from tests.harness import FIXTURES, run
from tests.live.seeded import MEMBER, NUMBER, Seeded, seeded

WORLD = FIXTURES / "worlds" / "reference"
SERVICES = ("sts", "organizations", "account", "iam", "ec2", "s3", "bedrock", "eks", "cloudtrail", "sagemaker")
ASKED = ("--live", "aws", "--accounts", f"{NUMBER},{MEMBER}", "--role", "tether")
S3 = {row.id for row in operations().values() if row.about == "aws_s3_bucket"}


@pytest.fixture(scope="module")
def organisation() -> Iterator[Seeded]:
    """The organisation of the injected faults, with a bucket in each account to which nothing leads."""
    with seeded(SERVICES) as made:
        for account in (NUMBER, MEMBER):
            buckets = made.answers[account]["s3:ListBuckets", ""]["Buckets"]
            buckets.append({"Name": f"idle-{account}", "BucketRegion": buckets[0]["BucketRegion"]})
        yield made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("world")
    shutil.copytree(WORLD / "k8s", made / "k8s")
    (made / "tether.yaml").write_text(reference.profile((WORLD / "tether.yaml").read_text()))
    (made / "other.yaml").write_text(
        (made / "tether.yaml").read_text().replace("stores: [", f"stores: [s3://idle-{NUMBER}, ")
    )
    assert "idle" in (made / "other.yaml").read_text()
    return made


def collected(path: Path, *more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code, _, err = run("collect", *ASKED, "-o", str(path), *more)
    assert code in (0, 3), err
    lines = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    calls = [one for one in lines if "operation" in one]
    return code, {json.dumps([one["scope"], one["operation"], one["parameters"]]): one for one in calls}


def judged(folder: Path, profile: str, *more: str) -> dict[str, Any]:
    given = ("--profile", str(folder / profile), "--as-of", "2026-11-01", "--format", "json")
    code, out, err = run("scan", str(folder / "k8s"), *given, *more)
    assert code in (0, 1, 3), err
    report = json.loads(out)
    verdicts = {one["id"]: one["verdict"] for one in report["commitments"]}
    findings = {(one["rule"], one["verdict"], one["subject"]["address"]) for one in report["findings"]}
    return {"verdicts": verdicts, "findings": findings, "unread": [one["cause"] for one in report["unread"]]}


def test_a_lean_bundle_has_fewer_calls_and_the_same_verdicts(
    organisation: Seeded, folder: Path, tmp_path: Path
) -> None:
    whole, lean, made = tmp_path / "whole.bundle", tmp_path / "lean.bundle", len(organisation.made)
    code, every = collected(whole)
    asked, made = len(organisation.made) - made, len(organisation.made)
    less, some = collected(lean, "--profile", str(folder / "tether.yaml"))
    fewer, made = len(organisation.made) - made, len(organisation.made)
    assert code == less and set(every) == set(some)
    left = {key for key, one in some.items() if one.get("cause") == LEFT}
    names = {one["parameters"]["Bucket"] for key, one in some.items() if key in left and one["operation"] in S3}
    assert names == {f"idle-{NUMBER}", f"idle-{MEMBER}"}
    assert all(some[key]["outcome"] == "not-asked" for key in left)
    assert fewer < asked
    told = [judged(folder, "tether.yaml", "--bundle", str(one)) for one in (whole, lean)]
    assert told[0] == told[1]
    live = judged(folder, "tether.yaml", *ASKED)
    assert {**live, "unread": []} == {**told[0], "unread": []}
    assert len(organisation.made) - made <= fewer + 2


def test_another_profile_judges_anew_what_may_be_left_out(organisation: Seeded, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "lean.bundle"
    collected(path, "--profile", str(folder / "tether.yaml"))
    told = judged(folder, "other.yaml", "--bundle", str(path))
    assert any(NEEDED in one and f"idle-{NUMBER}" in one for one in told["unread"])
    assert "holds" not in told["verdicts"].values()
    code, every = collected(path, "--resume")
    assert code == 0 and not judged(folder, "other.yaml", "--bundle", str(path))["unread"]
    assert {one["outcome"] for key, one in every.items() if f"idle-{NUMBER}" in key} <= {"read", "absent"}


def test_a_run_that_is_cut_short_leaves_out_nothing_for_good(
    organisation: Seeded, folder: Path, tmp_path: Path
) -> None:
    """What was left out at first and would have been asked then is unread."""
    path = tmp_path / "short.bundle"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("scanner.settled._led", lambda *_: frozenset())
        collected(path, "--profile", str(folder / "tether.yaml"))
    told = judged(folder, "tether.yaml", "--bundle", str(path))
    assert any(NEEDED in one and "acme-gov-weights" in one for one in told["unread"])
    assert "holds" not in told["verdicts"].values()


def test_what_fails_when_it_is_asked_after_all_is_unread(organisation: Seeded, folder: Path) -> None:
    organisation.fault = "s3:GetBucketPolicy", "denied", NUMBER
    told = judged(folder, "tether.yaml", *ASKED)
    organisation.fault = None
    assert any("acme-gov-weights" in one and "may not ask" in one for one in told["unread"])
    assert "holds" not in told["verdicts"].values()
