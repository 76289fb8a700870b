"""A world that breaks its promises, as a bundle: the findings that its files give."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from tests.bundle import reference
from tests.bundle.estate import full, write
from tests.harness import FIXTURES, run_scan

WORLD = FIXTURES / "worlds" / "broken"


def broken() -> dict[tuple[str, str], Any]:
    """What the files of the world change of the reference world, in the answers of the API."""
    found = reference.answers()
    cluster = found["eks:DescribeCluster", ""]["cluster"]
    cluster["remoteNetworkConfig"] = {"remoteNodeNetworks": [{"cidrs": ["192.168.10.0/24"]}]}
    for version in ("DRAFT", "7"):
        filters = found["bedrock:GetGuardrail", f"gr7acme2026x/{version}"]["contentPolicy"]["filters"]
        next(one for one in filters if one["type"] == "VIOLENCE")["outputStrength"] = "NONE"
    found["bedrock:GetModelInvocationLoggingConfiguration", ""]["loggingConfig"]["textDataDeliveryEnabled"] = False
    return found


def seen(report: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(one["rule"], one["verdict"], one["subject"]["kind"]) for one in report["findings"]}


def test_the_broken_world_as_a_bundle_has_the_findings_of_its_files(tmp_path: Path) -> None:
    shutil.copytree(WORLD / "k8s", tmp_path / "k8s")
    (tmp_path / "tether.yaml").write_text(reference.profile((WORLD / "tether.yaml").read_text()))
    write(tmp_path / "aws.bundle", full(broken()))
    recorded, declared = run_scan(tmp_path, "--bundle", str(tmp_path / "aws.bundle")), run_scan(WORLD)
    assert recorded["unread"] == []
    assert seen(recorded) == seen(declared)
    ours, theirs = ({one["id"]: one["verdict"] for one in each["rules"]} for each in (recorded, declared))
    assert (ours.pop("classifier-not-seen-running"), theirs.pop("classifier-not-seen-running")) == (
        "holds", "not-judged",
    )  # fmt: skip
    assert (ours.pop("guardrail-behind-its-draft"), theirs.pop("guardrail-behind-its-draft")) == ("holds", "not-judged")
    assert ours == theirs


def test_a_version_of_a_guardrail_that_is_not_as_its_draft_is_not_known(tmp_path: Path) -> None:
    shutil.copytree(FIXTURES / "worlds" / "reference" / "k8s", tmp_path / "k8s")
    text = (FIXTURES / "worlds" / "reference" / "tether.yaml").read_text()
    (tmp_path / "tether.yaml").write_text(reference.profile(text))
    answers = reference.answers()
    del answers["bedrock:GetGuardrail", "gr7acme2026x/7"]["contentPolicy"]["filters"][0]
    report = run_scan(tmp_path, "--bundle", str(write(tmp_path / "aws.bundle", full(answers))))
    verdicts = {one["id"]: one["verdict"] for one in report["commitments"]}
    assert verdicts["guardrails-on"] == "unproven"
