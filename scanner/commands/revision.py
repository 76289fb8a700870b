"""A git revision as a folder: the blobs as they are stored, no checkout, no hook, no filter of the repository."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from scanner.errors import UsageError

MAX_BLOB = 50_000_000
_REGULAR, _PROGRAM, _LINK = b"100644", b"100755", b"120000"
_SAFE = ("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.allow=never")
"""Nothing that the repository's own configuration could make git run, and no fetch of what is not there."""


@contextlib.contextmanager
def checked_out(revision: str) -> Iterator[Path]:
    """The tree of `revision` below the current folder, in a temporary folder. Raises UsageError where git has none."""
    entries = list(_entries(revision))
    with tempfile.TemporaryDirectory(prefix="tether-") as name:
        folder = Path(name).resolve() / "tree"
        folder.mkdir()
        _write(folder, entries)
        yield folder


def _entries(revision: str) -> Iterator[tuple[bytes, bytes, str]]:
    if revision.startswith("-"):
        raise UsageError(f"`{revision}` is no revision")
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").strip().decode()
    listed = _git("ls-tree", "-r", "-z", found)
    for line in filter(None, listed.split(b"\0")):
        head, _, path = line.partition(b"\t")
        mode, kind, blob = head.split(b" ")
        if kind == b"blob":
            yield mode, blob, os.fsdecode(path)


def _git(*arguments: str, data: bytes | None = None) -> bytes:
    try:
        done = subprocess.run(["git", *_SAFE, *arguments], input=data, capture_output=True, check=False)
    except OSError as error:
        raise UsageError(f"git cannot be run: {error.strerror or error}") from error
    if done.returncode:
        what = os.fsdecode(done.stderr).strip() or "there is no such revision here"
        raise UsageError(f"git {arguments[0]}: {what}")
    return done.stdout


def _write(folder: Path, entries: list[tuple[bytes, bytes, str]]) -> None:
    """Regular files first, links last, so that no file is written through a link."""
    text = _git("cat-file", "--batch", data=b"".join(blob + b"\n" for _, blob, _ in entries))
    place = 0
    links: list[tuple[Path, bytes]] = []
    for mode, blob, name in entries:
        end = text.index(b"\n", place)
        head = text[place:end].split(b" ")
        if len(head) != 3:
            raise UsageError(f"git has no content for `{name}` ({blob.decode()})")
        size = int(head[2])
        content, place = text[end + 1 : end + 1 + size], end + 2 + size
        parts = PurePosixPath(name).parts
        if PurePosixPath(name).is_absolute() or ".." in parts or size > MAX_BLOB:
            continue
        target = folder.joinpath(*parts)
        if mode == _LINK:
            links.append((target, content))
        elif mode in (_REGULAR, _PROGRAM):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    for target, content in links:
        with contextlib.suppress(FileExistsError, NotADirectoryError):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.symlink_to(os.fsdecode(content))
