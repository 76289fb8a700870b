"""`tether doctor`: what a scan would be refused is told before it, account by account and kind by kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.sources.aws.operations import in_order
from tests.harness import run
from tests.live.aws import DENIED, HOME, NUMBER, OTHER
from tests.live.organisation import BARRED, FORBIDDEN, MEMBER, SERVICES, WHOLE, Organisation
from tests.live.server import Answer, Cluster, denied, kubeconfig, serving
from tests.live.test_calls import small


@pytest.fixture
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row for groups in (in_order(True), in_order(False)) for one in groups for row in one]
    groups = {of: [one for one in in_order(of) if one[0].service in SERVICES] for of in (True, False)}
    monkeypatch.setattr("scanner.sources.aws.live_doctor.in_order", groups.__getitem__)
    kept = [row for row in rows if row.service in SERVICES]
    monkeypatch.setattr("scanner.sources.aws.live_doctor.aws_operations", lambda: kept)


def test_each_account_is_entered_and_each_permission_tried(some: None, organisation: Organisation) -> None:
    before = len(organisation.made)
    code, out, _ = run("doctor", "--live", "aws", *WHOLE)
    lines = out.splitlines()
    assert code == 3
    assert f"account {BARRED}: the role in account {BARRED} cannot be assumed (AccessDeniedException)" in lines
    closed = f"`ec2:DescribeVpcs` does not work in {OTHER}: refused there, or closed by a policy of the organisation"
    assert [f"account {one}: {closed}" for one in (NUMBER, MEMBER)] == [line for line in lines if "closed" in line]
    assert not [line for line in lines if "ec2:DescribeRegions" in line], "account:ListRegions stands for it"
    made = [name for name, _, region in organisation.made[before:] if region == HOME]
    assert made.count("ec2:DescribeSubnets") == 2, "once an account, a page at most"


def test_a_permission_that_is_missing_is_named(some: None, organisation: Organisation) -> None:
    keys = {"Keys": [{"KeyId": "one"}], "NextMarker": "more"}
    organisation.given |= {"ec2:DescribeVpcs": DENIED, "kms:ListKeys": keys, "kms:DescribeKey": FORBIDDEN}
    before = len(organisation.made)
    code, out, _ = run("doctor", "--live", "aws", "--regions", HOME, "-q")
    for name in ("ec2:DescribeVpcs", "kms:ListKeys", "kms:DescribeKey"):
        del organisation.given[name]
    assert code == 3
    first, second = out.splitlines()
    assert f"account {NUMBER}: `ec2:DescribeVpcs` does not work in {HOME} (denied)" in first
    assert "`kms:DescribeKey`" in second and "(denied-by-organisation)" in second
    asked = [given for name, given, _ in organisation.made[before:] if name == "kms:ListKeys"]
    assert len(asked) == 1, "the next page is of no interest"


def test_an_account_that_lets_everything_is_0(some: None, organisation: Organisation) -> None:
    code, out, _ = run("doctor", "--live", "aws", "--regions", HOME, "-v")
    assert code == 0, out
    first, second = out.splitlines()
    assert first.startswith(f"account {NUMBER}: ready: ") and "not tried, for there is nothing" in first
    assert "`" not in second and "kms:GetKeyPolicy" in second


def test_who_is_not_known_is_2(organisation: Organisation) -> None:
    before = organisation.given["sts:GetCallerIdentity"]
    with pytest.MonkeyPatch.context() as own:
        own.setattr(Organisation, "found", lambda *_: DENIED)
        assert run("doctor", "--live", "aws")[0] == 2
    assert organisation.given["sts:GetCallerIdentity"] is before
    assert run("doctor")[0] == 2


@pytest.mark.parametrize(
    ("faults", "code", "said"),
    [
        ([], 0, "ready: "),
        ([denied("secrets", "*")], 3, "whether `list` on `secrets` is allowed: denied"),
        ([lambda one: Answer(500, {}) if one.path == "/api/v1/pods" else None], 3, "on `pods` is allowed: not known"),
    ],
)
def test_a_cluster_says_what_may_be_listed(tmp_path: Path, faults: list[object], code: int, said: str) -> None:
    cluster = Cluster(small(), faults=faults)  # type: ignore[arg-type]
    with serving(cluster) as address:
        config = str(kubeconfig(tmp_path, address))
        found, out, err = run("doctor", "--live", "kubernetes", "--kubeconfig", config)
    assert found == code and said in out, out + err
    assert not [one for one in cluster.requests if one.query.get("limit")], "nothing is listed"
