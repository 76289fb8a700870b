"""Tokens to blocks and attributes.

Source: HCL native syntax specification, "Structural Elements".
"""

from __future__ import annotations

from scanner.sources.terraform.native.cursor import Cursor
from scanner.sources.terraform.native.expressions import Expressions
from scanner.sources.terraform.native.lexer import Token
from scanner.sources.terraform.syntax import Attribute, Block, Body, Literal, SyntaxFault

MAX_BLOCKS = 100
"""How deep blocks may nest."""

_END_OF_LINE = ("newline", "end")


class Bodies:
    """Reads the body of a file at a cursor."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._expressions = Expressions(cursor)

    def file(self, attributes: dict[str, Attribute], blocks: list[Block]) -> None:
        """Adds all that stands in the file, as far as it can be read. Raises SyntaxFault."""
        self._items("end", attributes, blocks, 0, None)

    def _items(
        self, until: str, attributes: dict[str, Attribute], blocks: list[Block], depth: int, opening: Token | None
    ) -> None:
        cursor = self._cursor
        while True:
            token = cursor.token
            if token.kind == until:
                return
            cursor.take()
            if token.kind == "newline":
                continue
            if token.kind != "name":
                cursor.back(token)
                raise cursor.fault("an argument or a block is expected here", opening)
            if cursor.token.kind == "=":
                self._put(self._attribute(token), attributes)
                self._line_ends("a new line is missing behind this argument")
            else:
                blocks.append(self._block(token, depth + 1))
                self._line_ends("a new line is missing behind this block")

    def _line_ends(self, cause: str) -> None:
        if self._cursor.token.kind not in _END_OF_LINE:
            raise self._cursor.fault(cause)

    def _put(self, attribute: Attribute, attributes: dict[str, Attribute]) -> None:
        if attribute.name in attributes:
            at = attribute.at
            raise SyntaxFault(at.line, at.column, f"not valid HCL: `{attribute.name}` stands twice in one block")
        attributes[attribute.name] = attribute

    def _attribute(self, name: Token) -> Attribute:
        self._cursor.expect("=", "a `=` is missing here")
        return Attribute(name.text, self._expressions.expression(), self._cursor.span(name))

    def _block(self, kind: Token, depth: int) -> Block:
        """A block whose kind is taken; its span is that of the header."""
        cursor = self._cursor
        if depth > MAX_BLOCKS:
            raise SyntaxFault(kind.line, kind.column, f"blocks nested more than {MAX_BLOCKS} deep")
        labels: list[str] = []
        last = kind
        while (token := cursor.token).kind in ("name", "string"):
            last = cursor.take()
            labels.append(token.text if token.kind == "name" else self._label(token))
        cursor.expect("{", "a `=` or a `{` is missing here")
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        if cursor.token.kind in (*_END_OF_LINE, "}"):
            self._items("}", attributes, blocks, depth, kind)
        else:
            name = cursor.expect("name", "an argument is expected here")
            self._put(self._attribute(name), attributes)
        cursor.expect("}", "a `}` is missing here: a block on one line can hold one argument only")
        return Block(kind.text, tuple(labels), Body(attributes, tuple(blocks)), cursor.between(kind, last))

    def _label(self, token: Token) -> str:
        from scanner.sources.terraform.native.strings import quoted

        value = quoted(token, self._cursor.path, self._cursor.embedded)
        if not isinstance(value, Literal):
            raise SyntaxFault(token.line, token.column, "not valid HCL: a block label cannot hold a template")
        return str(value.value)
