"""YAML and JSON text with positions, as kubectl reads it; the one place that imports yaml, and only once it parses.

A stream is split at its document markers first, so that a document that cannot be read loses only itself. Anchors
and merge keys are followed within a budget, so that no text can hang a scan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.unknown import Value
from scanner.yamltext_json import TWICE, JsonError, JsonReader, Lines
from scanner.yamltext_nodes import Budget, Builder, Refused, Where, YamlAttrs, YamlItems, pyyaml
from scanner.yamltext_scalars import KUBECTL, Scalars

__all__ = [
    "BadDocument",
    "Document",
    "Scalars",
    "TextError",
    "YamlAttrs",
    "YamlItems",
    "documents",
    "json_document",
    "load_one",
]

MAX_CHARACTERS = 50_000_000

_MARKER = lazy(r"^(?:---|\.\.\.)(?=[ \t\r\n]|\Z)", re.MULTILINE)
_CONTENT = lazy(r"^(?!%)(?!---[ \t]*(?:#.*)?\r?$)[ \t]*[^# \t\r\n]", re.MULTILINE)
_DIRECTIVE = lazy(r"^%", re.MULTILINE)
# What is forbidden, not what is allowed: a class of most of Unicode takes ten times as long to compile.
_FORBIDDEN = lazy("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")

_ORDINARY = bytes([*b"\t\n", *range(0x20, 0x7F)])


class Document(Struct, frozen=True):
    """One document: its value and span; `first_line` to `last_line` is its part of the stream, both included."""

    value: Value
    origin: FileOrigin
    first_line: int
    last_line: int


class BadDocument(Struct, frozen=True):
    """A document that cannot be read: where and why; `tag` names the unknown tag (`!Ref`) that stopped it.

    legible: it is well-formed all the same, and other programs read it: of a tag, or with a key that stands twice.
    """

    origin: FileOrigin
    cause: str
    first_line: int
    last_line: int
    tag: str = ""

    @property
    def legible(self) -> bool:
        """Whether another program can make something of it."""
        return bool(self.tag) or self.cause.endswith(TWICE)


class TextError(ValueError):
    """Text that cannot be read: `origin` and `cause` as in BadDocument."""

    def __init__(self, origin: FileOrigin, cause: str) -> None:
        super().__init__(f"{origin}: {cause}")
        self.origin = origin
        self.cause = cause


def documents(text: str, path: str, scalars: Scalars = KUBECTL) -> Iterator[Document | BadDocument]:
    """Every document of a YAML stream that is not empty, in order; never raises for any text."""
    if len(text) > MAX_CHARACTERS:
        yield BadDocument(FileOrigin(path, 1), f"larger than {MAX_CHARACTERS // 1_000_000} MB", 1, 1)
        return
    budget = Budget()
    for chunk, line in _chunks(text.removeprefix("\ufeff")):
        yield from _parse(chunk, path, line, budget, scalars)


def load_one(text: str, path: str, scalars: Scalars = KUBECTL) -> Document:
    """The only document of a YAML text. Raises TextError where there is none, more than one, or a bad one."""
    found = list(documents(text, path, scalars))
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
        hollow = _CONTENT.search(piece) is None
        if hollow and _DIRECTIVE.search(piece) and end < len(text):
            continue
        if not hollow:
            yield piece, line
        line += piece.count("\n")
        start = end


def _parse(chunk: str, path: str, line: int, budget: Budget, scalars: Scalars) -> Iterator[Document | BadDocument]:
    """The documents of one piece: nearly always one."""
    yaml = pyyaml()
    last = line + chunk.rstrip("\n").count("\n")
    # Of printable ASCII, tabs and line feeds, as most are: then no rule for others is asked.
    ordinary = chunk.isascii() and not chunk.encode().translate(None, _ORDINARY)
    where = Where(chunk, path, line, ordinary)
    bad = None if ordinary else _FORBIDDEN.search(chunk)
    if bad:
        cause = f"the control character U+{ord(bad.group()):04X} is not allowed"
        yield BadDocument(where.offset(bad.start()), cause, line, last)
        return
    try:
        # What `yaml.parse` does, without a generator between the parser and the builder.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(chunk)
        events = iter(loader.get_event, None)
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                builder = Builder(events, where, budget, scalars)
                value, origin = builder.node(next(events), 1)
                if value is not None or builder.written:
                    yield Document(value, origin, line, last)
    except Refused as error:
        yield BadDocument(where.point(error.mark), error.cause, line, last, error.tag)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        cause = f"not valid YAML: {error.problem or error.context}"
        yield BadDocument(where.point(mark) if mark else FileOrigin(path, line), cause, line, last)
    except (yaml.YAMLError, ValueError, OverflowError):
        # An escape beyond Unicode is the only way here that is known: the pure reader has no better words for it.
        yield BadDocument(FileOrigin(path, line), "not valid YAML: a character that does not exist", line, last)
