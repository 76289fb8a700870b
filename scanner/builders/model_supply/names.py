"""Names of models, adapters and served aliases, and what a name says of the training behind it."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.blocks import Found, at
from scanner.builders.draft import World
from scanner.builders.recognise.build import containers
from scanner.builders.recognise.containers import Container, Word
from scanner.builders.recognise.served import flag_values
from scanner.graph.facts import ModelName, ModelReference
from scanner.graph.model import Node, Role
from scanner.model_words import image_fact
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown

SERVES = frozenset({Role.MODEL, Role.CANDIDATE, Role.CLASSIFIER})
ALIASES = {
    ("inference.networking.x-k8s.io", "InferenceModel"): ("spec.modelName", "spec.targetModels.name"),
    ("llm-d.ai", "InferenceModelRewrite"): ("spec.rules.targets.modelRewrite",),
    ("model.aibrix.ai", "ModelAdapter"): ("metadata.name",),
    ("production-stack.vllm.ai", "LoraAdapter"): ("metadata.name",),
    ("kubeai.org", "Model"): ("metadata.name",),
    ("serving.kserve.io", "LLMInferenceService"): ("spec.model.name",),
    ("aigateway.envoyproxy.io", "AIGatewayRoute"): ("spec.rules.backendRefs.modelNameOverride",),
}
"""Group and kind of an object -> where it gives a model another name."""


def add_names(world: World) -> None:
    """A ModelName for each name that the inputs give to a model; one that says nothing is noted as well."""
    for node in list(world.nodes.values()):
        resource = world.inventory.by_id.get(node.id)
        for name, what, origin in _names(world, node, resource):
            if name.strip("*"):
                world.add_fact(node.id, _judged(name, what, origin or node.origin))


def _names(world: World, node: Node, resource: Resource | None) -> Iterator[tuple[str, str, Origin | None]]:
    for fact in node.facts:
        if isinstance(fact, ModelReference):
            written = fact.reference.text() if isinstance(fact.reference, Unknown) else fact.reference
            yield written, "adapter" if fact.adapter else "model", fact.origin
    if resource is None:
        return
    for path in ALIASES.get((resource.group, resource.kind), ()):
        for found in at(resource, path):
            yield found.text, "served name", found.origin
    if node.roles & SERVES:
        for container in containers(world, resource):
            yield from _of_container(container)


def _of_container(container: Container) -> Iterator[tuple[str, str, Origin | None]]:
    for word in _aliases(container):
        yield word.text, "served name", word.origin
    for word in flag_values(container.words, "--lora-modules"):
        yield word.text.partition("=")[0], "adapter", word.origin
    alias = container.env.get("SERVED_MODEL_NAME")
    if alias is not None:
        yield alias.text, "served name", alias.origin
    image: Found | None = container.image
    if image is not None and not container.init and image_fact(image.text) is not None:
        yield image.text, "image", image.origin


def _aliases(container: Container) -> Iterator[Word]:
    for flag in ("--served-model-name", "--alias"):
        yield from flag_values(container.words, flag)


def _judged(name: str, what: str, origin: Origin | None) -> ModelName:
    """An image is a server's: only a name that tells of removed safety counts there, never the size of a base."""
    rows = tables.tripwires(name)
    if what in ("image", "served name"):
        rows = tuple(row for row in rows if row.signal != "weak")
    sure = len(rows) > 1 or any(row.signal != "weak" for row in rows)
    trips = rows[0].because if rows else ""
    because = trips or "the name says nothing against it"
    return ModelName(origin=origin, because=because, name=name, what=what, trips=trips, sure=sure)
