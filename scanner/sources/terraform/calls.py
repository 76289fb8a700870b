"""Function calls: arguments, what an unknown argument makes of the result, and `try` and `can`."""

from __future__ import annotations

from dataclasses import replace

from scanner.sources.terraform.functions import find
from scanner.sources.terraform.functions.function import Function
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.syntax import Call
from scanner.sources.terraform.values import (
    MAX_ITEMS,
    MAX_TEXT,
    Refused,
    TooLarge,
    is_list,
    is_map,
    merged,
    over_options,
    unknowns_of,
)
from scanner.unknown import FUNCTION_UNKNOWN, INVALID, Unknown, Value


def call(expression: Call, env: Env, evaluate: Evaluate) -> Value:
    """The result of a call. Raises Refused, TooLarge."""
    name = expression.name.removeprefix("core::")
    if name == "try":
        return _try(expression, env, evaluate)
    if name == "can":
        return _can(expression, env, evaluate)
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
    return _checked(apply(function, arguments, env, evaluate))


def apply(function: Function, arguments: list[Value], env: Env, evaluate: Evaluate) -> Value:
    """The result of a function for arguments that may be unknown."""

    def run(*values: Value) -> Value:
        return function.run(list(values), env, evaluate)

    if function.policy == "raw":
        return run(*arguments)
    top = [one for one in arguments if isinstance(one, Unknown)]
    if top:
        spread = over_options(lambda *values: apply(function, list(values), env, evaluate), *arguments)
        return merged(top) if spread is None else spread
    if function.policy == "strict":
        inner = unknowns_of(arguments)
        if inner:
            return merged(inner)
    return run(*arguments)


def _checked(value: Value) -> Value:
    """The value, within the budget of one result."""
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise TooLarge("a text of more than a million characters")
    if (is_list(value) or is_map(value)) and len(value) > MAX_ITEMS:
        raise TooLarge("a collection with too many elements")
    return value


def fails(value: Value) -> bool:
    """Whether Terraform would fail to evaluate this."""
    return any(one.code == INVALID for one in unknowns_of(value))


def _try(expression: Call, env: Env, evaluate: Evaluate) -> Value:
    """The first argument that Terraform can evaluate; one that is merely unknown counts as that."""
    for argument in expression.arguments:
        value = evaluate(argument, env)
        if not fails(value):
            return value
    raise Refused("no argument of `try` can be evaluated")


def _can(expression: Call, env: Env, evaluate: Evaluate) -> Value:
    if len(expression.arguments) != 1:
        raise Refused("the wrong number of arguments for `can`")
    value = evaluate(expression.arguments[0], env)
    if fails(value):
        return False
    if isinstance(value, Unknown):
        return replace(merged([value]), options=())
    return True
