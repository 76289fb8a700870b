"""Pipelines in a bundle: an action of which nobody knows what it does may deploy, or fetch from elsewhere."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from tests.bundle.estate import NUMBER, full, write
from tests.harness import FIXTURES, run_scan, seen

RULE = "stack-delivered-unverified"
CASE = FIXTURES / "operator-control" / RULE / "violates-recorded-pipeline"
TOLD: dict[str, Any] = json.loads((CASE / "bundle.json").read_text())[NUMBER]
HIDDEN = {"$digest": "0"}


@pytest.mark.parametrize(
    ("stage", "action"),
    [(0, {"actionTypeId": {"category": HIDDEN}}), (1, {"actionTypeId": HIDDEN}), (1, {"actionTypeId": {}}), (1, "x")],
)
def test_an_action_of_an_unknown_kind_is_no_compliance(tmp_path: Path, stage: int, action: Any) -> None:
    told = copy.deepcopy(TOLD)
    actions = told["codepipeline:GetPipeline"]["pipeline"]["stages"][stage]["actions"]
    actions[0] = {**actions[0], **action} if isinstance(action, dict) else action
    answers = {(key.partition(" ")[0], key.partition(" ")[2]): one for key, one in told.items()}
    bundle = write(tmp_path / "aws.bundle", full(answers))
    report = run_scan(CASE, "--bundle", str(bundle), "--judge", RULE)
    assert seen(report, RULE).splitlines()[0] == f"{RULE}: unproven"
