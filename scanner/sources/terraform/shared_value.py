"""Attributes of a contract: worked out once for all calls with the same inputs, and for all instances of a block."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.placed import is_nowhere, placed_value
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.unplaced import COUNT, Unplaced
from scanner.sources.terraform.values import ListOf, MapOf, SetOf
from scanner.unknown import PLAIN, Value

_MOST = 100
"""The parts of a key."""
_COLLECTIONS = frozenset({Items, ListOf, SetOf, Attrs, MapOf})


def shared_value(held: Unplaced, name: str, env: Env) -> tuple[Value, FileOrigin]:
    """The value of an attribute, and the line of the call that decides it."""
    if held.repeated(env.scope):
        fixed = held.fixed(name, env.scope)
        if fixed is None:
            return own_value(held, name, env)
        if not fixed:
            fixed["own"] = _for_inputs(held, name, env)
        found: tuple[Value, FileOrigin] = fixed["own"]
        return found
    return _for_inputs(held, name, env)


def _for_inputs(held: Unplaced, name: str, env: Env) -> tuple[Value, FileOrigin]:
    """What it is for all calls with the same inputs, if it rests on nothing else, else for this one."""
    kept = held.kept(env.scope.inputs_key, name)
    if kept:
        at = held.place(name)
        return placed_value(kept["value"], at), at
    if kept is not None and (tree := held.unplaced(name)) is not None:
        at = held.place(name)
        value = evaluate(tree, env)
        if is_nowhere(value):
            kept["value"] = value
        return placed_value(value, at), at
    return own_value(held, name, env)


def own_value(held: Unplaced, name: str, env: Env) -> tuple[Value, FileOrigin]:
    """The value of an attribute for one call, or one instance of a block, and the line of the call that decides it."""
    known = held.at_one_place(name)
    if known is not None:
        return placed_value(evaluate(known[0], env), known[1]), known[1]
    expression = held[name].expression
    return evaluate(expression, env), env.scope.place(expression)


def input_key(name: str, value: Callable[[str], Value]) -> Hashable | None:
    """What an input is, or how many elements it has if its name says so, told apart from all that differs; None where
    it is large or not known.
    """
    counted = value(name.removeprefix(COUNT))
    if name.startswith(COUNT) and type(counted) in _COLLECTIONS and type(counted) is not SetOf:
        return len(counted)  # type: ignore[arg-type]  # of a set some elements may turn out to be one
    found: list[Hashable] = []
    return tuple(found) if _tell(counted, found) and len(found) <= _MOST else None


def _tell(value: Value, into: list[Hashable]) -> bool:
    """Tells a known value as its type and what is inside, in order; False where something is not known, or large."""
    kind: type = type(value)
    into.append(kind)
    if kind in PLAIN:
        into.append(value)
        return True
    if kind not in _COLLECTIONS or len(value) > _MOST:  # type: ignore[arg-type]  # a collection
        return False
    into.append(len(value))  # type: ignore[arg-type]
    for key in value if isinstance(value, Attrs) else ():
        into.append(key)
    inner = value.values() if isinstance(value, Attrs) else value
    return all(len(into) <= _MOST and _tell(one, into) for one in inner)  # type: ignore[union-attr]
