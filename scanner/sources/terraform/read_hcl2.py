"""HCL text to syntax by python-hcl2: the only file that imports it, and only once a file is parsed."""

from __future__ import annotations

import os
import stat
from functools import cache
from pathlib import Path
from typing import Any

from scanner.sources.terraform.hcl2_tree import Reader, Shift, template
from scanner.sources.terraform.syntax import Body, Expression, SyntaxFault

MAX_CHARACTERS = 4_000_000
"""The grammar reads 130 KB a second: a larger file would hold up a run for more than half a minute."""

MAX_NESTING = 250
"""How deep brackets may nest: lark recurses over them, in C where it can."""


def parse(text: str, path: str) -> Body:
    """The body of a `.tf` or `.tfvars` file. Raises SyntaxFault, and RecursionError where it nests too deeply."""
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise SyntaxFault(1, 1, f"larger than {MAX_CHARACTERS // 1_000_000} MB")
    tree = _tree(text)
    return Reader(text, Shift(path), _tree).body(tree.children[0])


def parse_expression(text: str, path: str, line: int = 1, column: int = 1) -> Expression:
    """One expression that stands at a line and column of a file. Raises SyntaxFault."""
    return Reader(text, Shift(path), _tree).embedded(text, line, column)


def parse_template(text: str, path: str) -> Expression:
    """The template that a whole file is (`templatefile`). Raises SyntaxFault."""
    return template(text, path, _tree)


def _tree(text: str) -> Any:
    """lark's tree of a text."""
    from lark.exceptions import LarkError, UnexpectedInput

    try:
        return _grammar().parse(text + "\n")
    except UnexpectedInput as error:
        line, column = max(getattr(error, "line", 1), 1), max(getattr(error, "column", 1), 1)
        raise SyntaxFault(line, column, _expected(error)) from error
    except LarkError as error:
        raise SyntaxFault(1, 1, "not valid HCL") from error


def _expected(error: Any) -> str:
    token = getattr(error, "token", None)
    if token is None:
        return "not valid HCL: a character that cannot stand here"
    if token.type == "$END" or not str(token).strip():
        return "not valid HCL: something is missing here"
    # Only the kind of the token is told: its text may be a secret.
    return f"not valid HCL: unexpected {token.type.lower().replace('_', ' ')}"


@cache
def _grammar() -> Any:
    """python-hcl2's parser; from a cache of our own where the library cannot write beside itself.

    Building the grammar takes 3 to 4 seconds, and the library does it on every run in a read-only installation.
    """
    from hcl2 import parser as library
    from hcl2.postlexer import PostLexer
    from lark import Lark

    beside: Path = library.PARSER_FILE
    if beside.exists() or os.access(beside.parent, os.W_OK):
        return library.parser()
    cached = _private_cache()
    return Lark.open(
        "hcl2.lark",
        parser="lalr",
        cache=str(cached) if cached else False,
        rel_to=library.__file__,
        propagate_positions=True,
        postlex=PostLexer(),
    )


def _private_cache() -> Path | None:
    """A file in the user's cache that nobody else can write (it is unpickled), None where there is no such place."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tether"
    try:
        base.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = base.stat()
    except OSError:
        return None
    if not hasattr(os, "getuid") or found.st_uid != os.getuid() or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        return None
    return base / "hcl2-grammar.bin"
