"""Function calls: arguments, what an unknown argument makes of the result, and `try` and `can`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from scanner.resource import Items
from scanner.sources.terraform.at_hand import REFUSED, at_hand
from scanner.sources.terraform.budget import is_attribute
from scanner.sources.terraform.charge import WEIGHTLESS, charge, charge_call, weight
from scanner.sources.terraform.choices import over_inner
from scanner.sources.terraform.functions import find
from scanner.sources.terraform.functions.function import Function
from scanner.sources.terraform.lines import references
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.syntax import Call, Expression, Literal, Parens, Template, Traversal
from scanner.sources.terraform.values import (
    MAX_ITEMS,
    MAX_TEXT,
    Refused,
    TooLarge,
    is_list,
    is_map,
    merged,
    one_of,
    over_options,
    unknowns_of,
)
from scanner.unknown import FUNCTION_UNKNOWN, INVALID, PLAIN, Unknown, Value

# Functions that fail for an element that is null or of another type.
_ELEMENTS = ("join", "format", "formatlist", "compact", "distinct", "alltrue", "anytrue", "toset", "tolist", "tomap")
# Functions whose result has elements of their argument and nothing else.
_CHOOSING = ("values", "tolist", "toset", "distinct", "sort", "reverse", "compact", "flatten")
# Functions that take any value.
_TOTAL = ("jsonencode", "yamlencode", "sensitive", "nonsensitive")


def call(expression: Call, env: Env, evaluate: Evaluate) -> Value:
    """The result of a call. Raises Refused, TooLarge."""
    name = expression.name.removeprefix("core::")
    if name in _OWN:
        return _OWN[name](expression, env, evaluate)
    function = find(name)
    if function is None:
        return Unknown(f"the function `{name}` is not evaluated", FUNCTION_UNKNOWN, origin=expression.at)
    arguments = [evaluate(argument, env) for argument in expression.arguments]
    if expression.expand:
        last = arguments.pop()
        if isinstance(last, Unknown):
            return merged([last])
        if not is_list(last):
            raise Refused("`...` behind a value that is no list")
        arguments.extend(last)
    if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
        raise Refused(f"the wrong number of arguments for `{name}`")
    charge_call(env.scope.budget, name, function.policy in ("strict", "members"), arguments)
    if name not in _TOTAL and env.scope.budget.guarded:
        env.scope.budget.note(*(unknowns_of(arguments) if function.policy == "strict" else arguments))
        if name in _ELEMENTS:
            env.scope.budget.note(*unknowns_of(arguments))
    result = _checked(apply(function, arguments, env, evaluate))
    if type(result) in WEIGHTLESS:
        return result
    charge(env.scope.budget, weight(result))
    return _same(name, arguments, result)


def _same(name: str, arguments: list[Value], result: Value) -> Value:
    """The result, still as an attribute of the resource that it was one of, where only elements are chosen of it."""
    if name not in _CHOOSING or not isinstance(result, Unknown) or result.ref is not None or result.options:
        return result
    first = arguments[0]
    if not isinstance(first, Unknown) or len(arguments) != 1:
        return result
    return replace(result, ref=first.ref, document=result.document if first.document else None)


def apply(function: Function, arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    """The result of a function for arguments that may be unknown."""

    if function.policy == "raw" or PLAIN.issuperset(map(type, arguments)):
        return function.run(list(arguments), env, evaluate)
    top = [one for one in arguments if isinstance(one, Unknown)]
    inner = unknowns_of(arguments) if function.policy in ("strict", "members") else []
    if top or inner:
        spread = over_options(lambda *values: apply(function, list(values), env, evaluate), *arguments)
        if spread is None and inner:
            spread = over_inner(lambda *values: apply(function, list(values), env, evaluate), *arguments)
        if spread is None and function.policy == "members":
            return _members(function, arguments, inner, env, evaluate)
        return merged(top or inner) if spread is None else spread
    return function.run(list(arguments), env, evaluate)


def _members(function: Function, arguments: list[Value], open_: list[Unknown], env: Env, evaluate: Evaluate) -> Value:
    """The result of a function that keeps elements: those that are certain are in the Unknown's `document`."""
    parts = [one.document if isinstance(one, Unknown) else one for one in arguments]
    kept = [part if is_list(part) else [whole] for part, whole in zip(parts, arguments, strict=True)]
    certain = [Items(one for one in part if not unknowns_of(one)) for part in kept]
    try:
        result = function.run(list(certain), env, evaluate)
    except Refused:
        # What is not known may still make one type of them: a boolean and a number are none, beside a string they are.
        return merged(open_)
    return replace(merged(open_), document=Items([*(result if is_list(result) else ()), merged(open_)]))


