"""Waivers: what they cover of a folded finding, what they may not cover, and that no verdict changes by them."""

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from scanner.catalogue import rules
from scanner.errors import SettingsError
from scanner.findings import Finding, Hop, Subject, Verdict
from scanner.graph.graph import Graph
from scanner.graph.model import Node
from scanner.judge import fold
from scanner.origin import FileOrigin
from scanner.profile import Profile, Waiver
from scanner.waivers import Applied, apply_waivers
from tests.changed import replace
from tests.harness import AS_OF, FIXTURES, run

LINE = FileOrigin("main.tf", 4, 3)
RULE, CRITICAL = "profile-loosened-without-agreement", "model-bypasses-safety-stack"
HIGH = next(rule.id for rule in rules() if rule.severity == "high" and rule.waivable)
DAY = date(2026, 11, 1)


def finding(address: str, rule: str = HIGH, verdict: Verdict = Verdict.VIOLATED, **more: object) -> Finding:
    subject = Subject(address, "aws_s3_bucket", address, LINE, str(more.pop("unit", "u")))
    hop = Hop(address, "aws_s3_bucket", address, LINE, "it is open", cut=True)
    return Finding(rule, "no-edge", verdict, "high", "it is open", subject, (hop,), **more)  # type: ignore[arg-type]


def waiver(subject: str, rule: str = HIGH, ends: str = "2027-01-31", **more: str) -> Waiver:
    return Waiver(rule, subject, "why", "owner", "ciso", date.fromisoformat(ends), FileOrigin("p", 1), **more)


def applied(findings: list[Finding], *waivers: Waiver, unjudged: tuple[str, ...] = ()) -> Applied:
    graph = Graph.of([Node("u:a", "aws_s3_bucket", "a", "a"), Node("u:idle", "aws_s3_bucket", "idle", "idle")], [])
    return apply_waivers(findings, Profile(waivers=waivers), rules(), graph, DAY, unjudged)


INSTANCES = [finding(f"aws_s3_bucket.a[{number}]") for number in range(3)]


def shown(made: Applied) -> list[tuple[str, int, bool]]:
    """Each finding: its subject, how many are folded in, whether it is waived."""
    gone = {one.fingerprint for one in made.waived}
    return [(one.subject.address, len(one.also), one.fingerprint in gone) for one in made.findings]


def test_a_waiver_of_one_instance_takes_that_one_out_of_the_fold():
    assert [len(one.also) for one in fold(INSTANCES)] == [2]
    assert shown(applied(INSTANCES)) == [("aws_s3_bucket.a[0]", 2, False)]
    made = applied(INSTANCES, waiver("aws_s3_bucket.a[1]"))
    assert shown(made) == [("aws_s3_bucket.a[0]", 1, False), ("aws_s3_bucket.a[1]", 0, True)]
    assert made.notes == ()


def test_every_instance_waived_is_one_waived_finding_until_the_first_end():
    ends = ("2027-03-01", "2027-01-01", "2027-02-01")
    every = [waiver(f"aws_s3_bucket.a[{number}]", ends=end) for number, end in enumerate(ends)]
    made = applied(INSTANCES, *every)
    assert shown(made) == [("aws_s3_bucket.a[0]", 2, True)]
    assert [one.expires for one in made.waived] == ["2027-03-01", "2027-02-01", "2027-01-01"]


def test_those_who_come_the_same_way_must_all_be_accepted():
    one = finding("a", also=("b", "c"))
    made = applied([one], waiver("a"), waiver("c"))
    assert shown(made) == [("a", 2, False)]
    assert len(made.notes) == 2
    assert made.notes[0].endswith("is not enough: the same way is open to `b`")
    assert shown(applied([one], waiver("a"), waiver("b"), waiver("c"))) == [("a", 2, True)]


def test_a_waiver_is_of_one_rule_alone():
    other = next(rule.id for rule in rules() if rule.severity == "high" and rule.waivable and rule.id != HIGH)
    doubts = [finding("a", rule, Verdict.UNPROVEN, decided_by=("var.x",)) for rule in (HIGH, other)]
    assert len(fold(doubts)) == 1
    made = applied(doubts, waiver("a"))
    assert sorted(
        (one.rule, one.fingerprint in {w.fingerprint for w in made.waived}) for one in made.findings
    ) == sorted([(HIGH, True), (other, False)])


def test_a_unit_can_be_named():
    other = finding("a", unit="dev")
    elsewhere = tuple(replace(hop, origin=FileOrigin("dev/main.tf", 1)) for hop in other.hops)
    both = [finding("a", unit="prod"), replace(other, hops=elsewhere)]
    assert [flag for *_, flag in shown(applied(both, waiver("a")))] == [True, True]
    # Both have one fingerprint: a reader could not tell them apart, so neither is waived by half.
    assert [flag for *_, flag in shown(applied(both, waiver("prod:a")))] == [False, False]
    assert [flag for *_, flag in shown(applied(both[:1], waiver("prod:a")))] == [True]
    assert [flag for *_, flag in shown(applied(both[:1], waiver("dev:a")))] == [False]


