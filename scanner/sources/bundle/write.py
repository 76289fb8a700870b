"""Write a bundle, line by line: what was written stays readable, whenever the run ends."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import secrets
import stat
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from scanner.errors import UsageError
from scanner.resource import Unread
from scanner.sources.bundle.call import SCHEMA, Call, Key, is_done
from scanner.sources.bundle.read import read_bundle


class BundleWriter:
    """A bundle that is being written. Every line is a gzip member of its own, so that a file cut short can go on."""

    def __init__(self, path: Path, *, resume: bool = False, version: str = "", at: str = "") -> None:
        """Open the file, mode 0600. Raises UsageError where it exists and is not to be resumed, or is no bundle."""
        self._path = path
        self._sha = hashlib.sha256()
        self._count = 0
        self.done: dict[Key, Call] = {}
        self._file: IO[bytes]
        existing = resume and path.exists()
        try:
            if existing:
                self._continue()
            else:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                self._file = os.fdopen(handle, "wb")
        except FileExistsError as error:
            raise UsageError(f"`{path}` is there already: --resume goes on with it") from error
        except OSError as error:
            raise UsageError(f"`{path}` cannot be written: {error.strerror or error}") from error
        if not existing:
            self.salt = secrets.token_hex(16)
            self._line({"schema": SCHEMA, "version": version, "at": at, "salt": self.salt})

    def _continue(self) -> None:
        if not stat.S_ISREG(self._path.stat().st_mode):
            raise UsageError(f"`{self._path}` is not a regular file")
        found = read_bundle(self._path, str(self._path))
        if isinstance(found, Unread):
            raise UsageError(f"`{self._path}` cannot be resumed: {found.cause}")
        fault = next((one for one in found.unread if not found.cut), None)
        if fault is not None:
            raise UsageError(f"`{self._path}` cannot be resumed: {fault.cause}")
        self.salt = found.salt
        self.done = {one.key: one for one in found.calls if is_done(one)}
        self._sha, self._count = found.sha.copy(), found.count
        self._file = self._path.open("r+b")
        os.fchmod(self._file.fileno(), 0o600)
        self._file.truncate(found.end)
        self._file.seek(found.end)

    def add(self, call: Call) -> None:
        """Write one call; it is on disk when this returns."""
        self._line(call.line())
        self._count += 1

    def _line(self, plain: dict[str, Any]) -> None:
        text = json.dumps(plain, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
        self._sha.update(text)
        self._put(text)

    def _put(self, text: bytes) -> None:
        try:
            self._file.write(gzip.compress(text, 6, mtime=0))
            self._file.flush()
        except OSError as error:
            raise UsageError(f"`{self._path}` cannot be written: {error.strerror or error}") from error

    def finish(self) -> None:
        """Write the last line, which says that all is there."""
        last = {"count": self._count, "sha256": self._sha.hexdigest()}
        self._put(json.dumps(last, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n")

    def __enter__(self) -> BundleWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        del kind, error, trace
        self._file.close()
