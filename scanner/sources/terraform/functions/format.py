"""`format` and `formatlist`, with the verbs that Terraform takes from Go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from scanner.patterns import lazy
from scanner.sources.terraform.exact import Exact, decimal
from scanner.sources.terraform.functions.encoding import json_text
from scanner.sources.terraform.functions.function import Function, boolean, number, pure, text
from scanner.sources.terraform.functions.function import whole as whole_number
from scanner.sources.terraform.functions.graphemes import graphemes
from scanner.sources.terraform.template_value import joined
from scanner.sources.terraform.types import to_text
from scanner.sources.terraform.values import (
    ListOf,
    Refused,
    TooLarge,
    is_list,
    is_map,
    is_number,
    merged,
    number_text,
    over_options,
)
from scanner.unknown import Unknown, Value

_VERB = lazy(r"%(?P<flags>[-+ #0]*)(?P<width>\d*)(?:\.(?P<precision>\d*))?(?:\[(?P<index>\d+)\])?(?P<verb>.)", re.S)


def _format(arguments: list[Value]) -> Value:
    """The text; arguments that are not known become pieces of an Unknown."""
    pattern = arguments[0]
    if isinstance(pattern, Unknown):
        spread = over_options(lambda *values: _format(list(values)), *arguments)
        return merged([pattern]) if spread is None else spread
    return joined(_parts(text(pattern), arguments[1:]))


def _parts(pattern: str, arguments: list[Value]) -> list[Value]:
    parts: list[Value] = []
    place = following = used = 0
    while (start := pattern.find("%", place)) >= 0:
        parts.append(pattern[place:start])
        found = _VERB.match(pattern, start)
        if not found:
            raise Refused("a `%` without a verb in the format")
        place = found.end()
        if found["verb"] == "%":
            parts.append("%")
            continue
        chosen = int(found["index"]) - 1 if found["index"] else following
        if not 0 <= chosen < len(arguments):
            raise Refused("not enough arguments for the format")
        following = chosen + 1
        used = max(used, following)
        parts.append(_verb(found, arguments[chosen]))
    if used < len(arguments):
        raise Refused("too many arguments for the format")
    return [*parts, pattern[place:]]


def _verb(found: re.Match[str], value: Value) -> Value:
    if isinstance(value, Unknown):
        return value
    width = int(found["width"] or 0)
    if width > 1000 or int(found["precision"] or 0) > 1000:
        raise TooLarge("a format that is too wide")
    formatted = _text(found, value)
    flags = found["flags"]
    if "-" in flags:
        return formatted + " " * (width - len(graphemes(formatted)))
    if "0" in flags and found["verb"] != "t":
        sign = formatted[:1] if formatted[:1] in "+-" and found["verb"] not in "sqv" else ""
        return sign + "0" * (width - len(graphemes(formatted))) + formatted[len(sign) :]
    return " " * (width - len(graphemes(formatted))) + formatted


def _text(found: re.Match[str], value: Value) -> str:
    verb, flags = found["verb"], found["flags"]
    precision = None if found["precision"] is None else int(found["precision"] or 0)
    sign = "+" if "+" in flags else (" " if " " in flags else "")
    match verb:
        case "s":
            whole = text(value)
            return "".join(graphemes(whole)[:precision]) if precision else whole
        case "q":
            whole = text(value)
            return json_text("".join(graphemes(whole)[:precision]) if precision else whole)
        case "t":
            return "true" if boolean(value) else "false"
        case "v":
            return _natural(value, flags)
        case "d" | "x" | "X" | "o" | "b":
            shown = format(whole_number(value), sign + ("#" if "#" in flags and verb != "d" else "") + verb)
            return shown.replace("0o", "0", 1) if verb == "o" else shown
        case "f" | "e" | "E" | "g" | "G":
            return _float(number(value), sign, precision, verb)
    raise Refused("a verb that the format does not have")


def _float(value: int | float, sign: str, precision: int | None, verb: str) -> str:
    try:
        if precision is None and verb in "gG":
            shown = number_text(value) if isinstance(value, Exact) else _shortest(float(value))
            shown = shown.upper() if verb == "G" else shown
            return sign + shown if value >= 0 else shown
        wanted = f"{sign}.{6 if precision is None else precision}{verb}"
        return format(decimal(value) if verb == "f" else float(value), wanted)
    except OverflowError as error:
        raise TooLarge("a number with more than three hundred digits") from error


def _shortest(value: float) -> str:
    """The fewest digits that tell the number apart, with an exponent from a million on, as Go does it."""
    exponent = int(f"{value:.17e}".partition("e")[2])
    if value == 0 or -4 <= exponent < 6:
        return number_text(value)
    digits = len(Decimal(repr(value)).normalize().as_tuple().digits)
    return format(value, f".{digits - 1}e")


def _natural(value: Value, flags: str) -> str:
    if "#" in flags or is_list(value) or is_map(value):
        return json_text(value)
    if value is None:
        return "null"
    return to_text(value) if is_number(value) or isinstance(value, bool) else text(value)


def _formatlist(arguments: list[Value]) -> Value:
    """One text for each place of the lists among the arguments."""
    pattern, *rest = arguments
    lists = [one for one in rest if is_list(one)]
    open_ = [one for one in rest if isinstance(one, Unknown) and not one.pieces and one.ref is None]
    if isinstance(pattern, Unknown) or (open_ and not lists):
        spread = over_options(lambda *values: _formatlist(list(values)), *arguments)
        return merged([one for one in arguments if isinstance(one, Unknown)]) if spread is None else spread
    lengths = {len(one) for one in lists}
    if len(lengths) > 1:
        raise Refused("lists of different lengths")
    count = lengths.pop() if lengths else 1
    rows = [[one[place] if is_list(one) else one for one in rest] for place in range(count)]
    return ListOf([_format([pattern, *row]) for row in rows])


TABLE: Mapping[str, Function] = {
    "format": pure(_format, 1, None, "raw"),
    "formatlist": pure(_formatlist, 1, None, "raw"),
}
