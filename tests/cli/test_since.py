"""What counts beside a baseline: made reports, one difference at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner.commands.baseline import Since, since
from scanner.commands.exit_code import Outcome, outcome
from scanner.commands.report_file import load_report
from scanner.errors import UsageError
from scanner.findings import NOT_CHOSEN, Report, RuleResult, Scope, Verdict
from scanner.origin import FileOrigin
from scanner.reports.report_json import plain_report
from tests.changed import replace
from tests.harness import AS_OF, FIXTURES, run
from tests.reports.made import BYPASS, MISSING, UNKNOWN, UNREAD, WAIVED, made

OLD_RULES = made(BYPASS, UNKNOWN).rules
DOUBTED = replace(
    BYPASS, verdict=Verdict.UNPROVEN, decided_by=("var.open",), message="`tenant-a/batch-runner` may call the model"
)
MORE = replace(BYPASS, also=("tenant-a/Deployment/other",))
WAYS = replace(BYPASS, ways=3)
MODULE = replace(UNREAD, kind="module", cause="module `x` is not on disk")
CRASHED = RuleResult("some-rule", "no-edge", Verdict.UNPROVEN, 0, "it raised", crashed=True)
CRASH = made(UNKNOWN, rules=(*made(UNKNOWN).rules, CRASHED))
EDITED = {**made().inputs, "infra/broken.tf": "12" * 32}
BROKEN = {**made().inputs, "infra/broken.tf": "ab" * 32}
NEEDS_LIVE = RuleResult("classifier-not-running", "live-classifiers", Verdict.UNPROVEN, 0, "requires a live scan")


def beside(baseline: Report, report: Report) -> Since:
    return since(json.loads(json.dumps(plain_report(baseline))), report, Path("/nowhere"))


def ended(baseline: Report, report: Report, *, allow: bool = False) -> Outcome:
    return outcome(report, 7, allow_unproven=allow, since=beside(baseline, report))


CASES = {
    "nothing new": (made(BYPASS, UNKNOWN, MISSING), made(BYPASS, UNKNOWN, MISSING), 0, 0),
    "one fixed": (made(BYPASS, UNKNOWN), made(UNKNOWN, rules=OLD_RULES), 0, 0),
    "known rules that were not chosen": (
        made(BYPASS, UNKNOWN),
        made(rules=tuple(replace(one, verdict=Verdict.NOT_JUDGED, note=NOT_CHOSEN) for one in OLD_RULES)),
        3,
        3,
    ),
    "a new violation": (made(UNKNOWN), made(BYPASS, UNKNOWN), 1, 1),
    "a known violation of more": (made(BYPASS), made(MORE), 1, 1),
    "a known violation by more ways": (made(BYPASS), made(WAYS), 1, 1),
    "a known violation of less": (made(MORE), made(BYPASS), 0, 0),
    "what was waived, now that the waiver is over": (made(BYPASS, waived=(WAIVED,)), made(BYPASS), 1, 1),
    "what is waived": (made(), made(BYPASS, waived=(WAIVED,)), 0, 0),
    "the same in another unit": (made(BYPASS), made(BYPASS, BYPASS), 1, 1),
    "another thing about one subject": (
        made(replace(BYPASS, message="the input filter is off")),
        made(replace(BYPASS, message="the output filter is off")),
        1,
        1,
    ),
    "a message that names another line": (
        made(replace(BYPASS, message="it is let in, main.tf:13:4")),
        made(replace(BYPASS, message="it is let in, main.tf:90:4")),
        0,
        0,
    ),
    "a violation that cannot be seen any more": (made(BYPASS), made(DOUBTED), 3, 0),
    "a doubt that is certain now": (made(DOUBTED), made(BYPASS), 1, 1),
    "a promise that is not proven any more": (made(), made(UNKNOWN), 3, 3),
    "a promise that had doubts and has another": (
        made(UNKNOWN),
        made(UNKNOWN, replace(UNKNOWN, decided_by=("var.other",))),
        3,
        0,
    ),
    "an input that is not read any more": (made(UNKNOWN), made(UNKNOWN, unread=(UNREAD,)), 3, 3),
    "a module that is not there any more": (made(UNKNOWN), made(UNKNOWN, unread=(MODULE,)), 3, 0),
    "an input that was never read": (made(unread=(UNREAD,)), made(unread=(UNREAD,)), 0, 0),
    "one more of such inputs": (made(unread=(UNREAD,)), made(unread=(UNREAD, UNREAD)), 3, 3),
    "an unread input on another line": (
        made(unread=(UNREAD,)),
        made(unread=(replace(UNREAD, origin=FileOrigin(UNREAD.origin.path, 9)),)),
        0,
        0,
    ),
    "an unread input of other content": (
        made(unread=(UNREAD,), inputs=BROKEN),
        made(unread=(UNREAD,), inputs=EDITED),
        3,
        3,
    ),
    "a rule that raised before": (CRASH, CRASH, 3, 3),
    "a rule that is not there any more": (made(UNKNOWN, rules=(*OLD_RULES,)), made(UNKNOWN), 3, 3),
    "a basis that is not read any more": (
        made(scope=Scope(("declared", "live"))),
        made(scope=Scope(("declared",))),
        3,
        3,
    ),
    "other files": (made(), made(inputs={"other.tf": "ab" * 32}), 3, 3),
    "a basis that was required before": (
        made(UNKNOWN, rules=(NEEDS_LIVE,), verdicts={"live-classifiers": Verdict.UNPROVEN}),
        made(UNKNOWN, rules=(NEEDS_LIVE,), verdicts={"live-classifiers": Verdict.UNPROVEN}),
        0,
        0,
    ),
    "nothing to judge as before": (
        made(verdicts={"evidence": Verdict.UNPROVEN}),
        made(verdicts={"evidence": Verdict.UNPROVEN}),
        0,
        0,
    ),
    "nothing to judge any more": (made(), made(verdicts={"evidence": Verdict.UNPROVEN}), 3, 3),
}


@pytest.mark.parametrize("name", CASES)
def test_exit_codes(name: str) -> None:
    baseline, report, code, allowed = CASES[name]
    assert ended(baseline, report).code == code
    assert ended(baseline, report, allow=True).code == allowed


def test_a_scan_of_nothing_proves_nothing() -> None:
    assert outcome(made(), 0, allow_unproven=True, since=beside(made(), made())).code == 3


def test_why_is_said() -> None:
    assert ended(made(), made(BYPASS)).message == "1 violation not in the baseline"
    assert ended(made(BYPASS), made(BYPASS)).message == "let through by --baseline: 1 finding that it has"
    lost = ended(made(), made(UNKNOWN), allow=True).message
    assert lost == "cloud-only: the baseline proved it: --allow-unproven does not help"


def test_a_waived_doubt_takes_no_proof_away() -> None:
    waived = replace(WAIVED, fingerprint=UNKNOWN.fingerprint)
    assert ended(made(), made(UNKNOWN, waived=(waived,))).code == 0


def test_a_path_that_the_baseline_read_and_nobody_gave() -> None:
    def over(*paths: str) -> Report:
        return made(run={"root": "r", "version": "0", "request": json.dumps({"paths": paths})})

    assert ended(over("infra", "k8s"), over("infra")).message == "the baseline read `k8s`, which was not given"
    assert ended(over("infra", "k8s"), over(".")).code == 0


def test_a_file_that_is_there_and_was_not_read(tmp_path: Path) -> None:
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra/network.tf").write_text("")
    report = made(inputs={"k8s/batch.yaml": made().inputs["k8s/batch.yaml"]})
    found = since(plain_report(made()), report, tmp_path)
    assert found.lost == ("the baseline read `infra/network.tf`: still there, and not read",)


DAMAGES: dict[str, Any] = {
    "no findings": lambda body: body.pop("findings"),
    "a finding without a fingerprint": lambda body: body["findings"][0].pop("fingerprint"),
    "ways as text": lambda body: body["findings"][0].update(ways="3"),
    "ways as truth": lambda body: body["findings"][0].update(ways=True),
    "a verdict that is none": lambda body: body["commitments"][0].update(verdict="fine"),
    "an origin that is none": lambda body: body["findings"][0]["subject"].update(origin="main.tf"),
    "a line as text": lambda body: body["findings"][0]["hops"][0]["origin"].update(line="3"),
    "unread is no list": lambda body: body.update(unread={}),
    "another schema": lambda body: body.update(schema="tether.report/2"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_malformed_report_is_refused(tmp_path: Path, name: str) -> None:
    body = json.loads(json.dumps(plain_report(made(BYPASS, unread=(UNREAD,)))))
    target = tmp_path / "r.json"
    target.write_text(json.dumps(body))
    assert load_report(target) == body
    DAMAGES[name](body)
    target.write_text(json.dumps(body))
    with pytest.raises(UsageError, match=r"is no report of the schema tether\.report/1"):
        load_report(target)


def test_what_is_known_is_marked_and_counted(tmp_path: Path) -> None:
    folder, report = FIXTURES / "worlds/broken", tmp_path / "baseline.json"
    arguments = ("scan", str(folder), "--profile", str(folder / "tether.yaml"), "--as-of", AS_OF)
    assert run(*arguments, "--format", "json", "--output", str(report))[0] == 1
    code, out, err = run(*arguments, "--baseline", str(report))
    assert code == 0
    number = len(json.loads(report.read_text())["findings"])
    assert out.count("   = known: the baseline has it\n") == number
    assert out.endswith(f"; {number} findings known to the baseline, 0 not\n")
    assert err == f"tether: let through by --baseline: {number} findings that it has\n"
    _, out, _ = run(*arguments, "--baseline", str(report), "--format", "short")
    assert out.count(" (known)\n") == number


def test_the_baseline_is_never_overwritten_by_its_own_run(tmp_path: Path) -> None:
    folder, report = FIXTURES / "worlds/broken", tmp_path / "baseline.json"
    arguments = ("scan", str(folder), "--profile", str(folder / "tether.yaml"), "--as-of", AS_OF, "--format", "json")
    run(*arguments, "--output", str(report))
    before = report.read_bytes()
    code, _, err = run(*arguments, "--baseline", str(report), "--output", str(report))
    assert code == 2
    assert "was read by this run" in err
    assert report.read_bytes() == before
