"""A place in a list of tokens: looks, takes, expects, and knows whether line breaks count."""

from __future__ import annotations

from collections.abc import Callable

from scanner.origin import FileOrigin
from scanner.sources.terraform.native.lexer import Token
from scanner.sources.terraform.syntax import Expression, SyntaxFault


class Cursor:
    """Tokens of one text of the file `path`; `embedded` reads an expression that stands inside a string.

    token: the next one; line breaks are passed over where they do not count.
    """

    def __init__(self, tokens: list[Token], path: str, embedded: Callable[[str, int, int], Expression]) -> None:
        self.path = path
        self.embedded = embedded
        self._tokens = tokens
        self._lines = True
        self._place = 0
        self.token = self._last = tokens[0]

    def _pass(self) -> None:
        """Over the line breaks that are next."""
        while self.token.kind == "newline":
            self._place += 1
            self.token = self._tokens[self._place]

    def take(self) -> Token:
        """The next token, and on to the one after it. Raises SyntaxFault for what is no token."""
        token = self._last = self.token
        kind = token.kind
        if kind == "fault":
            raise SyntaxFault(token.line, token.column, f"not valid HCL: {token.text}")
        if kind != "end":
            place = self._place = self._place + 1
            after = self.token = self._tokens[place]
            if after.kind == "newline" and not self._lines:
                self._pass()
        return token

    def taken(self, kind: str) -> bool:
        """Takes the next token if it is of a kind, which is not that of a fault or of the end; whether it is."""
        if self.token.kind != kind:
            return False
        self.take()
        return True

    def back(self, token: Token) -> None:
        """Back onto the token that was taken last."""
        if token.kind != "end":
            self._place = self._behind_last() - 1
            self.token = self._tokens[self._place]

    def _behind_last(self) -> int:
        """The place of the first token behind the one that was taken last."""
        place = self._place
        while not self._lines and place and self._tokens[place - 1].kind == "newline":
            place -= 1
        return place

    def expect(self, kind: str, cause: str, opening: Token | None = None) -> Token:
        """The next token, which has to be of a kind. Raises SyntaxFault with the cause."""
        if not self.taken(kind):
            raise self.fault(cause, opening)
        return self._last

    def at_word(self, word: str) -> bool:
        """Whether the next token is this keyword."""
        token = self.token
        return token.kind == "name" and token.text == word

    def fault(self, cause: str, opening: Token | None = None) -> SyntaxFault:
        """The fault at the next token; what is no token is the cause itself.

        Where the text ends, what is missing is told where it was opened.
        """
        token = self.token
        if token.kind == "fault":
            cause = token.text
        elif token.kind == "end" and opening is not None:
            token, cause = opening, f"what `{opening.text}` opens here is not closed"
        return SyntaxFault(token.line, token.column, f"not valid HCL: {cause}")

    def lines(self, count: bool) -> _Lines:
        """Whether line breaks count, for as long as the block runs."""
        return _Lines(self, count)

    def count_lines(self, count: bool) -> bool:
        """Line breaks count from here on, or not; whether they did before."""
        before = self._lines
        if before is not count:
            if count:
                self._place = self._behind_last()
                self.token = self._tokens[self._place]
            else:
                self._pass()
            self._lines = count
        return before

    def span(self, token: Token) -> FileOrigin:
        """The span of a token."""
        return token.span(self.path)

    def between(self, first: Token, last: Token) -> FileOrigin:
        """The span from the start of a token to the end of another."""
        return FileOrigin(self.path, first.line, first.column, last.end_line, last.end_column)

    def through(self, first: FileOrigin) -> FileOrigin:
        """The span from the start of another to the end of the token that was taken last."""
        return FileOrigin(self.path, first.line, first.column, self._last.end_line, self._last.end_column)


class _Lines:
    """Whether line breaks count: no generator, since every bracket of a file asks for one."""

    __slots__ = ("_before", "_count", "_cursor")

    def __init__(self, cursor: Cursor, count: bool) -> None:
        self._cursor = cursor
        self._count = count

    def __enter__(self) -> None:
        self._before = self._cursor.count_lines(self._count)

    def __exit__(self, *_: object) -> None:
        self._cursor.count_lines(self._before)
