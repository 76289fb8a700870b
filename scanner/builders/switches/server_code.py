"""Code that a model server is given by name: plug-ins, middleware, processors of what it says, libraries of others.

The names are rows of the table of artifacts (`server-code`), each with its source. A file of the image is as much a
part of it as its programs; a module that is named may lie anywhere on the server's path.
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables
from scanner.builders.blocks import Found
from scanner.builders.recognise.containers import Container
from scanner.builders.recognise.mounted import mount_of
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.table_rows import Artifact
from scanner.unknown import Unknown

Seen = tuple[str, Origin | None, str, str]
"""A setting, its line, why it is open, and what decides it."""
_OFF = frozenset({"", "false", "0", "no", "off", "none"})
_OWN = lazy(r"^(?:vllm|sglang|tensorrt_llm|text_generation_server)\.")
"""Modules of the servers themselves."""
_LISTED = lazy(r"[,\s]+")


def brought(container: Container) -> Iterator[Seen]:
    """What a server is told to load, or lets callers bring, and nobody has looked at."""
    rows = tables.artifacts("server-code")
    words = {one.text.partition("=")[0].replace("_", "-") for one in container.words}
    for row in rows:
        if row.kind == "environment" and row.tell in container.env:
            yield from _told(container, row, container.env[row.tell])
        elif row.kind == "argument" and row.tell in words:
            for found in _values(container, row.tell):
                yield from _told(container, row, found)


def _values(container: Container, flag: str) -> Iterator[Found]:
    """What follows a flag, each time that it is given: its values, or `true` where it has none."""
    words = container.words
    for index, word in enumerate(words):
        name, equals, value = word.text.partition("=")
        if name.replace("_", "-") != flag:
            continue
        given = [Found(word.unknown or value, word.origin)] if equals else []
        for after in words[index + 1 :] if not equals else ():
            if after.text.startswith("-"):
                break
            given.append(Found(after.unknown or after.text, after.origin))
        yield from given or [Found("true", word.origin)]


def _told(container: Container, row: Artifact, found: Found) -> Iterator[Seen]:
    name = row.tell
    if isinstance(found.value, Unknown):
        yield name, found.origin, f"what `{name}` says is not known: {row.because}", name
        return
    value = found.text or str(found.value)
    if value.lower() in _OFF:
        return
    strange = row.value == "any" or any(not _known(container, one) for one in _LISTED.split(value) if one)
    if strange:
        yield name, found.origin, f"`{name}` is `{value}`: {row.because}", name


def _known(container: Container, named: str) -> bool:
    """Whether something is a file of the image, or a module of the server's own."""
    if named.startswith("/"):
        return mount_of(container, named) is None
    return _OWN.match(named) is not None
