"""Where results go: formats paired with files, files written whole or not at all, and a stdout that may close."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from argparse import Action, ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from scanner.errors import UsageError

STDOUT = "-"


class Target(Struct, frozen=True):
    """A format and where it goes; None is stdout."""

    format: str
    path: Path | None


class Ordered(Action):
    """Keeps `--format` and `--output` in the order in which they were given."""

    def __call__(self, parser: ArgumentParser, options: Namespace, value: Any, name: str | None = None) -> None:
        del parser, name
        options.targets = [*getattr(options, "targets", []), (self.dest, value)]


def add_targets(parser: ArgumentParser, formats: Iterable[str]) -> None:
    """`--format` and `--output`."""
    names = tuple(formats)
    parser.add_argument("--format", action=Ordered, choices=names, help="repeatable (default: text)")
    parser.add_argument(
        *("--output", "-o"), action=Ordered, metavar="FILE", help="where the format goes (default: stdout)"
    )


def targets_of(given: Sequence[tuple[str, str]]) -> list[Target]:
    """Pair formats with files: a file belongs to the nearest format before it that has none, else to the next one.

    One format may stay without a file: it goes to stdout. Raises UsageError where the pairs do not come out.
    """
    pairs: list[list[str]] = []
    waiting: list[str] = []
    for what, value in given:
        if what == "format":
            pairs.append([value, *waiting[:1]])
            waiting = waiting[1:]
            continue
        free = next((pair for pair in reversed(pairs) if len(pair) == 1), None)
        if free is None:
            waiting.append(value)
        else:
            free.append(value)
    if not pairs:
        pairs, waiting = [["text", *waiting[:1]]], waiting[1:]
    if waiting:
        raise UsageError(f"--output {waiting[0]} has no --format")
    targets = [Target(pair[0], None if pair[1:] in ([], [STDOUT]) else Path(pair[1])) for pair in pairs]
    _check(targets)
    return targets


def _check(targets: Sequence[Target]) -> None:
    printed = [one.format for one in targets if one.path is None]
    if len(printed) > 1:
        raise UsageError(f"only one format can go to stdout, not {' and '.join(printed)}: give each an --output")
    files = [one.path.resolve() for one in targets if one.path is not None]
    twice = next((path for path in files if files.count(path) > 1), None)
    if twice is not None:
        raise UsageError(f"two formats cannot go to one file, `{twice}`")


def refuse_inputs(targets: Sequence[Target], root: Path, inputs: Iterable[str], *others: Path | None) -> None:
    """Raise UsageError where a result would overwrite what was read."""
    wanted = {one.path.resolve() for one in targets if one.path is not None}
    if wanted:
        read = {(root / path).resolve() for path in inputs} | {one.resolve() for one in others if one is not None}
        for path in sorted(wanted & read):
            raise UsageError(f"`{path}` was read by this run: it is not overwritten")


def write_file(path: Path, text: str) -> None:
    """Write all of `text` or nothing, mode 0644. Raises UsageError where the file cannot be written."""
    content = text.encode("utf-8", "backslashreplace")
    target = path.resolve()
    try:
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            target.write_bytes(content)
            return
        _replace(target, content)
    except OSError as error:
        raise UsageError(f"`{path}` cannot be written: {error.strerror or error}") from error


def _replace(target: Path, content: bytes) -> None:
    import tempfile  # what a result on stdout does not need

    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)
        os.replace(name, target)
    finally:
        # After the rename there is nothing left under the temporary name.
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def emit(text: str) -> None:
    """Print `text`; a reader that has gone away is no error: the exit code still tells the verdict."""
    encoding = sys.stdout.encoding or "utf-8"
    try:
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
        sys.stdout.flush()
    except BrokenPipeError:
        # The interpreter flushes stdout once more when it ends, and would complain.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def coloured(allowed: bool) -> bool:
    """Whether to print in colour: only on a terminal, and not against NO_COLOR."""
    return allowed and sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def columns() -> int:
    """The width to print in."""
    if not sys.stdout.isatty():
        return 120
    import shutil  # what a pipe does not need

    return shutil.get_terminal_size((120, 24)).columns
