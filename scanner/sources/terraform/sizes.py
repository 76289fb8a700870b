"""How many nodes a value has, for what would walk over it: shared parts count each time."""

from __future__ import annotations

from collections.abc import Collection

from scanner.sources.terraform.values import MAX_DEPTH, MAX_ITEMS, is_list, is_map
from scanner.unknown import PLAIN, Unknown, Value


def size(value: Value, limit: int = MAX_ITEMS) -> int:
    """How many nodes a value has when written out, shared parts counted each time; stops above `limit`."""
    total = 0
    stack: list[Value] = [value]
    while stack and total <= limit:
        item = stack.pop()
        total += 1
        stack.extend(_inside(item))
    return total


def _inside(value: Value) -> Collection[Value]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list):
        return value
    if isinstance(value, Unknown):
        return (
            (*value.pieces, *value.options, value.document, value.known)
            if value.pieces or value.document or value.known
            else value.options
        )
    if is_map(value):
        return value.values()
    return value if is_list(value) else ()


def fits(value: Value) -> bool:
    """Whether a value is small and flat enough for all that walk over it, which may recurse."""
    return nodes(value, MAX_ITEMS) is not None


def nodes(value: Value, most: int) -> int | None:
    """How many nodes a value has when written out; None where they are more than that, or too deep."""
    if type(value) in PLAIN:
        return 1
    total, depth = 1, 0
    level: list[Value] = [value]
    while level:
        below: list[Value] = []
        for item in level:
            inner = _inside(item)
            if inner:
                total += len(inner)
                if total > most or depth == MAX_DEPTH:
                    return None
                below += [one for one in inner if type(one) not in PLAIN]
        level, depth = below, depth + 1
    return total
