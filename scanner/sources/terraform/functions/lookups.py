"""`element`, `lookup`, `merge` and `slice`: what is known of their result where a key or a part is not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from scanner.origin import Origin
from scanner.resource import Attrs, Items
from scanner.sources.terraform.choices import any_of
from scanner.sources.terraform.functions.function import Function, items, mapping, pure, text, whole
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import index
from scanner.sources.terraform.types import to_bool, to_number, to_text
from scanner.sources.terraform.values import BlockOf, ListOf, MapOf, Refused, SetOf, is_number, merged, over_options
from scanner.unknown import INVALID, Unknown, Value

MAX_SLICE = 100
"""Elements that are told apart in a part of a list that is not known."""


def _element(arguments: list[Value], env: Env) -> Value:
    if isinstance(arguments[0], Unknown) and arguments[0].ref is not None:
        # It is one of an attribute of a resource, or of the instances of one, as with an index.
        return index(arguments[0], arguments[1], env)
    if isinstance(arguments[0], Unknown) or isinstance(arguments[1], Unknown):
        return _any(arguments, lambda chosen: _element(chosen, env))
    values, place = items(arguments[0]), whole(arguments[1])
    if isinstance(arguments[0], SetOf) or not values:
        raise Refused("no element with this index")
    if place < 0 and place % len(values) and not isinstance(arguments[0], ListOf):  # of a list it counts from the end
        raise Refused("no element with this index")
    return values[place % len(values)]


def _slice(arguments: list[Value], env: Env) -> Value:
    """A part of a list; of one that is not known it has as many elements as the bounds say, or it is an error."""
    if any(isinstance(one, Unknown) for one in arguments):
        spread = over_options(lambda *values: _slice(list(values), env), *arguments)
        if spread is not None:
            return spread
        if any(isinstance(one, Unknown) for one in arguments[1:]) or _refused(arguments) is not None:
            return merged([one for one in arguments if isinstance(one, Unknown)])
    if isinstance(arguments[0], SetOf):
        raise Refused("a set has no order to slice")
    start, end = whole(arguments[1]), whole(arguments[2])
    if not 0 <= start <= end:
        raise Refused("a slice out of the list")
    if isinstance(arguments[0], Unknown):
        if end - start > MAX_SLICE:
            return merged([arguments[0]])
        return Items(_nth(arguments[0], place, env) for place in range(start, end))
    values = items(arguments[0])
    if end > len(values):
        raise Refused("a slice out of the list")
    return (ListOf if isinstance(values, ListOf) else Items)(values[start:end])


def _nth(values: Unknown, place: int, env: Env) -> Value:
    return merged([values]) if values.ref is None else index(values, place, env)


def _lookup(arguments: list[Value]) -> Value:
    whole_, name = arguments[:2]
    if (refused := _refused(arguments)) is not None:
        return refused
    if isinstance(whole_, Unknown) and whole_.known is not None and isinstance(name, str) and name in whole_.known:
        return whole_.known[name]
    if isinstance(whole_, Unknown) or isinstance(name, Unknown):
        return _any(arguments, _lookup)
    values, key = mapping(whole_), text(name)
    if isinstance(whole_, BlockOf) and values.get(key) is None:
        return whole_.computed(key)
    if key in values:
        return values[key]
    if len(arguments) < 3:
        raise Refused("no element with this key")
    # The elements of a map have one type, and so has what stands in for one; those of an object have none.
    return _as_one_of(values, arguments[2]) if isinstance(whole_, MapOf) else arguments[2]


def _as_one_of(values: Mapping[str, Value], default: Value) -> Value:
    """A value as the elements of a map are, where they are scalars. Raises Refused."""
    first = next((one for one in values.values() if one is not None), None)
    if default is None or isinstance(default, Unknown):
        return default
    if isinstance(first, bool):
        return to_bool(default)
    if is_number(first):
        return to_number(default)
    return to_text(default) if isinstance(first, str) else default


def _refused(arguments: list[Value]) -> Unknown | None:
    """The argument that Terraform refuses: it evaluates all, also those that it turns out not to need."""
    return next((one for one in arguments if isinstance(one, Unknown) and one.code == INVALID), None)


def _any(arguments: list[Value], compute: Callable[[list[Value]], Value]) -> Value:
    """`lookup` or `element` of what is not known: one of all that it can find."""
    spread = over_options(lambda *values: compute(list(values)), *arguments)
    if spread is not None:
        return spread
    if isinstance(arguments[1], Unknown) and not isinstance(arguments[0], Unknown):
        return any_of(arguments[0], arguments[1], *arguments[2:])
    return merged([one for one in arguments if isinstance(one, Unknown)])


def _merge(arguments: list[Value]) -> Value:
    open_ = [one for one in arguments if isinstance(one, Unknown)]
    if not open_:
        merged_ = _merged(arguments)
        alike = all(isinstance(one, MapOf) for one in arguments) and len({type(one) for one in merged_.values()}) < 2
        return MapOf(merged_, merged_.marks) if arguments and alike else merged_
    spread = over_options(lambda *values: _merge(list(values)), *arguments) or _refused(arguments)
    if spread is not None:
        return spread
    # Each key that is known is there for certain; one that something unknown may set anew has a value of its own.
    known = Attrs()
    for argument in arguments:
        if isinstance(argument, Unknown):
            for key in known:
                known[key] = merged([argument])
            argument = argument.known
        found = _merged([argument])
        known.update(found)
        known.marks.update(found.marks)
    return replace(merged(open_), known=known or None)


def _merged(arguments: Sequence[Value]) -> Attrs:
    result = Attrs()
    for argument in arguments:
        if argument is None:
            continue
        values = mapping(argument)
        result.update(values)
        marks: Mapping[str, Origin] = argument.marks if isinstance(argument, Attrs) else {}
        for key in values:
            result.marks.pop(key, None)
        result.marks.update(marks)
    return result


TABLE: Mapping[str, Function] = {
    "element": Function(lambda arguments, env, _evaluate: _element(arguments, env), 2, 2, "raw"),
    "lookup": pure(_lookup, 2, 3, "raw"),
    "merge": pure(_merge, 0, None, "raw"),
    "slice": Function(lambda arguments, env, _evaluate: _slice(arguments, env), 3, 3, "raw"),
}