def _checked(value: Value) -> Value:
    """The value, within the budget of one result."""
    if type(value) in PLAIN and (type(value) is not str or len(value) <= MAX_TEXT):
        return value
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise TooLarge("a text of more than a million characters")
    if (is_list(value) or is_map(value)) and len(value) > MAX_ITEMS:
        raise TooLarge("a collection with too many elements")
    return value


def fails(value: Value) -> bool:
    """Whether Terraform would fail to evaluate this."""
    if type(value) in PLAIN:
        return False
    return any(one.code == INVALID for one in unknowns_of(value))


def may_fail(expression: Expression, value: Unknown) -> bool:
    """Whether Terraform may find an expression to be an error once it knows what is unknown here."""
    if isinstance(expression, (Literal, Parens)):
        return False
    if isinstance(expression, Call):
        return expression.name not in _TOTAL
    if isinstance(expression, Template):
        return any(isinstance(piece, Unknown) and not is_attribute(piece) for piece in value.pieces or (value,))
    if isinstance(expression, Traversal):
        return len(expression.steps) > 1 and not is_attribute(value)
    return True


def _lasting(expression: Call, env: Env, evaluate: Evaluate) -> Value:
    """`ephemeralasnull`: null for what is ephemeral, which is not told of a value that is referred to."""
    if len(expression.arguments) != 1:
        raise Refused("the wrong number of arguments for `ephemeralasnull`")
    value = evaluate(expression.arguments[0], env)
    if not any(True for _ in references(expression.arguments[0])):
        return value
    return one_of([value, None], Unknown("whether a value is ephemeral is not known", origin=expression.at))


def _try(expression: Call, env: Env, evaluate: Evaluate) -> Value:
    """The first argument that Terraform can evaluate; where that is not certain, it may be a later one."""
    return _first(expression.arguments, env, evaluate)


def _first(arguments: Sequence[Expression], env: Env, evaluate: Evaluate) -> Value:
    budget = env.scope.budget
    for place, argument in enumerate(arguments):
        known = at_hand(argument, env)
        if known is REFUSED:
            continue
        if type(known) in PLAIN:
            return known  # type: ignore[return-value]  # a scalar
        value, doubt = _doubted(argument, env, evaluate)
        if fails(value):
            continue
        rest = arguments[place + 1 :]
        if doubt is None or not rest:
            return value
        if budget.guarded:
            budget.doubt = doubt
        if isinstance(value, Unknown) and value.options:
            return one_of([value, _first(rest, env, evaluate)], value)
        if isinstance(value, Unknown):
            return replace(value, options=(), pieces=(), document=None, known=None)
        return one_of([value, _first(rest, env, evaluate)], merged([doubt]))
    raise Refused("no argument of `try` can be evaluated")


def _doubted(argument: Expression, env: Env, evaluate: Evaluate) -> tuple[Value, Unknown | None]:
    """A value, and the last doubt whether Terraform can evaluate it."""
    budget = env.scope.budget
    before, doubt = budget.guard(True), None
    try:
        value = evaluate(argument, env)
    finally:
        doubt = budget.unguard(before)
    return value, doubt


def _can(expression: Call, env: Env, evaluate: Evaluate) -> Value:
    if len(expression.arguments) != 1:
        raise Refused("the wrong number of arguments for `can`")
    known = at_hand(expression.arguments[0], env)
    if known is REFUSED or type(known) in PLAIN:
        return known is not REFUSED
    value, doubt = _doubted(expression.arguments[0], env, evaluate)
    if fails(value):
        return False
    return True if doubt is None else merged([doubt])


_OWN: Mapping[str, Callable[[Call, Env, Evaluate], Value]] = {"try": _try, "can": _can, "ephemeralasnull": _lasting}
"""Functions that look at an argument before it is evaluated."""
