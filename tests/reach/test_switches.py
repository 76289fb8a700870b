"""Every row of the switches table is reached by a rule: by its tests, by an analysis with a case, or it is listed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from scanner import tables
from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.graph.facts import Switch as SwitchFact
from scanner.resource import Resource
from scanner.table_rows import Switch, SwitchTest
from tests.harness import FIXTURES
from tests.reach import world
from tests.reach.examples import document, example, put

LISTED = json.loads((Path(__file__).parent / "rows.json").read_text())
CASES = {row: case for case, listed in LISTED["shown_by_a_case"]["switches"].items() for row in listed}
UNCOVERED = LISTED["uncovered"]["switches"]
MACHINE = [row for row in tables.switches() if row.match and row.id not in CASES]
IMAGES = {
    "N-4": ("gateway", "acme/nemo-guardrails"),
    "V-5": ("model", "nvcr.io/nvidia/tritonserver"),
    "V-6": ("model", "ollama/ollama"),
}
"""By row: the workload and the image that the setting is one of."""
KINDS = {
    "litellm": {"model_list": []},
    "envoy": {"static_resources": {}},
    "kong": {"_format_version": "3.0"},
    "any": {"model_list": []},
    "nemo-guardrails": {"rails": {"config": {"sure": "there"}}},
    "opea-chatqna": {"vllm-guardrails": {"sure": "there"}},
}
"""By kind of settings: what a document of the kind has at its top."""
MORE: dict[str, dict[str, Any]] = {
    "K-8": {"spec": {"jsonPatches": [{"operation": {"path": "/http_filters/0"}}]}},
    "A-6": {"spec": {"policyName": "image-digests"}},
    "A-7": {"webhooks": [{"clientConfig": {"service": {"namespace": "ns"}}}]},
    "K-6": {"spec": {"extAuth": {"http": {"backendRefs": [{"name": "prompt-guard"}]}}}},
    "A-2": {"spec": {"rules": [{"verifyImages": [{"imageReferences": ["*"]}]}]}},
    "A-1": {"spec": {"rules": [{"verifyImages": [{"imageReferences": ["*"]}]}]}},
}
"""What else stands in the object, so that it is about a model's images or a guardrail at all."""
SERVING = '[{"name": "c", "image": "vllm/vllm-openai", "command": ["--model=s3://weights/m/v1/"]}]'
COMPANIONS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "SH-1": (("aws_ecs_task_definition", {"arn": "task", "container_definitions": SERVING}),),
    "A-10": (("policy.sigstore.dev", "ClusterImagePolicy", {"spec": {}}),),
    "A-11": (("ml.sigstore.dev", "ModelValidation", {"spec": {}}),),
}
NAMES = {"A-9": "config-policy-controller", "A-10": "ns", "A-12": "ns"}


