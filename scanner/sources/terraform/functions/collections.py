"""Functions over lists and maps; their elements may be unknown where only the shape matters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from msgspec.structs import replace

from scanner.resource import Attrs, Items
from scanner.sources.terraform.choices import over_inner
from scanner.sources.terraform.functions.function import Function, boolean, items, mapping, pure, text, whole
from scanner.sources.terraform.functions.graphemes import graphemes
from scanner.sources.terraform.identity import distinct, identity
from scanner.sources.terraform.operators import equality
from scanner.sources.terraform.types import unify
from scanner.sources.terraform.values import (
    ListOf,
    MapOf,
    Refused,
    SetOf,
    is_list,
    is_map,
    merged,
    ordered,
    over_options,
    unknowns_of,
)
from scanner.unknown import Unknown, Value


def partly(result: Value, open_: Sequence[Unknown]) -> Unknown:
    """A list of which some elements are known: an Unknown with them, and what is not known, in its `document`."""
    return replace(merged(open_), document=result)


def _length(arguments: list[Value]) -> Value:
    [value] = arguments
    if isinstance(value, SetOf) and len(value) > 1 and unknowns_of(value):
        return merged(unknowns_of(value))
    return len(value) if is_list(value) or is_map(value) else len(graphemes(text(value)))


def _concat(arguments: list[Value]) -> Value:
    open_ = [one for one in arguments if isinstance(one, Unknown)]
    if open_:
        spread = over_options(lambda *values: _concat(list(values)), *arguments)
        if spread is not None:
            return spread
    result = Items()
    for argument in arguments:
        if isinstance(argument, Unknown):
            part: Sequence[Value] = argument.document if is_list(argument.document) else (argument,)
        elif isinstance(argument, SetOf):
            raise Refused("a set where a list is required")
        else:
            part = items(argument)
        result.extend(part)
        result.marks.extend(part.marks if isinstance(part, Items) else ())
    if len(result.marks) != len(result):
        result.marks.clear()
    if not open_ and all(isinstance(argument, ListOf) for argument in arguments):
        with suppress(Refused):  # of lists whose elements have no common type Terraform makes a tuple
            return ListOf(unify(list(result)), result.marks)
    return partly(result, open_) if open_ else result


def _keys(arguments: list[Value]) -> Value:
    names = sorted(mapping(arguments[0]))
    return ListOf(names) if isinstance(arguments[0], MapOf) else Items(names)


def _values(arguments: list[Value]) -> Value:
    values = [item for _, item in ordered(mapping(arguments[0]))]
    return ListOf(values) if isinstance(arguments[0], MapOf) else Items(values)


def _flatten(arguments: list[Value]) -> Value:
    [value] = arguments
    result: list[Value] = []
    open_: list[Unknown] = []
    stack: list[Value] = list(reversed(items(value)))
    while stack:
        item = stack.pop()
        if is_list(item):
            stack.extend(reversed(item))
            continue
        if isinstance(item, Unknown) and is_list(item.document):
            open_.append(item)
            stack.extend(reversed(item.document))
            continue
        result.append(item)
        # An unknown element may itself be a list, unless it is one attribute of one resource.
        if isinstance(item, Unknown) and not _single(item):
            open_.append(item)
    return partly(Items(result), open_) if open_ else Items(result)


def _single(item: Unknown) -> bool:
    return bool(item.pieces) or (item.ref is not None and "[*]" not in item.ref.address) and _scalar(item.ref.attribute)


def _scalar(attribute: str) -> bool:
    return attribute.rsplit(".", 1)[-1] in ("id", "arn", "name")


def _distinct(arguments: list[Value]) -> Value:
    kept = distinct(unify(list(items(arguments[0]))))
    open_ = unknowns_of(kept)
    return partly(ListOf(kept), open_) if open_ and len(kept) > 1 else ListOf(kept)


def _compact(arguments: list[Value]) -> Value:
    kept = ListOf(
        item if isinstance(item, Unknown) else text(item)
        for item in items(arguments[0])
        if item is not None and item != ""
    )
    open_ = [one for one in kept if isinstance(one, Unknown) and not filled(one)]
    return partly(kept, open_) if open_ else kept


def filled(one: Unknown) -> bool:
    """Whether a partly known text is certainly not empty."""
    return any(isinstance(piece, str) for piece in one.pieces) or _single(one)


def _contains(arguments: list[Value]) -> Value:
    values, wanted = arguments
    open_: list[Unknown] = []
    for item in items(values):
        found = equality(item, wanted, True)
        if isinstance(found, Unknown):
            open_.append(found)
        elif found:
            return True
    return merged(open_) if open_ else False


def _index(arguments: list[Value]) -> Value:
    for place, item in enumerate(items(arguments[0])):
        found = equality(item, arguments[1], True)
        if isinstance(found, Unknown):
            return merged([found])
        if found:
            return place
    raise Refused("the list does not have this element")


def _chunklist(arguments: list[Value]) -> Value:
    values, length = unify(list(items(arguments[0]))), whole(arguments[1])
    if length < 0:
        raise Refused("a negative length")
    length = length or max(len(values), 1)
    return ListOf(ListOf(values[start : start + length]) for start in range(0, len(values), length))


def _zipmap(arguments: list[Value]) -> Value:
    keys, values = items(arguments[0]), items(arguments[1])
    if len(keys) != len(values):
        raise Refused("lists of different lengths")
    open_ = [key for key in keys if isinstance(key, Unknown)]
    pairs = zip(keys, values, strict=True)
    whole_ = MapOf if isinstance(arguments[1], ListOf) else Attrs
    return merged(open_) if open_ else whole_((text(key), value) for key, value in pairs)


def _matchkeys(arguments: list[Value]) -> Value:
    values, keys, wanted = (items(one) for one in arguments)
    if len(values) != len(keys):
        raise Refused("lists of different lengths")
    alike = unify([*keys, *wanted])
    asked = {identity(one) for one in alike[len(keys) :]}
    return ListOf(value for value, key in zip(values, alike, strict=False) if identity(key) in asked)


def _transpose(arguments: list[Value]) -> Value:
    result: dict[str, list[Value]] = {}
    for key, value in ordered(mapping(arguments[0])):
        for item in items(value):
            result.setdefault(text(item), []).append(key)
    return MapOf((key, ListOf(sorted(value, key=str))) for key, value in sorted(result.items()))


def _one(arguments: list[Value]) -> Value:
    [value] = arguments
    if isinstance(value, Unknown):
        spread = over_options(lambda known: _one([known]), value)
        if spread is not None:
            return spread
        # The one instance that there may be of a resource.
        return value if value.ref is not None else merged([value])
    values = items(value)
    if len(values) > 1:
        raise Refused("`one` of a list with several elements")
    return values[0] if values else None


def _all(arguments: list[Value], deciding: bool) -> Value:
    """`alltrue` (decided by a false) and `anytrue` (decided by a true)."""
    values = arguments[0].document if isinstance(arguments[0], Unknown) else arguments[0]
    open_ = [arguments[0]] if isinstance(arguments[0], Unknown) else []
    for item in items(values) if is_list(values) else ():
        if isinstance(item, Unknown):
            open_.append(item)
        elif item is not None and boolean(item) is deciding and not isinstance(arguments[0], Unknown):
            return deciding
        elif item is None and not deciding:
            return False
    return merged(open_) if open_ else not deciding


def _kept(arguments: list[Value], compute: Callable[[list[Value]], Value]) -> Value:
    """A function that keeps elements, of a list of which some are known."""
    [value] = arguments
    if not isinstance(value, Unknown):
        spread = over_inner(lambda known: compute([known]), value)
        return compute(arguments) if spread is None else spread
    spread = over_options(lambda known: _kept([known], compute), value)
    if spread is not None or not is_list(value.document):
        return merged([value]) if spread is None else spread
    found = compute([value.document])
    return replace(merged([value]), document=found.document if isinstance(found, Unknown) else found)


def _reverse(arguments: list[Value]) -> Value:
    backwards = reversed(items(arguments[0]))
    return ListOf(backwards) if isinstance(arguments[0], ListOf) else Items(backwards)


def _sort(arguments: list[Value]) -> Value:
    return ListOf(sorted(text(item) for item in items(arguments[0])))


def _issensitive(arguments: list[Value]) -> Value:
    """Whether it is, is not told of a known value: what was made from a secret does not say so."""
    [value] = arguments
    if isinstance(value, Unknown) and value.secret:
        return True
    return Unknown("whether a value is sensitive is not known", options=(True, False))


TABLE: Mapping[str, Function] = {
    "length": pure(_length, 1, policy="shallow"),
    "concat": pure(_concat, 1, None, "raw"),
    "keys": pure(_keys, 1, policy="shallow"),
    "values": pure(_values, 1, policy="shallow"),
    "flatten": pure(lambda a: _kept(a, _flatten), 1, policy="raw"),
    "distinct": pure(lambda a: _kept(a, _distinct), 1, policy="raw"),
    "compact": pure(lambda a: _kept(a, _compact), 1, policy="raw"),
    "contains": pure(_contains, 2, policy="shallow"),
    "index": pure(_index, 2, policy="shallow"),
    "chunklist": pure(_chunklist, 2, policy="shallow"),
    "zipmap": pure(_zipmap, 2, policy="shallow"),
    "matchkeys": pure(_matchkeys, 3),
    "transpose": pure(_transpose, 1),
    "one": pure(_one, 1, policy="raw"),
    "alltrue": pure(lambda a: _all(a, False), 1, policy="raw"),
    "anytrue": pure(lambda a: _all(a, True), 1, policy="raw"),
    "reverse": pure(lambda a: _kept(a, _reverse), 1, policy="raw"),
    "sort": pure(_sort, 1, policy="members"),
    "sensitive": pure(lambda a: a[0], 1, policy="raw"),
    "nonsensitive": pure(lambda a: a[0], 1, policy="raw"),
    "issensitive": pure(_issensitive, 1, policy="raw"),
}
