"""The transformers of a kustomization that change fields: namespace, names, labels, annotations, images, replicas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, Items, dig, items_of
from scanner.sources.kubernetes.kustomize import specs
from scanner.sources.kubernetes.kustomize.fields import Field, each, mapping_at
from scanner.sources.kubernetes.kustomize.objects import CannotRender, Obj, at, must_text, put, text
from scanner.unknown import Value


def set_namespace(objects: Sequence[Obj], namespace: str, where: FileOrigin) -> None:
    """Put every object that has a namespace into one. Raises CannotRender where two objects become the same."""
    for one in objects:
        one.remember()
        if not one.id.cluster_scoped:
            put(mapping_at(one.value, "metadata", one), "namespace", namespace, where)
        if one.id.kind == "Namespace" and one.value.get("apiVersion") == "v1":
            put(mapping_at(one.value, "metadata", one), "name", namespace, where)
        if one.id.kind in ("RoleBinding", "ClusterRoleBinding"):
            for subject in items_of(one.value.get("subjects")):
                if isinstance(subject, Attrs) and subject.get("name") == "default":
                    put(subject, "namespace", namespace, where)
        each(one, specs.NAMESPACES, lambda attrs, key: put(attrs, key, namespace, where))
        now = one.id
        if sum(other.id.same(now) for other in objects) > 1:
            raise CannotRender(where, f"`namespace` makes two objects of `{now.kind}/{now.name}`")


def add_affix(objects: Iterable[Obj], affix: str, *, suffix: bool) -> None:
    """Put a prefix or a suffix to every name, but for the kinds that keep theirs."""
    for one in objects:
        if any(one.first.is_a(group, "", kind) for group, kind in specs.UNPREFIXED):
            continue
        (one.suffixes if suffix else one.prefixes).append(affix)
        one.remember()
        metadata, name = mapping_at(one.value, "metadata", one), one.id.name
        metadata["name"] = name + affix if suffix else affix + name


def set_entries(objects: Iterable[Obj], entries: Value, fields: Sequence[Field], where: FileOrigin) -> None:
    """Set every entry of a mapping (labels, annotations) in each of the fields, which hold mappings."""
    if not isinstance(entries, Attrs):
        return
    for name in entries:
        must_text(entries, name, where)
    for one in objects:

        def leaf(attrs: Attrs, key: str, one: Obj = one) -> None:
            into = mapping_at(attrs, key, one)
            for name, value in entries.items():
                put(into, name, value, at(entries, name, otherwise=where))

        each(one, fields, leaf)


def label_fields(label: Mapping[str, Value]) -> tuple[Field, ...]:
    """The fields that an entry of `labels` changes."""
    if label.get("includeSelectors") is True:
        return specs.COMMON_LABELS
    found = specs.TEMPLATE_LABELS if label.get("includeTemplates") is True else specs.OWN_LABELS
    return (*found, *specs.CLAIM_LABELS) if label.get("includeVolumeClaimTemplates") is True else found


_NEW = ("newName", "newTag", "digest", "tagSuffix")
_LITERAL = lazy(r"[A-Za-z0-9_./:@-]+\Z")


def set_image(objects: Iterable[Obj], image: Attrs, where: FileOrigin) -> None:
    """Change the name, tag or digest of an image wherever a container has it, at any depth."""
    name = must_text(image, "name", where)
    for key in _NEW:
        must_text(image, key, where)
    if not _LITERAL.match(name):
        raise CannotRender(at(image, "name", otherwise=where), f"the image name `{name}` is no plain name")
    # kustomize takes the name for a regular expression, in which a dot is any character.
    known = re.compile(re.escape(name).replace(r"\.", ".") + r"(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?\Z")
    decides = next((at(image, key, otherwise=where) for key in _NEW if image.get(key)), where)
    for one in objects:
        if one.id.kind == "CustomResourceDefinition":
            continue
        for container in _containers(one.value):
            old = container.get("image")
            if isinstance(old, str) and known.match(old):
                put(container, "image", _image(old, image), decides)


def _containers(value: Value) -> Iterable[Attrs]:
    waiting = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, Attrs):
            for key in ("containers", "initContainers"):
                listed = here.get(key)
                if isinstance(listed, Items):
                    yield from (item for item in listed if isinstance(item, Attrs))
            waiting.extend(here.values())
        elif isinstance(here, Items):
            waiting.extend(here)


def _image(old: str, image: Attrs) -> str:
    name, tag, digest = split_image(old)
    name = text(image.get("newName")) or name
    new_tag, new_digest, suffix = (text(image.get(key)) for key in ("newTag", "digest", "tagSuffix"))
    if new_tag or new_digest:
        tag, digest = new_tag, new_digest
    elif suffix:
        tag, digest = tag + suffix, ""
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


def split_image(image: str) -> tuple[str, str, str]:
    """Name, tag and digest of an image reference; the port of a registry is part of the name."""
    name, _, digest = image.partition("@")
    slash = max(name.find("/"), 0)
    colon = name.find(":", slash)
    return (name, "", digest) if colon < 0 else (name[:colon], name[colon + 1 :], digest)


def set_replicas(objects: Sequence[Obj], entry: Attrs, where: FileOrigin) -> None:
    """Set the number of replicas of what has, or had, a name. Raises CannotRender where nothing has it."""
    name, count = text(entry.get("name")), entry.get("count")
    found = False
    for one in objects:
        fields = [spec for spec in specs.REPLICAS if any(spec.fits(was) and was.name == name for was in one.ids)]
        if fields:
            found = True
            each(one, fields, lambda attrs, key: put(attrs, key, count, at(entry, "count", otherwise=where)))
    if not found:
        raise CannotRender(where, f"`replicas` names `{name}`, which is not there")


def local_only(one: Obj) -> bool:
    """Whether an object is a setting of kustomize that it does not put out."""
    said = dig(one.value, "metadata", "annotations", "config.kubernetes.io/local-config")
    return said is not None and text(said) != "false"
