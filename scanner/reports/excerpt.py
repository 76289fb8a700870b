"""The source line behind a hop, read again below the run's root and shown only if it is what was scanned."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from scanner.origin import FileOrigin, Origin
from scanner.redact import MAX_LINE, redacted, secret_documents
from scanner.reports.safe import cells, cut, safe

MAX_FILE = 5_000_000
MAX_ALL = 50_000_000


class Excerpt(Struct, frozen=True):
    """One line, safe to print and without its indent; the span that decides starts at `start`, `length` columns."""

    line: int
    text: str
    start: int
    length: int


class Sources:
    """The files of a run, by the paths that origins give. `inputs` maps each to the sha256 it had when it was read."""

    def __init__(self, root: Path | None, inputs: Mapping[str, str], width: int) -> None:
        self._root = root
        self._inputs = inputs
        self._width = max(width, 20)
        self._files: dict[str, list[str]] = {}
        self._secrets: dict[str, list[range]] = {}
        self._left = MAX_ALL

    def excerpt(self, origin: Origin | None) -> Excerpt | None:
        """The line at `origin`; None where there is no such line, or the file has changed since."""
        if not isinstance(origin, FileOrigin):
            return None
        lines = self._lines(origin.path)
        if not 1 <= origin.line <= len(lines) or len(lines[origin.line - 1]) > MAX_LINE:
            return None
        in_secret = any(origin.line - 1 in span for span in self._secrets[origin.path])
        hidden = redacted(lines, origin.line - 1, in_secret=in_secret)
        return _excerpt(lines[origin.line - 1].rstrip(), hidden, origin, self._width)

    def _lines(self, path: str) -> list[str]:
        if path not in self._files:
            self._files[path] = self._read(path)
            self._secrets[path] = secret_documents(self._files[path])
        return self._files[path]

    def _read(self, path: str) -> list[str]:
        wanted = self._inputs.get(path)
        if self._root is None or wanted is None:
            return []
        try:
            file = (self._root / path).resolve(strict=True)
            if not file.is_relative_to(self._root.resolve()):
                return []
            status = file.stat()
            if not stat.S_ISREG(status.st_mode) or status.st_size > min(MAX_FILE, self._left):
                return []
            content = file.read_bytes()
        except (OSError, ValueError):
            return []
        self._left -= len(content)
        if hashlib.sha256(content).hexdigest() != wanted:
            return []
        return content.decode("utf-8", "replace").removeprefix("\ufeff").split("\n")


def _excerpt(line: str, hidden: list[tuple[int, int]], origin: FileOrigin, width: int) -> Excerpt:
    indent = len(line) - len(line.lstrip())
    start = min(max(origin.column - 1, indent), len(line))
    same_line = origin.end_line == origin.line and origin.end_column > 0
    end = max(start, min(origin.end_column - 1, len(line)) if same_line else len(line))
    before = _shown(line, hidden, indent, start)
    marked = _shown(line, hidden, start, end)
    if cells(before) + min(cells(marked), 12) > width:
        before = "..." + before[-max(width // 3, 1) :]
    text = cut(before + marked + _shown(line, hidden, end, len(line)), width)
    return Excerpt(origin.line, text, cells(before), max(1, min(cells(marked), cells(text) - cells(before))))


def _shown(line: str, hidden: list[tuple[int, int]], start: int, end: int) -> str:
    """`line[start:end]` made safe; a hidden span is one `***`, in the part where it starts."""
    parts, at = [], start
    for low, high in hidden:
        if high <= start or low >= end:
            continue
        parts.append(safe(line[at : max(low, at)]))
        parts.append("***" if low >= start else "")
        at = max(at, min(high, end))
    parts.append(safe(line[at:end]))
    return "".join(parts)
