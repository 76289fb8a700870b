"""What a reader hands over: Resources with positions, and what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import msgspec
from msgspec import Struct, field
from msgspec.structs import force_setattr

from scanner.origin import Origin
from scanner.unknown import Unknown, Value

Key: TypeAlias = str | int


class Attrs(dict[str, Value]):
    """A mapping that knows where each of its values stands: `marks[key]` is the Origin of the value."""

    __slots__ = ("marks",)

    def __init__(
        self, items: Mapping[str, Value] | Iterable[tuple[str, Value]] = (), marks: Mapping[str, Origin] | None = None
    ) -> None:
        # There are many of them, and most begin empty: `super` would cost more than all the rest.
        if items:
            self.update(items)
        self.marks: dict[str, Origin] = dict(marks) if marks else {}


class Items(list[Value]):
    """A list that knows where each of its items stands: `marks[i]` is the Origin of item i."""

    __slots__ = ("marks",)

    def __init__(self, items: Iterable[Value] = (), marks: Iterable[Origin] = ()) -> None:
        self.extend(items)
        self.marks: list[Origin] = [*marks]


class Encoded(str):
    """A text that encodes a structure (`jsonencode`, `yamlencode`): `document` is that structure, with its marks.

    It is the text in every other respect; whatever is made of it is a plain `str`.
    """

    __slots__ = ("document",)

    def __new__(cls, text: str, document: Value) -> Encoded:
        """The text, and the structure that it was made from."""
        made = super().__new__(cls, text)
        made.document = document
        return made

    document: Value

    def __getnewargs__(self) -> tuple[str, Value]:  # type: ignore[override]
        return str(self), self.document


SourceName = Literal["terraform", "plan", "state", "kubernetes", "bundle", "live"]
Basis = Literal["declared", "recorded", "live"]
OBSERVED = "@observed"
"""The attribute of a live resource that says what was seen of it at a moment; no argument that anybody declares."""
BASIS: dict[SourceName, Basis] = {
    "terraform": "declared",
    "plan": "declared",
    "kubernetes": "declared",
    "state": "recorded",
    "bundle": "recorded",
    "live": "live",
}
RECORDED: tuple[SourceName, ...] = ("bundle", "live")
"""Sources that tell what is there, and not what is meant to be or was applied once."""


class Provider(Struct, frozen=True):
    """The provider configuration that a Terraform resource is made with.

    source: registry source, lower case ("hashicorp/aws"); `name` is the local name; `address` is the
    configuration's own ("provider.aws.gov"). `attrs` are the evaluated arguments of its block (empty without one).
    """

    name: str
    source: str
    address: str
    attrs: Attrs
    origin: Origin | None


class Resource(Struct, frozen=True, eq=False):
    """One thing that was read.

    address: unique inside its unit. Terraform: as Terraform prints it (`module.a["x"].aws_instance.b[0]`).
      Kubernetes: `namespace/Kind/name`, or `Kind/name` where the kind is cluster-scoped.
    kind: Terraform type (`aws_instance`) or Kubernetes kind (`Deployment`).
    group: Kubernetes API group ("" is core), empty for Terraform.
    name: Terraform block label, or metadata.name.
    namespace: Kubernetes namespace ("default" where none is written and the kind is namespaced), else "".
    origin: the span of the block header, or of the document's first key.
    possible: set when it is not certain that the resource exists (count or for_each unknown): the Unknown that decides.
    data: True for a Terraform data source.
    provider: for Terraform resources.
    deleted: True where a plan deletes it.
    action: what a plan does to it: "create", "update", "replace", "delete", "forget", "read", "no-op"; "" without one.
    before: its attributes before the plan, where the plan changes or replaces it.
    calls: the module calls that lead to it, outermost first: the address of each instance, and where it is called.
    aliases: the ids by which another source knows it, and by which it may be named as well.
    default_of: for a resource told by a contract, the module and release whose defaults hold ("x/y/z/aws 1.2.3").
    memo: what was worked out from `attrs` alone, so that it is worked out once; a copy starts empty.
    id: the node id, `unit:address`.
    """

    address: str
    unit: str
    kind: str
    name: str
    attrs: Attrs
    origin: Origin
    source: SourceName
    group: str = ""
    namespace: str = ""
    possible: Unknown | None = None
    data: bool = False
    provider: Provider | None = None
    deleted: bool = False
    action: str = ""
    before: Attrs | None = None
    calls: tuple[tuple[str, Origin], ...] = ()
    default_of: str = ""
    aliases: tuple[str, ...] = ()
    memo: dict[str, object] = field(default_factory=dict)
    id: str = ""

    def __post_init__(self) -> None:
        # Of a copy as well, which is another thing.
        force_setattr(self, "memo", {})
        force_setattr(self, "id", f"{self.unit}:{self.address}")

    @property
    def is_manifest(self) -> bool:
        """True for a Kubernetes object that was read as such: from a manifest, or from the API server."""
        return self.source == "kubernetes" or (self.source in ("bundle", "live") and self.kind[:1].isupper())


UnreadKind = Literal["file", "document", "module", "template", "foreign", "link", "conflict", "denied", "call"]


class Unread(Struct, frozen=True):
    """Something in scope that could not be read, or is of a kind that is not scanned.

    kind: "file" and "document" could not be parsed (never let through); "module" is not on disk; "template" needs
    rendering (Helm, kustomize with generators, Jinja); "foreign" is another tool's format that can deploy things
    (CloudFormation, Bicep, Pulumi); "link" points out of the root; "conflict" is an object declared twice, differently;
    "denied" was refused by an API, "call" failed in another way or answered what cannot be read.
    cause: a sentence fragment; remedy: what the user can do, may be empty.
    tells: the kinds of things that it could have told of ("Kubernetes" for any object of a cluster); None for anything.
    """

    origin: Origin
    cause: str
    kind: UnreadKind
    remedy: str = ""
    tells: frozenset[str] | None = None

    @property
    def broken(self) -> bool:
        """True for what `--allow-unproven` must not let through."""
        return self.kind in ("file", "document", "link", "denied", "call")


class Asked(Struct, frozen=True):
    """A place of which an API was asked. scope: as calls have it, a cluster or a region of an account.

    answered: anything at all. caller: the ARN of who asked, "" where that is not told. members: the numbers of the
    accounts of the organisation, as far as they can be used.
    """

    scope: tuple[tuple[str, str], ...]
    unit: str
    origin: Origin
    answered: bool
    caller: str = ""
    members: tuple[str, ...] = ()


class Reading(Struct):
    """All that one reader found: `inputs` maps each path that was read to the sha256 of its bytes.

    `passed_over` names files that were looked at and are of no interest (plain values files, CI recipes), with why.
    `asked` is where APIs were asked.
    `bases` are those that were asked, also where nothing came of it: an empty answer is an answer.
    `left` are calls to an API that were left out on purpose (`scanner.lean` says whether they may be).
    """

    resources: list[Resource] = msgspec.field(default_factory=list)
    unread: list[Unread] = msgspec.field(default_factory=list)
    inputs: dict[str, str] = msgspec.field(default_factory=dict)
    assumptions: dict[str, None] = msgspec.field(default_factory=dict)
    passed_over: dict[str, str] = msgspec.field(default_factory=dict)
    bases: set[Basis] = msgspec.field(default_factory=set)
    asked: list[Asked] = msgspec.field(default_factory=list)
    left: list[Any] = msgspec.field(default_factory=list)


def dig(value: Value, *path: Key) -> Value:
    """The value at `path`; None where a step is missing, the Unknown where a step runs into one."""
    for key in path:
        # A dict first: to ask the abstract class of each of a million mappings costs more than the rest.
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif value is None:
            return None
        elif isinstance(value, Unknown):
            if value.known is None or key not in value.known:
                return value
            value = value.known[str(key)]
        elif isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(key, int) and isinstance(value, Sequence) and not isinstance(value, str):
            value = value[key] if -len(value) <= key < len(value) else None
        else:
            return None
    return value


def mark(value: Value, *path: Key) -> Origin | None:
    """The Origin of the value at `path`, or of the deepest step on the way that has one; None if none has."""
    best: Origin | None = None
    for key in path:
        if type(value) is Unknown and value.known is not None:
            value = value.known
        if isinstance(value, Attrs) and isinstance(key, str):
            best = value.marks.get(key, best)
            value = value.get(key)
        elif isinstance(value, Items) and isinstance(key, int) and -len(value) <= key < len(value):
            best = value.marks[key] if -len(value.marks) <= key < len(value.marks) else best
            value = value[key]
        elif isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, Sequence) and not isinstance(value, str) and isinstance(key, int):
            value = value[key] if -len(value) <= key < len(value) else None
        else:
            return best
    return best


def items_of(value: Value) -> Sequence[Value]:
    """`value` as a list: a list itself, () for None, a single mapping, scalar or Unknown wrapped."""
    if value is None:
        return ()
    if isinstance(value, list):
        return value
    # The abstract class last: to ask it costs more than the rest.
    return (value,) if isinstance(value, (str, Unknown)) or not isinstance(value, Sequence) else value
