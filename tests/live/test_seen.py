"""What a cluster saw of its workloads: whose pods were not listed runs nobody knows what, and that is no violation."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.bundle.estate import write
from tests.harness import AS_OF, FIXTURES, run, seen
from tests.live.replayed import calls_of
from tests.live.server import denied

RELEASE = FIXTURES / "live-classifiers" / "running-stack-differs-from-release"
RUNS = "running-stack-differs-from-release"
READY = "classifier-not-seen-running"


def judged(tmp_path: Path, case: str, *faults: Any, **changed: Any) -> dict[str, Any]:
    """The report of a case whose cluster refuses something, or whose Deployment has another status."""
    objects = json.loads((RELEASE / case / "cluster.json").read_text())
    for one in objects:
        one.update(changed if one["kind"] == "Deployment" else {})
    bundle = write(tmp_path / "bundle", calls_of(objects, *faults))
    profile = str(RELEASE / case / "tether.yaml")
    _, out, err = run("scan", "--bundle", str(bundle), "--profile", profile, "--as-of", AS_OF, "--format", "json")
    assert out, err
    found: dict[str, Any] = json.loads(out)
    return found


def verdict(report: dict[str, Any], rule: str) -> str:
    return next(str(one["verdict"]) for one in report["rules"] if one["id"] == rule)


def test_pods_that_were_not_listed_are_neither_of_the_release_nor_not(tmp_path: Path) -> None:
    report = judged(tmp_path, "violates-tag-was-moved", denied("pods", "*"))
    assert verdict(report, RUNS) == "unproven"
    assert "the pods of `safety/Deployment/prompt-guard` were not listed" in seen(report, RUNS)
    assert verdict(report, READY) == "unproven", "the Deployment tells, and something was not read"


def test_pods_whose_owner_was_not_listed_count_for_themselves(tmp_path: Path) -> None:
    report = judged(tmp_path, "violates-tag-was-moved", denied("replicasets", "*"))
    assert "`guard` ran sha256:b2b2" not in seen(report, RUNS), "the case has no label to find it by"
    assert verdict(report, RUNS) == "unproven"


def test_a_count_that_is_no_number_is_none(tmp_path: Path) -> None:
    report = judged(tmp_path, "complies-tag-was-moved", status={"observedGeneration": 1, "readyReplicas": "2"})
    assert verdict(report, READY) == "unproven"


def test_a_status_of_another_shape_is_told_nothing_by(tmp_path: Path) -> None:
    report = judged(tmp_path, "complies-tag-was-moved", status=["ready"])
    assert verdict(report, READY) == "unproven"
    assert verdict(report, RUNS) == "holds", "the pods tell of themselves"


def test_a_container_whose_status_is_left_out_is_not_known(tmp_path: Path) -> None:
    """A pod tells of one of its two containers: what the other runs, nobody saw."""
    objects = json.loads((RELEASE / "complies-tag-was-moved" / "cluster.json").read_text())
    for one in objects:
        if one["kind"] == "Pod":
            one["spec"]["containers"].append({"name": "beside", "image": "registry.example/beside:1"})
    bundle = write(tmp_path / "bundle", calls_of(objects))
    profile = str(RELEASE / "complies-tag-was-moved" / "tether.yaml")
    _, out, err = run("scan", "--bundle", str(bundle), "--profile", profile, "--as-of", AS_OF, "--format", "json")
    assert out, err
    assert "does not give the status of container `beside`" in seen(json.loads(out), RUNS)
