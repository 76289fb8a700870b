"""What a server loads beside its model is asked for as the model is: drafts, adapters, tokenizers of their own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.harness import FIXTURES, run_scan

AFTER = "            - --load-format"
OWN = "s3://acme-gov-weights/claude-gov/v7/"
LISTED = "s3://acme-gov-weights/prompt-guard/v7/"


def rules(tmp_path: Path, *arguments: str, env: str = "") -> tuple[str, set[str], list[str]]:
    world = tmp_path / "world"
    shutil.copytree(FIXTURES / "worlds" / "reference", world)
    path = world / "k8s" / "model.yaml"
    text = path.read_text()
    lines = "".join(f"            - {one}\n" for one in arguments)
    text = text.replace(AFTER, lines + AFTER, 1)
    if env:
        text = text.replace("          ports:\n", f"          env: [{env}]\n          ports:\n", 1)
    path.write_text(text)
    report = run_scan(world)
    said = next(one["verdict"] for one in report["commitments"] if one["id"] == "approved-models")
    return said, {one["rule"] for one in report["findings"]}, [one["message"] for one in report["findings"]]


DRAFTS = [
    ("--speculative-config={\"model\":\"evil/x\"}",),
    ("'--speculative-config={\"model\": \"evil/x\", \"num_speculative_tokens\": 3}'",),
    ("--speculative-config", "'{\"method\": \"eagle3\", \"model\": \"evil/x\"}'"),
    ("--speculative_config.model=evil/x",),
    ("--speculative-model=evil/x",),
    ("--speculative-draft-model-path", "evil/x"),
]  # fmt: skip


@pytest.mark.parametrize("arguments", DRAFTS, ids=str)
def test_a_draft_model_is_a_model(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    said, seen, messages = rules(tmp_path, *arguments)
    assert said == "violated"
    assert {"model-not-approved", "model-reference-not-pinned"} <= seen
    assert any("hf:evil/x" in one for one in messages)


@pytest.mark.parametrize(
    "arguments",
    [
        ('\'--speculative-config={"method": "ngram", "num_speculative_tokens": 4}\'',),
        ("'--speculative-model=[ngram]'",),
        ('\'--speculative-config={"model": "' + LISTED + "\"}'",),
        ("--tokenizer=" + OWN,),
        ("--tokenizer", OWN),
        ("--tokenizer-mode=auto",),
        ("--tokenizer=/opt/tokenizer",),
    ],
    ids=str,
)
def test_what_is_listed_or_no_model(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    said, _, messages = rules(tmp_path, *arguments)
    assert said == "holds", messages


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (("--tokenizer=evil/x",), ""),
        (("--hf-config-path=evil/x",), ""),
        (("--lora-paths", "a=evil/x"), ""),
        ((), "{name: LORA_ADAPTERS, value: evil/x}"),
    ],
)
def test_a_tokenizer_or_adapter_that_is_not_listed(tmp_path: Path, arguments: tuple[str, ...], env: str) -> None:
    said, seen, _ = rules(tmp_path, *arguments, env=env)
    assert (said, "adapter-not-approved" in seen) == ("violated", True)


@pytest.mark.parametrize(
    ("arguments", "env"),
    [
        (("--speculative-config=$(DRAFT)",), "{name: DRAFT, valueFrom: {configMapKeyRef: {name: m, key: d}}}"),
        (("--speculative-config=draft.json",), ""),
        (("--tokenizer=$(DRAFT)",), "{name: DRAFT, valueFrom: {configMapKeyRef: {name: m, key: d}}}"),
        ((), "{name: LORA_ADAPTERS, valueFrom: {configMapKeyRef: {name: m, key: d}}}"),
    ],
)
def test_what_is_not_shown_is_not_proved(tmp_path: Path, arguments: tuple[str, ...], env: str) -> None:
    assert rules(tmp_path, *arguments, env=env)[0] == "unproven"
