"""Every fixture, through the real command line: the verdict, the findings, and the very lines of the hops."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from scanner.catalogue import rules
from tests.harness import FIXTURES, recorded, run_scan, seen

CASES = sorted(path for path in FIXTURES.glob("*/*/*") if path.is_dir() and path.parts[-3] != "worlds")
MARK = re.compile(r"(?:#|//)\s*hop (\d+)(, cut)?: ([a-z0-9-]+)")
VERDICTS = {"violates": "violated", "complies": "holds", "unproven": "unproven"}


@pytest.mark.parametrize("case", CASES, ids=lambda case: "/".join(case.parts[-3:]))
def test_a_fixture_is_what_its_folder_says(case: Path) -> None:
    """Of one scan: the verdict is the folder's name, the user sees `expected.txt`, hops are on the marked lines."""
    report = run_scan(case)
    the_folder_name_is_the_assertion(case, report)
    assert seen(report, case.parent.name) == (case / "expected.txt").read_text()
    if case.name.startswith("violates"):
        each_hop_is_on_the_line_that_is_marked(case, report)


def the_folder_name_is_the_assertion(case: Path, report: dict[str, Any]) -> None:
    rule, promise = case.parent.name, case.name.split("-", 1)[0]
    result = next(one for one in report["rules"] if one["id"] == rule)
    assert result["verdict"] == VERDICTS[promise], seen(report, rule)
    assert result["examined"] or promise == "unproven", "a verdict over nothing"


def each_hop_is_on_the_line_that_is_marked(case: Path, report: dict[str, Any]) -> None:
    rule = case.parent.name
    marked = set()
    for path in sorted(case.rglob("*")):
        if path.is_file() and path.name != "expected.txt":
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for hop, cut, name in MARK.findall(line):
                    if name == rule:
                        marked.add((path.relative_to(case).as_posix(), number, int(hop), bool(cut)))
    found = set()
    for finding in report["findings"]:
        if finding["rule"] == rule and finding["verdict"] == "violated":
            for index, hop in enumerate(finding["hops"], 1):
                origin = hop["origin"]
                if origin and "path" in origin:
                    found.add((origin["path"], origin["line"], index, hop["cut"]))
    # What was recorded has no line; expected.txt says of it which call told each hop.
    assert marked or recorded(case), "no hop is marked: write `# hop 1, cut: RULE` on its line"
    assert found == marked


def _edits(one: Path, other: Path) -> int:
    """How many lines differ between two folders, expected.txt, marks and blank lines aside."""

    def lines(folder: Path) -> set[tuple[str, str]]:
        return {
            (path.relative_to(folder).as_posix(), MARK.sub("", line).strip())
            for path in folder.rglob("*")
            if path.is_file() and path.name != "expected.txt"
            for line in path.read_text().splitlines()
            if MARK.sub("", line).strip()
        }

    return len(lines(one) ^ lines(other))


@pytest.mark.parametrize("rule", [rule.id for rule in rules()])
def test_every_rule_has_its_cases(rule: str) -> None:
    commitment = next(one.commitment for one in rules() if one.id == rule)
    folder = FIXTURES / commitment / rule
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    violates = {name.removeprefix("violates-") for name in names if name.startswith("violates-")}
    assert violates, f"{folder.relative_to(FIXTURES)} has no violates-* case"
    for how in sorted(violates):
        assert f"complies-{how}" in names, f"violates-{how} has no repaired twin"
        edits = _edits(folder / f"violates-{how}", folder / f"complies-{how}")
        assert 0 < edits <= 12, f"complies-{how} is not a small repair: {edits} lines differ"
    assert any(name.startswith("unproven-") for name in names), "no unproven-* case"
    for name in names:
        assert (folder / name / "expected.txt").is_file(), f"{name} has no expected.txt"
        assert (folder / name / "tether.yaml").is_file(), f"{name} has no tether.yaml"


def test_no_fixture_belongs_to_a_rule_that_is_gone() -> None:
    known = {(rule.commitment, rule.id) for rule in rules()}
    there = {(path.parts[-3], path.parts[-2]) for path in CASES}
    assert there <= known


def test_a_report_is_the_same_twice(capsys: pytest.CaptureFixture[str]) -> None:
    case = next(one for one in CASES if one.name.startswith("violates"))
    first, second = run_scan(case), run_scan(case)
    for report in (first, second):
        report.pop("run")
    assert json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
