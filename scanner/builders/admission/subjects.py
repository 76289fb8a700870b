"""The pods whose admission is asked about: of models and of the stack, with their labels, images and namespace."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.control.targets import plural
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth
from scanner.builders.k8s_identity import DEFAULT
from scanner.builders.k8s_policy.labels import NAMESPACE_NAME, Labels, Match, Selector, labels_of, selector_of
from scanner.graph.model import STACK, Role
from scanner.podspec import PodTemplate, pod_templates
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

CLASSES = STACK | {Role.MODEL}


class Subject(Struct, frozen=True, eq=False):
    """The pods of one template of a workload.

    plural, group: of the workload's own kind. own: the labels of the workload itself. images: as they are written.
    """

    node_id: str
    resource: Resource
    unit: str
    namespace: str
    name: str
    kind: str
    group: str
    plural: str
    labels: Labels
    own: Labels
    space: Labels
    images: tuple[Value, ...]


def subjects(world: World) -> list[Subject]:
    """Every pod template of a model or of a member of the stack, in the manifests."""
    found: list[Subject] = []
    spaces = {(one.unit, one.name): one for one in world.inventory.of("Namespace")}
    for resource in world.resources_with(*CLASSES):
        if resource.kind[:1].isupper() and not resource.data:
            for template in pod_templates(resource):
                found.append(_subject(resource, template, spaces.get((resource.unit, resource.namespace or DEFAULT))))
    return found


def _subject(resource: Resource, template: PodTemplate, space: Resource | None) -> Subject:
    labels = labels_of(template.labels)
    if not template.labels_known:
        labels = Labels(labels.known, labels.unknown, complete=False, doubt=labels.doubt)
    return Subject(
        resource.id, resource, resource.unit, resource.namespace or DEFAULT, resource.name, resource.kind,
        resource.group, plural(resource.kind), labels, labels_of(dig(resource.attrs, "metadata", "labels")),
        namespace_labels(resource.namespace or DEFAULT, space), tuple(_images(template.spec)),
    )  # fmt: skip


def namespace_labels(name: str, space: Resource | None) -> Labels:
    """The labels of a namespace; of one that no manifest declares only its name is known, if that."""
    if "*" in name:
        return Labels({}, complete=False, doubt=Doubt("value-unknown", (f"the namespace `{name}`",)))
    if space is None:
        doubt = Doubt("selector-target-not-in-input", (f"Namespace/{name}",))
        return Labels({NAMESPACE_NAME: name}, complete=False, doubt=doubt)
    labels = labels_of(dig(space.attrs, "metadata", "labels"))
    known = {**labels.known, NAMESPACE_NAME: name}
    return Labels(known, labels.unknown - {NAMESPACE_NAME}, labels.complete, labels.doubt)


def _images(spec: Value) -> Iterator[Value]:
    for key in ("initContainers", "containers"):
        listed = dig(spec, key)
        if isinstance(listed, Unknown):
            yield listed
            continue
        for container in items_of(listed):
            yield container if isinstance(container, Unknown) else dig(container, "image")


def picks(selector: Value, labels: Labels, where: str) -> Truth:
    """Whether a label selector picks these labels; an absent one picks everything."""
    read = selector if isinstance(selector, Selector) else selector_of(selector)
    match = read.match(labels)
    if match is not Match.MAYBE:
        return match is Match.YES
    return read.doubt or labels.doubt or Doubt("value-unknown", (where,))
