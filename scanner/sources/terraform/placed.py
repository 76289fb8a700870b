"""Trees that many share, and their values: what stands nowhere in them gets the place of the one who asked."""

from __future__ import annotations

from operator import is_
from typing import Any, TypeVar

from msgspec.structs import replace

from scanner.origin import FileOrigin, Origin
from scanner.resource import Attrs, Encoded, Items
from scanner.sources.terraform.syntax import NOWHERE, AttrStep, Literal, Node, Traversal
from scanner.sources.terraform.values import BlockOf
from scanner.unknown import PLAIN, Unknown, Value

T = TypeVar("T", bound=Node)


def placed(node: T, at: FileOrigin) -> T:
    """A tree with every part of it at one place."""
    made: T = _placed(node, at)
    return made


def _placed(part: Any, at: FileOrigin) -> Any:
    kind = type(part)
    # Most parts of a tree are of these kinds.
    if kind is Literal:
        return Literal(part.value, at)
    if kind is AttrStep:
        return AttrStep(part.name, at)
    if kind is Traversal:
        return Traversal(part.root, tuple([_placed(step, at) for step in part.steps]), at)
    if kind is tuple:
        return tuple([_placed(item, at) for item in part])
    if kind is FileOrigin:
        return at
    if isinstance(part, Node):
        return kind(*[_placed(getattr(part, name), at) for name in kind.__struct_fields__])
    return part


def placed_value(value: Value, at: FileOrigin) -> Value:
    """The value with `at` for each `NOWHERE` in it; what has none in it stays the same object."""
    if type(value) in PLAIN:
        return value
    if type(value) is Unknown and not _is_made_of(value):
        return value if value.origin is not NOWHERE else replace(value, origin=at)
    made: Value = _Placing(at).of(value)
    return made


def _is_made_of(value: Unknown) -> bool:
    """Whether an Unknown has values inside, which have places of their own."""
    return bool(value.pieces or value.options or value.document is not None or value.known is not None)


def of_json(value: Any, at: FileOrigin) -> Value:
    """A value of JSON in which text is no template, every part of it at one place."""
    if type(value) is list:
        return Items([of_json(item, at) for item in value], [at] * len(value))
    if type(value) is dict:
        return Attrs({key: of_json(item, at) for key, item in value.items()}, dict.fromkeys(value, at))
    made: Value = value
    return made


def is_nowhere(value: Value) -> bool:
    """Whether a value is known, and stands nowhere: it is the same for all who share its tree."""
    if isinstance(value, list):
        marks = value.marks if isinstance(value, Items) else []
        return all(one is NOWHERE for one in marks) and all(map(is_nowhere, value))
    if isinstance(value, Attrs):
        return all(one is NOWHERE for one in value.marks.values()) and all(map(is_nowhere, value.values()))
    return type(value) in PLAIN


class _Placing:
    """One value that gets its places; a part that is shared in it is entered once, and stays shared."""

    def __init__(self, at: FileOrigin) -> None:
        self._at = at
        self._done: dict[int, Any] = {}

    def of(self, value: Any) -> Any:
        if type(value) in PLAIN:
            return value
        done = self._done.get(id(value))
        if done is None:
            done = self._done[id(value)] = self._made(value)
        return done

    def _made(self, value: Any) -> Any:
        if isinstance(value, Unknown):
            return self._unknown(value)
        if isinstance(value, dict):
            # Blocks as references see them are made of what has its places already.
            return value if isinstance(value, BlockOf) else self._mapping(value)
        if isinstance(value, (list, tuple)):
            return self._sequence(value)
        if isinstance(value, Encoded):
            document = self.of(value.document)
            return value if document is value.document else Encoded(str(value), document)
        return value  # the outputs of a module: each has its places

    def _unknown(self, value: Unknown) -> Unknown:
        origin = self._at if value.origin is NOWHERE else value.origin
        if not _is_made_of(value):
            return value if origin is value.origin else replace(value, origin=origin)
        inside = (value.pieces, value.document, value.options, value.known)
        pieces, document, options, known = placed = [self.of(one) for one in inside]
        if origin is value.origin and all(map(is_, placed, inside)):
            return value
        return replace(value, origin=origin, pieces=pieces, document=document, options=options, known=known)

    def _mapping(self, value: dict[str, Value]) -> dict[str, Value]:
        items = [self.of(item) for item in value.values()]
        before = list(value.marks.values()) if isinstance(value, Attrs) else []
        marks = self._marks(before)
        if all(map(is_, items, value.values())) and marks is before:
            return value
        pairs = zip(value, items, strict=True)
        return (
            type(value)(pairs, dict(zip(value.marks, marks, strict=True))) if isinstance(value, Attrs) else dict(pairs)
        )

    def _sequence(self, value: list[Value] | tuple[Value, ...]) -> list[Value] | tuple[Value, ...]:
        items = [self.of(item) for item in value]
        before = value.marks if isinstance(value, Items) else []
        marks = self._marks(before)
        if all(map(is_, items, value)) and marks is before:
            return value
        return type(value)(items, marks) if isinstance(value, Items) else type(value)(items)

    def _marks(self, marks: list[Origin]) -> list[Origin]:
        for one in marks:
            if one is NOWHERE:
                return [self._at if one is NOWHERE else one for one in marks]
        return marks
