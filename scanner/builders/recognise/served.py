"""Which models a container serves: by its command, its variables, its image, its volumes."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, reach, text
from scanner.builders.recognise import reference
from scanner.builders.recognise.containers import Container, Word
from scanner.builders.recognise.reference import Reference
from scanner.builders.recognise.signals import argument_fact, server_of
from scanner.graph.facts import ModelReference
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import dig
from scanner.unknown import Unknown, Value

FLAGS: dict[str, tuple[str, ...]] = {
    "vllm": ("--model", "--model-tag"),
    "sglang": ("--model-path", "--model"),
    "tgi": ("--model-id",),
    "tei": ("--model-id",),
    "triton": ("--model-repository", "--model-store"),
    "llama.cpp": ("--hf-repo", "-hf", "-hfr", "--model", "-m"),
    "kserve-hf": ("--model-id", "--model-dir"),
    "trtllm-serve": ("--model", "--model-path"),
    "kaito": ("--model", "--pretrained-model-name-or-path"),
    "lmdeploy": ("--model-path",),
    "": ("--model", "--model-id", "--model-path", "--model-repository"),
}
"""By server: the arguments that name the model; `_` and `-` are the same in them."""
SHELVES = frozenset({"tf-serving", "torchserve", "triton"})
"""Servers that serve by name what lies in a folder of theirs."""
POSITIONAL = {
    "vllm": ("serve",),
    "trtllm-serve": ("trtllm-serve", "serve"),
    "mlc-llm": ("serve",),
    "lmdeploy": ("api_server", "serve"),
    "bentoml": ("serve",),
    "ollama": ("run", "pull"),
}
"""By server: the words after which the model stands without a flag."""
VARIABLES = (
    "MODEL_ID", "HF_MODEL_ID", "NIM_MODEL_NAME", "NIM_CUSTOM_MODEL_NAME", "NIM_FT_MODEL", "VLLM_MODEL",
    "OPTION_MODEL_ID", "SM_VLLM_MODEL", "LLM_MODEL_ID", "EMBEDDING_MODEL_ID", "STORAGE_URI", "SAGEMAKER_MODEL_PATH",
    "MODEL_PATH", "OLLAMA_MODEL", "MODEL_NAME",
)  # fmt: skip
"""Variables that name the model, the surest first; an alias (SERVED_MODEL_NAME) proves nothing."""

_LOADS = lazy(
    r"lora|chat-template|control-vector|completion-template|"
    r"^--?(?:spec|sc(?:$|=)|tokenizer|hf[-_d]|hfr|model[-_]draft|md(?:$|=))"
)
"""Arguments beside which a server loads more than its model."""
_TELLING = frozenset(
    {"LORA_ADAPTERS", "LLAMA_ARG_CHAT_TEMPLATE", "LLAMA_ARG_CHAT_TEMPLATE_FILE", "TOKENIZER_CONFIG_PATH"}
)
"""Variables that say the same."""


def served(container: Container) -> list[ModelReference]:
    """What a container serves, adapters included; one fact with an Unknown where that cannot be told."""
    found = own_model(container)
    return [*found, *beside(container, found)]


def own_model(container: Container) -> list[ModelReference]:
    """The model that a container serves; one fact with an Unknown where that cannot be told."""
    server = server_of(container)
    found = list(_named(container, server))
    if not found and server == "nim" and container.image is not None:
        found = [fact_of(reference.nim(container.image.text), container.image.origin, "the image holds this model")]
    return found or [_untold(container, server)]


def beside(container: Container, models: list[ModelReference]) -> list[ModelReference]:
    """What a container loads beside its `models`: drafts, adapters, other tokenizers, templates."""
    # Most servers load nothing else, and pay for none of it.
    if _TELLING.isdisjoint(container.env) and not any(_LOADS.search(word.text) for word in container.words):
        return []
    from scanner.builders.recognise.loaded import loaded

    return list(loaded(container, server_of(container), models))


def _named(container: Container, server: str) -> Iterator[ModelReference]:
    for way in (_by_flag, _by_position, _by_variable):
        found = list(way(container, server))
        if found:
            yield from found
            return


def _by_flag(container: Container, server: str) -> Iterator[ModelReference]:
    flags = FLAGS.get(server, FLAGS[""])
    for flag in flags:
        given = list(flag_values(container.words, flag))
        if given:
            # A flag that is given twice means what it says last.
            yield _word_fact(container, given[-1], flag, server)
            return


def _by_position(container: Container, server: str) -> Iterator[ModelReference]:
    words = container.words
    row = argument_fact(container.command_line)
    starts = POSITIONAL.get(row.server if row else server, ())
    if server == "vllm" and row is None and words and not words[0].text.startswith("-") and not container.own_command:
        # The newer vLLM image has `vllm serve` as its entry point: the first argument is the model.
        yield _word_fact(container, words[0], "the first argument", server)
        return
    for index, word in enumerate(words[:-1]):
        if word.text.rpartition("/")[2] in starts:
            follower = words[index + 1]
            if not follower.text.startswith("-") and follower.text not in starts:
                yield _word_fact(container, follower, f"{word.text} ...", server)
                if server != "ollama":
                    return


def _by_variable(container: Container, server: str) -> Iterator[ModelReference]:
    for name in VARIABLES:
        one = container.env.get(name)
        if one is not None and one.value not in (None, "") and not _only_a_name(name, one, server):
            yield fact_of(resolved(container, one, name, server), one.origin, f"`{name}` names the model")
            return


def _only_a_name(variable: str, one: Found, server: str) -> bool:
    """Whether `MODEL_NAME` is what a server calls what it finds under its own folder, and refers to nothing."""
    plain = isinstance(one.value, str) and not any(sign in one.value for sign in "/:")
    return variable == "MODEL_NAME" and (server in SHELVES or (plain and not server))


def flag_values(words: tuple[Word, ...], flag: str) -> Iterator[Word]:
    """The values of a flag, written as `--flag value` or `--flag=value`."""
    wanted = flag.replace("_", "-")
    for index, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        if name.startswith("-") and name.replace("_", "-") == wanted:
            if equals:
                yield Word(value, word.origin, word.unknown)
            elif index + 1 < len(words):
                yield words[index + 1]


def _word_fact(container: Container, word: Word, what: str, server: str) -> ModelReference:
    value: Value = word.unknown if word.unknown is not None else word.text
    found = resolved(container, Found(value, word.origin), what, server)
    return fact_of(found, word.origin, f"`{what}` names the model")


def resolved(container: Container, one: Found, what: str, server: str, *, own: bool = True) -> Reference:
    """The reference of a setting's value; `own`: of the model itself, whose revision has a flag of its own."""
    scheme = "ollama" if server == "ollama" else "hf"
    known = reference.of(one.value, what, scheme)
    if isinstance(one.value, str) and one.value.startswith("/"):
        known = _mounted(container, one.value) or known
    if not own:
        return known
    revisions = [*flag_values(container.words, "--revision")]
    pinned: Value = (revisions[-1].unknown or revisions[-1].text) if revisions else None
    where = revisions[-1].origin if revisions else None
    if pinned is None and (variable := container.env.get("REVISION")) is not None:
        pinned, where = variable.value, variable.origin
    if pinned is not None and not known.digest and isinstance(known.name, str) and known.name.startswith("hf:"):
        return Reference(known.name, reference.commit(pinned), where)
    return known


