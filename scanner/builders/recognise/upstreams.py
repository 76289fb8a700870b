"""What a gateway calls: the upstream models of a LiteLLM configuration that it mounts or reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from scanner.builders.blocks import Found, reach, text
from scanner.builders.draft import World
from scanner.builders.recognise import reference
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.objects import object_containers
from scanner.graph.facts import ModelReference
from scanner.origin import FileOrigin, Origin
from scanner.resource import Attrs, Items, Resource, dig, mark
from scanner.unknown import Unknown, Value
from scanner.yamltext import Document, documents

PROVIDERS = {"bedrock": "bedrock", "azure": "azure", "ollama": "ollama", "ollama_chat": "ollama", "huggingface": "hf"}
"""LiteLLM's provider words, and ours; another stays as it is written (`openai/gpt-x`)."""


def upstreams(world: World, gateway: Resource) -> list[ModelReference]:
    """A reference for each upstream that a gateway's settings name."""
    found: list[ModelReference] = []
    for config in settings_of(world, gateway):
        for entry in reach(config.value, "model_list.litellm_params", config.origin):
            where = mark(entry.value, "model") or entry.origin
            found.append(_entry(entry, where))
    return list(dict.fromkeys(found))


def _entry(entry: Found, where: Origin | None) -> ModelReference:
    model, base = dig(entry.value, "model"), text(dig(entry.value, "api_base"))
    because = f"the gateway hands requests on to this model at `{base}`" if base else "the gateway hands requests on"
    if isinstance(model, str) and not model.startswith("os.environ/"):
        return ModelReference(origin=where, because=because, reference=_litellm(model))
    name = model if isinstance(model, str) else "litellm_params.model"
    unknown = Unknown(f"`{name}` is read when the gateway starts", decided_by=(name,))
    return ModelReference(origin=where, because=because, reference=model if isinstance(model, Unknown) else unknown)


def _litellm(model: str) -> str | Unknown:
    provider, slash, rest = model.partition("/")
    if not slash:
        return f"openai:{model}"
    if provider == "bedrock":
        return reference.bedrock(rest.removeprefix("converse/").removeprefix("invoke/"))
    if provider in ("hosted_vllm", "vllm"):
        cause = f"`{model}` is the name that the upstream server answers to, which proves nothing"
        return Unknown(cause, decided_by=(model,), pieces=(model,))
    return f"{PROVIDERS.get(provider, provider)}:{rest}"


def holders_of(world: World, workload: Resource) -> Iterator[Resource]:
    """Every ConfigMap or Secret of the inputs that a workload mounts or reads."""
    for name, kind in dict.fromkeys(_mentioned(object_containers(world, workload))):
        holder = world.inventory.at(workload.unit, f"{workload.namespace}/{kind}/{name}")
        if holder is not None:
            yield holder


def settings_of(world: World, workload: Resource) -> Iterator[Found]:
    """Every settings document in a ConfigMap (or a Secret in clear) that a workload mounts or reads."""
    for holder in holders_of(world, workload):
        yield from documents_in(holder)


def documents_in(holder: Resource) -> Iterator[Found]:
    """The parsed YAML or JSON documents in the data of a ConfigMap or a Secret's `stringData`."""
    data = dig(holder.attrs, "stringData" if holder.kind == "Secret" else "data")
    for key, value in data.items() if isinstance(data, Mapping) else ():
        if not isinstance(value, str) or ":" not in value or "\n" not in value.strip():
            continue
        where = mark(data, key) or holder.origin
        for document in documents(value, where.path if isinstance(where, FileOrigin) else str(where)):
            if isinstance(document, Document) and isinstance(document.value, Mapping):
                yield Found(shifted(document.value, where, value), where)


def shifted(value: Value, where: Origin, written: str) -> Value:
    """A document inside a string, each mark on its line of the file.

    A block scalar keeps its lines, so the file's line is known (its indentation is not); a quoted string does not.
    """
    lines = written.rstrip("\n").count("\n") + 1
    block = isinstance(where, FileOrigin) and where.end_line - where.line >= lines
    return _shifted(value, where, block)


def _shifted(value: Value, where: Origin, block: bool) -> Value:
    def place(inner: Origin) -> Origin:
        if block and isinstance(where, FileOrigin) and isinstance(inner, FileOrigin):
            return FileOrigin(where.path, where.line + inner.line)
        return where

    if isinstance(value, Mapping):
        marks = value.marks if isinstance(value, Attrs) else {}
        made = Attrs({key: _shifted(item, where, block) for key, item in value.items()})
        made.marks.update({key: place(inner) for key, inner in marks.items()})
        return made
    if isinstance(value, Sequence) and not isinstance(value, str):
        inner_marks = value.marks if isinstance(value, Items) else []
        return Items([_shifted(item, where, block) for item in value], [place(inner) for inner in inner_marks])
    return value


def _mentioned(containers: Sequence[Container]) -> Iterator[tuple[str, str]]:
    for one in containers:
        pod: Value = one.pod
        for path, kind in (
            ("volumes.configMap.name", "ConfigMap"),
            ("volumes.secret.secretName", "Secret"),
            ("volumes.projected.sources.configMap.name", "ConfigMap"),
        ):
            for found in reach(pod, path):
                yield found.text, kind
        for path, kind in (
            ("env.valueFrom.configMapKeyRef.name", "ConfigMap"),
            ("envFrom.configMapRef.name", "ConfigMap"),
            ("env.valueFrom.secretKeyRef.name", "Secret"),
            ("envFrom.secretRef.name", "Secret"),
        ):
            for found in reach(one.body, path):
                yield found.text, kind
