"""The files of a run: every regular file below the given paths, and what could not be looked at."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct, field

from scanner.errors import UsageError
from scanner.origin import FileOrigin
from scanner.resource import Unread

SUFFIXES = (
    ".tf", ".tf.json", ".tofu", ".tfvars", ".tfvars.json", ".hcl", ".yaml", ".yml", ".json", ".bicep", ".template",
    ".jsonnet", ".cue", ".dhall", ".ncl", ".nomad",
)  # fmt: skip
"""What some reader looks at: only such a file is missed when it cannot be read."""

SKIPPED = frozenset(
    [".git", ".hg", ".svn", ".terraform", ".terragrunt-cache", "node_modules", ".venv", "__pycache__", ".tox"]
)
"""Folders of other tools: version control, downloaded modules and packages, caches."""

MAX_BYTES = 50_000_000
_PEEKED = 5_000
"""How many entries of a folder outside the root are looked at before it counts as of interest."""


class FileSet(Struct):
    """What a walk found; all paths are relative to `root` and sorted.

    files: regular files, each once. links: symbolic links to files and folders inside the root, with what they point
    at: they are not walked again, but a Terraform root can hold some of its files this way. skipped: folders that
    were not entered.
    """

    root: Path
    files: list[Path] = field(default_factory=list)
    links: dict[Path, Path] = field(default_factory=dict)
    skipped: list[Path] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    @property
    def paths(self) -> list[Path]:
        """The files with the root before them."""
        return [self.root / path for path in self.files]


class Text(Struct, frozen=True):
    """The text of a file without its byte order mark, line ends as they are, and the sha256 of its bytes."""

    text: str
    sha256: str


def run_root(paths: Sequence[Path]) -> Path:
    """The deepest folder that holds every path. Raises UsageError where one does not exist."""
    if not paths:
        raise UsageError("no path to scan")
    folders = []
    for path in paths:
        real = _existing(path)
        folders.append(real if real.is_dir() else real.parent)
    try:
        return Path(os.path.commonpath(folders))
    except ValueError as error:
        raise UsageError("the paths to scan have no folder in common") from error


def walk(root: Path, paths: Sequence[Path]) -> FileSet:
    """Every regular file below `paths`, which lie below `root`. Raises UsageError for a path that does not exist."""
    walker = _Walker(root.resolve())
    for path in paths:
        walker.start(_existing(path))
    return walker.finish()


def read_text(root: Path, path: Path) -> Text | Unread:
    """The text of `path`, which is relative to `root`, or why it cannot be read."""
    name = path.as_posix()
    try:
        data = _bytes(root / path)
    except OSError as error:
        return Unread(FileOrigin(name, 1), _reason(error), "file")
    if data is None:
        return Unread(FileOrigin(name, 1), "not a regular file", "file")
    if len(data) > MAX_BYTES:
        return Unread(FileOrigin(name, 1), f"larger than {MAX_BYTES // 1_000_000} MB", "file")
    digest = hashlib.sha256(data).hexdigest()
    try:
        return Text(data.decode("utf-8").removeprefix("\ufeff"), digest)
    except UnicodeDecodeError as error:
        before = data[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        origin = FileOrigin(name, before.count(b"\n") + 1, column)
        return Unread(origin, _encoding(data), "file", "save it as UTF-8")


def _encoding(data: bytes) -> str:
    return "UTF-16, not UTF-8" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "not UTF-8"


def _bytes(path: Path) -> bytes | None:
    """What a regular file holds, up to the limit and one more; None for anything else. Raises OSError."""
    # Without O_NONBLOCK, a FIFO that took the place of a file since the walk would hang the scan.
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    with open(handle, "rb") as stream:
        return stream.read(MAX_BYTES + 1) if stat.S_ISREG(os.fstat(handle).st_mode) else None


def _existing(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise UsageError(f"`{path}` cannot be scanned: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    words = getattr(error, "strerror", None) or str(error)
    return f"{words[:1].lower()}{words[1:]}"


def _scanned(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)


class _Walker:
    """One walk; folders are entered once, also where the given paths lie inside each other."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._found = FileSet(root)
        self._files: set[str] = set()  # as texts: to make a path of each costs more than to find it
        self._entered: set[Path] = set()
        self._links: list[Path] = []

    def start(self, path: Path) -> None:
        """Walk one of the given paths; it is entered whatever its name."""
        if not path.is_relative_to(self._root):
            raise UsageError(f"`{path}` is outside `{self._root}`")
        if path.is_dir():
            self._folder(path)
        elif path.is_file():
            self._files.add(str(path))
        else:
            self._miss(path, "not a regular file", "file")

    def finish(self) -> FileSet:
        """The result, once all paths were walked."""
        for link in sorted(self._links):
            self._link(link)
        found = self._found
        start = len(os.path.join(self._root, ""))
        parts = sorted(path[start:].split(os.sep) for path in self._files)
        found.files = [Path(*one) for one in parts]
        found.links = dict(sorted(found.links.items()))
        found.skipped.sort()
        found.unread.sort(key=lambda one: str(one.origin))
        return found

    def _folder(self, top: Path) -> None:
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            if folder in self._entered:
                continue
            self._entered.add(folder)
            try:
                with os.scandir(folder) as entries:
                    for entry in entries:
                        self._entry(entry, waiting)
            except OSError as error:
                self._miss(folder, _reason(error), "file")

    def _entry(self, entry: os.DirEntry[str], waiting: list[Path]) -> None:
        shown = os.fsencode(entry.name).decode("utf-8", "backslashreplace")
        if shown != entry.name:
            # Its name could not be printed, and no report could say which file it is.
            if _scanned(entry.name) or entry.is_dir(follow_symlinks=False):
                self._miss(Path(entry.path).with_name(shown), "its name is not UTF-8", "file")
        elif entry.is_symlink():
            self._links.append(Path(entry.path))
        elif entry.is_dir(follow_symlinks=False):
            if entry.name in SKIPPED:
                self._found.skipped.append(Path(entry.path).relative_to(self._root))
            else:
                waiting.append(Path(entry.path))
        elif entry.is_file(follow_symlinks=False):
            self._files.add(entry.path)
        elif _scanned(entry.name):
            self._miss(Path(entry.path), "not a regular file", "file")

    def _link(self, link: Path) -> None:
        """A link to what is walked anyway is noted; any other that could matter is unread."""
        try:
            target = link.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            if _scanned(link.name):
                self._miss(link, f"a link that leads nowhere: {_reason(error)}", "link")
            return
        if target.is_relative_to(self._root):
            self._found.links[link.relative_to(self._root)] = target.relative_to(self._root)
        walked = target in self._entered if target.is_dir() else str(target) in self._files
        if not walked and (_scanned(link.name) if target.is_file() else _interesting(target)):
            where = "out of the root" if not target.is_relative_to(self._root) else "to what is not scanned"
            self._miss(link, f"a link that leads {where}: `{os.readlink(link)}`", "link")

    def _miss(self, path: Path, cause: str, kind: str) -> None:
        origin = FileOrigin(path.relative_to(self._root).as_posix(), 1)
        remedy = "scan its target as well" if kind == "link" else ""
        self._found.unread.append(Unread(origin, cause, "link" if kind == "link" else "file", remedy))


def _interesting(folder: Path) -> bool:
    """Whether a folder holds anything that would be scanned; True as well where it is too large to tell."""
    seen = 0
    for _, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in SKIPPED]
        if any(_scanned(name) for name in files):
            return True
        seen += len(files) + len(folders)
        if seen > _PEEKED:
            return True
    return False
