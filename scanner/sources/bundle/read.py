"""Read a bundle: whole, cut short, changed since, or none at all. Nothing in it is trusted unchecked."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from msgspec import Struct, field

from scanner.errors import UsageError
from scanner.origin import FileOrigin
from scanner.resource import Unread
from scanner.sources.bundle.call import SCHEMA, Call, call_of

MAX_LINE = 512_000_000
MAX_WHOLE = 4_000_000_000
"""Bytes after decompression: more is no inventory."""
_CHUNK = 1 << 20
_GZIP = 31


class Bundle(Struct):
    """What a bundle holds. unread: what is wrong with it. sha256: of the file's bytes.

    count, sha, end and cut are for going on with it: how many calls, the sum of their lines, where the last good line
    ends in the file, and whether nothing but its end is missing.
    """

    calls: list[Call] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)
    salt: str = ""
    sha256: str = ""
    count: int = 0
    sha: Any = field(default_factory=hashlib.sha256)
    end: int = 0
    cut: bool = False


class _Broken(Exception):
    """The file goes no further."""


def read_bundle(path: Path, shown: str) -> Bundle | Unread:
    """The bundle in a file; an Unread where it is none. `shown` is the path in origins. Raises UsageError for no file.

    A bundle without its last line gives what it has, and an Unread; of one whose sum is wrong nothing is used.
    """
    origin = FileOrigin(shown, 1)
    found = Bundle()
    try:
        with path.open("rb") as file:
            trailer = _lines(file, found, origin)
            file.seek(0)
            found.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UsageError(f"`{path}` cannot be read: {error.strerror or error}") from error
    except _Broken as error:
        return Unread(origin, f"no bundle of the schema {SCHEMA}: {error}", "file", "make one with `tether collect`")
    if trailer is None:
        found.cut = True
        cause = f"the bundle ends after {found.count} calls, without its last line"
        found.unread.append(Unread(origin, cause, "file", "`tether collect --resume` goes on with it"))
    elif trailer != {"count": found.count, "sha256": found.sha.hexdigest()}:
        found.calls = []
        cause = "the bundle was changed after it was made: its sum is another"
        found.unread = [Unread(origin, cause, "file", "make it again with `tether collect`")]
    return found


def _lines(file: IO[bytes], found: Bundle, origin: FileOrigin) -> object | None:
    """Take in every good line; the answer is the last one, None where there is none."""
    trailer: object | None = None
    first = True
    try:
        for text, end in _texts(file):
            if first:
                found.salt = _salt(_json(text))
                first = False
                found.sha.update(text)
                found.end = end
                continue
            plain = _line(text, found, FileOrigin(origin.path, found.count + 2))
            if plain is _NO_JSON:
                found.count += 1
            elif trailer is not None:
                return {"more": "lines behind the last"}
            elif isinstance(plain, dict) and "sha256" in plain and "outcome" not in plain:
                trailer = plain
                continue
            else:
                found.count += 1
                _take(found, plain, FileOrigin(origin.path, found.count + 1))
            found.sha.update(text)
            found.end = end
    except _Broken:
        if first:
            raise
        return None if trailer is None else {"more": "bytes behind the last line"}
    if first:
        raise _Broken("it is empty")
    return trailer


_NO_JSON = object()


def _line(text: bytes, found: Bundle, origin: FileOrigin) -> object:
    """What a line holds; one that is no JSON costs no other."""
    try:
        return _json(text)
    except _Broken as error:
        found.unread.append(Unread(origin, f"a line of the bundle is not understood: {error}", "document"))
        return _NO_JSON


def _take(found: Bundle, plain: object, origin: FileOrigin) -> None:
    call = call_of(plain)
    if isinstance(call, Call):
        found.calls.append(call)
    else:
        found.unread.append(Unread(origin, f"a line of the bundle is not understood: {call}", "document"))


def _salt(header: object) -> str:
    if not isinstance(header, dict) or header.get("schema") != SCHEMA:
        raise _Broken("another schema")
    salt = header.get("salt")
    if not isinstance(salt, str):
        raise _Broken("its header has no salt")
    return salt


def _json(text: bytes) -> object:
    try:
        return json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _Broken(f"a line is not JSON ({error})") from error


def _no_constant(word: str) -> object:
    raise ValueError(f"`{word}` is no JSON")


def _texts(file: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Each line, with where the gzip member that it ends in ends. Lines need not fill whole members."""
    whole, pending, position, waiting = 0, b"", 0, b""
    while True:
        member = zlib.decompressobj(_GZIP)
        started = False
        while not member.eof:
            chunk = waiting or file.read(_CHUNK)
            if not chunk:
                if started or pending:
                    raise _Broken("it is cut short")
                return
            started = True
            try:
                pending += member.decompress(chunk, MAX_LINE)
            except zlib.error as error:
                raise _Broken("it is not gzip") from error
            rest = member.unused_data if member.eof else member.unconsumed_tail
            position += len(chunk) - len(rest)
            waiting = rest
            if len(pending) > MAX_LINE or whole + len(pending) > MAX_WHOLE:
                raise _Broken("it is too large")
        *lines, pending = pending.split(b"\n")
        for line in lines:
            whole += len(line) + 1
            yield line + b"\n", position
