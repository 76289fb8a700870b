"""The one place where text from input becomes text for a terminal or a log."""

from __future__ import annotations

from unicodedata import east_asian_width

from scanner.patterns import lazy

_LOG_COMMAND = lazy(r"#(?=#\w*\[)")
"""`##[...]` and `##vso[...]` are commands to some CI runners, wherever they stand in a line."""


def safe(text: object) -> str:
    """`text` on one line, with nothing in it that a terminal or a CI log would act on.

    Control characters, escape sequences, direction overrides, invisible and unpaired characters are written as
    escapes (`\\x1b`, `\\u202e`), so that they are seen.
    """
    plain = str(text)
    if not plain.isprintable():
        plain = "".join(one if one.isprintable() else _escape(one) for one in plain)
    return _LOG_COMMAND.sub(r"\\x23", plain) if "##" in plain else plain


def safe_line(text: object) -> str:
    """A whole line that starts with text from input: `safe`, and no `::command` to a CI runner."""
    return inert(safe(text))


def inert(line: str) -> str:
    """A finished line that no CI runner takes for a `::command`; they look behind leading spaces."""
    return line.replace("::", "\\x3a:", 1) if line.lstrip().startswith("::") else line


def cut(text: str, width: int) -> str:
    """`text`, or as much of it as fits into `width` columns with `...` behind it; 0 is no limit."""
    if not width or cells(text) <= width:
        return text
    kept, room = [], max(width - 3, 0)
    for one in text:
        room -= _cell(one)
        if room < 0:
            break
        kept.append(one)
    return "".join(kept) + "..."


def cells(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    return len(text) if text.isascii() else sum(_cell(one) for one in text)


def _cell(character: str) -> int:
    return 2 if east_asian_width(character) in ("W", "F") else 1


def _escape(character: str) -> str:
    if character == "\t":
        return " "
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
