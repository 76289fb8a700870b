"""Strict JSON (RFC 8259) with positions: no comments, no NaN, no key twice."""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import NamedTuple, NoReturn

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.resource import Attrs, Items
from scanner.unknown import Value

MAX_DEPTH = 200
TWICE = "stands twice"
_SPACE = lazy(r"[ \t\n\r]*")
_NUMBER = lazy(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = lazy(r"true|false|null")
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}
_SURROGATE = lazy("[\ud800-\udfff]")


class JsonError(ValueError):
    """Text that is not JSON: `offset` counts characters from the start, `cause` is a sentence fragment."""

    def __init__(self, offset: int, cause: str) -> None:
        super().__init__(cause)
        self.offset = offset
        self.cause = cause


class Lines:
    """From an offset in a text to its line and column, both from 1; only `\\n` ends a line."""

    def __init__(self, text: str) -> None:
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column of the character at `offset`."""
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


class _Open(NamedTuple):
    """A value whose end has not been read: the container, where it starts, the key it will have in its parent."""

    value: Attrs | Items
    start: int


class JsonReader:
    """One text of JSON; an iterative reader, so that nesting cannot exhaust the stack."""

    def __init__(self, text: str, path: str) -> None:
        self._text = text
        self._path = path
        self._lines = Lines(text)
        self._at = 0

    def origin(self, start: int, end: int) -> FileOrigin:
        """The span between two offsets."""
        return FileOrigin(self._path, *self._lines.at(start), *self._lines.at(end))

    def read(self) -> tuple[Value, FileOrigin]:
        """The one value of the text. Raises JsonError."""
        open_: list[_Open] = []
        keys: list[str] = []
        while True:
            self._skip()
            value, start, entered = self._value()
            if entered is not None and len(open_) >= MAX_DEPTH:
                self._fail(start, f"nested deeper than {MAX_DEPTH} levels")
            if entered is not None and not self._closes(entered):
                open_.append(_Open(entered, start))
                if isinstance(entered, Attrs):
                    keys.append(self._key(entered))
                continue
            origin = self.origin(start, self._at)
            while open_:
                self._add(open_[-1].value, keys, value, origin)
                if self._goes_on(open_[-1].value):
                    if isinstance(open_[-1].value, Attrs):
                        keys.append(self._key(open_[-1].value))
                    break
                value, start = open_.pop()
                origin = self.origin(start, self._at)
            else:
                self._skip()
                if self._at < len(self._text):
                    self._fail(self._at, "there is more text after the value")
                return value, origin

    def _fail(self, offset: int, cause: str) -> NoReturn:
        raise JsonError(offset, cause)

    def _skip(self) -> None:
        self._at = _SPACE.match(self._text, self._at).end()  # type: ignore[union-attr]

    def _value(self) -> tuple[Value, int, Attrs | Items | None]:
        """The value here, or an empty container that has been entered."""
        start, text = self._at, self._text
        first = text[start : start + 1]
        if first == '"':
            return self._string(), start, None
        if first in ("{", "["):
            self._at += 1
            container: Attrs | Items = Attrs() if first == "{" else Items()
            return container, start, container
        word = _WORD.match(text, start)
        if word:
            self._at = word.end()
            return _WORDS[word.group()], start, None
        number = _NUMBER.match(text, start)
        if not number:
            self._fail(
                start, "a value is missing" if first in ("", ",", "]", "}", ":") else "no JSON value starts here"
            )
        self._at = number.end()
        return self._number(number, start), start, None

    def _number(self, found: re.Match[str], start: int) -> int | float:
        literal = found.group()
        if not found.group(1) and not found.group(2):
            # int() refuses very long digit strings; such a number is a float to every JSON reader anyway.
            return int(literal) if len(literal) <= 20 else float(literal)
        number = float(literal)
        if number in (float("inf"), float("-inf")):
            self._fail(start, f"`{literal[:30]}` is too large")
        return number

    def _string(self) -> str:
        start = self._at
        try:
            value, self._at = scanstring(self._text, start + 1, True)
        except ValueError as error:
            self._fail(getattr(error, "pos", start), f"not a JSON string: {getattr(error, 'msg', error)}")
        return _SURROGATE.sub("\ufffd", value)

    def _key(self, into: Attrs) -> str:
        """The key here and its colon."""
        self._skip()
        start = self._at
        if self._text[start : start + 1] != '"':
            self._fail(start, "a key in double quotes is missing")
        key = self._string()
        if key in into:
            self._fail(start, f"the key `{key}` {TWICE}")
        self._skip()
        if self._text[self._at : self._at + 1] != ":":
            self._fail(self._at, "a colon is missing")
        self._at += 1
        return key

    def _closes(self, container: Attrs | Items) -> bool:
        """Whether the container that was just entered is empty."""
        self._skip()
        if self._text[self._at : self._at + 1] != ("}" if isinstance(container, Attrs) else "]"):
            return False
        self._at += 1
        return True

    def _goes_on(self, container: Attrs | Items) -> bool:
        """True after a comma, False after the closing bracket."""
        self._skip()
        sign = self._text[self._at : self._at + 1]
        closing = "}" if isinstance(container, Attrs) else "]"
        if sign not in (",", closing) or not sign:
            self._fail(self._at, f"a comma or `{closing}` is missing")
        self._at += 1
        return sign == ","

    @staticmethod
    def _add(container: Attrs | Items, keys: list[str], value: Value, origin: FileOrigin) -> None:
        if isinstance(container, Attrs):
            key = keys.pop()
            container[key] = value
            container.marks[key] = origin
        else:
            container.append(value)
            container.marks.append(origin)
