"""Files of one run: confined to its root, hashed as they are read, parsed, and reported where they cannot be."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

from scanner.origin import FileOrigin
from scanner.resource import Reading, Unread
from scanner.sources.terraform.parsed import Parsed
from scanner.sources.terraform.syntax import Body, SyntaxFault

MAX_BYTES = 10_000_000
SUFFIXES = (".tf", ".tofu", ".tf.json", ".tofu.json")


class Unreadable(Exception):
    """A file that is not read; `cause` is a sentence fragment, `outside` is True where it lies out of the root."""

    def __init__(self, cause: str, outside: bool = False) -> None:
        super().__init__(cause)
        self.cause = cause
        self.outside = outside


class Files:
    """The files below `root`; what is read and what cannot be is noted in `reading`."""

    def __init__(self, root: Path, reading: Reading, syntax: Parsed | None = None) -> None:
        self._syntax = syntax or Parsed()
        self._top = self._syntax.real(str(root))
        self.root = Path(self._top)
        self.reading = reading
        self._bodies: dict[Path, Body | None] = {}

    def relative(self, path: Path) -> str:
        """The path as reports show it: relative to the root, with `/`."""
        full = str(path)
        if full.startswith(f"{self._top}{os.sep}") and ".." not in full:
            return full[len(self._top) + 1 :].replace(os.sep, "/")
        return Path(os.path.relpath(path, self.root)).as_posix()

    def inside(self, path: Path) -> bool:
        """Whether a path, its symbolic links followed, lies in the root."""
        folder, name = os.path.split(path)
        if name in ("", ".", "..") or os.path.islink(path):
            return _within(os.path.realpath(path), self._top)
        return _within(f"{self._syntax.real(folder).rstrip(os.sep)}{os.sep}{name}", self._top)

    def read(self, path: Path, anywhere: bool = False) -> bytes:
        """The bytes of a file. Raises Unreadable, for one out of the root too unless `anywhere`."""
        if not anywhere and not self.inside(path):
            raise Unreadable("it lies outside of what is scanned", outside=True)
        try:
            status = os.stat(path)
            if not stat.S_ISREG(status.st_mode):
                raise Unreadable("there is no such file")
            if status.st_size > MAX_BYTES:
                raise Unreadable(f"it is larger than {MAX_BYTES // 1_000_000} MB")
            with open(path, "rb") as stream:
                data = stream.read()
        except FileNotFoundError as error:
            raise Unreadable("there is no such file") from error
        except (OSError, ValueError) as error:
            raise Unreadable(f"it cannot be read ({getattr(error, 'strerror', None) or 'not a path'})") from error
        self.reading.inputs[self.relative(path)] = hashlib.sha256(data).hexdigest()
        return data

    def body(self, path: Path, anywhere: bool = False) -> Body | None:
        """The syntax of a `.tf`, `.tfvars` or JSON file; None where it could not be read, which is then noted.

        A fault costs the top-level block that it stands in: the body of the rest is not `complete`.
        """
        if path not in self._bodies:
            self._bodies[path] = self._body(path, anywhere)
        return self._bodies[path]

    def _body(self, path: Path, anywhere: bool) -> Body | None:
        name = self.relative(path)
        try:
            text = self._text(path, name, anywhere)
            body, faults = self._syntax.of(text, name)
            for fault in faults:
                self.unread(FileOrigin(name, fault.line, fault.column), fault.cause, "file")
            return None if faults and not body.blocks else body
        except Unreadable as error:
            self.unread(FileOrigin(name, 1), error.cause, "link" if error.outside else "file")
        except SyntaxFault as error:
            self.unread(FileOrigin(name, error.line, error.column), error.cause, "file")
        return None

    def _text(self, path: Path, name: str, anywhere: bool) -> str:
        """What a file says. Raises Unreadable, SyntaxFault."""
        known = self._syntax.texts.get(path)
        if known is not None and (anywhere or self.inside(path)):
            self.reading.inputs[name] = known[1]
            return known[0]
        text = decode(self.read(path, anywhere))
        self._syntax.texts[path] = text, self.reading.inputs[name]
        return text

    def unread(self, origin: FileOrigin, cause: str, kind: str, remedy: str = "") -> None:
        """Notes what could not be read, once."""
        entry = Unread(origin, cause, kind, remedy)  # type: ignore[arg-type]  # one of the kinds by every caller
        if entry not in self.reading.unread:
            self.reading.unread.append(entry)


def _within(real: str, top: str) -> bool:
    """Whether a path without links is a folder, or lies below it."""
    return real == top or real.startswith(top if top.endswith(os.sep) else f"{top}{os.sep}")


def decode(data: bytes) -> str:
    """UTF-8 text. Raises SyntaxFault at the byte that is none."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        begin = data.rfind(b"\n", 0, error.start) + 1
        column = len(data[begin : error.start].decode("utf-8", "replace")) + 1
        raise SyntaxFault(line, column, "not UTF-8 text") from error


def module_files(directory: Path) -> list[Path]:
    """The configuration files of a directory by name; a `.tofu` file stands in for the `.tf` file of its stem."""
    try:
        names = sorted(entry.name for entry in os.scandir(directory) if not _is_folder(entry))
    except OSError:
        return []
    found = [name for name in names if is_configuration(name)]
    replaced = {name.replace(".tofu", ".tf") for name in found if name.endswith((".tofu", ".tofu.json"))}
    return [directory / name for name in found if name not in replaced]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder; a link that leads round in a ring is none, and costs no other entry."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def is_configuration(name: str) -> bool:
    """Whether Terraform reads a file of this name as configuration."""
    hidden = name.startswith(".") or name.endswith("~") or (name.startswith("#") and name.endswith("#"))
    return name.endswith(SUFFIXES) and not hidden
