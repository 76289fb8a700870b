"""An evaluated object as a Resource: its group, name and namespace, and strings where strings are meant."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from msgspec import Struct

from scanner.origin import FileOrigin, Origin
from scanner.patterns import lazy
from scanner.resource import Attrs, Items, Resource, SourceName, Unread, mark
from scanner.sources.kubernetes.kinds import cluster_scoped, may_be_settings
from scanner.unknown import Unknown, Value
from scanner.yamltext import YamlAttrs, YamlItems

_TEXT_KEYS = frozenset(["name", "namespace", "image", "serviceAccountName", "nodeName", "host", "hostname"])
_TEXT_MAPS = frozenset(["labels", "annotations", "matchLabels", "nodeSelector", "stringData"])
_TEXT_LISTS = frozenset(["command", "args", "values", "hosts", "namespaces"])
_NAMED_VALUES = frozenset(["env", "tolerations"])
_SHELL = lazy(r"\$[A-Za-z_]\w*\Z")
"""A variable of a shell in place of a whole name: no object of Kubernetes and no image can be called so."""


class Identity(Struct, frozen=True):
    """What tells objects of a cluster apart: the version is no part of it."""

    group: str
    kind: str
    namespace: str
    name: str

    @property
    def generated(self) -> bool:
        """Whether the name is made by the API server, so that two declarations are two objects."""
        return self.name.endswith("*")

    @property
    def address(self) -> str:
        """`namespace/Kind/name`, or `Kind/name`."""
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)


REPORTS = frozenset(
    {("gateway.networking.k8s.io", "ConformanceReport"), ("policy.networking.k8s.io", "ConformanceReport")}
)
"""What a project's tests write in the form of an object: no API server takes it, and it has no name."""


def looks_like_object(value: Value) -> bool:
    """Whether a value has the two keys of a Kubernetes object."""
    return isinstance(value, Mapping) and isinstance(value.get("kind"), str) and _is_version(value.get("apiVersion"))


def _is_version(value: Value) -> bool:
    return isinstance(value, str) and value != ""


def identify(value: Mapping[str, Value], origin: Origin, scopes: Collection[tuple[str, str]]) -> Identity | Unread:
    """The identity of an object, or why it has none; `scopes` are the cluster-scoped kinds that CRDs declare."""
    version, kind, metadata = value.get("apiVersion"), value.get("kind"), value.get("metadata")
    for key, part in (("apiVersion", version), ("kind", kind), ("metadata", metadata)):
        if isinstance(part, Unknown):
            return Unread(origin, f"`{key}` is not known: {part.cause}", "template", "give the value that decides it")
    if not isinstance(version, str) or not isinstance(kind, str) or not kind:
        return Unread(origin, "an object without `apiVersion` and `kind`", "document")
    group = version.rpartition("/")[0]
    named = metadata if isinstance(metadata, Mapping) else {}
    name = _text(named.get("name"))
    if not name and named.get("generateName"):
        name = _text(named["generateName"]) + "*"
    if metadata is None and (may_be_settings(group) or (group, kind) in REPORTS):
        name = origin.path.rpartition("/")[2].partition(".")[0] if isinstance(origin, FileOrigin) else kind
        return Identity(group, kind, "", name)
    if not name:
        return Unread(origin, f"`{kind}` has no `metadata.name`", "document")
    if cluster_scoped(group, kind, scopes):
        return Identity(group, kind, "", name)
    return Identity(group, kind, _text(named.get("namespace")) or "default", name)


