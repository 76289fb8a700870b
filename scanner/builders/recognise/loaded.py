"""What a server loads beside its model: drafts that guess its answers, adapters over it, tokenizers of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from scanner.builders.blocks import Found
from scanner.builders.recognise import reference
from scanner.builders.recognise.containers import Container, Word
from scanner.builders.recognise.mounted import mount_of
from scanner.builders.recognise.reference import Reference
from scanner.builders.recognise.served import fact_of, flag_values, resolved
from scanner.graph.facts import ModelReference
from scanner.origin import Origin
from scanner.unknown import Unknown, Value

DRAFTS = (
    "--speculative-model", "--speculative-config.model", "--speculative-draft-model-path", "--speculative-draft-model",
    "--model-draft", "-md", "--hf-repo-draft", "-hfd", "-hfrd", "--spec-draft-model", "--spec-draft-hf",
)  # fmt: skip
"""The arguments of vLLM, SGLang and llama.cpp that name a draft model."""
CONFIGS = ("--speculative-config", "-sc")
IN_CONFIGS = ("model", "speculative_model_dir", "speculative_model")
"""Where a configuration of vLLM or TensorRT-LLM has it."""
NO_DRAFT = frozenset({"ngram", "[ngram]", "suffix"})
"""What stands in place of a draft model where the server guesses from the prompt itself."""
ADAPTERS = (
    "--lora-modules", "--lora-paths", "--lora-adapters", "--lora", "--lora-scaled", "--control-vector",
    "--control-vector-scaled",
)  # fmt: skip
ONE = frozenset({"--lora", "--lora-scaled", "--control-vector", "--control-vector-scaled"})
"""Those after which a single one stands."""
TOKENIZERS = ("--tokenizer", "--tokenizer-path", "--hf-config-path")
TEMPLATES = (
    "--chat-template", "--chat-template-file", "--default-chat-template", "--completion-template",
    "--tokenizer-config-path",
)  # fmt: skip
"""The arguments of vLLM, SGLang, llama.cpp and TGI that name, or hold, what is written around every prompt."""
IN_VARIABLES = ("LLAMA_ARG_CHAT_TEMPLATE", "LLAMA_ARG_CHAT_TEMPLATE_FILE", "TOKENIZER_CONFIG_PATH")
"""The variables of llama.cpp and TGI that say the same."""
TRUSTED = "--trust-request-chat-template"
DRAFT = "the server lets this model draft its answers"
ADAPTER = "the server loads this adapter over the model"
TOKENIZER = "the server reads prompts with this tokenizer, which is not the model's own"
TEMPLATE = "the server writes this template around every prompt, in place of the model's own"


def loaded(container: Container, server: str, models: list[ModelReference]) -> Iterator[ModelReference]:
    """A reference for each draft model, and one marked as an adapter for each adapter and each other tokenizer."""
    for flag in DRAFTS:
        for word in flag_values(container.words, flag):
            if word.text not in NO_DRAFT:
                yield fact_of(_resolved(container, word, flag, server), word.origin, DRAFT)
    for flag in CONFIGS:
        for word in flag_values(container.words, flag):
            yield from _drafted(container, word, flag, server)
    yield from _adapters(container)
    yield from _templates(container)
    named = {one.reference for one in models}
    for flag in TOKENIZERS:
        for word in list(flag_values(container.words, flag))[-1:]:
            found = _resolved(container, word, flag, server)
            # A file of the image is as much a part of it as its programs.
            inside = word.text.startswith("/") and mount_of(container, word.text) is None
            if not inside and found.name not in named and not _of_the_model(container, word):
                yield replace(fact_of(found, word.origin, TOKENIZER), adapter=True)


def _templates(container: Container) -> Iterator[ModelReference]:
    """What is written around prompts, where it is no file of the image and no template of the server's own by name."""
    given = [(flag, list(flag_values(container.words, flag))[-1:]) for flag in TEMPLATES]
    given += [(name, [_word(container.env[name])]) for name in IN_VARIABLES if name in container.env]
    for flag, words in given:
        for word in words:
            mounted = word.text.startswith("/") and mount_of(container, word.text) is not None
            if word.unknown is not None or mounted or "{" in word.text or "://" in word.text:
                cause = f"what `{flag}` makes of a prompt is not part of the model, nor of its image"
                unknown = word.unknown or Unknown(cause, decided_by=(flag,))
                yield replace(fact_of(Reference(unknown), word.origin, TEMPLATE), adapter=True)
    for word in container.words:
        if word.text in (TRUSTED, f"{TRUSTED}=true"):
            cause = "every caller may give a template of its own for what is written around its prompt"
            unknown = Unknown(cause, decided_by=(TRUSTED,))
            yield replace(fact_of(Reference(unknown), word.origin, TEMPLATE), adapter=True)


