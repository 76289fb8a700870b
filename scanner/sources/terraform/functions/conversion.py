"""Functions that convert to a type."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from scanner.resource import Attrs, Items
from scanner.sources.terraform.functions.function import Function, boolean, number, pure
from scanner.sources.terraform.types import ANY, Type, convert, to_text
from scanner.sources.terraform.values import Refused, is_list, merged, over_options
from scanner.unknown import Unknown, Value


def _converted(arguments: list[Value], name: str) -> Value:
    if isinstance(arguments[0], Unknown):
        whole_ = arguments[0]
        spread = over_options(lambda value: _converted([value], name), whole_)
        if spread is not None:
            return spread
        if is_list(whole_.document) and name != "map":
            return replace(merged([whole_]), document=convert(whole_.document, Type(name, ANY)))
        return whole_ if whole_.ref is not None else merged([whole_])
    return convert(arguments[0], Type(name, ANY))


def _list(arguments: list[Value]) -> Value:
    return convert(Items(arguments), Type("list", ANY))


def _map(arguments: list[Value]) -> Value:
    keys, values = arguments[::2], arguments[1::2]
    if len(keys) != len(values):
        raise Refused("a key without a value")
    open_ = [key for key in keys if isinstance(key, Unknown)]
    if open_:
        return merged(open_)
    return convert(Attrs(zip(map(to_text, keys), values, strict=True)), Type("map", ANY))


TABLE: Mapping[str, Function] = {
    "tolist": pure(lambda a: _converted(a, "list"), 1, policy="raw"),
    "toset": pure(lambda a: _converted(a, "set"), 1, policy="raw"),
    "tomap": pure(lambda a: _converted(a, "map"), 1, policy="raw"),
    # As Terraform 0.12 to 0.14 have them; later ones refuse what calls them.
    "list": pure(_list, 1, None, policy="raw"),
    "map": pure(_map, 2, None, policy="raw"),
    "tobool": pure(lambda a: None if a[0] is None else boolean(a[0]), 1),
    "tostring": pure(lambda a: None if a[0] is None else to_text(a[0]), 1),
    "tonumber": pure(lambda a: None if a[0] is None else number(a[0]), 1),
}
