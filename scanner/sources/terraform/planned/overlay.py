"""A plan or a state laid over the source of the same root: it decides the values, the source gives the lines."""

from __future__ import annotations

import json
from collections.abc import Sequence

from msgspec.structs import replace

from scanner.resource import Attrs, Items, Resource
from scanner.sources.terraform.blocks import LABELS, POSSIBLE
from scanner.unknown import Unknown, Value, unknowns_in

WRITTEN = frozenset({"lifecycle", "depends_on", "provisioner", "connection", "timeouts", LABELS})
"""What only the source has."""


def overlaid(source: Resource, told: Resource) -> Resource:
    """The resource of a plan or state with the origins of the source, and what only the source says."""
    attrs = _attrs(told.attrs, source.attrs, top=True)
    return replace(told, attrs=attrs, origin=source.origin, provider=source.provider or told.provider)


def _attrs(told: Attrs, source: Attrs, *, top: bool = False) -> Attrs:
    result = Attrs()
    for name, value in told.items():
        result[name] = _value(value, source[name]) if name in source else value
        result.marks[name] = source.marks.get(name) or told.marks[name]
    for name, value in source.items():
        # What the plan leaves out is null there; only what a plan never has stays as it is written.
        if name not in told and top and name in WRITTEN:
            result[name] = value
            if name in source.marks:
                result.marks[name] = source.marks[name]
    return result


def _value(told: Value, source: Value) -> Value:
    if isinstance(told, Unknown):
        return source if any(True for _ in unknowns_in(source)) else told
    if isinstance(told, Attrs) and isinstance(source, Attrs):
        return _attrs(told, source)
    if isinstance(told, Items) and isinstance(source, Items):
        return _items(told, source)
    return source if _same(told, source) else told


def _items(told: Items, source: Items) -> Items:
    """Items in the order of the plan; each takes the lines of the one in the source that it can be."""
    left = [place for place, item in enumerate(source) if not (isinstance(item, Attrs) and POSSIBLE in item)]
    values: list[Value] = []
    marks = []
    for place, item in enumerate(told):
        partner = next((one for one in left if _may_be(item, source[one])), None)
        if partner is None:
            values.append(item)
            marks.append(told.marks[place])
            continue
        left.remove(partner)
        values.append(_value(item, source[partner]))
        marks.append(source.marks[partner] if partner < len(source.marks) else told.marks[place])
    return Items(values, marks)


def _may_be(told: Value, source: Value) -> bool:
    """Whether a value of the source, once all is known, can be the one that is told."""
    if isinstance(told, Unknown) or isinstance(source, Unknown):
        return True
    if isinstance(told, Attrs) and isinstance(source, Attrs):
        return all(name not in told or _may_be(told[name], value) for name, value in source.items())
    if isinstance(told, Sequence) and isinstance(source, Sequence) and not isinstance(told, str):
        return len(told) == len(source) and all(_may_be(one, other) for one, other in zip(told, source, strict=True))
    return _same(told, source)


def _same(told: Value, source: Value) -> bool:
    """Whether two scalars are the same to Terraform; JSON text is compared as JSON."""
    if isinstance(source, bool) or isinstance(told, bool):
        return source is told or str(source).lower() == str(told).lower()
    if isinstance(told, str) and isinstance(source, str):
        return told == source or _json(told) == _json(source) is not None
    return told == source or str(told) == str(source)


def _json(text: str) -> object:
    if text[:1] not in "{[":
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
