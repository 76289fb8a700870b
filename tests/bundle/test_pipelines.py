"""Pipelines, most of them in a bundle: one, or an action of one, that cannot be read may be of a stranger."""

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
    assert verdict(tmp_path, told) == "unproven"


@pytest.mark.parametrize("item", [HIDDEN, 5, "x"])
def test_what_an_item_that_cannot_be_read_leads_to_was_not_asked(tmp_path: Path, item: Any) -> None:
    assert verdict(tmp_path, {**TOLD, "codepipeline:ListPipelines": {"pipelines": [item]}}) == "unproven"


@pytest.mark.parametrize("namespace", ["safety", HIDDEN, None])
def test_a_cluster_of_which_nothing_was_read_may_run_the_stack(tmp_path: Path, namespace: Any) -> None:
    told = copy.deepcopy(TOLD)
    action = told["codepipeline:GetPipeline"]["pipeline"]["stages"][1]["actions"][0]
    action["actionTypeId"]["provider"] = "EKS"
    action["configuration"] = {"ClusterName": "acme", "Namespace": namespace} if namespace else {"ClusterName": "acme"}
    assert verdict(tmp_path, told) == "unproven"


@pytest.mark.parametrize(("name", "said"), [('"gateway"', "violated"), ("var.name", "unproven"), ('"api"', "holds")])
def test_a_name_that_another_service_has_as_well_is_that_of_the_stack(tmp_path: Path, name: str, said: str) -> None:
    text = (FIXTURES / "operator-control" / RULE / "violates-pipeline-of-a-stranger" / "main.tf").read_text()
    text = text.replace("aws_ecs_service.gateway.name", '"gateway"').replace('"website"', '"gateway"', 2)
    head, here, rest = text.partition('resource "aws_ecs_service" "gateway" {\n  name            = "gateway"')
    assert here and rest.count('resource "aws_ecs_service" "gateway"') == 1
    rest = rest.replace('resource "aws_ecs_service" "gateway"', 'resource "aws_ecs_service" "website"')
    made = f'{head}resource "aws_ecs_service" "gateway" {{\n  name            = {name}{rest}\nvariable "name" {{}}\n'
    (tmp_path / "main.tf").write_text(made)
    profile = FIXTURES / "operator-control" / RULE / "violates-pipeline-of-a-stranger" / "tether.yaml"
    (tmp_path / "tether.yaml").write_text(profile.read_text())
    assert seen(run_scan(tmp_path, "--judge", RULE), RULE).splitlines()[0].rpartition(" ")[2] == said


def verdict(folder: Path, told: dict[str, Any]) -> str:
    answers = {(key.partition(" ")[0], key.partition(" ")[2]): one for key, one in told.items()}
    report = run_scan(CASE, "--bundle", str(write(folder / "aws.bundle", full(answers))), "--judge", RULE)
    return seen(report, RULE).splitlines()[0].rpartition(" ")[2]
