"""Type constraints of variables, and the conversions between types that Terraform does by itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from decimal import InvalidOperation

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.resource import Attrs, Items
from scanner.sources.terraform.exact import parsed
from scanner.sources.terraform.identity import set_of
from scanner.sources.terraform.syntax import Call, Expression, Literal, Object, Parens, Traversal, Tuple
from scanner.sources.terraform.values import (
    ListOf,
    MapOf,
    Refused,
    is_list,
    is_map,
    is_number,
    kind,
    number_text,
    one_of,
)
from scanner.unknown import Unknown, Value

PRIMITIVE = ("string", "number", "bool")


class Type(Struct, frozen=True):
    """A type: `name` is string, number, bool, any, list, set, map, object or tuple.

    `fields` of an object by name; those in `optional` may be missing and then take `defaults` (null without one).
    """

    name: str
    element: Type | None = None
    fields: Mapping[str, Type] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    defaults: Mapping[str, Expression] = field(default_factory=dict)
    items: tuple[Type, ...] = ()


ANY = Type("any")


def read_type(expression: Expression) -> Type:
    """The type that a constraint names. Raises Refused."""
    if isinstance(expression, Parens):
        return read_type(expression.inner)
    name = expression.root if isinstance(expression, Traversal) and not expression.steps else None
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        name = expression.value  # the notation of Terraform 0.11: type = "string"
    if name in (*PRIMITIVE, "any"):
        return Type(name)
    if name in ("list", "map", "set"):
        return Type(name, ANY)
    if not isinstance(expression, Call) or len(expression.arguments) != 1:
        raise Refused("a type constraint that is not known")
    argument = expression.arguments[0]
    if expression.name in ("list", "set", "map"):
        return Type(expression.name, read_type(argument))
    if expression.name == "tuple" and isinstance(argument, Tuple):
        return Type("tuple", items=tuple(read_type(item) for item in argument.items))
    if expression.name == "object" and isinstance(argument, Object):
        return _read_object(argument)
    raise Refused("a type constraint that is not known")


def _read_object(argument: Object) -> Type:
    fields: dict[str, Type] = {}
    optional: set[str] = set()
    defaults: dict[str, Expression] = {}
    for key, constraint in argument.items:
        if not isinstance(key, Literal):
            raise Refused("an object type with a computed attribute name")
        name = str(key.value)
        if isinstance(constraint, Call) and constraint.name == "optional" and constraint.arguments:
            optional.add(name)
            if len(constraint.arguments) > 1:
                defaults[name] = constraint.arguments[1]
            constraint = constraint.arguments[0]
        fields[name] = read_type(constraint)
    return Type("object", fields=fields, optional=frozenset(optional), defaults=defaults)


def convert(value: Value, wanted: Type, defaults: Mapping[int, Value] | None = None) -> Value:
    """The value as the wanted type; `defaults` holds the evaluated optional defaults by their expression's id.

    Raises Refused where Terraform finds no conversion. What is unknown stays as it is.
    """
    if isinstance(value, Unknown):
        return _open(value, wanted, defaults)
    if value is None or wanted.name == "any":
        return value
    match wanted.name:
        case "string":
            return to_text(value)
        case "number":
            return to_number(value)
        case "bool":
            return to_bool(value)
        case "list" | "set":
            return _sequence(value, wanted, defaults)
        case "map":
            return _mapping(value, wanted, defaults)
        case "object":
            return _object(value, wanted, defaults or {})
        case _:
            return _tuple(value, wanted, defaults)


def _open(value: Unknown, wanted: Type, defaults: Mapping[int, Value] | None) -> Value:
    """An unknown value as the wanted type: what is known of it is converted; an option that does not fit is none."""
    if value.options:
        fitting: list[Value] = []
        for one in value.options:
            with suppress(Refused):
                fitting.append(convert(one, wanted, defaults))
        if not fitting:
            raise Refused(f"no possible value is a {wanted.name}")
        return fitting[0] if len(fitting) == 1 else replace(value, options=tuple(fitting))
    if wanted.name in ("list", "set") and is_list(value.document):
        # Only a `for_each` may make a set of it: its elements stand as they were put together.
        element = wanted.element or ANY
        items = [convert(item, element, defaults) for item in value.document]
        return replace(value, document=Items(items, value.document.marks if isinstance(value.document, Items) else ()))
    if value.known is not None and wanted.name in ("map", "object"):
        fields = wanted.fields if wanted.name == "object" else dict.fromkeys(value.known, wanted.element or ANY)
        known = {name: convert(value.known[name], fields[name], defaults) for name in value.known if name in fields}
        return replace(value, known=Attrs(known, getattr(value.known, "marks", None)))
    return value


def _sequence(value: Value, wanted: Type, defaults: Mapping[int, Value] | None) -> Value:
    if not is_list(value):
        raise Refused(f"{kind(value)} where a {wanted.name} is required")
    items = [convert(item, wanted.element or ANY, defaults) for item in value]
    if wanted.element is None or wanted.element.name == "any":
        items = unify(items)
    marks = value.marks if isinstance(value, Items) else ()
    return set_of(items) if wanted.name == "set" else ListOf(items, marks)


def _mapping(value: Value, wanted: Type, defaults: Mapping[int, Value] | None) -> Value:
    if not is_map(value):
        raise Refused(f"{kind(value)} where a map is required")
    keys = list(value)
    items = [convert(value[key], wanted.element or ANY, defaults) for key in keys]
    if wanted.element is None or wanted.element.name == "any":
        items = unify(items)
    marks = value.marks if isinstance(value, Attrs) else None
    return MapOf(zip(keys, items, strict=True), marks)


def _object(value: Value, wanted: Type, defaults: Mapping[int, Value]) -> Value:
    if not is_map(value):
        raise Refused(f"{kind(value)} where an object is required")
    marks = value.marks if isinstance(value, Attrs) else {}
    result = Attrs(marks={name: at for name, at in marks.items() if name in wanted.fields})
    for name, constraint in wanted.fields.items():
        if name not in value and name not in wanted.optional:
            raise Refused(f"the attribute `{name}` is required")
        item = value.get(name)
        if name in wanted.defaults:
            item = instead_of_null(item, defaults.get(id(wanted.defaults[name])))
        result[name] = convert(item, constraint, defaults)
    return result


def instead_of_null(value: Value, default: Value) -> Value:
    """The value, with the default in the place of null, also where null is one of the possible values."""
    if isinstance(value, Unknown) and None in value.options:
        return one_of([default if one is None else one for one in value.options], value)
    return default if value is None else value


def _tuple(value: Value, wanted: Type, defaults: Mapping[int, Value] | None) -> Value:
    if not is_list(value) or len(value) != len(wanted.items):
        raise Refused(f"a tuple of {len(wanted.items)} elements is required")
    marks = value.marks if isinstance(value, Items) else ()
    items = [convert(item, constraint, defaults) for item, constraint in zip(value, wanted.items, strict=True)]
    return Items(items, marks)


def unify(items: list[Value]) -> list[Value]:
    """Elements brought to one type, as a list or map of them has to have: numbers beside strings become strings.

    Raises Refused where there is no such type. Collections are unified element by element.
    """
    known = [item for item in items if item is not None and not isinstance(item, Unknown)]
    kinds = {"number" if is_number(item) else type(item).__name__ for item in known if not _nested(item)}
    if len(kinds) > 1 and len(known) == sum(not _nested(item) for item in known):
        if "str" not in kinds and any(isinstance(item, Unknown) for item in items):
            # Should what is not known turn out to be a string, all of them are.
            return items
        if "str" not in kinds:
            raise Refused("elements of types that cannot be one type")
        return [item if item is None or isinstance(item, Unknown) else to_text(item) for item in items]
    if len(known) < 2 or not all(_nested(item) for item in known):
        return items
    return _unify_nested(items, list(known))


def _nested(value: Value) -> bool:
    return is_map(value) or is_list(value)


def _unify_nested(items: list[Value], known: list[Value]) -> list[Value]:
    """Lists of the same length, and objects with the same attributes, with each place of one type."""
    columns: list[list[Value]]
    if all(is_map(item) for item in known):
        keys = sorted({key for item in known if is_map(item) for key in item})
        if not all(is_map(item) and len(item) == len(keys) for item in known):
            return items
        columns = [unify([item[key] for item in known if is_map(item)]) for key in keys]
        rows = iter([dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)])
        return [_like(item, next(rows)) if is_map(item) else item for item in items]
    lengths = {len(item) for item in known if is_list(item)}
    if len(lengths) != 1 or not all(is_list(item) for item in known):
        return items
    columns = [unify(list(column)) for column in zip(*(item for item in known if is_list(item)), strict=True)]
    tuples = iter(list(zip(*columns, strict=True)) or [()] * len(known))
    return [_like(item, next(tuples)) if is_list(item) else item for item in items]


def _like(before: Value, after: Mapping[str, Value] | tuple[Value, ...]) -> Value:
    """The new elements in a collection of the same kind, with the same marks."""
    if isinstance(before, Attrs) and isinstance(after, Mapping):
        return type(before)(after, before.marks) if type(before) in (Attrs, MapOf) else Attrs(after, before.marks)
    if isinstance(before, Items):
        return type(before)(after, before.marks)
    return after if isinstance(after, Mapping) else Items(after)


def to_text(value: Value) -> str:
    """The value as a string. Raises Refused."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if is_number(value):
        return number_text(value)
    raise Refused(f"{kind(value)} where a string is required")


def to_number(value: Value) -> int | float:
    """The value as a number. Raises Refused."""
    if is_number(value):
        return value
    if isinstance(value, str) and 0 < len(value) < 400 and value.strip() == value and "_" not in value:
        with suppress(ValueError, InvalidOperation, OverflowError):
            return parsed(value)
    raise Refused(f"{kind(value)} where a number is required")


def to_bool(value: Value) -> bool:
    """The value as a boolean. Raises Refused."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in ("true", "false", "1", "0"):
        return value in ("true", "1")
    raise Refused(f"{kind(value)} where a boolean is required")


def default_expressions(wanted: Type) -> list[Expression]:
    """Every default of an optional attribute anywhere in a type."""
    found = list(wanted.defaults.values())
    inner = [*wanted.fields.values(), *wanted.items, *([wanted.element] if wanted.element else [])]
    for one in inner:
        found.extend(default_expressions(one))
    return found
