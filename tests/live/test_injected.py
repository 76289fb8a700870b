"""A sample of the faults that `benchmarks/faults.py` makes in full: nothing falls, holds or is lost that may not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.injected import Trial
from tests.live.seeded import FAULTS, MEMBER, NUMBER, Seeded, seeded

SERVICES = (
    *("sts", "organizations", "account", "iam", "ec2", "s3", "bedrock", "eks", "cloudtrail", "sagemaker"),
    "directconnect",
)
SAMPLE = [
    ("directconnect:DescribeDirectConnectGateways", "malformed", MEMBER),
    ("ec2:DescribeRegions", "organisation", NUMBER),
    ("ec2:DescribeSecurityGroups", "throttled", NUMBER),
    ("bedrock:GetGuardrail", "timed out", NUMBER),
    ("s3:ListBuckets", "region disabled", NUMBER),
    ("iam:GetAccountAuthorizationDetails", "truncated", MEMBER),
    ("sagemaker:DescribeModel", "expired", MEMBER),
    ("s3:GetBucketPolicy", "denied", MEMBER),
]


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trial]:
    with seeded(SERVICES) as organisation:
        made = Trial(organisation, tmp_path_factory.mktemp("faults") / "scan")
        made.begin()
        yield made


def test_where_every_call_is_answered_all_is_read_and_much_is_violated(trial: Trial) -> None:
    assert trial.before["unread"] == []
    rules = {one["rule"] for one in trial.before["findings"] if one["verdict"] == "violated"}
    assert {"inference-not-logged", "model-not-approved", "stranger-reads-weights"} <= rules
    assert {one["verdict"] for one in trial.before["commitments"]} >= {"holds", "violated"}


def test_no_call_that_fails_lets_anything_hold_or_takes_a_violation_away(trial: Trial, organisation: Seeded) -> None:
    assert {kind for _, kind, _ in SAMPLE} == set(FAULTS)
    for name, kind, account in SAMPLE:
        trial.inject(name, kind, account)
    assert trial.wrong == []
    assert organisation.injected >= len(SAMPLE)


def test_a_fault_that_costs_nothing_would_be_seen(trial: Trial) -> None:
    """The measure itself: an answer that says that nothing is there is taken for one, and found out."""
    _, report = trial.judge([one for one in trial.clean if "iam:GetAccount" not in one.operation])
    said = trial._faults(0, {**report, "findings": []}, "ec2:DescribeVpcs", set)
    assert said == ["exit code 0: "]
    lost = {("model-not-approved", one["subject"]["address"]) for one in trial.before["findings"]}
    held = {**trial.before, "findings": []}
    said = trial._faults(3, held, "ec2:DescribeVpcs", lambda: lost)
    assert any(one.endswith(" holds") for one in said) and any(one.startswith("lost: model-not") for one in said)


@pytest.fixture
def organisation(trial: Trial) -> Seeded:
    return trial.organisation


def test_a_page_for_people_is_asked_for_once_and_a_fault_of_aws_again(trial: Trial) -> None:
    """The first is no answer of AWS at all; neither lets anything hold."""
    tries = {}
    for kind in ("page", "throttled"):
        before = trial.organisation.injected
        trial.inject("ec2:DescribeVpcs", kind, MEMBER)
        tries[kind] = trial.organisation.injected - before
    assert tries == {"page": 1, "throttled": 5}
    assert trial.wrong == []
