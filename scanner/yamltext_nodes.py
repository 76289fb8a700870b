"""From the events of PyYAML's parser to values with positions, within a budget."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from sys import intern
from typing import Any

from msgspec import Struct

from scanner.origin import FileOrigin, Origin
from scanner.patterns import lazy
from scanner.resource import Attrs, Items
from scanner.unknown import Value
from scanner.yamltext_json import MAX_DEPTH, TWICE, Lines
from scanner.yamltext_scalars import ScalarError, Scalars, collection_tag, key_text, shown

MAX_EXPANDED = 1_000_000
"""How many nodes the aliases of one file may stand for."""

_ODD_BREAK = lazy("\r(?!\n)|[\x85\u2028\u2029]")

_SHARED = 1_000_000  # up to here a line number is one object, wherever it is noted: manifests note millions
_NUMBERS = list(range(1_000))
_NO_KEYS: dict[str, str] = {}
_NO_INDICES: dict[int, str] = {}
"""Shared by all that have no such scalar, which are nearly all; never written to."""


class YamlAttrs(Attrs):
    """An Attrs that remembers the source of plain scalars that are no strings: `texts["namespace"] == "y"`."""

    __slots__ = ("texts",)

    def __init__(self) -> None:
        super().__init__()
        self.texts = _NO_KEYS

    def put(self, key: str, value: Value, origin: Origin, text: str | None) -> None:
        """Set an entry, with the place and the source of its value."""
        self[key] = value
        self.marks[key] = origin
        if text is not None:
            self.texts = {} if self.texts is _NO_KEYS else self.texts
            self.texts[key] = text
        elif self.texts:
            self.texts.pop(key, None)


class YamlItems(Items):
    """An Items that remembers the source of plain scalars that are no strings, by index."""

    __slots__ = ("texts",)

    def __init__(self) -> None:
        super().__init__()
        self.texts = _NO_INDICES

    def put(self, value: Value, origin: Origin, text: str | None) -> None:
        """Add an item, with the place and the source of its value."""
        if text is not None:
            self.texts = {} if self.texts is _NO_INDICES else self.texts
            self.texts[len(self)] = text
        self.append(value)
        self.marks.append(origin)


def _number(line: int) -> int:
    """`line`, the same object for the same number."""
    if line >= _SHARED:
        return line
    if line >= len(_NUMBERS):
        _NUMBERS.extend(range(len(_NUMBERS), min(2 * line, _SHARED)))
    return _NUMBERS[line]


class Budget:
    """What the aliases of a file may still expand to."""

    def __init__(self) -> None:
        self.left = MAX_EXPANDED

    def spend(self, nodes: int) -> bool:
        self.left -= nodes
        return self.left >= 0


class Refused(Exception):
    """A document that YAML allows and we do not: the event where, and why."""

    def __init__(self, mark: Any, cause: str, tag: str = "") -> None:
        super().__init__(cause)
        self.mark = mark
        self.cause = cause
        self.tag = tag


@cache
def pyyaml() -> Any:
    import yaml

    return yaml


class Where:
    """From the parser's marks in one piece to origins in the file."""

    def __init__(self, chunk: str, path: str, line: int, ordinary: bool) -> None:
        self._path = path
        self._base = line
        self._lines = Lines(chunk) if not ordinary and _ODD_BREAK.search(chunk) else None
        self._chunk = chunk
        self._last = max(len(chunk.rstrip()) - 1, 0)

    def span(self, start: Any, end: Any) -> FileOrigin:
        """From one mark to another."""
        if self._lines is None:
            first, last = _number(start.line + self._base), _number(end.line + self._base)
            return FileOrigin(self._path, first, start.column + 1, last, end.column + 1)
        return FileOrigin(self._path, *self._at(start.index), *self._at(end.index))

    def point(self, mark: Any) -> FileOrigin:
        """One mark, without an end; what stands behind the text is its last character."""
        if mark.index >= self._last:
            return self.offset(self._last)
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


class _Anchor(Struct):
    """What a name stands for; `value` is not there while its node is still being read."""

    value: Value = None
    text: str | None = None
    nodes: int = 0
    height: int = 0
    done: bool = False


