"""Values that are one of few because something inside them, or the key to them, is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scanner.resource import Attrs, Items
from scanner.sources.terraform.identity import set_of
from scanner.sources.terraform.values import (
    MAX_OPTIONS,
    ListOf,
    MapOf,
    SetOf,
    is_list,
    is_map,
    merged,
    one_of,
    over_options,
    unknowns_of,
)
from scanner.unknown import INVALID, Unknown, Value


def over_inner(compute: Callable[..., Value], *arguments: Value) -> Value | None:
    """As `over_options`, for what is unknown anywhere inside the arguments."""
    open_ = {id(one): one for one in unknowns_of(list(arguments))}
    count = 1
    for one in open_.values():
        count *= len(one.options)
    if not 0 < count <= MAX_OPTIONS:
        return None
    return over_options(
        lambda *chosen: compute(*(_filled(one, dict(zip(open_, chosen, strict=True))) for one in arguments)),
        *open_.values(),
    )


def _filled(value: Value, chosen: Mapping[int, Value]) -> Value:
    """A value with what is unknown in it replaced, by identity."""
    if isinstance(value, Unknown):
        return chosen[id(value)]
    if is_map(value):
        pairs = [(key, _filled(item, chosen)) for key, item in value.items()]
        return MapOf(pairs) if isinstance(value, MapOf) else Attrs(pairs)
    if not is_list(value):
        return value
    items = [_filled(item, chosen) for item in value]
    return set_of(items) if isinstance(value, SetOf) else ListOf(items) if isinstance(value, ListOf) else Items(items)


def any_of(values: Value, key: Unknown, *others: Value) -> Value:
    """An element of a list or map by a key that is not known: one of them all, or of `others`."""
    if key.code == INVALID or not (is_list(values) or is_map(values)) or len(values) > MAX_OPTIONS:
        return merged([key])
    found = [*(values.values() if is_map(values) else values), *others]
    return one_of(found, key) if found else merged([key])