def _word(found: Found) -> Word:
    unknown = found.value if isinstance(found.value, Unknown) else None
    return Word(found.text, found.origin, unknown)


def _resolved(container: Container, word: Word, flag: str, server: str) -> Reference:
    value: Value = word.unknown if word.unknown is not None else word.text
    return resolved(container, Found(value, word.origin), flag, server, own=False)


def _of_the_model(container: Container, word: Word) -> bool:
    """Whether a tokenizer is given by the very words, or the folder, that give the model."""
    return any(
        word.text and other is not word and other.text.partition("=")[2 if "=" in other.text else 0] == word.text
        for other in container.words
        if not other.text.startswith(TOKENIZERS)
    )


def _drafted(container: Container, word: Word, flag: str, server: str) -> Iterator[ModelReference]:
    """The model in a configuration of speculative decoding; a method without one guesses from the prompt."""
    config = _parsed(word.text)
    if config is None:
        cause = f"what `{flag}` says is not understood"
        unknown = word.unknown or Unknown(cause, decided_by=(flag,))
        yield fact_of(Reference(unknown), word.origin, DRAFT)
        return
    model = next((config[key] for key in IN_CONFIGS if key in config), None)
    if not isinstance(model, str) or model in NO_DRAFT:
        return
    found = _resolved(container, Word(model, word.origin), flag, server)
    revision = config.get("revision")
    if isinstance(revision, str) and not found.digest and isinstance(found.name, str) and found.name.startswith("hf:"):
        found = Reference(found.name, reference.commit(revision), word.origin)
    yield fact_of(found, word.origin, DRAFT)


def _parsed(text: str) -> Mapping[str, object] | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _adapters(container: Container) -> Iterator[ModelReference]:
    """LoRA adapters: each can undo what the model was trained to refuse."""
    words = container.words
    for index, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        if name.replace("_", "-") not in ADAPTERS:
            continue
        listed = [Word(value, word.origin, word.unknown)] if equals else []
        for follower in words[index + 1 :]:
            if follower.text.startswith("-"):
                break
            listed.append(follower)
            if name in ONE:
                break
        for one in listed:
            yield from _adapter(one, name)
    variable = container.env.get("LORA_ADAPTERS")
    if variable is None:
        return
    if isinstance(variable.value, Unknown):
        yield from _adapter(Word("*", variable.origin, variable.value), "LORA_ADAPTERS")
        return
    for part in filter(None, (part.strip() for part in variable.text.split(","))):
        yield from _adapter(Word(part, variable.origin), "LORA_ADAPTERS")


def _adapter(word: Word, flag: str) -> Iterator[ModelReference]:
    raw: Value = word.unknown if word.unknown is not None else _adapter_path(word.text)
    yield replace(_fact(reference.of(raw, flag), word.origin), adapter=True)


def _fact(found: Reference, origin: Origin | None) -> ModelReference:
    return fact_of(found, origin, ADAPTER)


def _adapter_path(written: str) -> str:
    if written.startswith("{"):
        parsed = _parsed(written)
        return written if parsed is None else str(parsed.get("path", ""))
    return written.partition("=")[2] or written
