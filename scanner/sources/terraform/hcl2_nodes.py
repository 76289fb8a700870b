"""Small readings of python-hcl2's nodes: what is a tree, its name, its number, its span."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol

from scanner.origin import FileOrigin
from scanner.sources.terraform.syntax import SyntaxFault


class Places(Protocol):
    """What turns a node's own position into the file's."""

    path: str

    def span(self, node: Any) -> FileOrigin: ...

    def place(self, line: int, column: int) -> tuple[int, int]: ...


def is_tree(node: Any) -> bool:
    """Whether a node is a tree and no token."""
    return hasattr(node, "children")


def solid(tree: Any) -> list[Any]:
    """The children that are no line breaks or comments."""
    return [
        child
        for child in tree.children
        if child is not None
        and (child.data != "new_line_or_comment" if is_tree(child) else child.type != "NL_OR_COMMENT")
    ]


def name_of(node: Any) -> str:
    """The text of an identifier, or of a keyword where an identifier may stand."""
    while is_tree(node):
        node = node.children[0]
    return str(node)


def number(text: str, at: FileOrigin) -> int | float:
    """The number that a literal stands for, as an int wherever it is whole. Raises SyntaxFault for a huge one."""
    value = Decimal(text)
    if len(text) > 1000 or abs(value.adjusted()) > 300:
        raise SyntaxFault(at.line, at.column, "a number with too many digits")
    return int(value) if value == value.to_integral_value() else float(value)


def join(first: FileOrigin, last: FileOrigin) -> FileOrigin:
    """The span from the start of one to the end of another."""
    return FileOrigin(first.path, first.line, first.column, last.end_line, last.end_column)
