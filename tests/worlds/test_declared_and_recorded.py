"""Every violating case of AWS as files beside its repaired twin in a bundle, and the other way round: both count."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.findings import Verdict
from scanner.judge import judge
from tests.worlds.recorded_twin import judged, read, recorded, verdict
from tests.worlds.test_every_account import CASES, repaired

STRIDE = int(os.environ.get("TETHER_STRIDE", "6"))
"""One case of so many is tried; with TETHER_STRIDE=1 all are."""
NOT_HOLDS = (Verdict.VIOLATED, Verdict.UNPROVEN)


@pytest.mark.parametrize("case", CASES[1::STRIDE], ids=lambda case: f"{case.parent.name}/{case.name}")
def test_what_is_right_on_one_side_repairs_nothing_on_the_other(case: Path) -> None:
    rule = case.parent.name
    (bad, of_bad), (good, of_good) = read(case), read(repaired(case))
    assert verdict(judged(bad, recorded(bad), of_bad, rule)) is Verdict.VIOLATED
    assert verdict(judged(bad, recorded(good), of_bad, rule)) in NOT_HOLDS
    assert verdict(judged(good, recorded(good), of_good, rule)) is not Verdict.VIOLATED
    wanted = [one for one in rules() if one.id == rule]
    (alone,) = judge(build(recorded(bad), of_bad).graph, of_bad, wanted, [], ["recorded"]).rules
    if alone.verdict is Verdict.VIOLATED:  # what the case is about was recorded
        assert verdict(judged(good, recorded(bad), of_good, rule)) in NOT_HOLDS
