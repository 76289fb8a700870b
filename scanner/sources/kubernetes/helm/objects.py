"""From the renderings of one template to objects: what all variants agree on, and Unknowns for the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from os.path import commonprefix

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items, Unread, dig
from scanner.sources.kubernetes.helm.lines import LineMap
from scanner.sources.kubernetes.helm.lookups import decides
from scanner.sources.kubernetes.objects import expanded, looks_like_object, restore_text
from scanner.unknown import NOT_RENDERED, Unknown, Value
from scanner.yamltext import BadDocument, documents

_INSTALLS = frozenset({"pre-install", "post-install"})
_HOOKS = _INSTALLS | frozenset(
    [
        "test",
        "test-success",
        "pre-delete",
        "post-delete",
        "pre-upgrade",
        "post-upgrade",
        "pre-rollback",
        "post-rollback",
    ]
)
"""The hooks that Helm knows; an object with any other word among its hooks is made by none ("Chart Hooks")."""
Place = Callable[[FileOrigin], FileOrigin]


class HelmObject(Struct, frozen=True):
    """An object of a chart: `possible` is set where it is not certain that it exists."""

    value: Value
    origin: FileOrigin
    possible: Unknown | None = None


def objects_of(
    path: str, template: str, texts: Sequence[str], named: frozenset[str] = frozenset()
) -> Iterator[HelmObject | Unread]:
    """The objects that a template makes; `texts` are its renderings in each variant.

    named: the templates of the chart that ask the cluster.
    """
    read = [_documents(path, template, text) for text in texts]
    for one in read[0]:
        if isinstance(one, Unread):
            yield one
    every = [[one for one in found if isinstance(one, HelmObject)] for found in read]
    first, others, asked = every[0], [list(found) for found in every[1:]], _asked(template, path, named)
    for one in first:
        partners = [_partner(one, other) for other in others]
        value = one.value
        for partner in partners:
            value = _agreed(value, partner.value if partner else value, path, one.origin)
        lost = _undecided(path) if None in partners else None
        yield HelmObject(value, one.origin, lost or _later(value) or asked)
    for left in {_name(one): one for other in others for one in other}.values():
        yield HelmObject(left.value, left.origin, _undecided(path))


def _documents(path: str, template: str, text: str) -> list[HelmObject | Unread]:
    if not text.strip():
        return []
    lines = LineMap(template, text)

    def place(origin: FileOrigin) -> FileOrigin:
        return FileOrigin(path, *lines.place(origin.line, origin.column))

    found: list[HelmObject | Unread] = []
    for one in documents(text, path):
        if isinstance(one, BadDocument):
            found.append(Unread(place(one.origin), f"it renders to what is {one.cause}", "document"))
            continue
        if not looks_like_object(one.value):
            found.append(Unread(place(one.origin), "it renders to what is no object", "document"))
            continue
        if dig(one.value, "kind") != "CustomResourceDefinition":
            restore_text(one.value)
        for value, origin in expanded(one.value, one.origin):
            found.append(HelmObject(_moved(value, place), place(origin)))
    return found


def _moved(value: Value, place: Place) -> Value:
    """The value with its marks in the template."""
    if isinstance(value, Attrs):
        marks = {key: place(one) if isinstance(one, FileOrigin) else one for key, one in value.marks.items()}
        return Attrs({key: _moved(item, place) for key, item in value.items()}, marks)
    if isinstance(value, Items):
        marked = [place(one) if isinstance(one, FileOrigin) else one for one in value.marks]
        return Items([_moved(item, place) for item in value], marked)
    return value


def _partner(one: HelmObject, others: list[HelmObject]) -> HelmObject | None:
    """Take the same object out of another rendering: by what it is called, or by its kind and line."""
    for same in (_name, _line):
        found = next((other for other in others if same(other) == same(one)), None)
        if found is not None:
            others.remove(found)
            return found
    return None


def _name(one: HelmObject) -> tuple[str, ...]:
    steps = (("apiVersion",), ("kind",), ("metadata", "namespace"), ("metadata", "name"))
    return tuple(str(dig(one.value, *step)) for step in steps)


def _line(one: HelmObject) -> tuple[str, str]:
    return str(dig(one.value, "kind")), str(one.origin)


def _undecided(path: str) -> Unknown:
    cause = "the chart decides it by chance, by the time, by what the cluster serves, or by an upgrade"
    return Unknown(cause, NOT_RENDERED, (path,))


def _agreed(one: Value, other: Value, path: str, origin: FileOrigin) -> Value:
    """What two renderings have in common."""
    if isinstance(one, Attrs) and isinstance(other, Mapping):
        made = Attrs({}, one.marks)
        for key in (*one, *(key for key in other if key not in one)):
            both = key in one and key in other
            made[key] = _agreed(one[key], other[key], path, origin) if both else _undecided(path)
            made.marks.setdefault(key, origin)
        return made
    if isinstance(one, Items) and isinstance(other, Items) and len(one) == len(other):
        return Items([_agreed(a, b, path, origin) for a, b in zip(one, other, strict=True)], one.marks)
    if isinstance(one, Unknown) or (type(one) is type(other) and one == other):
        return one
    unknown = _undecided(path)
    if isinstance(one, str) and isinstance(other, str):
        start = commonprefix([one, other])
        end = commonprefix([one[len(start) :][::-1], other[len(start) :][::-1]])[::-1]
        pieces = tuple(piece for piece in (start, unknown, end) if piece != "")
        return Unknown(unknown.cause, unknown.code, unknown.decided_by, pieces=pieces)
    return unknown


def _later(value: Value) -> Unknown | None:
    """Set for a hook that no installation runs, or that is taken away as soon as it has run."""
    notes = dig(value, "metadata", "annotations")
    hooks, after = dig(notes, "helm.sh/hook"), dig(notes, "helm.sh/hook-delete-policy")
    if not isinstance(hooks, str):
        return None
    names = {part.strip().lower() for part in hooks.split(",")}
    decided = (f"helm.sh/hook: {hooks}",)
    if not names <= _HOOKS:
        return Unknown(f"Helm leaves out what has the unknown hook `{hooks}`", NOT_RENDERED, decided)
    gone = isinstance(after, str) and "hook-succeeded" in {part.strip().lower() for part in after.split(",")}
    if gone or not names & _INSTALLS:
        return Unknown(f"it exists only while the hook `{hooks}` runs", NOT_RENDERED, decided)
    return None


def _asked(template: str, path: str, named: frozenset[str]) -> Unknown | None:
    """Set where a template decides by what it finds in the cluster (`lookup`), which is nothing here."""
    if decides(template, named):
        return Unknown("its template decides by what it finds in the cluster (`lookup`)", NOT_RENDERED, (path,))
    return None
