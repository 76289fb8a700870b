"""Rules that speak of something beside their commitment, and rules that a key of the profile asks for."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.bundle import reference
from tests.bundle.estate import PARTITION, full, write
from tests.harness import FIXTURES, run_scan

WORLD = FIXTURES / "worlds" / "reference"
ASKED_FOR = {
    "classifier-not-kept-up-to-date", "running-stack-differs-from-release", "stack-delivered-unverified",
    "stop-control-not-ready",
}  # fmt: skip


def test_a_commitment_does_not_hold_by_what_is_beside_it_alone() -> None:
    report = run_scan(FIXTURES / "evidence" / "scan-leaves-places-out" / "complies-role-stops-the-trail")
    judged = [one for one in report["rules"] if one["commitment"] == "evidence" and one["verdict"] != "not-judged"]
    assert [(one["id"], one["verdict"]) for one in judged] == [("scan-leaves-places-out", "holds")]
    evidence = next(one for one in report["commitments"] if one["id"] == "evidence")
    assert (evidence["verdict"], evidence["rules"]) == ("unproven", 1)


def test_a_profile_that_requires_a_basis_leaves_out_no_rule_for_want_of_a_key(tmp_path: Path) -> None:
    """Files beside the account: of what is declared alone nobody was asked, and that leaves nothing open."""
    world = tmp_path / "world"
    shutil.copytree(WORLD, world)
    text = (world / "tether.yaml").read_text()
    live = text.replace("terraform: [terraform]\n", f"terraform: [terraform]\n    live: [{PARTITION}]\n")
    assert live != text
    bundle = write(tmp_path / "bundle", full(reference.answers()))
    (world / "tether.yaml").write_text(f"{live}require: [recorded]\n")
    report = run_scan(world, "--bundle", str(bundle))
    assert {one["rule"] for one in report["findings"]} == ASKED_FOR
    assert {one["verdict"] for one in report["findings"]} == {"unproven"}
    assert {one["id"] for one in report["commitments"] if one["verdict"] != "holds"} == {
        "live-classifiers",
        "operator-control",
    }