def merged(base: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """`base` with what `more` has beside it; items of lists are merged in pairs."""
    made = dict(base)
    for key, value in more.items():
        old = made.get(key)
        if isinstance(old, dict) and isinstance(value, dict):
            made[key] = merged(old, value)
        elif isinstance(old, list) and isinstance(value, list) and old and isinstance(old[0], dict):
            made[key] = [merged(old[0], value[0])]
        else:
            made.setdefault(key, value)
    return made


def objects(row: Switch, test: SwitchTest, path: str, *, bad: bool = True, kind: str = "") -> list[Resource]:
    """An object in which the test hits by `path` (or its repaired twin), and what has to stand beside it."""
    body = document(test, path, bad=bad, instead=LISTED["bad" if bad else "good"].get(row.id))
    made = container(row, test, path, bad=bad) if test.on == "container" else _object(row, test, body, kind)
    return [made, *world.companions(COMPANIONS.get(row.id, ()))]


def _object(row: Switch, test: SwitchTest, body: dict[str, Any], kind: str) -> Resource:
    if test.on == "terraform":
        return world.terraform(kind or test.types[0], merged(body, LISTED["arguments"].get(row.id, {})))
    if test.on == "kubernetes":
        more = MORE.get(row.id, {}) if body else {}
        kind = "AnyImageRule" if test.kinds == ("*",) else test.kinds[0]
        name = NAMES.get(row.id, "x") if kind in ("Namespace", "ConfigMap") else "x"
        if kind == "Config" and body:
            body = {"spec": {"match": [{"excludedNamespaces": ["ns"]}]}}
        return world.manifest(test.group, kind, merged(more, body), name)
    if test.on == "pod":
        made = {"meta": body.get("metadata"), "spec": body.get("spec")}
        return world.workload("model", "vllm/vllm-openai", args="--model=s3://weights/m/v1/", **made)
    if test.config == "bedrock-organization-policy":
        return world.organisation_policy(body)
    return world.settings(merged(body, KINDS.get(test.config, {})))


def container(row: Switch, test: SwitchTest, path: str, *, bad: bool) -> Resource:
    name, image = IMAGES.get(row.id, ("model", "vllm/vllm-openai"))
    model = "--model=s3://weights/m/v1/"
    if path == "arguments":
        return world.workload(name, image, args=f"{model} {example(str(test.value))}" if bad else model)
    body: dict[str, Any] = {}
    if (test.op == "absent") != bad:
        put(body, path, "harmless" if not bad else example(test.value) if test.op == "regex" else test.value[0])
    return world.workload(name, image, args=model, env=body.get("env"))


def hits(row: Switch) -> list[tuple[SwitchTest, str]]:
    return [(test, path) for test in row.match or () for path in test.paths]


def told(row: Switch) -> set[tuple[str, object]]:
    """What the row's rule says of bad settings and not of their repaired twins."""
    found: set[tuple[str, object]] = set()
    for test, path in hits(row):
        for kind in test.types or ("",):
            bad, good = (
                {(one.message, one.place) for one in world.answers(*resources)[row.asserts]}
                for resources in (
                    objects(row, test, path, kind=kind),
                    objects(row, test, path, bad=False, kind=kind),
                )
            )
            found |= bad - good
    return found


@pytest.mark.parametrize(
    ("row", "test", "path"),
    [pytest.param(row, *hit, id=f"{row.id}-{number}") for row in MACHINE for number, hit in enumerate(hits(row))],
)
def test_a_bad_setting_becomes_a_fact(row: Switch, test: SwitchTest, path: str) -> None:
    one, *others = objects(row, test, path)
    graph = build(world.around(one, *others), world.profile()).graph
    found = {fact.row for node, fact in graph.facts(SwitchFact) if node.id == one.id and fact.bad is not False}
    assert row.id in found


@pytest.mark.parametrize("row", [row for row in MACHINE if row.id not in UNCOVERED], ids=lambda row: row.id)
def test_a_rule_tells_a_bad_setting(row: Switch) -> None:
    rule = next((one for one in rules() if one.assertion == row.asserts), None)
    assert rule is not None, f"no rule asserts {row.asserts}"
    assert told(row), f"{rule.id} says nothing of {row.id}"


@pytest.mark.parametrize("row", [row for row in tables.switches() if row.id in CASES], ids=lambda row: row.id)
def test_what_no_setting_shows_has_a_case_of_its_rule(row: Switch) -> None:
    case = FIXTURES / CASES[row.id]
    rule = next(one for one in rules() if one.id == case.parent.name)
    assert rule.assertion == row.asserts
    assert case.name.startswith(("violates-", "unproven-")) and case.is_dir()


def test_the_list_of_what_no_rule_reaches_is_true() -> None:
    ids = {row.id for row in tables.switches()}
    assert set(UNCOVERED) <= ids and set(CASES) <= ids
    assert not set(UNCOVERED) & set(CASES)
    assert all(reason.strip() for reason in UNCOVERED.values())
    without = {row.id for row in tables.switches() if not row.match} - set(CASES)
    assert without <= set(UNCOVERED), without - set(UNCOVERED)


@pytest.mark.parametrize("row", [row for row in MACHINE if row.id in UNCOVERED], ids=lambda row: row.id)
def test_what_is_listed_as_uncovered_is(row: Switch) -> None:
    if any(one.assertion == row.asserts for one in rules()):
        assert not told(row), "a rule reaches it: take it off the list"
