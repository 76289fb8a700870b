"""What an object holds: other objects, as values or as texts, each with its line and what decides that it is there."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterator, Sequence

from msgspec import Struct

from scanner.origin import FileOrigin, Origin
from scanner.resource import Attrs, Items, Unread, dig, mark
from scanner.sources.kubernetes.objects import expanded, looks_like_object, restore_text
from scanner.unknown import Unknown, Value
from scanner.yamltext import BadDocument, documents

MAX_BYTES = 20_000_000
"""How large a text may be once it is unpacked."""


class Holder(Struct, frozen=True, eq=False):
    """An object of the inputs that may hold others. possible: what decides whether it exists itself."""

    path: str
    value: Attrs
    origin: Origin
    possible: Unknown | None = None

    @property
    def group(self) -> str:
        """The API group."""
        return str(self.value.get("apiVersion")).rpartition("/")[0]

    @property
    def kind(self) -> str:
        """The kind."""
        return str(self.value.get("kind"))

    @property
    def name(self) -> str:
        """The name, `*` where it is not known."""
        return text(dig(self.value, "metadata", "name"))

    @property
    def namespace(self) -> str:
        """The namespace, "" where none is written."""
        return text(dig(self.value, "metadata", "namespace"))

    @property
    def address(self) -> str:
        """How findings call it."""
        return "/".join(part for part in (self.namespace, self.kind, self.name) if part)

    def place(self, *path: str | int) -> Origin:
        """Where the value at a path stands."""
        return mark(self.value, *path) or self.origin

    def unread(self, where: Origin, cause: str, remedy: str) -> Unread:
        """Something in it that cannot be opened, by name."""
        return Unread(where, f"what `{self.address}` holds: {cause}", "template", remedy)


class Inner(Struct, frozen=True, eq=False):
    """An object inside another one. possible: what decides whether it exists in the cluster of the scan."""

    value: Value
    origin: Origin
    possible: Unknown | None = None


def text(value: Value) -> str:
    """A name as text, with `*` for what is not known of it."""
    return value.text() if isinstance(value, Unknown) else value if isinstance(value, str) else ""


def each(holder: Holder, *path: str | int) -> Iterator[tuple[Value, Origin]]:
    """The items of a list in an object, with their places; the value itself where it is no list."""
    listed = dig(holder.value, *path)
    if isinstance(listed, list | tuple):
        for index, item in enumerate(listed):
            yield item, holder.place(*path, index)
    elif listed is not None:
        yield listed, holder.place(*path)


def values(
    holder: Holder, found: Iterator[tuple[Value, Origin]], possible: Unknown | None, remedy: str
) -> Iterator[Inner | Unread]:
    """Objects that are written as such."""
    for value, where in found:
        if isinstance(value, str):
            yield from texts(holder, value, where, possible, remedy)
        elif looks_like_object(value):
            for item, origin in _expanded(value, where):
                yield Inner(item, origin, possible)
        else:
            cause = value.cause if isinstance(value, Unknown) else "it is no object"
            yield holder.unread(where, cause, remedy)


def _expanded(value: Value, where: Origin) -> Iterator[tuple[Value, Origin]]:
    """The objects that a value stands for; those in a list of an API stand where the list does."""
    if isinstance(where, FileOrigin):
        yield from expanded(value, where)
    else:
        yield from ((item, where) for item, _ in expanded(value, FileOrigin("", 1)))


def texts(
    holder: Holder, written: str, where: Origin, possible: Unknown | None, remedy: str, lines: Sequence[str] = ()
) -> Iterator[Inner | Unread]:
    """Objects in a text. lines: those of the file, by which positions in the text become positions in the file."""
    shift = _Shift(written, where, lines)
    for one in documents(written, where.path if isinstance(where, FileOrigin) else ""):
        if isinstance(one, BadDocument):
            yield holder.unread(shift.place(one.origin), one.cause, remedy)
        elif looks_like_object(one.value):
            restore_text(one.value)
            for item, origin in expanded(one.value, one.origin):
                yield Inner(shift.moved(item), shift.place(origin), possible)
        elif one.value is not None:
            yield holder.unread(shift.place(one.origin), "a text that is no object", remedy)


def unpacked(written: str, encoding: str) -> str | None:
    """A text out of base64, or out of compressed base64; None where it cannot be had."""
    if encoding not in ("base64", "base64+gz"):
        return written if not encoding else None
    try:
        raw = base64.b64decode(written, validate=True)
        if encoding == "base64+gz":
            raw = zlib.decompressobj(wbits=31).decompress(raw, MAX_BYTES)
        return raw.decode()
    except (binascii.Error, UnicodeDecodeError, zlib.error, ValueError):
        return None


class _Shift:
    """Positions in a text that is a literal block of a file: each of its lines is a line of the file, further in."""

    def __init__(self, written: str, where: Origin, lines: Sequence[str]) -> None:
        self._where = where
        own = written.split("\n")
        below = lines[where.line : where.line + len(own)] if isinstance(where, FileOrigin) else ()
        told = [(inside, outside) for inside, outside in zip(own, below, strict=False) if inside.strip()]
        self._literal = bool(told) and all(outside.endswith(inside) for inside, outside in told)
        inside, outside = told[0] if told else ("", "")
        self._indent = len(outside) - len(inside)

    def place(self, origin: Origin) -> Origin:
        """The same place in the file; where the whole text stands, if it is not written line by line."""
        if not self._literal or not isinstance(origin, FileOrigin) or not isinstance(self._where, FileOrigin):
            return self._where
        return FileOrigin(self._where.path, self._where.line + origin.line, self._indent + origin.column)

    def moved(self, value: Value) -> Value:
        """The value with its marks in the file."""
        if isinstance(value, Attrs):
            marks = {key: self.place(one) for key, one in value.marks.items()}
            return Attrs({key: self.moved(item) for key, item in value.items()}, marks)
        if isinstance(value, Items):
            marked = [self.place(one) for one in value.marks]
            return Items([self.moved(item) for item in value], marked)
        return value
