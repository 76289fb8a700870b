"""AWS policy documents as statements: read from JSON text, an encoded structure or a data source, unknowns kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from scanner.builders.blocks import doubt
from scanner.origin import FileOrigin, Origin
from scanner.patterns import lazy
from scanner.resource import Attrs, Encoded, Items, items_of, mark
from scanner.unknown import Unknown, Value
from scanner.yamltext import Document, TextError, json_document

OLD = "2008-10-17"
"""The version of the policy language that has no variables; a document without a version is in it."""
HOLE = lazy("\ue010([0-9]+)\ue011")


class Condition(Struct, frozen=True, eq=False):
    """One operator on one key. `key` may be partly unknown; `values` are as written.

    variables: the values may hold policy variables (Version 2012-10-17).
    """

    operator: str | Unknown
    key: str | Unknown
    values: tuple[Value, ...]
    origin: Origin | None = None
    variables: bool = True


class Statement(Struct, frozen=True, eq=False):
    """One statement of a policy.

    effect: "Allow", "Deny" or an Unknown. not_actions and not_resources: the lists exclude.
    principals: None where the statement has none; else the value of Principal (NotPrincipal with not_principals).
    doubt: what decides whether the statement exists, or what it says; None where it is certain.
    origin: the line of its actions, else of the statement, else of the policy. named: the line of its resources.
    variables: its values may hold policy variables (Version 2012-10-17).
    """

    effect: str | Unknown
    actions: tuple[Value, ...]
    resources: tuple[Value, ...]
    conditions: tuple[Condition, ...]
    policy: str
    origin: Origin | None
    not_actions: bool = False
    not_resources: bool = False
    principals: Value = None
    not_principals: bool = False
    doubt: Unknown | None = None
    named: Origin | None = None
    variables: bool = True
    written: bool = False
    """Every action is known."""

    def __post_init__(self) -> None:
        """Look at the actions once: a statement is asked for them often."""
        force_setattr(self, "written", all(type(value) is str for value in self.actions))

    @property
    def allows(self) -> bool:
        """It may be an Allow."""
        return self.effect != "Deny"

    @property
    def denies(self) -> bool:
        """It is certainly a Deny."""
        return self.effect == "Deny"

    def principal_line(self, kind: str = "AWS") -> Origin | None:
        """The line that names the principals of one kind, else that of the statement."""
        return mark(self.principals, kind) or self.origin


class Policy(Struct, frozen=True, eq=False):
    """A policy document. unknown: set where nobody knows (all of) its statements."""

    name: str
    origin: Origin | None
    statements: tuple[Statement, ...] = ()
    unknown: Unknown | None = None


def parse(value: Value, name: str, origin: Origin | None) -> Policy:
    """The policy that `value` holds: JSON text, an Unknown with a document or pieces, or a mapping."""
    if isinstance(value, Unknown) and value.document is not None:
        origin = origin or value.origin
    found = structure(value, name, origin)
    return Policy(name, origin) if found is None else _read(found, name, origin)


def structure(value: Value, name: str, origin: Origin | None) -> Value:
    """What a JSON document holds, its unknown parts in place; the Unknown that decides where nobody can tell."""
    if isinstance(value, Unknown):
        if value.document is not None:
            return structure(value.document, name, origin or value.origin)
        if not value.pieces:
            return value
        text = "".join(p if isinstance(p, str) else f"\ue010{i}\ue011" for i, p in enumerate(value.pieces))
        return _filled(_loaded(text, name, origin), value.pieces)
    if isinstance(value, Encoded) and isinstance(value.document, Mapping):
        return value.document
    return _loaded(value, name, origin) if isinstance(value, str) else value


def _loaded(text: str, name: str, origin: Origin | None) -> Value:
    """What a text holds, its marks moved to where it stands in its file, or dropped where that is not known."""
    try:
        if (
            isinstance(origin, FileOrigin)
            and "\n" in text
            and origin.end_line - origin.line >= text.rstrip("\n").count("\n")
        ):
            return _moved(_parsed(text, origin.path), origin.line)
        return _without_marks(text)
    except TextError as error:
        return Unknown(f"`{name}` is not a JSON document: {error.cause}")


@lru_cache(maxsize=1_000)
def _without_marks(text: str) -> Value:
    """The same policy stands in many accounts and roots: it is read once. Raises TextError."""
    return _moved(_parsed(text, ""), None)


def _parsed(text: str, path: str) -> Value:
    found = json_document(text, path)
    assert isinstance(found, Document)
    return found.value


def _moved(value: Value, lines: int | None) -> Value:
    if isinstance(value, Attrs):
        marks = {} if lines is None else {key: _shift(one, lines) for key, one in value.marks.items()}
        return Attrs({key: _moved(item, lines) for key, item in value.items()}, marks)
    if isinstance(value, Items):
        marks_of = () if lines is None else [_shift(one, lines) for one in value.marks]
        return Items([_moved(item, lines) for item in value], marks_of)
    return value


def _shift(origin: Origin, lines: int) -> Origin:
    if not isinstance(origin, FileOrigin):
        return origin
    end = origin.end_line + lines if origin.end_line else 0
    return FileOrigin(origin.path, origin.line + lines, origin.column, end, origin.end_column)


def _filled(value: Value, pieces: tuple[str | Unknown, ...]) -> Value:
    """`value` with the unknown pieces of its text back in the places that were kept for them."""
    if isinstance(value, str):
        parts: list[str | Unknown] = []
        for index, part in enumerate(HOLE.split(value)):
            if index % 2:
                parts.append(pieces[int(part)] if int(part) < len(pieces) else part)
            elif part:
                parts.append(part)
        return _joined(parts) if any(isinstance(part, Unknown) for part in parts) else value
    if isinstance(value, Mapping):
        keys = {key: _filled(key, pieces) for key in value}
        plain = {key: full.text() if isinstance(full, Unknown) else str(full) for key, full in keys.items()}
        marks = value.marks if isinstance(value, Attrs) else {}
        return Attrs(
            {plain[key]: _filled(item, pieces) for key, item in value.items()},
            {plain[key]: one for key, one in marks.items() if key in plain},
        )
    if isinstance(value, Sequence):
        return Items([_filled(item, pieces) for item in value], value.marks if isinstance(value, Items) else ())
    return value


def _joined(parts: list[str | Unknown]) -> Unknown:
    unknown = [part for part in parts if isinstance(part, Unknown)]
    if len(parts) == 1:
        return unknown[0]
    decided = tuple(sorted({name for one in unknown for name in one.decided_by}))
    return replace(unknown[0], decided_by=decided, ref=None, document=None, options=(), pieces=tuple(parts))


def _read(document: Value, name: str, origin: Origin | None) -> Policy:
    if isinstance(document, Unknown):
        return Policy(name, origin, unknown=document)
    if not isinstance(document, Mapping):
        return Policy(name, origin, unknown=Unknown(f"`{name}` is not a policy document"))
    body = {key.lower(): (key, item) for key, item in document.items()}
    key, listed = body.get("statement", ("Statement", None))
    unknown = Unknown(f"`{name}` has no statement") if listed is None else None
    statements = []
    version = body.get("version", ("Version", None))[1]
    for index, one in enumerate(listed_in(listed)):
        if isinstance(one, Unknown):
            unknown = one
        elif isinstance(one, Mapping):
            place = mark(document, key, index) if isinstance(listed, Sequence) else mark(document, key)
            made = statement(one, name, place or origin)
            statements.append(_literal(made) if version in (None, OLD) else made)
        else:
            unknown = Unknown(f"a statement of `{name}` is no object")
    return Policy(name, origin, tuple(statements), unknown)


def _literal(one: Statement) -> Statement:
    """A statement in whose values `${` is text like any other."""
    return replace(one, variables=False, conditions=tuple(replace(each, variables=False) for each in one.conditions))


def statement(body: Mapping[str, Value], policy: str, origin: Origin | None) -> Statement:
    """One statement of a JSON document; its element names are found whatever their case."""
    names = {key.lower(): key for key in body}

    def of(element: str) -> Value:
        return body.get(names.get(element, ""))

    def line(element: str) -> Origin | None:
        return mark(body, names[element]) if element in names else None

    not_actions, not_resources = "notaction" in names, "notresource" in names
    not_principals = "notprincipal" in names
    actions = listed_in(of("notaction" if not_actions else "action"))
    return Statement(
        effect=_effect(of("effect")),
        actions=tuple(map(_text, actions)) or (Unknown(f"a statement of `{policy}` names no action"),),
        resources=listed_in(of("notresource" if not_resources else "resource")),
        conditions=tuple(_conditions(of("condition"), line("condition") or origin)),
        policy=policy,
        origin=line("notaction" if not_actions else "action") or line("resource") or origin,
        not_actions=not_actions,
        not_resources=not_resources,
        principals=of("notprincipal" if not_principals else "principal"),
        not_principals=not_principals,
        doubt=doubt(body),
        named=line("notresource" if not_resources else "resource"),
    )


def listed_in(value: Value) -> tuple[Value, ...]:
    """The items of a value that is one or many; of a list that is partly known, its known items and the Unknown."""
    if isinstance(value, Unknown) and isinstance(value.document, Sequence) and not isinstance(value.document, str):
        return (*value.document, replace(value, document=None, pieces=()))
    return () if value is None else tuple(items_of(value))


def _text(value: Value) -> Value:
    """An action as it is written; what is none may be any."""
    return value if isinstance(value, str | Unknown) else Unknown("an action is no text")


def _effect(value: Value) -> str | Unknown:
    if isinstance(value, Unknown):
        return value
    return "Deny" if isinstance(value, str) and value.lower() == "deny" else "Allow"


def _conditions(value: Value, origin: Origin | None) -> Iterator[Condition]:
    if isinstance(value, Unknown):
        yield Condition(value, value, (), origin)
    elif isinstance(value, Mapping):
        for operator, keys in value.items():
            if isinstance(keys, Mapping):
                for key, values in keys.items():
                    yield Condition(operator, key, listed_in(values), mark(value, operator, key) or origin)
            else:
                unknown = keys if isinstance(keys, Unknown) else Unknown("the condition is not a mapping")
                yield Condition(operator, unknown, (), origin)
    elif value is not None:
        unknown = Unknown("the condition is not a mapping")
        yield Condition(unknown, unknown, (), origin)
