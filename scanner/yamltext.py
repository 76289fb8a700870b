"""YAML and JSON text with positions, as kubectl reads it; the one place that imports yaml, and only once it parses.

A stream is split at its document markers first, so that a document that cannot be read loses only itself. Anchors
and merge keys are followed within a budget, so that no text can hang a scan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items
from scanner.unknown import Value
from scanner.yamltext_json import MAX_DEPTH, JsonError, JsonReader, Lines
from scanner.yamltext_scalars import ScalarError, collection_tag, key_text, plain, shown, tagged

MAX_CHARACTERS = 50_000_000
MAX_EXPANDED = 1_000_000
"""How many nodes the aliases of one file may stand for."""

_MARKER = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_HOLLOW = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?(?:\n|\Z)|%[^\n]*(?:\n|\Z))*\Z")
_DIRECTIVE = re.compile(r"^%", re.MULTILINE)
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ODD_BREAK = re.compile("\r(?!\n)|[\x85\u2028\u2029]")


class YamlAttrs(Attrs):
    """An Attrs that remembers the source of plain scalars that are no strings: `texts["namespace"] == "y"`."""

    __slots__ = ("texts",)

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}


class YamlItems(Items):
    """An Items that remembers the source of plain scalars that are no strings, by index."""

    __slots__ = ("texts",)

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[int, str] = {}


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its value and span; `first_line` to `last_line` is its part of the stream, both included."""

    value: Value
    origin: FileOrigin
    first_line: int
    last_line: int


@dataclass(frozen=True, slots=True)
class BadDocument:
    """A document that cannot be read: where and why; `tag` names the unknown tag (`!Ref`) that stopped it."""

    origin: FileOrigin
    cause: str
    first_line: int
    last_line: int
    tag: str = ""


class TextError(ValueError):
    """Text that cannot be read: `origin` and `cause` as in BadDocument."""

    def __init__(self, origin: FileOrigin, cause: str) -> None:
        super().__init__(f"{origin}: {cause}")
        self.origin = origin
        self.cause = cause


def documents(text: str, path: str) -> Iterator[Document | BadDocument]:
    """Every document of a YAML stream that is not empty, in order; never raises for any text."""
    if len(text) > MAX_CHARACTERS:
        yield BadDocument(FileOrigin(path, 1), f"larger than {MAX_CHARACTERS // 1_000_000} MB", 1, 1)
        return
    budget = _Budget()
    for chunk, line in _chunks(text.removeprefix("\ufeff")):
        yield from _parse(chunk, path, line, budget)


def load_one(text: str, path: str) -> Document:
    """The only document of a YAML text. Raises TextError where there is none, more than one, or a bad one."""
    found = list(documents(text, path))
    for one in found:
        if isinstance(one, BadDocument):
            raise TextError(one.origin, one.cause)
    if not found:
        raise TextError(FileOrigin(path, 1), "there is nothing in it")
    first, *rest = (one for one in found if isinstance(one, Document))
    if rest:
        raise TextError(rest[0].origin, "a second document; one was expected")
    return first


def json_document(text: str, path: str) -> Document:
    """The value of a JSON text, by the rules of JSON alone. Raises TextError."""
    bare = text.removeprefix("\ufeff")
    if len(bare) > MAX_CHARACTERS:
        raise TextError(FileOrigin(path, 1), f"larger than {MAX_CHARACTERS // 1_000_000} MB")
    try:
        value, origin = JsonReader(bare, path).read()
    except JsonError as error:
        raise TextError(FileOrigin(path, *Lines(bare).at(error.offset)), error.cause) from error
    return Document(value, origin, 1, bare.count("\n") + 1)


def _chunks(text: str) -> Iterator[tuple[str, int]]:
    """The stream cut at its markers: each piece with the line that it starts on.

    `---` and `...` in column 1 end a document wherever they stand, also inside block scalars and quotes.
    """
    cuts = [0]
    for found in _MARKER.finditer(text):
        if found.group() == "---":
            cuts.append(found.start())
        else:
            cuts.append(text.find("\n", found.end()) + 1 or len(text))
    start, line = 0, 1
    for end in [*cuts[1:], len(text)]:
        piece = text[start:end]
        hollow = _HOLLOW.match(piece) is not None
        if hollow and _DIRECTIVE.search(piece) and end < len(text):
            continue
        if not hollow:
            yield piece, line
        line += piece.count("\n")
        start = end


class _Budget:
    """What the aliases of a file may still expand to."""

    def __init__(self) -> None:
        self.left = MAX_EXPANDED

    def spend(self, nodes: int) -> bool:
        self.left -= nodes
        return self.left >= 0


class _Refused(Exception):
    """A document that YAML allows and we do not: the event where, and why."""

    def __init__(self, mark: Any, cause: str, tag: str = "") -> None:
        super().__init__(cause)
        self.mark = mark
        self.cause = cause
        self.tag = tag


@cache
def _yaml() -> Any:
    import yaml

    return yaml


