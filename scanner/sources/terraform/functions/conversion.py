"""Functions that convert to a type."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from scanner.sources.terraform.functions.function import Function, boolean, number, pure
from scanner.sources.terraform.types import ANY, Type, convert, to_text
from scanner.sources.terraform.values import is_list, merged, over_options
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


TABLE: Mapping[str, Function] = {
    "tolist": pure(lambda a: _converted(a, "list"), 1, policy="raw"),
    "toset": pure(lambda a: _converted(a, "set"), 1, policy="raw"),
    "tomap": pure(lambda a: _converted(a, "map"), 1, policy="raw"),
    "tobool": pure(lambda a: None if a[0] is None else boolean(a[0]), 1),
    "tostring": pure(lambda a: None if a[0] is None else to_text(a[0]), 1),
    "tonumber": pure(lambda a: None if a[0] is None else number(a[0]), 1),
}