def _mounted(container: Container, path: str) -> Reference | None:
    """What lies at a path, where the volume that is mounted there says so."""
    best: tuple[int, Reference] | None = None
    for mount in reach(container.body, "volumeMounts"):
        for item in mount.value if isinstance(mount.value, list) else [mount.value]:
            at, name = text(dig(item, "mountPath")).rstrip("/"), text(dig(item, "name"))
            if at and (path == at or path.startswith(f"{at}/")) and (best is None or len(at) > best[0]):
                found = _volume(container, name, path[len(at) :].strip("/"))
                best = (len(at), found) if found else best
    return best[1] if best else None


def _volume(container: Container, name: str, below: str) -> Reference | None:
    for listed in reach(container.pod, "volumes"):
        for volume in listed.value if isinstance(listed.value, list) else []:
            if text(dig(volume, "name")) != name:
                continue
            artifact = dig(volume, "image", "reference")
            if artifact is not None:
                return reference.image(artifact)
            claim, bucket = text(dig(volume, "persistentVolumeClaim", "claimName")), _bucket(volume)
            start = f"pvc://{claim}" if claim else bucket
            return Reference(f"{start}/{below}".rstrip("/")) if start else None
    return None


def _bucket(volume: Value) -> str:
    name = text(dig(volume, "csi", "volumeAttributes", "bucketName"))
    scheme = {"s3.csi.aws.com": "s3", "gcsfuse.csi.storage.gke.io": "gs"}.get(text(dig(volume, "csi", "driver")), "")
    return f"{scheme}://{name}" if name and scheme else ""


def _untold(container: Container, server: str) -> ModelReference:
    where = container.words[0].origin if container.words else container.image.origin if container.image else None
    hidden = [one.unknown for one in container.words if one.unknown is not None]
    if hidden:
        return ModelReference(origin=where, because="a part of the command is not known", reference=hidden[0])
    whose = f"`{container.image.text}`" if container.image and container.image.text else f"`{container.name}`"
    if server == "vllm":
        cause = f"no argument of {whose} names a model: the default of the vLLM release decides"
    else:
        cause = f"nothing written says which model {whose} serves: the image or its defaults decide"
    decided = (f"image {container.image.text}",) if container.image and container.image.text else ("image",)
    return ModelReference(
        origin=where, because="no argument or variable names the model", reference=Unknown(cause, decided_by=decided)
    )


def fact_of(found: Reference, origin: Origin | None, because: str) -> ModelReference:
    """The fact of a model that a setting names."""
    return ModelReference(
        origin=origin, because=because, reference=found.name, digest=found.digest, pinned_at=found.pinned_at
    )
