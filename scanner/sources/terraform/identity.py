"""What makes two values one: a key for each, and sets without an element twice."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from scanner.sources.terraform.values import SetOf, is_list, is_map, is_number
from scanner.unknown import Unknown, Value


def identity(value: Value) -> Hashable:
    """The same for values that `same` holds for the same, and for no others; the value must be `fits` for it."""
    if isinstance(value, str):
        return value
    if isinstance(value, Unknown):
        return "unknown", id(value)
    if isinstance(value, bool):
        return "bool", value
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
    if all(isinstance(item, str) for item in kept):
        kept.sort(key=str)
    elif all(is_number(item) for item in kept):
        kept.sort(key=lambda item: item if is_number(item) else 0)
    return SetOf(kept)
