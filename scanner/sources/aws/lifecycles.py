"""Scripts of the components of Greengrass: whether one only runs what the component brings."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import tables


def brings_nothing(script: str) -> bool:
    """Whether every line of a script matches a row of the table: it only runs what the component brings."""
    rows = [tables.pattern(row.regex) for row in tables.literals("lifecycle")]
    lines = (part.strip() for line in _lines(script) for part in line.split("&&"))
    return all(any(row.search(line) for row in rows) for line in lines if line)


def _lines(script: str) -> Iterator[str]:
    """The lines of a script as a shell reads them: one that ends in a backslash goes on, but no comment does.

    Source: POSIX.1-2017, Shell Command Language, 2.3 "Token Recognition".
    """
    begun = ""
    for line in script.replace("\r", "").split("\n"):
        begun += line.lstrip()
        if begun.endswith("\\") and not begun.startswith("#"):
            begun = begun[:-1].rstrip() + " "
        else:
            yield begun
            begun = ""
    yield begun
