"""Adapters and fine-tunes that stand outside a server's own command: custom resources, variables, components."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, at
from scanner.builders.draft import World
from scanner.builders.recognise import reference
from scanner.builders.recognise.build import containers
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.served import flag_values
from scanner.graph.facts import ModelReference
from scanner.graph.model import Role
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

OBJECTS = {
    ("model.aibrix.ai", "ModelAdapter"): ("spec.artifactURL",),
    ("production-stack.vllm.ai", "LoraAdapter"): (
        "spec.adapterSource.repository",
        "spec.adapterSource.adapterPath",
    ),
    ("ome.io", "FineTunedWeight"): ("spec.storage.storageUri",),
    ("kaito.sh", "Workspace"): ("inference.adapters.source.image",),
}
"""Group and kind of an object -> where it names the adapter; the first that is there counts."""
TUNERS = {("apps.nvidia.com", "NemoCustomizer"): "it tunes models, and what it makes can be served"}
_TELLING = frozenset({*OBJECTS, *TUNERS})
COMPONENT = "specification.base_inference_component_name"
SERVERS = frozenset({Role.MODEL, Role.CANDIDATE, Role.CLASSIFIER})
PEFT = "NIM_PEFT_SOURCE"


def add_adapters(world: World) -> None:
    """A ModelReference for each adapter."""
    for resource in world.inventory.all:
        if resource.data:
            continue
        if (resource.group, resource.kind) in _TELLING:
            for fact in _of_object(resource):
                world.add_fact(resource.id, fact)
        if world.nodes[resource.id].roles & SERVERS:
            for container in containers(world, resource):
                for fact in _of_container(resource, container):
                    world.add_fact(resource.id, fact)
    for one in world.inventory.of("awscc_sagemaker_inference_component"):
        for fact in _of_component(one):
            world.add_fact(one.id, fact)


def _of_object(resource: Resource) -> Iterator[ModelReference]:
    key = (resource.group, resource.kind)
    for path in OBJECTS.get(key, ()):
        found = at(resource, path)
        yield from (_fact(_named(one.value, path), one, "it loads this adapter over a model") for one in found)
        if found:
            return
    if key in TUNERS:
        unknown = Unknown(TUNERS[key], decided_by=(f"what {resource.address} makes",))
        yield _fact(reference.Reference(unknown), Found(None, resource.origin), TUNERS[key])


def _named(value: Value, path: str) -> reference.Reference:
    """AIBrix writes `huggingface://` where others write `hf://`."""
    written = f"hf://{value[14:]}" if isinstance(value, str) and value.startswith("huggingface://") else value
    return reference.of(written, path)


def _of_container(resource: Resource, container: Container) -> Iterator[ModelReference]:
    source = container.env.get(PEFT)
    if source is not None and source.value not in (None, ""):
        yield _fact(reference.of(source.value, PEFT), source, f"`{PEFT}` names the adapters that are loaded")
    words = container.words
    enabled = [word for word in words if word.text.replace("_", "-").partition("=")[0] == "--enable-lora"]
    if enabled and not any(True for _ in flag_values(words, "--lora-modules")):
        cause = "`--enable-lora` is set, and no adapter is named: whoever can load one decides"
        unknown = Unknown(cause, decided_by=(f"adapters of {resource.address}",))
        yield _fact(reference.Reference(unknown), Found(None, enabled[0].origin), cause)


def _of_component(one: Resource) -> Iterator[ModelReference]:
    """An inference component over another one is an adapter; its artefact is the adapter's."""
    for base in at(one, COMPONENT):
        artefacts = at(one, "specification.container.artifact_url")
        because = f"it loads an adapter over `{base.text or '*'}`"
        for found in artefacts:
            yield _fact(reference.of(found.value, "artifact_url"), found, because)
        if not artefacts:
            unknown = Unknown("the component names no artefact", decided_by=(f"{one.address}.artifact_url",))
            yield _fact(reference.Reference(unknown), base, because)


def _fact(found: reference.Reference, where: Found, because: str) -> ModelReference:
    name = where.possible if where.possible is not None and not isinstance(found.name, Unknown) else found.name
    return ModelReference(origin=where.origin, because=because, reference=name, digest=found.digest, adapter=True)
