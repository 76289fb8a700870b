"""The objects of a rendering, with the names that each had before, and copies of values that keep their marks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from scanner.origin import FileOrigin, Origin
from scanner.resource import Attrs, Items, dig, mark
from scanner.unknown import Value

# Kinds that kustomize knows to have no namespace: group, then kinds. It takes every other kind to have one.
_CLUSTER_SCOPED: dict[str, frozenset[str]] = {
    group: frozenset(kinds.split())
    for group, kinds in {
        "": "ComponentStatus Namespace Node PersistentVolume",
        "admissionregistration.k8s.io": "MutatingWebhookConfiguration ValidatingWebhookConfiguration "
        "ValidatingAdmissionPolicy ValidatingAdmissionPolicyBinding",
        "apiextensions.k8s.io": "CustomResourceDefinition",
        "apiregistration.k8s.io": "APIService",
        "certificates.k8s.io": "CertificateSigningRequest",
        "flowcontrol.apiserver.k8s.io": "FlowSchema PriorityLevelConfiguration",
        "networking.k8s.io": "IngressClass",
        "node.k8s.io": "RuntimeClass",
        "policy": "PodSecurityPolicy",
        "rbac.authorization.k8s.io": "ClusterRole ClusterRoleBinding",
        "scheduling.k8s.io": "PriorityClass",
        "storage.k8s.io": "CSIDriver CSINode StorageClass VolumeAttachment",
    }.items()
}


class CannotRender(Exception):
    """A rendering that cannot go on: where, why (a sentence fragment), and what the user can do."""

    def __init__(self, origin: Origin, cause: str, remedy: str = "") -> None:
        super().__init__(cause)
        self.origin = origin
        self.cause = cause
        self.remedy = remedy


class NotThere(CannotRender):
    """A file that is not on disk: its content is not known, and whoever can do without goes on."""


class Id(Struct, frozen=True):
    """What an object is called at one point of a rendering."""

    group: str
    version: str
    kind: str
    name: str
    namespace: str

    @property
    def cluster_scoped(self) -> bool:
        """Whether kustomize knows the kind to have no namespace."""
        return self.kind in _CLUSTER_SCOPED.get(self.group, ())

    @property
    def place(self) -> str:
        """The namespace for comparisons: "default" where none is written, "-" where the kind has none."""
        return "-" if self.cluster_scoped else self.namespace or "default"

    def same(self, other: Id) -> bool:
        """Whether two ids mean one object."""
        mine = (self.group, self.version, self.kind, self.name, self.place)
        return mine == (other.group, other.version, other.kind, other.name, other.place)

    def is_a(self, group: str, version: str, kind: str) -> bool:
        """Whether the id is of a group, version and kind; an empty one matches any."""
        return group in ("", self.group) and version in ("", self.version) and kind in ("", self.kind)


class Obj(Struct, eq=False):
    """One object: `previous` are its earlier ids, oldest first; `path` is the file that it was read from."""

    value: Attrs
    origin: FileOrigin
    previous: list[Id] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    suffixes: list[str] = field(default_factory=list)
    hashed: bool = False

    @property
    def id(self) -> Id:
        """What the object is called now."""
        return id_of(self.value)

    @property
    def first(self) -> Id:
        """What the object was called when it was read."""
        return self.previous[0] if self.previous else self.id

    @property
    def ids(self) -> list[Id]:
        """Every id that the object had and has."""
        return [*self.previous, self.id]

    def remember(self) -> None:
        """Keep the present id among the earlier ones."""
        self.previous.append(self.id)

    def copied(self) -> Obj:
        """A copy that shares nothing that a transformer changes."""
        value = copied(self.value)
        assert isinstance(value, Attrs)
        return Obj(value, self.origin, list(self.previous), list(self.prefixes), list(self.suffixes), self.hashed)


def id_of(value: Mapping[str, Value]) -> Id:
    """The id of an object; what is no text counts as not written."""
    group, _, version = text(value.get("apiVersion")).rpartition("/")
    name, namespace = dig(value, "metadata", "name"), dig(value, "metadata", "namespace")
    return Id(group, version, text(value.get("kind")), text(name), text(namespace))


def text(value: Value) -> str:
    """A scalar as kustomize writes it, "" for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""


def must_text(attrs: Attrs, key: str, otherwise: FileOrigin) -> str:
    """The text of a key, "" where it has none. Raises CannotRender for a number or a boolean, as kustomize does."""
    found = attrs.get(key)
    if found is not None and not isinstance(found, str):
        raise CannotRender(at(attrs, key, otherwise=otherwise), f"`{key}` must be text; put it in quotes")
    return found or ""


def copied(value: Value) -> Value:
    """A deep copy with the same marks."""
    if isinstance(value, Attrs):
        return Attrs({key: copied(item) for key, item in value.items()}, value.marks)
    if isinstance(value, Items):
        return Items([copied(item) for item in value], value.marks)
    return value


def put(attrs: Attrs, key: str, value: Value, where: Origin | None) -> None:
    """Set a value and where it comes from; the old mark stays where nothing better is known."""
    attrs[key] = value
    if where is not None:
        attrs.marks[key] = where


def at(value: Value, *path: str | int, otherwise: FileOrigin) -> FileOrigin:
    """Where the value at `path` stands, as a place in a file."""
    found = mark(value, *path)
    return found if isinstance(found, FileOrigin) else otherwise


def named(objects: list[Obj], wanted: Id) -> Iterator[Obj]:
    """The objects that have or had an id."""
    return (one for one in objects if any(known.same(wanted) for known in one.ids))
