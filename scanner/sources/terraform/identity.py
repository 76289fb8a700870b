"""What makes two values one: a key for each, and sets without an element twice."""

from __future__ import annotations

import json
from collections.abc import Hashable, Iterable

from scanner.sources.terraform.exact import Exact, fraction
from scanner.sources.terraform.values import ListOf, MapOf, SetOf, is_list, is_map, is_number
from scanner.unknown import Unknown, Value


def identity(value: Value) -> Hashable:
    """The same for values that `same` holds for the same, and for no others; the value must be `fits` for it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Unknown):
        return "unknown", id(value)
    if isinstance(value, bool):
        return "bool", value
    if isinstance(value, Exact):
        return "number", value.exact
    if is_map(value):
        return "map", tuple((key, identity(value[key])) for key in sorted(value))
    if is_list(value):
        return "list", tuple(identity(item) for item in value)
    return value


def distinct(items: Iterable[Value]) -> list[Value]:
    """The items without those that are there before."""
    first: dict[Hashable, Value] = {}
    for item in items:
        first.setdefault(identity(item), item)
    return list(first.values())


def set_of(items: Iterable[Value]) -> SetOf:
    """A set: duplicates dropped, strings and numbers sorted."""
    kept = distinct(items)
    last = [item for item in kept if item is None]
    kept = [item for item in kept if item is not None]
    if all(isinstance(item, str) for item in kept):
        kept.sort(key=str)
    elif all(is_number(item) for item in kept):
        kept.sort(key=lambda item: fraction(item) if is_number(item) else 0)
    elif not any(isinstance(item, Unknown) for item in kept):
        kept.sort(key=_place)
    return SetOf([*kept, *last])


def _place(value: Value) -> bytes:
    """Where a value stands in a set that is not of strings or numbers: by the bytes that it is hashed from.

    Source: `setRules.Less` and `makeSetHashBytes` of go-cty.
    """
    if value is None or isinstance(value, Unknown):
        return b"~" if value is None else b"?"
    if isinstance(value, bool):
        return b"T" if value else b"F"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).encode()
    if is_map(value):
        keyed = isinstance(value, MapOf)
        parts = [(_place(key) + b":" if keyed else b"") + _place(value[key]) + b";" for key in sorted(value)]
        return (b"{" if keyed else b"<") + b"".join(parts) + (b"}" if keyed else b">")
    if is_list(value):
        whole = isinstance(value, (ListOf, SetOf))
        return (b"[" if whole else b"<") + b"".join(_place(one) + b";" for one in value) + (b"]" if whole else b">")
    return format(float(value), ".10g").encode() if is_number(value) and abs(value) < 1e300 else b""