def _parse(chunk: str, path: str, line: int, budget: _Budget) -> Iterator[Document | BadDocument]:
    """The documents of one piece: nearly always one."""
    yaml = _yaml()
    last = line + chunk.rstrip("\n").count("\n")
    where = _Where(chunk, path, line)
    bad = _FORBIDDEN.search(chunk)
    if bad:
        cause = f"the control character U+{ord(bad.group()):04X} is not allowed"
        yield BadDocument(where.offset(bad.start()), cause, line, last)
        return
    events = yaml.parse(chunk, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    try:
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                builder = _Builder(events, where, budget)
                value, origin = builder.node(next(events), 1)
                if value is not None or builder.written:
                    yield Document(value, origin, line, last)
    except _Refused as error:
        yield BadDocument(where.point(error.mark), error.cause, line, last, error.tag)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        cause = f"not valid YAML: {error.problem or error.context}"
        yield BadDocument(where.point(mark) if mark else FileOrigin(path, line), cause, line, last)
    except (yaml.YAMLError, ValueError, OverflowError):
        # An escape beyond Unicode is the only way here that is known: the pure reader has no better words for it.
        yield BadDocument(FileOrigin(path, line), "not valid YAML: a character that does not exist", line, last)


class _Where:
    """From the parser's marks in one piece to origins in the file."""

    def __init__(self, chunk: str, path: str, line: int) -> None:
        self._path = path
        self._base = line
        self._lines = Lines(chunk) if _ODD_BREAK.search(chunk) else None
        self._chunk = chunk

    def span(self, start: Any, end: Any) -> FileOrigin:
        """From one mark to another."""
        if self._lines is None:
            base = self._base
            return FileOrigin(self._path, start.line + base, start.column + 1, end.line + base, end.column + 1)
        return FileOrigin(self._path, *self._at(start.index), *self._at(end.index))

    def point(self, mark: Any) -> FileOrigin:
        """One mark, without an end."""
        if self._lines is None:
            return FileOrigin(self._path, mark.line + self._base, mark.column + 1)
        return FileOrigin(self._path, *self._at(mark.index))

    def offset(self, offset: int) -> FileOrigin:
        """The character at `offset`."""
        line, column = Lines(self._chunk).at(offset)
        return FileOrigin(self._path, line + self._base - 1, column)

    def _at(self, index: int) -> tuple[int, int]:
        # The parser takes more characters for line ends than editors do: only then are offsets looked up.
        assert self._lines is not None
        line, column = self._lines.at(index)
        return line + self._base - 1, column


@dataclass(slots=True)
class _Anchor:
    """What a name stands for; `value` is not there while its node is still being read."""

    value: Value = None
    text: str | None = None
    nodes: int = 0
    height: int = 0
    done: bool = False


class _Builder:
    """Values from the events of one document."""

    def __init__(self, events: Iterator[Any], where: _Where, budget: _Budget) -> None:
        self._events = events
        self._where = where
        self._budget = budget
        self._anchors: dict[str, _Anchor] = {}
        self._nodes = 0
        self._deepest = 0
        self._end: Any = None
        self.text: str | None = None
        """The source of the plain scalar that was read last, where it is no string."""
        self.written = False
        """True where the document holds anything, be it `null`."""

    def node(self, event: Any, depth: int) -> tuple[Value, FileOrigin]:
        """The node that starts with `event`; `text` is set beside it. Raises _Refused."""
        yaml = _yaml()
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, depth)
        if depth > MAX_DEPTH:
            raise _Refused(event.start_mark, f"nested deeper than {MAX_DEPTH} levels")
        anchor, before, outer = _Anchor(), self._nodes, self._deepest
        self._nodes += 1
        self._deepest = depth
        if event.anchor:
            self._anchors[event.anchor] = anchor
        if isinstance(event, yaml.ScalarEvent):
            value = self._scalar(event)
            self._end = event.end_mark
        else:
            value = self._collection(event, depth)
            self.text = None
        self.written = self.written or event.start_mark.index != event.end_mark.index
        anchor.value, anchor.text, anchor.done = value, self.text, True
        anchor.nodes, anchor.height = self._nodes - before, self._deepest - depth
        self._deepest = max(outer, self._deepest)
        return value, self._where.span(event.start_mark, self._end)

    def _alias(self, event: Any, depth: int) -> tuple[Value, FileOrigin]:
        anchor = self._anchors.get(event.anchor)
        if anchor is None or not anchor.done:
            why = "stands inside itself" if anchor else "is not defined above"
            raise _Refused(event.start_mark, f"the anchor `{event.anchor}` {why}")
        if depth + anchor.height > MAX_DEPTH:
            raise _Refused(event.start_mark, f"aliases nest deeper than {MAX_DEPTH} levels")
        if not self._budget.spend(anchor.nodes):
            raise _Refused(event.start_mark, f"aliases stand for more than {MAX_EXPANDED} nodes")
        self._nodes += anchor.nodes
        self._deepest = max(self._deepest, depth + anchor.height)
        self._end, self.text = event.end_mark, anchor.text
        return anchor.value, self._where.span(event.start_mark, event.end_mark)
