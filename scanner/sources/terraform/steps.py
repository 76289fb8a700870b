"""Attributes, indexes and splats taken from a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from msgspec.structs import replace

from scanner.resource import Items
from scanner.sources.terraform.charge import charge
from scanner.sources.terraform.choices import any_of
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import AttrStep, Expression, IndexStep, SplatStep, Step
from scanner.sources.terraform.types import to_number, to_text
from scanner.sources.terraform.values import (
    BlockOf,
    ListOf,
    Refused,
    SetOf,
    is_list,
    is_map,
    kind,
    merged,
    over_options,
)
from scanner.unknown import Ref, Unknown, Value

Evaluate: TypeAlias = Callable[[Expression, Env], Value]


def walk(value: Value, steps: Sequence[Step], env: Env, evaluate: Evaluate) -> Value:
    """The value at the end of `steps`. Raises Refused for a step that is not there."""
    for step in steps:
        if isinstance(step, AttrStep):
            value = attribute(value, step.name, env)
        elif isinstance(step, IndexStep):
            value = index(value, evaluate(step.key, env), env)
        else:
            value = _splat(value, step, env, evaluate)
    return value


def attribute(value: Value, name: str, env: Env) -> Value:
    """`value.name`. Raises Refused."""
    if isinstance(value, Unknown):
        if value.ref is not None:
            return env.scope.follow(value, name)
        if value.known is not None and name in value.known:
            return value.known[name]
        spread = over_options(lambda one: attribute(one, name, env), value)
        return merged([value]) if spread is None else spread
    if is_map(value):
        if isinstance(value, BlockOf) and value.get(name) is None:
            return value.computed(name)
        if name not in value:
            raise Refused(f"there is no attribute `{name}`")
        return value[name]
    if is_list(value) and name.isdigit():
        return index(value, int(name), env)
    raise Refused(f"`{name}` of {kind(value)}, which has no attributes")


def index(value: Value, key: Value, env: Env) -> Value:
    """`value[key]`. Raises Refused."""
    if isinstance(value, Unknown) and value.ref is not None:
        # A key of a whole resource whose instances are not known, or into one of its attributes.
        if value.ref.attribute and not isinstance(key, Unknown) and not _one_each(value.ref):
            return env.scope.follow(value, to_text(key))
        return value
    if isinstance(value, Unknown) or isinstance(key, Unknown):
        if isinstance(value, Unknown) and value.known is not None and isinstance(key, str) and key in value.known:
            return value.known[key]
        spread = over_options(lambda one, other: index(one, other, env), value, key)
        if spread is not None:
            return spread
        if isinstance(key, Unknown) and not isinstance(value, (Unknown, SetOf)):
            env.scope.budget.note(key)
            return any_of(value, key)
        return merged([one for one in (value, key) if isinstance(one, Unknown)])
    if is_map(value):
        name = to_text(key)
        if isinstance(value, BlockOf) and value.get(name) is None:
            return value.computed(name)
        if name not in value:
            raise Refused("there is no element with this key")
        return value[name]
    if is_list(value) and not isinstance(value, SetOf):
        place = to_number(key)
        if place != int(place) or not 0 <= place < len(value):
            raise Refused("there is no element with this index")
        return value[int(place)]
    raise Refused(f"an index into {kind(value)}, which has no elements to index")


def _one_each(ref: Ref) -> bool:
    """Whether a list has one text of each of some instances: an element of it is that attribute of one of them."""
    return "[*]" in ref.address and ref.attribute.rpartition(".")[2] in ("id", "arn", "name")


def _splat(value: Value, step: SplatStep, env: Env, evaluate: Evaluate) -> Value:
    if value is None:
        return Items()
    if isinstance(value, Unknown):
        if value.ref is not None:
            # One attribute of all instances of a resource, however many there are.
            return _unlisted(walk(value, step.each, env, evaluate))
        spread = over_options(lambda one: _splat(one, step, env, evaluate), value)
        return merged([value]) if spread is None else spread
    if not is_list(value):
        return Items([walk(value, step.each, env, evaluate)], [step.at])
    charge(env.scope.budget, len(value))
    marks = value.marks if isinstance(value, Items) else [step.at] * len(value)
    found = [walk(item, step.each, env, evaluate) for item in value]
    return ListOf(found, marks) if isinstance(value, (ListOf, SetOf)) else Items(found, marks)


def _unlisted(value: Value) -> Value:
    """The value of each element where the number of elements is not known: unknown as a list, the ref kept."""
    if isinstance(value, Unknown):
        return replace(value, pieces=(), document=None, options=(), known=None)
    return Unknown("the number of elements is not known", options=())
