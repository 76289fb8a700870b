"""The operators of the language over values; an operand that is not known makes the result unknown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DivisionByZero, InvalidOperation, Overflow, localcontext

from scanner.resource import Attrs, Items
from scanner.sources.terraform.types import to_bool, to_number
from scanner.sources.terraform.values import (
    ListOf,
    MapOf,
    Refused,
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

_CERTAIN = (ListOf, SetOf, MapOf, Items, Attrs)


def binary(operator: str, left: Value, right: Value) -> Value:
    """The result of `left operator right`. Raises Refused, TooLarge."""
    if operator in ("==", "!="):
        return equality(left, right, operator == "==")
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
    comparisons: dict[str, Callable[[], bool]] = {
        "<": lambda: left < right,
        ">": lambda: left > right,
        "<=": lambda: left <= right,
        ">=": lambda: left >= right,
    }
    if operator in comparisons:
        return comparisons[operator]()
    if isinstance(left, int) and isinstance(right, int) and operator in "+-*":
        if left.bit_length() + right.bit_length() > 4000:
            raise TooLarge("a number with more than a thousand digits")
        return {"+": left + right, "-": left - right, "*": left * right}[operator]
    return _decimal(operator, left, right)


def _decimal(operator: str, left: int | float, right: int | float) -> int | float:
    """Arithmetic on fractions in base ten, so that 0.1 + 0.2 is 0.3 as it is in Terraform."""
    if operator in "/%" and right == 0:
        raise Refused("a division by zero")
    with localcontext() as context:
        context.prec = 150
        first, second = Decimal(repr(left)), Decimal(repr(right))
        try:
            match operator:
                case "+":
                    result = first + second
                case "-":
                    result = first - second
                case "*":
                    result = first * second
                case "/":
                    result = first / second
                case _:
                    result = first % second
        except (InvalidOperation, DivisionByZero, Overflow) as error:
            raise Refused("arithmetic without a result") from error
    return plain(result)


def plain(number: Decimal) -> int | float:
    """A decimal as an int where it is whole, else as a float."""
    if number.is_finite() and number == number.to_integral_value() and number.adjusted() < 1200:
        return int(number)
    return float(number)
