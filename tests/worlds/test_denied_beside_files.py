"""Files of the reference world beside a recording of it: a call that was denied proves nothing, and breaks nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.estate import full, write
from tests.bundle.reference import answers
from tests.changed import replace
from tests.harness import FIXTURES, run

WORLD = FIXTURES / "worlds" / "reference"


def scanned(
    tmp_path: Path, denied: str, told: dict[tuple[str, str], Any] | None = None
) -> tuple[int, dict[str, str], list[str]]:
    """The exit code, the verdicts by commitment, and the rules that are violated."""
    calls = [
        replace(one, outcome="denied", pages=[], cause="AccessDenied") if one.operation == denied else one
        for one in full(told or answers())
    ]
    bundle = write(tmp_path / "aws.bundle", calls)
    given = ("--bundle", str(bundle), "--profile", str(WORLD / "tether.yaml"), "--as-of", "2026-11-01")
    code, out, _ = run("scan", str(WORLD), *given, "--format", "json")
    told = json.loads(out)
    verdicts = {one["id"]: one["verdict"] for one in told["commitments"]}
    return code, verdicts, [one["rule"] for one in told["findings"] if one["verdict"] == "violated"]


def test_where_all_was_answered_both_sides_keep_every_promise(tmp_path: Path) -> None:
    code, verdicts, _ = scanned(tmp_path, "")
    assert (code, set(verdicts.values())) == (0, {"holds"})


@pytest.mark.parametrize(
    "denied", ["iam:GetAccountAuthorizationDetails", "s3:ListBuckets", "ec2:DescribeSecurityGroups"]
)
def test_what_nobody_could_read_may_be_there_as_it_is_declared(denied: str, tmp_path: Path) -> None:
    # The gateway's role and the store of evidence are named by the profile as files declare them.
    code, verdicts, violated = scanned(tmp_path, denied)
    assert (code, set(verdicts.values()), violated) == (3, {"unproven"}, [])


def test_a_guardrail_under_another_name_is_not_the_one_that_was_promised(tmp_path: Path) -> None:
    told = answers()
    for version in ("DRAFT", "7"):
        told["bedrock:GetGuardrail", f"gr7acme2026x/{version}"]["name"] = "another"
    _, verdicts, violated = scanned(tmp_path, "", told)
    assert verdicts["guardrails-on"] == "violated"
    assert "guardrail-not-enforced-on-every-call" in violated
