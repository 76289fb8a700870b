"""From the tree of python-hcl2's grammar to our syntax: blocks, attributes, and what that grammar lets through.

The nodes are lark's, taken as they come (`data`, `children`, `meta`); only read_hcl2 imports the library.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scanner.origin import FileOrigin
from scanner.sources.terraform.hcl2_expressions import Expressions
from scanner.sources.terraform.hcl2_nodes import name_of, solid
from scanner.sources.terraform.syntax import Attribute, Block, Body, Expression, Literal, Parens, SyntaxFault
from scanner.sources.terraform.template import Scanner, assemble

MAX_BLOCKS = 100


class Shift:
    """From a node's own lines and columns to the file's: expressions inside heredocs are parsed apart."""

    def __init__(self, path: str, lines: int = 0, columns: int = 0) -> None:
        self.path = path
        self._lines = lines
        self._columns = columns

    def place(self, line: int, column: int) -> tuple[int, int]:
        """The file's line and column; only the first line of a part is shifted sideways."""
        return line + self._lines, column + (self._columns if line == 1 else 0)

    def span(self, node: Any) -> FileOrigin:
        """The span of a lark tree or token."""
        meta = getattr(node, "meta", node)
        start = self.place(meta.line, meta.column)
        return FileOrigin(self.path, *start, *self.place(meta.end_line, meta.end_column))


class Reader:
    """One text and its tree. `parse` parses another text: the expression inside a heredoc's `${}`."""

    def __init__(self, text: str, shift: Shift, parse: Callable[[str], Any]) -> None:
        self._text = text
        self._shift = shift
        self._parse = parse
        self._expressions = Expressions(text, shift, self.embedded)

    def body(self, tree: Any, depth: int = 0) -> Body:
        """The body of a file or a block. Raises SyntaxFault for what Terraform refuses."""
        attributes: dict[str, Attribute] = {}
        blocks: list[Block] = []
        last_line = 0
        for child in solid(tree):
            at = self._shift.span(child)
            if at.line == last_line:
                raise SyntaxFault(at.line, at.column, "a new line is missing before this argument or block")
            if child.data == "block":
                blocks.append(self.block(child, depth + 1))
                last_line = at.end_line
                continue
            attribute = self.attribute(child)
            if attribute.name in attributes:
                raise SyntaxFault(at.line, at.column, f"`{attribute.name}` stands twice in one block")
            attributes[attribute.name] = attribute
            # The tree of an operator ends behind the line break that follows it; the expression's span does not.
            last_line = attribute.expression.at.end_line
        return Body(attributes, tuple(blocks))

    def attribute(self, tree: Any) -> Attribute:
        """`name = expression`"""
        children = solid(tree)
        return Attribute(name_of(children[0]), self._expressions.convert(children[-1]), self._shift.span(children[0]))

    def block(self, tree: Any, depth: int = 1) -> Block:
        """A block with its labels; its span is that of the header."""
        if depth > MAX_BLOCKS:
            at = self._shift.span(tree)
            raise SyntaxFault(at.line, at.column, f"blocks nested more than {MAX_BLOCKS} deep")
        children = solid(tree)
        *header, _brace, body, _end = children
        kind, *labels = header
        first, last = self._shift.span(kind), self._shift.span(header[-1])
        at = FileOrigin(first.path, first.line, first.column, last.end_line, last.end_column)
        self._one_line(tree, body)
        return Block(name_of(kind), tuple(self._label(label) for label in labels), self.body(body, depth), at)

    def _one_line(self, tree: Any, body: Any) -> None:
        """A block on one line holds at most one attribute, and no block."""
        inside = solid(body)
        if tree.meta.line == tree.meta.end_line and inside and (len(inside) > 1 or inside[0].data == "block"):
            at = self._shift.span(inside[-1])
            raise SyntaxFault(at.line, at.column, "a block on one line can hold one argument only")

    def _label(self, node: Any) -> str:
        if node.data != "string":
            return name_of(node)
        value = self._expressions.convert(node)
        if not isinstance(value, Literal):
            raise SyntaxFault(value.at.line, value.at.column, "a block label cannot hold a template")
        return str(value.value)

    def embedded(self, text: str, line: int, column: int) -> Expression:
        """The expression that stands at a place of the file, parsed apart."""
        prefix = "_ = ("
        tree = self._parse(f"{prefix}{text}\n)")
        shift = Shift(self._shift.path, line - 1, column - 1 - len(prefix))
        items = solid(tree.children[0]) if tree.children else []
        if len(items) != 1 or items[0].data != "attribute":
            raise SyntaxFault(line, column, "one expression is expected here")
        inner = Reader(f"{prefix}{text}\n)\n", shift, self._parse)
        found = inner.attribute(items[0]).expression
        if not isinstance(found, Parens):
            raise SyntaxFault(line, column, "one expression is expected here")
        return found.inner


def template(text: str, path: str, parse: Callable[[str], Any]) -> Expression:
    """The expression of a template file."""
    reader = Reader(text, Shift(path), parse)
    pieces = Scanner(text, path, 1, 1, reader.embedded, quoted=False).pieces()
    return assemble(pieces, FileOrigin(path, 1))
