"""Values of an answer that are of another type than AWS gives them: a text `false` is not false, and nobody knows."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scanner.resource import Unread
from scanner.sources.aws.brings import told_by
from scanner.sources.aws.paths import MALFORMED
from scanner.sources.bundle import Call
from scanner.sources.kubernetes.recorded import DIGEST
from scanner.tables import load

SHOWN = 3
WORDS = {bool: "true or false", int: "a number", str: "a text"}
Place = tuple[Any, str | int, str, type]
"""What holds a wrong value, under which key, the path to it, and the type that it should have."""


class AwsScalars(Struct, frozen=True):
    """What the answer to an operation of AWS has under which name: true or false, a number, another kind, a map whose
    keys are the user's, a policy that may be read already; of the row `*`, the names of texts.
    """

    operation: str
    source: str
    boolean: tuple[str, ...] = ()
    number: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    maps: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    text: tuple[str, ...] = ()


class Names(Struct, frozen=True):
    """By name in the answers to an operation: the types of scalars, None for any; maps; policies."""

    types: Mapping[str, type | None]
    maps: frozenset[str]
    documents: frozenset[str]


@cache
def _rows() -> Mapping[str, AwsScalars]:
    found: dict[str, AwsScalars] = {}
    for row in load("aws_scalars").rows:
        columns: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in row.items()}
        found[columns["operation"]] = AwsScalars(**columns)
    return found


@cache
def names_of(operation: str) -> Names | None:
    """What an operation has under which name; None for one that no row knows."""
    rows = _rows()
    row = rows.get(operation)
    if row is None:
        return None
    types: dict[str, type | None] = dict.fromkeys(rows["*"].text, str)
    types |= {**dict.fromkeys(row.boolean, bool), **dict.fromkeys(row.number, int), **dict.fromkeys(row.other, None)}
    return Names(types, frozenset(row.maps), frozenset(row.documents))


def typed(call: Call, unread: list[Unread]) -> Call:
    """The call with nothing known where its answer has a value of a wrong type; each is noted with its place."""
    names = names_of(call.operation) if call.outcome == "read" else None
    if names is None or not any(True for _ in _wrong(call.pages, "pages", "", names)):
        return call
    pages = copy.deepcopy(list(call.pages))
    for number, (holder, key, path, wanted) in enumerate(list(_wrong(pages, "pages", "", names))):
        if number < SHOWN:
            unread.append(_unread(call, path, f"is not {WORDS[wanted]}"))
        holder[key] = MALFORMED
    return replace(call, pages=tuple(pages))


def _wrong(value: Any, path: str, name: str, names: Names) -> Iterator[Place]:
    """Every scalar inside of a value that is of a wrong type. name: the one that what it holds goes by."""
    if isinstance(value, dict):
        if DIGEST in value and len(value) == 1:
            return
        within = f"{name}{{}}" if name in names.maps else ""
        items: Iterator[tuple[str | int, Any]] = iter(value.items())
        for key, item in items:
            called = within or str(key)
            if isinstance(item, (dict, list)):
                if not (isinstance(item, dict) and called in names.documents):
                    yield from _wrong(item, f"{path}.{key}", called, names)
            elif _differs(item, called, names):
                yield value, key, f"{path}.{key}", names.types[called] or str
    else:
        for number, item in enumerate(value):
            if isinstance(item, (dict, list)):
                yield from _wrong(item, f"{path}[{number}]", name, names)
            elif _differs(item, name, names):
                yield value, number, f"{path}[{number}]", names.types[name] or str


def _differs(item: Any, name: str, names: Names) -> bool:
    wanted = names.types.get(name)
    if wanted is None or item is None:
        return False
    kind = type(item)
    return kind is not wanted and not (wanted is int and kind is float)


def _unread(call: Call, where: str, what: str) -> Unread:
    scope = dict(call.scope)
    cause = f"the answer to `{call.operation}` in {scope['account']}/{scope['region']} is malformed: `{where}` {what}"
    return Unread(call.origin(where), cause, "call", "collect it again", told_by({call.operation}))
