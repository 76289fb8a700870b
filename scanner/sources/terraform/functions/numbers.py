"""Functions over numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import reduce

from scanner.sources.terraform.exact import fraction, number_of
from scanner.sources.terraform.functions.function import Function, items, number, pure, text, whole
from scanner.sources.terraform.operators import binary
from scanner.sources.terraform.values import ListOf, Refused, TooLarge
from scanner.unknown import Value

MAX_RANGE = 1024


def _sum(arguments: list[Value]) -> Value:
    values = [number(item) for item in items(arguments[0])]
    if not values:
        raise Refused("`sum` of an empty list")
    return reduce(lambda left, right: number(binary("+", left, right)), values[1:], values[0])


def _range(arguments: list[Value]) -> Value:
    limits = [number(one) for one in arguments]
    start, end = (limits[0], limits[1]) if len(limits) > 1 else (0, limits[0])
    step = limits[2] if len(limits) > 2 else (1 if end >= start else -1)
    if step == 0 or (end > start) is (step < 0) and end != start:
        raise Refused("a range that never ends")
    result: list[Value] = []
    value: Value = start
    while isinstance(value, (int, float)) and binary("<" if step > 0 else ">", value, end):
        if len(result) >= MAX_RANGE:
            raise Refused("a range of more than 1024 numbers")
        result.append(value)
        value = binary("+", value, step)
    return ListOf(result)


def _parseint(arguments: list[Value]) -> Value:
    digits, base = text(arguments[0]), whole(arguments[1])
    if not 2 <= base <= 62:
        raise Refused("a base out of 2 to 62")
    if base > 36 or len(digits) > 300:
        raise TooLarge("a base above 36, or a very long number")
    try:
        return int(digits, base) if "_" not in digits and digits == digits.strip() else _not_a_number()
    except ValueError:
        return _not_a_number()


def _not_a_number() -> Value:
    raise Refused("a text that is no number in this base")


def _real(arguments: list[Value], name: str) -> Value:
    try:
        values = [float(number(one)) for one in arguments]
        result = math.log(values[0], values[1]) if name == "log" else math.pow(values[0], values[1])
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise Refused(f"`{name}` without a result") from error
    near = round(result)
    if abs(result - near) < 1e-9 * max(abs(result), 1) and not _sure(name, values, near):
        # Go's last digit may be another one, and what rounds the result up or down would follow it.
        raise TooLarge(f"`{name}` so close to a whole number")
    return near if result == near else result


def _sure(name: str, values: Sequence[float], near: int) -> bool:
    """Whether a whole result is exact on any machine."""
    if name == "log":
        return values[1] == 2 and Fraction(2) ** near == Fraction(values[0])
    whole = values[1].is_integer() and 0 <= values[1] < 1100
    return (
        whole
        and Fraction(values[0]) ** int(values[1]) == near
        and (abs(near) < 2**53 or math.frexp(values[0])[0] == 0.5)
    )


def _signum(arguments: list[Value]) -> Value:
    value = whole(arguments[0])
    return (value > 0) - (value < 0)


TABLE: Mapping[str, Function] = {
    "max": pure(lambda a: max((number(one) for one in a), key=fraction), 1, None),
    "min": pure(lambda a: min((number(one) for one in a), key=fraction), 1, None),
    "sum": pure(_sum, 1),
    "abs": pure(lambda a: number_of(abs(fraction(number(a[0])))), 1),
    "ceil": pure(lambda a: math.ceil(fraction(number(a[0]))), 1),
    "floor": pure(lambda a: math.floor(fraction(number(a[0]))), 1),
    "log": pure(lambda a: _real(a, "log"), 2),
    "pow": pure(lambda a: _real(a, "pow"), 2),
    "signum": pure(_signum, 1),
    "parseint": pure(_parseint, 2),
    "range": pure(_range, 1, 3),
}
