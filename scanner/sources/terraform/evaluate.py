"""Expressions to values. What is not known stays Unknown with its cause; what Terraform refuses is an Unknown too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items
from scanner.sources.terraform import operators
from scanner.sources.terraform.at_hand import NOT_AT_HAND, REFUSED, at_hand
from scanner.sources.terraform.budget import MAX_DEPTH, Budget
from scanner.sources.terraform.calls import call, may_fail
from scanner.sources.terraform.charge import charge, weight
from scanner.sources.terraform.comprehend import for_object, for_tuple
from scanner.sources.terraform.conditional import conditional
from scanner.sources.terraform.functions.graphemes import composed
from scanner.sources.terraform.placed import placed_value
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import walk
from scanner.sources.terraform.syntax import (
    Binary,
    Call,
    Conditional,
    Expression,
    ForObject,
    ForTuple,
    Literal,
    Object,
    Parens,
    Placed,
    Relative,
    Template,
    Traversal,
    Tuple,
    Unary,
)
from scanner.sources.terraform.template_value import template_value
from scanner.sources.terraform.types import to_text
from scanner.sources.terraform.values import Refused, TooLarge, invalid, merged
from scanner.unknown import INVALID, Unknown, Value


def evaluate(expression: Expression, env: Env) -> Value:
    """The value of an expression. Never raises for any expression."""
    budget = env.scope.budget
    kind = type(expression)
    if (kind is Traversal or kind is Literal) and budget.steps - 1 > budget.floor:
        known = at_hand(expression, env)
        if known is not NOT_AT_HAND and known is not REFUSED:
            budget.steps -= 1
            return known  # type: ignore[return-value]  # a value
    if kind is Placed:
        return placed_value(evaluate(expression.shared, env), expression.at)  # type: ignore[union-attr]  # Placed
    depth = budget.depth
    try:
        if not depth:
            budget.begin()
        budget.depth = depth + 1
        budget.steps -= 1
        if depth >= MAX_DEPTH or budget.steps <= budget.floor:
            return Unknown("an expression that is too deep or too large to evaluate", origin=expression.at)
        value = _READERS[kind](expression, env)
        if isinstance(value, str) and not value.isascii():
            value = composed(value)
        if budget.steps <= budget.floor:
            # What is whole of it is not worth more: the whole expression is too large.
            return Unknown("an expression that is too large to evaluate", origin=expression.at)
        if budget.guarded and isinstance(value, Unknown) and may_fail(expression, value):
            budget.doubt = value
        return value
    except Refused as error:
        return invalid(error.cause, expression.at)
    except TooLarge as error:
        return _left(error, expression, budget)
    finally:
        budget.depth = depth


def _left(error: TooLarge, expression: Expression, budget: Budget) -> Unknown:
    left = Unknown(error.cause, origin=expression.at)
    if budget.guarded:
        budget.doubt = left  # whether Terraform can evaluate it is not told either
    return left


def _literal(expression: Literal, env: Env) -> Value:
    return expression.value


def _parens(expression: Parens, env: Env) -> Value:
    return evaluate(expression.inner, env)


def _template(expression: Template, env: Env) -> Value:
    value = template_value(expression, env, evaluate)
    charge(env.scope.budget, weight(value))
    return value


def _traversal(expression: Traversal, env: Env) -> Value:
    if expression.root in env.names:
        value, steps = env.names[expression.root], expression.steps
    else:
        value, steps = env.scope.lookup(expression, env)
    return _placed(walk(value, steps, env, evaluate) if steps else value, expression.at)


def _placed(value: Value, at: FileOrigin) -> Value:
    """The value; an Unknown that has no origin gets that of the reference."""
    if type(value) is Unknown and value.origin is None:
        return replace(value, origin=at)
    return value


def _relative(expression: Relative, env: Env) -> Value:
    return walk(evaluate(expression.source, env), expression.steps, env, evaluate)


def _call(expression: Call, env: Env) -> Value:
    return call(expression, env, evaluate)


def _conditional(expression: Conditional, env: Env) -> Value:
    return conditional(expression, env, evaluate)


def _binary(expression: Binary, env: Env) -> Value:
    left, right = evaluate(expression.left, env), evaluate(expression.right, env)
    if expression.operator not in ("==", "!="):
        env.scope.budget.note(left, right)
    else:
        charge(env.scope.budget, weight(left, True) + weight(right, True))
    return operators.binary(expression.operator, left, right)


def _unary(expression: Unary, env: Env) -> Value:
    operand = evaluate(expression.operand, env)
    env.scope.budget.note(operand)
    return operators.unary(expression.operator, operand)


def _tuple(expression: Tuple, env: Env) -> Value:
    return Items([evaluate(item, env) for item in expression.items], [item.at for item in expression.items])


def _object(expression: Object, env: Env) -> Value:
    result = Attrs()
    open_keys: list[Unknown] = []
    for name, item in expression.items:
        if type(name) is Literal:  # as most are
            key: Value = name.value if name.value is not None else "null"
            if isinstance(key, str) and not key.isascii():
                key = composed(key)
        else:
            key = evaluate(name, env)
        if isinstance(key, Unknown):
            open_keys.append(key)
            env.scope.budget.note(key)
            # It may be any of those before it, which it then replaces.
            result = Attrs(dict.fromkeys(result, merged([key])), result.marks)
            continue
        text = to_text(key)
        result[text] = evaluate(item, env)
        result.marks[text] = item.at
    if not open_keys:
        return result
    whole = merged(open_keys)
    return whole if whole.code == INVALID else replace(whole, known=result or None)


def _for_tuple(expression: ForTuple, env: Env) -> Value:
    return for_tuple(expression, env, evaluate)


def _for_object(expression: ForObject, env: Env) -> Value:
    return for_object(expression, env, evaluate)


_READERS: Mapping[type, Callable[[Any, Env], Value]] = {
    Literal: _literal,
    Parens: _parens,
    Template: _template,
    Traversal: _traversal,
    Relative: _relative,
    Call: _call,
    Conditional: _conditional,
    Binary: _binary,
    Unary: _unary,
    Tuple: _tuple,
    Object: _object,
    ForTuple: _for_tuple,
    ForObject: _for_object,
}