class Builder:
    """Values from the events of one document."""

    def __init__(self, events: Iterator[Any], where: Where, budget: Budget, scalars: Scalars) -> None:
        self._events = events
        self._where = where
        self._budget = budget
        self._anchors: dict[str, _Anchor] = {}
        self._nodes = self._deepest = 0
        self._scalars = scalars
        self._end: Any = None
        yaml = pyyaml()
        self._alias_event, self._scalar_event = yaml.AliasEvent, yaml.ScalarEvent
        self._mapping_event = yaml.MappingStartEvent
        self._ends = yaml.MappingEndEvent, yaml.SequenceEndEvent
        self.text: str | None = None
        """The source of the plain scalar that was read last, where it is no string."""
        self.written = False  # True where the document holds anything, be it `null`

    def node(self, event: Any, depth: int) -> tuple[Value, FileOrigin]:
        """The node that starts with `event`; `text` is set beside it. Raises Refused."""
        kind = type(event)
        if kind is self._alias_event:
            return self._alias(event, depth)
        if depth > MAX_DEPTH:
            raise Refused(event.start_mark, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor is not None:
            return self._anchored(event, depth)
        self._nodes += 1
        self._deepest = max(self._deepest, depth)
        if kind is self._scalar_event:
            value = self._scalar(event)
            self._end = event.end_mark
        else:
            value = self._collection(event, depth)
            self.text = None
        if not self.written:
            self.written = event.start_mark.index != event.end_mark.index
        return value, self._where.span(event.start_mark, self._end)

    def _anchored(self, event: Any, depth: int) -> tuple[Value, FileOrigin]:
        """A node with a name, and what it would cost to write it out again."""
        anchor, before, outer = _Anchor(), self._nodes, self._deepest
        self._anchors[event.anchor] = anchor
        self._deepest = depth
        event.anchor = None
        value, origin = self.node(event, depth)
        anchor.value, anchor.text, anchor.done = value, self.text, True
        anchor.nodes, anchor.height = self._nodes - before, self._deepest - depth
        self._deepest = max(outer, self._deepest)
        return value, origin

    def _alias(self, event: Any, depth: int) -> tuple[Value, FileOrigin]:
        anchor = self._anchors.get(event.anchor)
        if anchor is None or not anchor.done:
            why = "stands inside itself" if anchor else "is not defined above"
            raise Refused(event.start_mark, f"the anchor `{event.anchor}` {why}")
        if depth + anchor.height > MAX_DEPTH:
            raise Refused(event.start_mark, f"aliases nest deeper than {MAX_DEPTH} levels")
        if not self._budget.spend(anchor.nodes):
            raise Refused(event.start_mark, f"aliases stand for more than {MAX_EXPANDED} nodes")
        self._nodes += anchor.nodes
        self._deepest = max(self._deepest, depth + anchor.height)
        self._end, self.text = event.end_mark, anchor.text
        return anchor.value, self._where.span(event.start_mark, event.end_mark)

    def _scalar(self, event: Any) -> Value:
        text: str = intern(event.value)
        self.text = None
        try:
            if event.tag is not None:
                return self._scalars.tagged(event.tag, text)
            if not event.implicit[0]:
                return text
            value = self._scalars.plain(text)
        except ScalarError as error:
            raise Refused(event.start_mark, str(error), shown(event.tag) if event.tag else "") from error
        self.text = None if isinstance(value, str) else text
        return value

    def _collection(self, event: Any, depth: int) -> Value:
        mapping = type(event) is self._mapping_event
        if event.tag is not None and not collection_tag(event.tag, mapping):
            tag = shown(event.tag)
            raise Refused(event.start_mark, f"the tag `{tag}` is not known", tag)
        self._end = None
        return self._mapping(depth) if mapping else self._sequence(depth)

    def _sequence(self, depth: int) -> YamlItems:
        items = YamlItems()
        for event in self._events:
            if type(event) in self._ends:
                self._close(event)
                break
            value, origin = self.node(event, depth + 1)
            items.put(value, origin, self.text)
        return items

    def _mapping(self, depth: int) -> YamlAttrs:
        attrs = YamlAttrs()
        merged: set[str] = set()
        for event in self._events:
            if type(event) in self._ends:
                self._close(event)
                break
            if type(event) is self._scalar_event and event.value == "<<" and event.implicit[0]:
                self._merge(attrs, merged, event, depth)
                continue
            key = self._key(event, depth)
            if key in attrs and key not in merged:
                raise Refused(event.start_mark, f"the key `{key}` {TWICE}")
            merged.discard(key)
            value, origin = self.node(next(self._events), depth + 1)
            attrs.put(key, value, origin, self.text)
        return attrs

    def _key(self, event: Any, depth: int) -> str:
        if type(event) is self._scalar_event and event.anchor is None and event.tag is None:
            self._nodes += 1
            value = self._scalar(event)
        else:
            value, _ = self.node(event, depth + 1)
        if isinstance(value, str):
            return value
        try:
            return key_text(value)
        except ScalarError as error:
            raise Refused(event.start_mark, str(error)) from error

    def _close(self, end: Any) -> None:
        # A block has no closing sign: the parser reports where the next token starts. Its last child is its end.
        if self._end is None or end.start_mark.index != end.end_mark.index:
            self._end = end.end_mark

    def _merge(self, attrs: YamlAttrs, merged: set[str], key: Any, depth: int) -> None:
        """Take over the entries of `<<`; of several mappings the first that has a key wins."""
        value, _ = self.node(next(self._events), depth + 1)
        sources = list(value) if isinstance(value, YamlItems) else [value]
        for source in sources:
            if not isinstance(source, YamlAttrs):
                raise Refused(key.start_mark, "`<<` merges something that is no mapping")
            for name, entry in source.items():
                if name in attrs and name not in merged and attrs[name] != entry:
                    # kubectl takes the merged value, kustomize and Helm the written one.
                    raise Refused(key.start_mark, f"`<<` stands after `{name}`, which it also sets: tools disagree")
                if name not in attrs:
                    merged.add(name)
                    attrs.put(name, entry, source.marks[name], source.texts.get(name))
