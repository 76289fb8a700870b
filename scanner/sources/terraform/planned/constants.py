"""Constants of a configuration, and whether a plan has another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scanner.sources.terraform.syntax import Expression, Literal, Object, Parens, Tuple, Unary


class NoConstant(Exception):
    """An expression that is no constant."""


def other_constant(expression: Expression, planned: Any) -> bool:
    """Whether a constant is another than the planned one; False where the expression is none."""
    try:
        return bool(plainly(constant(expression)) != plainly(planned))
    except NoConstant:
        return False


def plainly(value: Any) -> Any:
    """A value as it is compared: Terraform may write a number as text, and the other way round."""
    if isinstance(value, Mapping):
        return {str(key): plainly(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plainly(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value if value is None else str(value)


def constant(expression: Expression) -> Any:
    """The value of a constant. Raises NoConstant."""
    match expression:
        case Literal():
            return expression.value
        case Parens():
            return constant(expression.inner)
        case Tuple():
            return [constant(item) for item in expression.items]
        case Object():
            return {str(constant(key)): constant(item) for key, item in expression.items}
        case Unary(operator="-"):
            inner = constant(expression.operand)
            if isinstance(inner, (int, float)):
                return -inner
    raise NoConstant
