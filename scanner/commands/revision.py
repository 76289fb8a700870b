"""The tree of a git revision in a folder of its own: raw objects alone, so that nothing of the repository runs.

No hook, filter, attribute (`export-ignore` would hide a file), replacement or transport has a say in what is written.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from msgspec import Struct

from scanner.errors import UsageError
from scanner.sources.files import MAX_BYTES, SKIPPED

_GIT = ("git", "--no-pager", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false")
_QUIET = {
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    # A missing object of a partial clone would be fetched, by a command that the repository's settings name.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_LINK, _SUBMODULE = "120000", "160000"
_CHUNK = 1 << 20


class Revision(Struct, frozen=True):
    """A commit. prefix: the path of the current folder below the top of the work tree, "" or with `/` at its end."""

    name: str
    commit: str
    prefix: str


class _Entry(Struct, frozen=True):
    mode: str
    object_id: str
    path: Path


def revision(name: str) -> Revision | None:
    """The commit that `name` means in the repository of the current folder; None where it means none."""
    if not name or name.startswith("-"):
        return None
    found = _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode:
        return None
    prefix = _git("rev-parse", "--show-prefix")
    shown = prefix.stdout.removesuffix(b"\n") if prefix.returncode == 0 else b""
    return Revision(name, found.stdout.decode("ascii").strip(), os.fsdecode(shown))


def write_tree(one: Revision, folder: Path) -> dict[str, str]:
    """Write what the revision holds below its prefix into `folder`, which is empty.

    The result maps each submodule, whose content is not in the repository, to its commit. Raises UsageError where an
    object is missing, or the tree is one that git would not write.
    """
    entries = list(_entries(one))
    submodules = {entry.path.as_posix(): entry.object_id for entry in entries if entry.mode == _SUBMODULE}
    # Links come last: no path is written through one.
    written = sorted((entry for entry in entries if entry.mode != _SUBMODULE), key=lambda entry: entry.mode == _LINK)
    try:
        for entry in written:
            (folder / entry.path).parent.mkdir(parents=True, exist_ok=True)
        with subprocess.Popen(
            [*_GIT, "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **_QUIET},
        ) as objects:
            for entry in written:
                _write(entry, folder, objects)
    except (OSError, ValueError) as error:
        raise UsageError(f"the revision `{one.name}` cannot be written out: {error}") from error
    return submodules


def _entries(one: Revision) -> Iterator[_Entry]:
    tree = f"{one.commit}:{one.prefix.removesuffix('/')}"
    listed = _git("ls-tree", "-r", "-z", "--full-tree", tree)
    if listed.returncode:
        raise UsageError(f"the revision `{one.name}` has no folder `{one.prefix or '.'}` that can be read")
    for line in listed.stdout.split(b"\0"):
        if not line:
            continue
        about, _, raw = line.partition(b"\t")
        mode, _, object_id = about.decode("ascii").split(" ")
        path = os.fsdecode(raw)
        parts = path.split("/")
        if {"", ".", ".."} & set(parts) or any(part.lower() == ".git" for part in parts):
            raise UsageError(f"the revision `{one.name}` holds the path `{path}`, which git itself refuses")
        if not SKIPPED & set(parts[:-1]) - {".terraform"}:
            yield _Entry(mode, object_id, Path(path))


def _write(entry: _Entry, folder: Path, objects: subprocess.Popen[bytes]) -> None:
    if objects.stdin is None or objects.stdout is None:
        raise OSError("git has no pipes")
    objects.stdin.write(entry.object_id.encode("ascii") + b"\n")
    objects.stdin.flush()
    header = objects.stdout.readline().split()
    if len(header) != 3 or header[1] != b"blob":
        raise UsageError(f"git does not have the content of `{entry.path}`: fetch the revision as a whole")
    size = int(header[2])
    target = folder / entry.path
    if entry.mode == _LINK:
        os.symlink(os.fsdecode(objects.stdout.read(size)), target)
    else:
        with target.open("xb") as file:
            _copy(objects.stdout, file, size)
    objects.stdout.read(1)


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> None:
    """Copy `size` bytes; of more than a reader would take, as much as shows that it is too much."""
    kept = 0
    while size:
        chunk = source.read(min(size, _CHUNK))
        if not chunk:
            raise OSError("git ended before the object did")
        size -= len(chunk)
        if kept <= MAX_BYTES:
            kept += target.write(chunk)


def _git(*arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            [*_GIT, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**os.environ, **_QUIET},
            check=False,
        )
    except (OSError, ValueError) as error:
        raise UsageError(f"git cannot be run: {error}") from error
