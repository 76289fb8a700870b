"""What becomes of a finding from run to run; above all, that nothing is fixed by looking away."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.harness import ROOT, run
from tests.store.small import GONE, PROFILE, THERE, UNKNOWN, WAIVER, Small


@pytest.fixture
def small(tmp_path: Path, store: str) -> Small:
    return Small(tmp_path, store)


def test_new_open_fixed_regressed(small: Small) -> None:
    first = small.after()
    assert first["new"] >= 2
    assert (first["status"], "open" in first) == ("open", False)
    second = small.after()
    assert second["open"] == first["new"]
    assert "new" not in second
    small.write(GONE)
    third = small.after()
    assert (third["status"], third["fixed"], third["because"]) == ("fixed", 2, "")
    small.write(THERE)
    fourth = small.after()
    assert (fourth["status"], fourth["regressed"], fourth["times"]) == ("open", 2, 1)
    told = small.history()
    Draft202012Validator(json.loads((ROOT / "scanner/schemas/history.schema.json").read_text())).validate(told)
    assert [one["number"] for one in told["runs"]] == [1, 2, 3, 4]
    assert {len(one["commitments"]) for one in told["runs"]} == {9}
    assert told["runs"][0]["inputs"] == told["runs"][3]["inputs"] != told["runs"][2]["inputs"]
    assert all(one["first_seen"] <= one["last_seen"] for one in told["findings"])
    code, out, _ = run("history", "--store", small.store, "--status", "open")
    assert code == 0
    assert "aws_ssm_activation.a" in out
    assert "regressed" in out
    assert "\n4  " in out


LOOKING_AWAY = {
    "a file that does not parse": lambda one: one.write("resource {{{\n"),
    "a value that nobody knows": lambda one: one.write(UNKNOWN),
    "a module that is not on disk": lambda one: one.write('module "m" {\n  source = "x/y/z"\n}\n'),
    "a folder in its place": lambda one: (one.root / "main.tf").unlink() or (one.root / "main.tf").mkdir(),
    "a link that leads nowhere": lambda one: (
        (one.root / "main.tf").unlink() or (one.root / "main.tf").symlink_to("/nowhere/main.tf")
    ),
    "a file that nobody decodes": lambda one: (one.root / "main.tf").write_bytes(b'resource "a" "\xff" {}\n'),
}


@pytest.mark.parametrize("what", LOOKING_AWAY)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_looking_away_fixes_nothing(small: Small, what: str) -> None:
    small.after()
    LOOKING_AWAY[what](small)
    away = small.after()
    assert away["status"] == "not-seen", away
    assert away["because"]
    assert "fixed" not in away
    still = small.after()
    assert still["status"] == "not-seen", "a second look away is no better than the first"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_part_of_the_deployment_fixes_nothing_of_the_rest(small: Small) -> None:
    (small.root / "part").mkdir()
    (small.root / "part" / "main.tf").write_text(GONE)
    small.after("--series", "prod")
    part = small.after("--series", "prod", paths=(small.root / "part",))
    assert (part["status"], part.get("fixed", 0)) == ("not-seen", 0)
    again = small.after("--series", "prod")
    assert (again["status"], "regressed" in again) == ("open", False)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_is_deleted_is_fixed_where_the_run_looked_for_it(small: Small) -> None:
    small.after()
    (small.root / "main.tf").unlink()
    assert small.after()["status"] == "fixed"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_what_was_unread_all_along_hides_no_fix(small: Small) -> None:
    (small.root / "broken.tf").write_text("resource {{{\n")
    other = THERE.replace('"a"', '"other"')
    small.write(THERE + other)
    assert small.after()["status"] == "open"
    small.write(GONE + other)
    assert small.after()["status"] == "fixed"
    small.write(THERE + other)
    small.after()
    (small.root / "broken.tf").write_text("resource {{{ {{{\n")
    small.write(GONE + other)
    assert small.after()["status"] == "not-seen", "the file that does not parse is another one: it may hold it now"


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_another_deployment_is_another_series(small: Small, tmp_path: Path) -> None:
    small.after()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "main.tf").write_text(GONE)
    assert small.scan(paths=(elsewhere,))[0] == 3
    code, _, err = run("history", "--store", small.store)
    assert code == 2
    assert "several series" in err
    told = small.history("--series", str(small.root.resolve()))
    assert {one["status"] for one in told["findings"]} == {"open"}
    assert run("history", "--store", small.store, "--series", "none")[0] == 2


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_waived_until_the_waiver_is_over(small: Small) -> None:
    small.after()
    small.profile.write_text(PROFILE + WAIVER)
    code, _, err = small.scan(as_of="2026-11-02")
    assert code == 3, err
    assert "ends in" not in err, "59 days are not soon"
    told = small.after(as_of="2026-12-20")
    assert (told["status"], told["waived"]) == ("waived", 1)
    _, out, err = small.scan("--format", "json", as_of="2026-12-30")
    note = "the waiver of `hybrid-node-joins-model-cluster` for `aws_ssm_activation.a` ends in 1 day, on 2026-12-31"
    assert note in err
    assert any(note in one for one in json.loads(out)["notes"])
    assert "ends today" in small.scan(as_of="2026-12-31")[2]
    assert "ends in" not in small.scan("--waiver-notice", "5", as_of="2026-12-20")[2]
    assert "ends in 11 days" in small.scan("--waiver-notice", "11", as_of="2026-12-20")[2]
    assert "ends" not in small.scan("--waiver-notice", "0", as_of="2026-12-31")[2]
    over = small.after(as_of="2027-01-01")
    assert (over["status"], "waived" in over) == ("open", False)
    small.profile.write_text(PROFILE + WAIVER + "outputs: {waiver_notice: 60d}\n")
    assert "ends in 59 days" in small.scan(as_of="2026-11-02")[2]
    small.write(GONE)
    small.profile.write_text(PROFILE)
    assert small.after()["status"] == "fixed"
