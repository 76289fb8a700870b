"""The operators of the language over values; an operand that is not known makes the result unknown."""

from __future__ import annotations

from collections.abc import Callable
from operator import ge, gt, le, lt
from typing import Any

from scanner.resource import Attrs, Items
from scanner.sources.terraform.exact import Exact, fraction, number_of, rounded
from scanner.sources.terraform.types import to_bool, to_number
from scanner.sources.terraform.values import (
    ListOf,
    MapOf,
    SetOf,
    TooLarge,
    is_list,
    is_map,
    merged,
    over_options,
    same,
    unknowns_of,
)
from scanner.unknown import Unknown, Value

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {"<": lt, ">": gt, "<=": le, ">=": ge}
_CERTAIN = (ListOf, SetOf, MapOf, Items, Attrs)


def binary(operator: str, left: Value, right: Value) -> Value:
    """The result of `left operator right`. Raises Refused, TooLarge."""
    if operator in ("==", "!="):
        return equality(left, right, operator == "==")
    if type(left) is bool and type(right) is bool and operator in ("&&", "||"):
        return (left and right) if operator == "&&" else (left or right)
    decided = _short(operator, left, right)
    if decided is not None:
        return decided
    unknown = [one for one in (left, right) if isinstance(one, Unknown)]
    if unknown:
        spread = over_options(lambda one, other: binary(operator, one, other), left, right)
        return merged(unknown) if spread is None else spread
    if operator in ("&&", "||"):
        first, second = to_bool(left), to_bool(right)
        return (first and second) if operator == "&&" else (first or second)
    return _numbers(operator, to_number(left), to_number(right))


def _short(operator: str, left: Value, right: Value) -> Value | None:
    """What one known operand alone decides: `false && x` is false whatever x turns out to be."""
    if operator not in ("&&", "||"):
        return None
    deciding = operator == "||"
    for one in (left, right):
        if one is deciding or (isinstance(one, str) and one == str(deciding).lower()):
            return deciding
    return None


def equality(left: Value, right: Value, wanted: bool) -> Value:
    """Whether two values are equal (`wanted` True) or not; unknown where an unknown part decides."""
    unknown = [*unknowns_of(left), *unknowns_of(right)]
    if unknown:
        if _differ(left, right):
            return not wanted
        spread = over_options(lambda one, other: equality(one, other, wanted), left, right)
        return merged(unknown) if spread is None else spread
    if not same(left, right):
        return not wanted
    if (is_list(left) or is_map(left)) and type(left) is not type(right):
        # Terraform finds a list and a tuple unequal whatever is in them.
        if type(left) in _CERTAIN and type(right) in _CERTAIN:
            return not wanted
        return Unknown("the types of the two collections that are compared are not known", options=(True, False))
    return wanted


def _differ(left: Value, right: Value) -> bool:
    """Whether two values with unknown parts differ in what is known of them."""
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return False
    if is_map(left) and is_map(right):
        return left.keys() != right.keys() or any(_differ(left[key], right[key]) for key in left)
    if isinstance(left, SetOf) or isinstance(right, SetOf):
        return False
    if is_list(left) and is_list(right):
        return len(left) != len(right) or any(_differ(one, other) for one, other in zip(left, right, strict=True))
    return not same(left, right)


def unary(operator: str, operand: Value) -> Value:
    """The result of `-operand` or `!operand`. Raises Refused."""
    if isinstance(operand, Unknown):
        spread = over_options(lambda one: unary(operator, one), operand)
        return merged([operand]) if spread is None else spread
    if operator == "!":
        return not to_bool(operand)
    return 0 - to_number(operand)


def _numbers(operator: str, left: int | float, right: int | float) -> Value:
    if operator in _COMPARISONS:
        if isinstance(left, Exact) or isinstance(right, Exact):
            return _COMPARISONS[operator](fraction(left), fraction(right))
        return _COMPARISONS[operator](left, right)
    if isinstance(left, int) and isinstance(right, int) and operator in "+-*":
        if left.bit_length() + right.bit_length() > 4000:
            raise TooLarge("a number with more than a thousand digits")
        return {"+": left + right, "-": left - right, "*": left * right}[operator]
    return _fractions(operator, left, right)


def _fractions(operator: str, left: int | float, right: int | float) -> int | float:
    """Arithmetic on fractions of 512 bits. Raises TooLarge."""
    if right == 0 and operator in "/%":
        if operator == "%":
            return left
        raise TooLarge("a division by zero, which is infinite")
    one, other = fraction(left), fraction(right)
    try:
        match operator:
            case "+":
                return number_of(one + other)
            case "-":
                return number_of(one - other)
            case "*":
                return number_of(one * other)
            case "/":
                return number_of(one / other)
            case _:
                return number_of(one - rounded(other * int(rounded(one / other))))
    except OverflowError as error:
        raise TooLarge("a number with more than three hundred digits") from error