def test_a_waiver_that_is_over_is_not_applied_and_said():
    made = applied([finding("a")], waiver("a", ends="2026-10-31"))
    assert shown(made) == [("a", 0, False)]
    assert made.notes == (f"p:1:1: the waiver of `{HIGH}` ended on 2026-10-31: not applied",)
    assert shown(applied([finding("a")], waiver("a", ends="2026-11-01"))) == [("a", 0, True)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (waiver("idle"), "matches nothing"),
        (waiver("u:idle"), "matches nothing"),
        (waiver("profile:places"), "matches nothing"),
        (waiver("a", "no-such-rule"), "there is no rule"),
        (waiver("a", "contract:gone"), "there is no rule"),
        (waiver("a", CRITICAL), "needs a `second_approver`"),
        (waiver("a", CRITICAL, ends="2020-01-01"), "needs a `second_approver`"),
        (waiver("profile/operators", RULE, second_approver="cto"), "cannot be waived"),
    ],
)
def test_what_ends_the_run(bad, reason):
    with pytest.raises(SettingsError, match=reason):
        applied([finding("a")], bad)


def test_what_matches_nothing_for_a_reason_is_a_note():
    assert applied([], waiver("elsewhere")).notes[0].endswith("speaks of `elsewhere`, not read here")
    assert applied([], waiver("idle"), unjudged=(HIGH,)).notes[0].endswith("the rule was not judged")


def test_a_key_that_is_missing_can_be_waived_for_one_rule():
    lacking = Finding(
        HIGH, "no-edge", Verdict.UNPROVEN, "high", "m", Subject("profile:places", "profile", "places", None)
    )
    assert shown(applied([lacking], waiver("profile:places"))) == [("profile:places", 0, True)]


@pytest.fixture
def world(tmp_path: Path) -> Path:
    folder = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "broken", folder)
    return folder


def scan(folder: Path, *more: str) -> tuple[int, str, str]:
    return run("scan", str(folder), "--profile", str(folder / "tether.yaml"), "--as-of", AS_OF, *more)


def accept(folder: Path, findings: list[dict], ends: str) -> None:
    every = [
        {
            "rule": one["rule"],
            "subject": subject,
            "reason": "until it is mended",
            "owner": "sre",
            "approver": "ciso",
            "second_approver": "cto",
            "expires": ends,
        }
        for one in findings
        for subject in (one["subject"]["address"], *one["also"])
    ]
    with (folder / "tether.yaml").open("a") as file:
        file.write(f"waivers: {json.dumps(every)}\n")


def test_waivers_change_the_exit_code_and_no_verdict(world):
    code, out, _ = scan(world, "--format", "json")
    before = json.loads(out)
    assert code == 1
    accept(world, before["findings"], "2027-01-31")
    code, out, _ = scan(world, "--format", "json")
    after = json.loads(out)
    known = {one["id"]: one["verdict"] for one in before["rules"] if one["id"] != "waiver-without-approval"}
    assert {one["id"]: one["verdict"] for one in after["rules"] if one["id"] in known} == known
    assert {one["id"]: one["verdict"] for one in after["commitments"]} == {
        one["id"]: one["verdict"] for one in before["commitments"]
    }
    assert code == 0
    assert {one["fingerprint"] for one in after["waived"]} == {one["fingerprint"] for one in after["findings"]}


def test_the_table_says_how_many_and_until_when(world):
    findings = [
        one for one in json.loads(scan(world, "--format", "json")[1])["findings"] if one["verdict"] == "violated"
    ]
    one = next(one for one in findings if one["commitment"] == "no-edge")
    accept(world, [one], "2027-01-31")
    code, out, err = scan(world)
    assert (code, err) == (1, "")
    assert "VIOLATED (1 waived until 2027-01-31)" in out
    assert "= waived: until it is mended (sre, until 2027-01-31)" in out
    assert "1 waiver (until 2027-01-31)" in out


def test_an_end_that_passed_is_told_and_violates(world):
    findings = [
        one for one in json.loads(scan(world, "--format", "json")[1])["findings"] if one["verdict"] == "violated"
    ]
    accept(world, [one for one in findings if one["commitment"] == "no-edge"][:1], "2026-10-31")
    code, out, err = scan(world)
    assert code == 1
    assert "ended on 2026-10-31: not applied" in err
    assert "error[waiver-without-approval]" in out
    assert "waived until" not in out
