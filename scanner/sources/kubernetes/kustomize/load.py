"""The files of a kustomization: inside the root, regular, within limits, and none that is not on disk.

Nothing is fetched and no program is run: a name that leads elsewhere is refused, with its place and its reason.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items, Unread, dig
from scanner.sources.files import read_text
from scanner.sources.kubernetes.kustomize.objects import CannotRender, NotThere
from scanner.sources.kubernetes.objects import restore_text
from scanner.unknown import Value
from scanner.yamltext import BadDocument, YamlAttrs, documents

MAX_FILE = 5_000_000
_NULLS = ("", "~", "null", "Null", "NULL")


class Loaded(Struct, frozen=True):
    """One document of a file or of a text inside a kustomization."""

    value: Value
    origin: FileOrigin


def is_remote(item: str) -> bool:
    """Whether a name is fetched: `https://...`, `github.com/...?ref=`, `git@...`, `git::...`, `host:path`."""
    head = item.partition("/")[0]
    return (
        "://" in item
        or "?" in item
        or item.startswith(("git@", "git::", "github.com", "gh:"))
        or ":" in head
        or "//" in item.lstrip("/")
    )


class Loader:
    """Files by name. files: every regular file of the run, below the root; inputs: what was read, with digests."""

    def __init__(self, root: Path, files: Collection[str]) -> None:
        self._root = root
        self._files = frozenset(files)
        self._texts: dict[str, str] = {}
        self._parsed: dict[str, list[Loaded]] = {}
        self.inputs: dict[str, str] = {}

    @cached_property
    def _folders(self) -> frozenset[str]:
        """Every folder that holds a file; a tree without kustomizations never asks."""
        found = {"."}
        for name in self._files:
            while (name := name.rpartition("/")[0]) and name not in found:
                found.add(name)
        return frozenset(found)

    def path(self, folder: str, name: str, where: FileOrigin) -> str:
        """The path of a file or folder that is named in `folder`. Raises CannotRender where it may not be read."""
        if is_remote(name):
            raise CannotRender(where, f"`{name}` is not on disk", "render it with kustomize")
        if name.startswith("/") or "\\" in name or "\0" in name:
            raise CannotRender(where, f"`{name}` is no path inside the root")
        path = posixpath.normpath(posixpath.join(folder, name))
        if path.startswith(".."):
            raise CannotRender(where, f"`{name}` leads out of the root", "scan the folder that holds both")
        return self._real(path, name, where)

    def _real(self, path: str, name: str, where: FileOrigin) -> str:
        """Follow links, as long as they stay inside what is scanned."""
        if path in self._files or path in self._folders:
            return path
        try:
            real = (self._root / path).resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:
            raise NotThere(where, f"`{name}` is not there") from error
        if not real.is_relative_to(self._root):
            raise CannotRender(where, f"`{name}` leads out of the root")
        found = real.relative_to(self._root).as_posix()
        if found not in self._files and found not in self._folders:
            raise CannotRender(where, f"`{name}` is not among what is scanned", "scan the folder that holds both")
        return found

    def is_folder(self, path: str) -> bool:
        """Whether a path is a folder that holds something."""
        return path in self._folders

    def text(self, folder: str, name: str, where: FileOrigin) -> tuple[str, str]:
        """The path and the text of a file. Raises CannotRender."""
        path = self.path(folder, name, where)
        if path not in self._files:
            raise CannotRender(where, f"`{name}` is a folder, not a file")
        if path not in self._texts:
            found = read_text(self._root, Path(path))
            if isinstance(found, Unread):
                raise CannotRender(where, f"`{name}` cannot be read: {found.cause}")
            if len(found.text) > MAX_FILE:
                raise CannotRender(where, f"`{name}` is larger than {MAX_FILE // 1_000_000} MB")
            self._texts[path] = found.text
            self.inputs[path] = found.sha256
        return path, self._texts[path]

    def documents(self, folder: str, name: str, where: FileOrigin) -> list[Loaded]:
        """The documents of a file; they are shared, so whoever changes one copies it. Raises CannotRender."""
        path, content = self.text(folder, name, where)
        if path not in self._parsed:
            self._parsed[path] = _parsed(content, path, lambda one: one)
        return self._parsed[path]

    @staticmethod
    def inline(content: str, where: FileOrigin) -> list[Loaded]:
        """The documents of a text that stands inside a kustomization, with its lines where they can be told."""
        first = where.line + (1 if where.end_line > where.line and "\n" in content.strip() else 0)
        return _parsed(content, where.path, lambda one: FileOrigin(one.path, one.line + first - 1, one.column))


def _parsed(content: str, path: str, place: Callable[[FileOrigin], FileOrigin]) -> list[Loaded]:
    found = []
    for one in documents(content, path):
        if isinstance(one, BadDocument):
            raise CannotRender(place(one.origin), one.cause)
        if dig(one.value, "kind") != "CustomResourceDefinition":
            restore_text(one.value)
        found.append(Loaded(_moved(one.value, place), place(one.origin)))
    return found


def _null(value: Attrs, key: str) -> bool:
    """Whether a value was written as null: restoring the texts made it "", and a patch deletes by it."""
    return isinstance(value, YamlAttrs) and value[key] == "" and value.texts.get(key) in _NULLS


def _moved(value: Value, place: Callable[[FileOrigin], FileOrigin]) -> Value:
    """A plain copy of a value with its marks where `place` puts them."""
    if isinstance(value, Attrs):
        marks = {key: place(one) if isinstance(one, FileOrigin) else one for key, one in value.marks.items()}
        items = {key: None if _null(value, key) else _moved(item, place) for key, item in value.items()}
        return Attrs(items, marks)
    if isinstance(value, Items):
        return Items(
            [_moved(item, place) for item in value],
            [place(one) if isinstance(one, FileOrigin) else one for one in value.marks],
        )
    return value
