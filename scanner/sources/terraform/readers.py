"""The two readers of HCL: the native one reads, python-hcl2 reads the same file again where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from scanner.sources.terraform.native.read import parse_parts
from scanner.sources.terraform.syntax import Body, Node, SyntaxFault

Outline: TypeAlias = tuple[object, ...]


def parse_file(text: str, path: str, cross_check: bool) -> tuple[Body, list[SyntaxFault]]:
    """What of a file can be read, and where it cannot. Raises RecursionError where it nests too deeply.

    cross_check: a file that the two readers do not read alike is not read at all.
    """
    body, faults = parse_parts(text, path)
    if cross_check:
        doubt = _doubt(text, path, body, faults)
        if doubt is not None:
            return Body({}, ()), [doubt, *faults]
    return body, faults


def _doubt(text: str, path: str, body: Body, faults: list[SyntaxFault]) -> SyntaxFault | None:
    """What the second reader has against the first one's reading."""
    from scanner.sources.terraform.read_hcl2 import parse

    try:
        second = parse(text, path)
    except SyntaxFault as fault:
        if faults:
            return None
        return SyntaxFault(fault.line, fault.column, f"only one of two readers can read it: {fault.cause}")
    if faults:
        first = faults[0]
        return SyntaxFault(first.line, first.column, f"only one of two readers can read it: {first.cause}")
    if outline(second) != outline(body):
        return SyntaxFault(*_where(second, body), "two readers do not read this alike")
    return None


def outline(node: object) -> Outline:
    """A syntax tree without its positions, types told apart (1, 1.0 and True are not the same)."""
    if isinstance(node, Node):
        inner = (outline(getattr(node, name)) for name in node.__struct_fields__ if name != "at")
        return (type(node).__name__, *inner)
    if isinstance(node, tuple):
        return tuple(outline(item) for item in node)
    if isinstance(node, Mapping):
        return tuple((key, outline(value)) for key, value in node.items())
    return (type(node).__name__, node)


def _where(second: Body, first: Body) -> tuple[int, int]:
    """The line and column of the first top-level block that is not the same in both."""
    for one, other in zip(first.blocks, second.blocks, strict=False):
        if outline(one) != outline(other):
            return one.at.line, one.at.column
    return 1, 1
