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


CODE = (
    "--middleware=plugin.Middleware", "--logits-processors", "plugin:Steer", "--tool-parser-plugin=/mnt/a.py",
    "--reasoning_parser_plugin=b.py", "--worker-extension-cls=plugin.Worker", "--io-processor-plugin=plugin",
    "--enable-custom-logit-processor", "--backend-directory=/mnt/backends",
)  # fmt: skip
CODE_IN = (
    "{name: VLLM_PLUGINS, value: mine}, {name: TRUST_REMOTE_CODE, value: 'true'},"
    " {name: LLAMA_ARG_CHAT_TEMPLATE, value: '{{ messages }}'}, {name: LD_PRELOAD, value: /dev/shm/x.so},"
    " {name: SGLANG_EXTERNAL_MODEL_PACKAGE, value: mine}"
)
MOUNT = "volumeMounts: [{name: m, mountPath: /mnt}]"


def test_code_that_a_server_is_given_by_name(tmp_path: Path) -> None:
    said, seen, messages = rules(tmp_path, *CODE, env=f"{CODE_IN}]\n          {MOUNT[:-1]}")
    assert said == "unproven"
    assert {"weights-changed-at-run-time", "adapter-not-approved"} <= seen
    words = " ".join(messages)
    names = [one.partition("=")[0].replace("_", "-") for one in CODE if one.startswith("--")]
    for name in (*names, "VLLM_PLUGINS", "TRUST_REMOTE_CODE", "LLAMA_ARG_CHAT_TEMPLATE", "LD_PRELOAD", "SGLANG_EXT"):
        assert name in words, name


def test_code_of_the_servers_own(tmp_path: Path) -> None:
    own = (
        "--middleware=vllm.entrypoints.x.Middleware", "--tool-parser-plugin=/opt/plugins/a.py",
        "--tool-call-parser=hermes",
        "--worker-cls=vllm.v1.worker.gpu_worker.Worker", "--reasoning-parser=deepseek_r1",
    )  # fmt: skip
    env = "{name: VLLM_PLUGINS, value: ''}, {name: TRUST_REMOTE_CODE, value: 'false'}"
    assert rules(tmp_path, *own, env=env) == ("holds", set(), [])


def test_a_control_vector_is_an_adapter(tmp_path: Path) -> None:
    said, seen, _ = rules(tmp_path, "--control-vector-scaled=/mnt/steer.gguf:0.8")
    assert said != "holds"
    assert "adapter-not-approved" in seen