def _text(value: Value) -> str:
    """A scalar as text; the known parts of a partly known string, with `*` for the others."""
    if isinstance(value, Unknown):
        return value.text()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def object_to_resource(
    value: Value, origin: Origin, unit: str, source: SourceName, scopes: Collection[tuple[str, str]] = ()
) -> Resource | Unread:
    """An already evaluated object as a Resource, or why it is none.

    A name or namespace that is not known is written with `*` in its place: the object exists, under a name that nobody
    knows yet. A list is no single object: `expanded` takes it apart.
    """
    if isinstance(value, Unknown):
        return Unread(origin, value.cause, "template", "give the value that decides it")
    if not isinstance(value, Mapping):
        return Unread(origin, "not an object: a mapping was expected", "document")
    found = identify(value, origin, scopes)
    if isinstance(found, Unread):
        return found
    attrs = value if isinstance(value, Attrs) else Attrs(value)
    return Resource(
        address=found.address,
        unit=unit,
        kind=found.kind,
        name=found.name,
        attrs=attrs,
        origin=origin,
        source=source,
        group=found.group,
        namespace=found.namespace,
    )


def expanded(value: Value, origin: FileOrigin) -> Iterator[tuple[Value, FileOrigin]]:
    """The objects that an object stands for: itself, or the items of a list, which inherit its kind."""
    if not isinstance(value, Mapping):
        yield value, origin
        return
    kind, listed = value.get("kind"), value.get("items")
    is_list = isinstance(kind, str) and kind.endswith("List") and "spec" not in value and "items" in value
    if not is_list or not isinstance(listed, list | tuple | None):
        yield value, origin
        return
    inherited = {"apiVersion": value.get("apiVersion"), "kind": str(kind).removesuffix("List")}
    for index, item in enumerate(listed or ()):
        place = mark(value, "items", index)
        if isinstance(item, Attrs) and inherited["kind"]:
            for key, default in inherited.items():
                if key not in item:
                    item[key] = default
        yield from expanded(item, place if isinstance(place, FileOrigin) else origin)


def restore_text(value: Value) -> None:
    """Turn plain scalars back into their source where Kubernetes has strings: a namespace called `y`, a label `1`.

    Nothing else changes; kubectl refuses such a manifest, other tools do not, and the text says what was meant.
    """
    waiting: list[tuple[Value, str]] = [(value, "")]
    while waiting:
        here, key = waiting.pop()
        if isinstance(here, YamlAttrs):
            _restore_map(here, key)
            waiting.extend((item, name) for name, item in here.items() if isinstance(item, (Attrs, Items)))
        elif isinstance(here, YamlItems):
            if key in _TEXT_LISTS:
                for index, text in here.texts.items():
                    here[index] = text
            waiting.extend((item, f"{key}[]") for item in here if isinstance(item, (Attrs, Items)))


def _restore_map(attrs: YamlAttrs, key: str) -> None:
    flat = key in _TEXT_MAPS or (
        key == "selector" and not any(isinstance(one, (Attrs, Items)) for one in attrs.values())
    )
    values = key.removesuffix("[]") in _NAMED_VALUES and key.endswith("[]")
    for name, text in attrs.texts.items():
        if flat or name in _TEXT_KEYS or (values and name == "value"):
            # `key:` and `key: null` are the empty string there.
            attrs[name] = "" if attrs[name] is None else text


def placeholder(identity: Identity, value: Mapping[str, Value]) -> str:
    """The first template expression in what names an object, its kind or its images, "" where there is none."""
    images: Iterable[str] = () if identity.kind == "CustomResourceDefinition" else _images(value)
    named = (identity.kind, str(value.get("apiVersion")), identity.name, identity.namespace)
    for text in (*named, *images):
        for opening, closing in (("{{", "}}"), ("${", "}"), ("<%", "%>")):
            start = text.find(opening)
            end = text.find(closing, start)
            if 0 <= start < end:
                return text[start : end + len(closing)]
        if _SHELL.match(text):
            return text
    return ""


def _images(value: Value) -> Iterator[str]:
    waiting: list[Value] = [value]
    while waiting:
        here = waiting.pop()
        if isinstance(here, (dict, Mapping)):
            image = here.get("image")
            if isinstance(image, str):
                yield image
            waiting.extend([item for item in here.values() if isinstance(item, (dict, list, Mapping))])
        elif isinstance(here, list):
            waiting.extend([item for item in here if isinstance(item, (dict, list, Mapping))])
