"""`coalesce` and `coalescelist`: the first argument that there is something in."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from scanner.sources.terraform.functions.collections import filled
from scanner.sources.terraform.functions.function import Function, items, pure
from scanner.sources.terraform.types import to_text, unify
from scanner.sources.terraform.values import Refused, SetOf, is_list, merged, over_options
from scanner.unknown import INVALID, Unknown, Value


def _coalesce(arguments: list[Value]) -> Value:
    """The first that is neither null nor empty; an unknown one before it may be either."""
    for argument in arguments:
        if isinstance(argument, Unknown) and argument.code == INVALID:
            return argument
    for place, argument in enumerate(arguments):
        if argument is None or argument == "":
            continue
        if isinstance(argument, Unknown):
            if filled(argument):
                return argument
            spread = over_options(lambda *values: _coalesce(list(values)), *arguments[place:])
            return merged([argument]) if spread is None else spread
        shown = unify([argument, *(one for one in arguments if isinstance(one, str))])[0]
        open_ = [one for one in arguments if isinstance(one, Unknown)]
        if open_ and isinstance(shown, (bool, int, float)):
            # It becomes a string where one of the others turns out to be one.
            return replace(merged(open_), options=(shown, to_text(shown)))
        return shown
    raise Refused("every argument of `coalesce` is null or empty")


def _coalescelist(arguments: list[Value]) -> Value:
    if any(isinstance(argument, SetOf) for argument in arguments):
        raise Refused("an argument of `coalescelist` is a set")
    for place, argument in enumerate(arguments):
        if isinstance(argument, Unknown):
            # The last is what there is, or nothing is; one with an element that is certain is taken.
            certain = is_list(argument.document) and not all(isinstance(one, Unknown) for one in argument.document)
            return argument if certain or place == len(arguments) - 1 else merged([argument])
        if argument is not None and len(items(argument)) > 0:
            return argument
    raise Refused("every argument of `coalescelist` is null or empty")


TABLE: Mapping[str, Function] = {
    "coalesce": pure(_coalesce, 1, None, "raw"),
    "coalescelist": pure(_coalescelist, 1, None, "raw"),
}
