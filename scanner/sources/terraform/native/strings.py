"""String and heredoc tokens to expressions, by the template scanner."""

from __future__ import annotations

from scanner.patterns import lazy
from scanner.sources.terraform.native.lexer import Token
from scanner.sources.terraform.syntax import Expression, Literal
from scanner.sources.terraform.template import ParseExpression, Scanner, assemble

_TEMPLATE = lazy(r"[$%]\{|\\")
_OPENING = lazy(r"<<(-?)[^\r\n]+\r?\n")


def quoted(token: Token, path: str, embedded: ParseExpression) -> Expression:
    """The expression of a text in quotes. Raises SyntaxFault."""
    at = token.span(path)
    raw = token.text[1:-1]
    if not _TEMPLATE.search(raw):
        return Literal(raw, at)
    pieces = Scanner(raw, path, token.line, token.column + 1, embedded, quoted=True).pieces()
    return assemble(pieces, at)


def heredoc(token: Token, path: str, embedded: ParseExpression) -> Expression:
    """The expression of a heredoc; `<<-` takes the common indentation off. Raises SyntaxFault."""
    raw = token.text
    opening = _OPENING.match(raw)
    begin = opening.end() if opening else 0
    body = raw[begin : raw.rfind("\n") + 1]
    at = token.span(path)
    pieces = Scanner(body, path, token.line + 1, 1, embedded, quoted=False).pieces()
    return assemble(pieces, at, flush=bool(opening and opening.group(1)))
