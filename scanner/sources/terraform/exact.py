"""Numbers as Terraform keeps them: binary fractions of 512 bits, told in the shortest decimal that names them.

Source: `big.Float` of Go, as HCL and go-cty use it (`cty.ParseNumberVal`, a precision of 512, rounding to even).
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

PRECISION = 512
_DIGITS = 160
"""Decimal digits that tell any two numbers of 512 bits apart."""


class Exact(float):
    """A number that a float is too short for: `exact` is what it is; as a float it is the nearest one."""

    __slots__ = ("exact",)
    exact: Fraction


def rounded(number: Fraction) -> Fraction:
    """The nearest number of 512 bits."""
    if number.denominator == 1 and number.numerator.bit_length() <= PRECISION:
        return number
    shift = abs(number.numerator).bit_length() - number.denominator.bit_length() - PRECISION
    if abs(number) >= Fraction(2) ** (shift + PRECISION):
        shift += 1
    return round(number / Fraction(2) ** shift) * Fraction(2) ** shift


def fraction(number: int | float) -> Fraction:
    """What a number is; one that is kept as a float stands for its decimal."""
    if isinstance(number, Exact):
        return number.exact
    return Fraction(number) if isinstance(number, int) else rounded(Fraction(repr(number)))


def number_of(exact: Fraction) -> int | float:
    """A fraction as an int, as a float where that names it, else as an Exact. Raises OverflowError."""
    exact = rounded(exact)
    if exact.denominator == 1:
        return int(exact)
    plain = float(exact)
    if fraction(plain) == exact:
        return plain
    found = Exact(plain)
    found.exact = exact
    return found


def parsed(text: str) -> int | float:
    """The number of a decimal text. Raises ValueError where it is none, or beyond a thousand digits."""
    if len(text) > 1200:
        raise ValueError(text[:20])
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > 1000:
        raise ValueError(text[:20])
    if number == number.to_integral_value():
        return int(number)
    short = float(number)
    return short if Decimal(repr(short)) == number else number_of(Fraction(number))


def decimal(number: int | float) -> Decimal:
    """All digits of a number: a binary fraction has an end in decimals as well."""
    exact = fraction(number)
    with localcontext() as context:
        context.prec = 8000
        return Decimal(exact.numerator) / Decimal(exact.denominator)


def shortest(number: Exact) -> str:
    """The fewest digits that tell the number apart from its neighbours, without an exponent."""
    whole = decimal(number)
    low, high = 1, _DIGITS
    with localcontext() as context:
        while low < high:
            context.prec = (low + high) // 2
            if rounded(Fraction(+whole)) == number.exact:
                high = context.prec
            else:
                low = context.prec + 1
        context.prec = low
        return format(+whole, "f")
