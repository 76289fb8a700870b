"""Conditionals: both results become one type, as Terraform makes them: a number beside a string is a string.

Source: the expression language of HCL (`ConditionalExpr`) and `convert.UnifyUnsafe` of go-cty.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import reduce

from msgspec.structs import replace

from scanner.resource import Attrs, Items
from scanner.sources.terraform.charge import ELEMENTS, charge
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.sizes import nodes
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.syntax import Conditional, Literal, Template, Traversal
from scanner.sources.terraform.types import ANY, Type, convert, to_bool
from scanner.sources.terraform.values import ListOf, MapOf, Refused, SetOf, is_number, one_of
from scanner.unknown import INVALID, PLAIN, Unknown, Value

MAX_NODES = 8_000
"""Nodes of a result above which it stays as it is written."""
_NOTHING = Type("nothing")
"""The type of the elements of an empty collection: it fits with any."""

_NO_MATTER = (Literal, Template, Traversal)
"""Beside a text, these are not evaluated: what they are could change nothing but whether Terraform refuses it."""


def conditional(expression: Conditional, env: Env, evaluate: Evaluate) -> Value:
    """The value of `condition ? a : b`. Raises Refused."""
    condition = evaluate(expression.condition, env)
    budget = env.scope.budget
    budget.note(condition)
    if isinstance(condition, Unknown):
        if condition.code == INVALID:
            return condition
        branches = [evaluate(expression.then, env), evaluate(expression.otherwise, env)]
        with suppress(Refused):  # the results are what they are, also where Terraform would refuse to choose
            branches = _one_type(branches, env)
        return one_of(branches, replace(condition, origin=condition.origin or expression.at))
    taken, other = expression.then, expression.otherwise
    if not (condition if type(condition) is bool else to_bool(condition)):
        taken, other = other, taken
    value = evaluate(taken, env)
    if value is None or isinstance(value, Unknown) or (isinstance(value, str) and isinstance(other, _NO_MATTER)):
        return value
    before = budget.guard(False)  # what fails in the other one does not matter
    try:
        beside = evaluate(other, env)
    finally:
        budget.unguard(before)
    if type(value) is type(beside) and type(value) in PLAIN:
        return value
    return _one_type([value, beside], env)[0]


def _one_type(results: list[Value], env: Env) -> list[Value]:
    """Both results as one type. Raises Refused where one is a text, say, and the other a list."""
    if any(one is None or isinstance(one, Unknown) for one in results):
        return results
    counts = [nodes(one, MAX_NODES) for one in results]
    known = [one for one in counts if one is not None]
    if len(known) < len(counts):
        return results
    charge(env.scope.budget, sum(known) // ELEMENTS)
    try:
        types = [type_of_value(one) for one in results]
    except Refused:
        return results
    if types[0] == types[1]:
        return results
    if types[0] is not ANY and types[1] is not ANY and _family(types[0]) != _family(types[1]):
        raise Refused("the two results of a conditional are of types that cannot be one type")
    try:
        wanted = _plain(_joined(types[0], types[1]))
        return [convert(one, wanted) for one in results]
    except Refused:
        if all(_family(one) == "text" for one in types):
            raise
        return results


def _family(wanted: Type) -> str:
    """What converts into each other in a conditional; whether a collection has one type of element is not told."""
    names = {"list": "list", "set": "list", "tuple": "list", "map": "map", "object": "map"}
    return names.get(wanted.name, "text")


def type_of_value(value: Value) -> Type:
    """The type of a value: `any` where it is not told."""
    if isinstance(value, str):
        return Type("string")
    if isinstance(value, bool):
        return Type("bool")
    if is_number(value):
        return Type("number")
    if isinstance(value, (ListOf, SetOf)):
        return Type("set" if isinstance(value, SetOf) else "list", _common(map(type_of_value, value)))
    if isinstance(value, MapOf):
        return Type("map", _common(map(type_of_value, value.values())))
    if type(value) is Items:
        return Type("tuple", items=tuple(type_of_value(item) for item in value))
    if type(value) is Attrs:
        return Type("object", fields={name: type_of_value(item) for name, item in value.items()})
    return ANY


def _common(types: Iterable[Type]) -> Type:
    """The type that all become. Raises Refused."""
    # A text among them makes texts of all, of booleans beside numbers as well.
    return reduce(_joined, sorted(types, key=lambda one: one.name != "string"), _NOTHING)


def _joined(one: Type, other: Type) -> Type:
    """The type that both become. Raises Refused."""
    if one == other or other is _NOTHING:
        return one
    if one is _NOTHING:
        return other
    if "any" in (one.name, other.name):
        return ANY
    names = {one.name, other.name}
    if names == {"object"} and one.fields.keys() == other.fields.keys():
        return Type("object", fields={name: _joined(one.fields[name], other.fields[name]) for name in one.fields})
    if names == {"tuple"} and len(one.items) == len(other.items):
        with suppress(Refused):
            return Type("tuple", items=tuple(map(_joined, one.items, other.items)))
    if names <= {"object", "map"}:
        return Type("map", _common([*_elements(one), *_elements(other)]))
    if names <= {"tuple", "list", "set"}:
        return Type("set" if "set" in names else "list", _common([*_elements(one), *_elements(other)]))
    if "string" in names and names <= {"string", "number", "bool"}:
        return Type("string")
    raise Refused("the two results of a conditional are of types that cannot be one type")


def _elements(wanted: Type) -> Sequence[Type]:
    if wanted.name == "object":
        return tuple(wanted.fields.values())
    return wanted.items if wanted.name == "tuple" else (wanted.element or ANY,)


def _plain(wanted: Type) -> Type:
    """The type with `any` for the elements of what is empty."""
    if wanted is _NOTHING:
        return ANY
    return replace(
        wanted,
        element=_plain(wanted.element) if wanted.element else None,
        fields={name: _plain(one) for name, one in wanted.fields.items()},
        items=tuple(map(_plain, wanted.items)),
    )
