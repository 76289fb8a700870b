"""Arguments that a model server takes from a file: `--config` names one, and a ConfigMap may show it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from scanner.builders.recognise.containers import Container, Lookup, Word
from scanner.builders.recognise.mounted import Mount, content, mount_of
from scanner.builders.recognise.served import flag_values
from scanner.builders.recognise.signals import server_of
from scanner.builders.recognise.upstreams import shifted
from scanner.origin import FileOrigin, Origin
from scanner.resource import mark
from scanner.unknown import Unknown, Value
from scanner.yamltext import Document, documents

FLAGS = {
    "vllm": ("--config",),
    "sglang": ("--config",),
    "trtllm-serve": ("--extra-llm-api-options", "--config"),
}
"""By server: the arguments that name a YAML file of further arguments; what the command line says goes before it."""


def with_files(container: Container, lookup: Lookup) -> Container:
    """The container with the arguments of its configuration files put in before its own flags."""
    words: list[Word] = []
    for flag in FLAGS.get(server_of(container), ()):
        for named in flag_values(container.words, flag):
            words.extend(_words(container, lookup, flag, named))
    if not words:
        return container
    own = container.words
    start = next((place for place, word in enumerate(own) if word.text.startswith("--")), len(own))
    return replace(container, words=(*own[:start], *words, *own[start:]))


def _words(container: Container, lookup: Lookup, flag: str, named: Word) -> Iterator[Word]:
    if named.unknown is not None:
        return  # the word itself is not known, and says so
    mount = mount_of(container, named.text)
    text = content(mount, named.text, lookup)
    if isinstance(text, Unknown):
        yield Word("*", named.origin, replace(text, cause=f"`{flag}` names a file: {text.cause}"))
        return
    found = _document(text, _where(mount, named, lookup))
    if found is None:
        cause = f"the file that `{flag}` names is not understood"
        yield Word("*", named.origin, Unknown(cause, decided_by=(named.text,)))
        return
    for key, value in found.items():
        yield from _flag(str(key), value, mark(found, str(key)) or named.origin)


def _where(mount: Mount | None, named: Word, lookup: Lookup) -> Origin | None:
    data = lookup(mount.holder[1], "") if mount is not None else None
    key = mount.file(named.text) if mount is not None else ""
    return (mark(data, key) if isinstance(data, Mapping) else None) or named.origin


def _document(text: Value, where: Origin | None) -> Mapping[str, Value] | None:
    if not isinstance(text, str):
        return None
    path = where.path if isinstance(where, FileOrigin) else "settings"
    read = list(documents(text, path))
    if len(read) != 1 or not isinstance(read[0], Document) or not isinstance(read[0].value, Mapping):
        return None
    value = shifted(read[0].value, where, text) if where is not None else read[0].value
    return value if isinstance(value, Mapping) else None


def _flag(key: str, value: Value, origin: Origin | None) -> Iterator[Word]:
    """A key of the file as the words that it stands for; what is false stands for none."""
    if value is False or value is None:
        return
    yield Word(f"--{key.lstrip('-')}", origin)
    if value is True:
        return
    if isinstance(value, Mapping):
        yield Word(json.dumps(value, default=str), origin)
        return
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, Mapping):
            yield Word(json.dumps(one, default=str), origin)
        else:
            yield Word("*" if isinstance(one, Unknown) else str(one), origin, one if isinstance(one, Unknown) else None)
