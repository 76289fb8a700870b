"""`for` expressions: lists and objects made from the elements of another collection."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from scanner.resource import Attrs, Items
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.steps import Evaluate
from scanner.sources.terraform.syntax import Expression, ForObject, ForTuple
from scanner.sources.terraform.types import to_bool, to_text
from scanner.sources.terraform.values import Refused, SetOf, is_list, is_map, kind, merged, ordered, over_options
from scanner.unknown import Unknown, Value


def elements(collection: Value) -> Iterator[tuple[Value, Value]]:
    """Each key and element: of a list with its index, of a set with itself. Raises Refused."""
    if is_map(collection):
        yield from ordered(collection)
    elif isinstance(collection, SetOf):
        yield from ((item, item) for item in collection)
    elif is_list(collection):
        yield from enumerate(collection)
    else:
        raise Refused(f"a loop over {kind(collection)}")


def _names(key_name: str, value_name: str, key: Value, value: Value) -> dict[str, Value]:
    return {key_name: key, value_name: value} if key_name else {value_name: value}


def _wanted(condition: Expression | None, env: Env, evaluate: Evaluate) -> bool | Unknown:
    if condition is None:
        return True
    value = evaluate(condition, env)
    env.scope.budget.note(value)
    return value if isinstance(value, Unknown) else to_bool(value)


def for_tuple(expression: ForTuple, env: Env, evaluate: Evaluate) -> Value:
    """The list; where it is not known which elements it has, an Unknown whose `document` has the certain ones."""
    collection = evaluate(expression.collection, env)
    env.scope.budget.note(collection)

    def compute(found: Value) -> Value:
        result = Items()
        open_: list[Unknown] = []
        for key, item in elements(found):
            inner = env.having(_names(expression.key, expression.value, key, item))
            wanted = _wanted(expression.condition, inner, evaluate)
            if isinstance(wanted, Unknown):
                open_.append(wanted)
                result.append(wanted)
            elif wanted:
                result.append(evaluate(expression.result, inner))
            else:
                continue
            result.marks.append(expression.result.at)
        return replace(merged(open_), document=result) if open_ else result

    if not isinstance(collection, Unknown):
        return compute(collection)
    spread = over_options(compute, collection)
    if spread is not None:
        return spread
    if collection.ref is not None and collection.document is None:
        return _of_each(expression, collection, env, evaluate)
    # A list of which some elements are known: what becomes of those is known too.
    part = compute(collection.document) if is_list(collection.document) else None
    return replace(merged([collection]), document=part.document if isinstance(part, Unknown) else part)


def _of_each(expression: ForTuple, collection: Unknown, env: Env, evaluate: Evaluate) -> Unknown:
    """The list made from instances that are not known, or from an attribute: still of that resource where each is."""
    names = _names(expression.key, expression.value, replace(collection, ref=None), collection)
    value = evaluate(expression.result, env.having(names))
    if not isinstance(value, Unknown) or value.ref is None:
        return merged([collection])
    return replace(value, pieces=(), document=None, options=(), known=None)


def for_object(expression: ForObject, env: Env, evaluate: Evaluate) -> Value:
    """The object; unknown where a key or a condition is."""
    collection = evaluate(expression.collection, env)
    env.scope.budget.note(collection)
    if isinstance(collection, Unknown):
        spread = over_options(lambda one: _object(expression, one, env, evaluate), collection)
        return merged([collection]) if spread is None else spread
    return _object(expression, collection, env, evaluate)


def _object(expression: ForObject, collection: Value, env: Env, evaluate: Evaluate) -> Value:
    result = Attrs()
    open_: list[Unknown] = []
    for key, item in elements(collection):
        inner = env.having(_names(expression.key, expression.value, key, item))
        wanted = _wanted(expression.condition, inner, evaluate)
        if isinstance(wanted, Unknown):
            open_.append(wanted)
            continue
        if not wanted:
            continue
        name = evaluate(expression.name, inner)
        env.scope.budget.note(name)
        if isinstance(name, Unknown):
            open_.append(name)
            continue
        _put(result, to_text(name), evaluate(expression.result, inner), expression)
    return merged(open_) if open_ else result


def _put(result: Attrs, name: str, value: Value, expression: ForObject) -> None:
    at = expression.result.at
    if expression.group:
        group = result.setdefault(name, Items())
        if isinstance(group, Items):
            group.append(value)
            group.marks.append(at)
    elif name in result:
        raise Refused("two elements with the same key in an object")
    else:
        result[name] = value
    result.marks[name] = at
