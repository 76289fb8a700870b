"""The native reader's three entries: a file, an expression, a template."""

from __future__ import annotations

import re

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.sources.terraform.native.bodies import Bodies
from scanner.sources.terraform.native.cursor import Cursor
from scanner.sources.terraform.native.expressions import whole
from scanner.sources.terraform.native.lexer import Lexer
from scanner.sources.terraform.syntax import Attribute, Block, Body, Expression, SyntaxFault
from scanner.sources.terraform.template import ParseExpression, Scanner, assemble

MAX_FAULTS = 20
"""After so many faults in one file, the rest of it is left unread."""

_HEADER = lazy(
    r"^(?:resource|data|ephemeral|module|variable|output|locals|provider|terraform|moved|import|removed|check)\b[^=\n]*\{",
    re.MULTILINE,
)
"""The first line of a top-level block, at the left margin: where reading goes on behind a fault."""


def parse(text: str, path: str) -> Body:
    """The body of a `.tf` or `.tfvars` file. Raises SyntaxFault."""
    body, faults = parse_parts(text, path)
    if faults:
        raise faults[0]
    return body


def parse_parts(text: str, path: str) -> tuple[Body, list[SyntaxFault]]:
    """What of a file can be read, and each place where it cannot: a fault costs the block that it stands in.

    Terraform refuses the whole file, so that nothing hangs on what it would have made of the rest.
    """
    text = text.removeprefix("\ufeff")
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    faults: list[SyntaxFault] = []
    start, line = 0, 1
    while True:
        reader = Bodies(_cursor(text[start:] if start else text, path, line, 1))
        try:
            reader.file(attributes, blocks)
            break
        except SyntaxFault as fault:
            faults.append(fault)
        again = _resume(text, max(faults[-1].line, line) + 1) if len(faults) < MAX_FAULTS else -1
        if again < 0:
            break
        start, line = again, text.count("\n", 0, again) + 1
    return Body(attributes, tuple(blocks)), faults


def _resume(text: str, line: int) -> int:
    """The offset of the next top-level block that starts on `line` or below; -1 where there is none."""
    offset = 0
    for _ in range(line - 1):
        offset = text.find("\n", offset) + 1
        if not offset:
            return -1
    found = _HEADER.search(text, offset)
    return found.start() if found else -1


def parse_expression(text: str, path: str, line: int = 1, column: int = 1) -> Expression:
    """One expression that stands at a line and column of a file. Raises SyntaxFault."""
    return whole(_cursor(text, path, line, column))


def parse_template(text: str, path: str) -> Expression:
    """The template that a whole file is (`templatefile`). Raises SyntaxFault."""
    pieces = Scanner(text, path, 1, 1, _embedded(path), quoted=False).pieces()
    return assemble(pieces, FileOrigin(path, 1))


def _cursor(text: str, path: str, line: int, column: int) -> Cursor:
    return Cursor(Lexer(text, line, column).tokens(), path, _embedded(path))


def _embedded(path: str) -> ParseExpression:
    def read(text: str, line: int, column: int) -> Expression:
        return parse_expression(text, path, line, column)

    return read
