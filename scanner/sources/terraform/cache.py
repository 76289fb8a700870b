"""A cache of syntax trees below the user's cache folder: by content, never of a verdict, and never believed blindly.

An entry is named by the digest of the text, of its path below the root, of Tether's version and of the reader's own
sources, and starts with the digest of what follows. One that is damaged, of another user, or no tree is none. Nothing
in an entry is run: it is an array of plain values, checked against the types of the syntax tree while it is decoded.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path

import msgspec

from scanner import __version__
from scanner.sources.terraform.syntax import Body

DIGEST = 32
"""Bytes of the sum that an entry starts with."""
MAX_SHARD = 400
"""Entries of one of the 256 folders; the oldest half goes when there are more."""
MAX_ENTRY = 40_000_000


class SyntaxCache:
    """Entries in `folder`, which is made when the first is written. Whatever goes wrong with it costs time alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writable = True

    def get(self, text: str, name: str) -> Body | None:
        """The tree of a text at a path; None where it is not kept, or cannot be used."""
        try:
            with open(self._place(text, name), "rb") as file:
                if not _ours(os.fstat(file.fileno())):
                    return None
                entry = file.read(MAX_ENTRY)
        except (OSError, ValueError):
            return None
        body = entry[DIGEST:]
        if hashlib.sha256(body).digest() != entry[:DIGEST]:
            return None
        try:
            return _decoder().decode(body)
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return None

    def put(self, text: str, name: str, body: Body) -> None:
        """Keep a tree. A folder that cannot be written, a full disk and a value that has no encoding keep nothing."""
        if not self._writable:
            return
        try:
            encoded = msgspec.msgpack.encode(body)
        except (OverflowError, RecursionError, TypeError, ValueError):
            return
        place = self._place(text, name)
        try:
            _write(place, hashlib.sha256(encoded).digest() + encoded)
            _prune(place.parent)
        except (OSError, ValueError):
            self._writable = False

    def _place(self, text: str, name: str) -> Path:
        key = hashlib.sha256(f"{_reader()}\0{name}\0".encode("utf-8", "surrogatepass"))
        key.update(text.encode("utf-8", "surrogatepass"))
        digest = key.hexdigest()
        return self._folder / digest[:2] / digest[2:]


def _write(place: Path, entry: bytes) -> None:
    """Write an entry whole or not at all: two processes that write the same one write the same bytes."""
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    import tempfile  # what a run that finds all does not need

    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(entry)
        os.replace(name, place)
    finally:
        # It is gone by its name where it was written.
        Path(name).unlink(missing_ok=True)


def _prune(shard: Path) -> None:
    """Take the oldest half of the entries away where there are too many; another process may do so as well."""
    entries = list(os.scandir(shard))
    if len(entries) <= MAX_SHARD:
        return
    entries.sort(key=lambda one: one.stat().st_mtime_ns)
    for one in entries[: len(entries) // 2]:
        Path(one.path).unlink(missing_ok=True)


def _ours(status: os.stat_result) -> bool:
    """Whether an entry was written by this user, and nobody else may write to it."""
    mine = status.st_uid == os.getuid() if hasattr(os, "getuid") else True
    return mine and not status.st_mode & 0o022


@cache
def _decoder() -> msgspec.msgpack.Decoder[Body]:
    return msgspec.msgpack.Decoder(Body)


@cache
def _reader() -> str:
    """What an entry depends on beside the text: the version, and the sources that make a tree of it."""
    here = Path(__file__).parent
    found = hashlib.sha256(__version__.encode())
    for path in sorted([*here.glob("native/*.py"), here / "syntax.py", here / "template.py", here / "parsed.py"]):
        found.update(path.read_bytes())
    return found.hexdigest()
