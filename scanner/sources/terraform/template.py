"""Templates: text with `${}` and `%{}` into syntax, for heredocs, quoted strings and template files.

As in Terraform, the text of a heredoc or a file is one piece a line, and a `~` trims only the piece beside it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal as OneOf
from typing import TypeAlias

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.patterns import lazy
from scanner.sources.terraform.syntax import (
    Expression,
    Literal,
    Parens,
    Part,
    SyntaxFault,
    Template,
    TemplateFor,
    TemplateIf,
)

ParseExpression: TypeAlias = Callable[[str, int, int], Expression]
"""From the text of an expression and the line and column that it starts on."""

PieceKind = OneOf["text", "value", "if", "else", "endif", "for", "endfor"]

_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
_ESCAPE = lazy(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.|\Z))|([$%])\4\{", re.DOTALL)
_FOR = lazy(r"for\s+([\w-]+)\s*(?:,\s*([\w-]+)\s*)?\s+in\b(.*)\Z", re.DOTALL)
_CODE = lazy(r'["{}]|#|//|/\*')
_QUOTED = lazy(r'\\[^\r\n]|\$\$\{|%%\{|[$%]\{|"|[\r\n]')
_OPENING = lazy(r"\$\$\{|%%\{|\$\{|%\{|\n")


class Piece(Struct):
    """A part of a template before its directives are matched up."""

    kind: PieceKind
    at: FileOrigin
    text: str = ""
    expression: Expression | None = None
    key: str = ""
    value: str = ""
    trim_before: bool = False
    trim_after: bool = False


def unescape(text: str, at: FileOrigin) -> str:
    """The text of a quoted literal with its escapes resolved. Raises SyntaxFault for one that does not exist."""

    def one(found: re.Match[str]) -> str:
        if found.group(4):
            return found.group(4) + "{"
        digits = found.group(1) or found.group(2)
        if digits:
            code = int(digits, 16)
            if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
                raise SyntaxFault(at.line, at.column, f"`\\u{digits}` is not a character")
            return chr(code)
        if found.group(3) not in _ESCAPES:
            raise SyntaxFault(at.line, at.column, f"`\\{found.group(3)}` is not an escape")
        return _ESCAPES[found.group(3)]

    return _ESCAPE.sub(one, text) if "\\" in text or "{" in text else text


class Scanner:
    """Cuts the raw text of a template into pieces; `line` and `column` are where the text starts in the file."""

    def __init__(self, text: str, path: str, line: int, column: int, parse: ParseExpression, quoted: bool) -> None:
        self._text = text
        self._path = path
        self._line = line
        self._first_column = column
        self._parse = parse
        self._quoted = quoted

    def pieces(self) -> list[Piece]:
        """The pieces in order. Raises SyntaxFault."""
        found: list[Piece] = []
        start = place = 0
        while opening := _OPENING.search(self._text, place):
            place = opening.end()
            if opening.group() == "\n" and not self._quoted:
                self._add_text(found, start, place)
                start = place
            elif opening.group() in ("${", "%{"):
                self._add_text(found, start, opening.start())
                end = closing(self._text, place)
                if end < 0:
                    raise SyntaxFault(*self._where(opening.start()), "a template that is opened here is not closed")
                found.append(self._opened(opening.group(), opening.start(), place, end))
                start = place = end + 1
        self._add_text(found, start, len(self._text))
        return found

    def _where(self, offset: int) -> tuple[int, int]:
        line = self._text.count("\n", 0, offset)
        if not line:
            return self._line, self._first_column + offset
        return self._line + line, offset - self._text.rfind("\n", 0, offset)

    def _span(self, start: int, end: int) -> FileOrigin:
        return FileOrigin(self._path, *self._where(start), *self._where(end))

    def _add_text(self, found: list[Piece], start: int, end: int) -> None:
        if start == end:
            return
        at = self._span(start, end)
        raw = self._text[start:end]
        text = unescape(raw, at) if self._quoted else raw.replace("$${", "${").replace("%%{", "%{")
        found.append(Piece("text", at, text))

    def _opened(self, opening: str, start: int, inner: int, end: int) -> Piece:
        """The interpolation or directive whose text is between `inner` and `end`."""
        at = self._span(start, end + 1)
        before = self._text[inner] == "~"
        after = self._text[end - 1] == "~" and end - 1 > inner
        first, last = inner + before, end - after
        if opening == "${":
            expression = self._parse(self._text[first:last], *self._where(first))
            return Piece("value", at, "", expression, trim_before=before, trim_after=after)
        piece = self._directive(at, first, last)
        piece.trim_before, piece.trim_after = before, after
        return piece

    def _directive(self, at: FileOrigin, first: int, last: int) -> Piece:
        body = self._text[first:last]
        stripped = body.strip()
        if stripped in ("else", "endif", "endfor"):
            return Piece(stripped, at)  # type: ignore[arg-type]  # one of the three kinds by the line above
        lead = first + len(body) - len(body.lstrip())
        word = re.match(r"if\b", stripped)
        if word:
            offset = lead + word.end()
            return Piece("if", at, "", self._parse(self._text[offset:last], *self._where(offset)))
        loop = _FOR.match(stripped)
        if loop:
            offset = lead + loop.start(3)
            collection = self._parse(self._text[offset:last], *self._where(offset))
            key, value = (loop.group(1), loop.group(2)) if loop.group(2) else ("", loop.group(1))
            return Piece("for", at, "", collection, key, value)
        raise SyntaxFault(at.line, at.column, "an unknown template directive")


def closing(text: str, place: int) -> int:
    """The offset of the `}` that closes the brace opened just before `place`, -1 where there is none."""
    depth = 1
    while found := _CODE.search(text, place):
        place = found.end()
        match found.group():
            case "{":
                depth += 1
            case "}":
                depth -= 1
                if not depth:
                    return found.start()
            case '"':
                place = string_end(text, place)
            case "/*":
                place = text.find("*/", place) + 2
            case _:
                place = text.find("\n", place) + 1
        if place <= found.start():
            return -1
    return -1


def string_end(text: str, place: int) -> int:
    """The offset behind the quote that ends the string whose text starts at `place`; 0 where its line ends before."""
    while found := _QUOTED.search(text, place):
        place = found.end()
        if found.group() == '"':
            return place
        if found.group() in ("\n", "\r"):
            return 0
        if found.group() in ("${", "%{"):
            place = closing(text, place) + 1
            if not place:
                return 0
    return 0


def assemble(pieces: list[Piece], at: FileOrigin, flush: bool = False) -> Expression:
    """The expression of a whole template; `flush` strips the indentation that all lines share (`<<-`)."""
    _trim(pieces)
    if flush:
        _flush(pieces)
    if not pieces:
        return Literal("", at)
    if len(pieces) == 1 and pieces[0].kind == "value" and pieces[0].expression is not None:
        return Parens(pieces[0].expression, at)
    if all(piece.kind == "text" for piece in pieces):
        return Literal("".join(piece.text for piece in pieces), at)
    parts, rest = _parts(pieces, 0, ())
    if rest < len(pieces):
        stray = pieces[rest]
        raise SyntaxFault(stray.at.line, stray.at.column, f"`{stray.kind}` without its opening directive")
    return Template(tuple(parts), at)


def _trim(pieces: list[Piece]) -> None:
    for place, piece in enumerate(pieces):
        if piece.trim_before and place and pieces[place - 1].kind == "text":
            pieces[place - 1].text = pieces[place - 1].text.rstrip()
        if piece.trim_after and place + 1 < len(pieces) and pieces[place + 1].kind == "text":
            pieces[place + 1].text = pieces[place + 1].text.lstrip()


def _flush(pieces: list[Piece]) -> None:
    """Takes the common indentation off; a line that starts with an interpolation has none."""
    least: int | None = None
    adjust: list[Piece] = []
    newline = True
    for piece in pieces:
        if newline:
            newline = False
            blank = piece.kind == "text" and not piece.text.strip() and piece.text.endswith("\n")
            if not blank:
                spaces = len(piece.text) - len(piece.text.lstrip()) if piece.kind == "text" else 0
                least = spaces if least is None else min(least, spaces)
                if piece.kind == "text":
                    adjust.append(piece)
        if piece.kind == "text" and piece.text.endswith("\n"):
            newline = True
    for piece in adjust:
        piece.text = piece.text[least or 0 :]


def _parts(pieces: list[Piece], place: int, until: tuple[str, ...]) -> tuple[list[Part], int]:
    """The parts from `place` up to a directive of the kinds `until` (or one that is not expected here)."""
    parts: list[Part] = []
    while place < len(pieces):
        piece = pieces[place]
        if piece.kind in until or piece.kind in ("else", "endif", "endfor"):
            break
        place += 1
        if piece.kind == "text":
            parts.append(Literal(piece.text, piece.at))
        elif piece.kind == "value" and piece.expression is not None:
            parts.append(piece.expression)
        elif piece.expression is not None:
            part, place = _block(piece, piece.expression, pieces, place)
            parts.append(part)
    return parts, place


def _block(piece: Piece, expression: Expression, pieces: list[Piece], place: int) -> tuple[Part, int]:
    body, place = _parts(pieces, place, ("else", "endif", "endfor"))
    then = Template(tuple(body), piece.at)
    if piece.kind == "for":
        _expect(piece, pieces, place, "endfor")
        return TemplateFor(piece.key, piece.value, expression, then, piece.at), place + 1
    otherwise = Template((), piece.at)
    if place < len(pieces) and pieces[place].kind == "else":
        body, place = _parts(pieces, place + 1, ("endif",))
        otherwise = Template(tuple(body), piece.at)
    _expect(piece, pieces, place, "endif")
    return TemplateIf(expression, then, otherwise, piece.at), place + 1


def _expect(opening: Piece, pieces: list[Piece], place: int, kind: str) -> None:
    if place >= len(pieces) or pieces[place].kind != kind:
        raise SyntaxFault(opening.at.line, opening.at.column, f"`{opening.kind}` without its `{kind}`")
