"""The syntax tree of a Terraform file: blocks, attributes and expressions, each with the span it was read from.

Only this tree is evaluated; every reader (python-hcl2, JSON) produces it. Positions are `FileOrigin`s.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from scanner.origin import FileOrigin

NOWHERE = FileOrigin("", 1)
"""The place of what has none yet; it is told by identity."""


class SyntaxFault(Exception):
    """A file that is not valid: `line` and `column` count from 1, `cause` is a sentence fragment for people."""

    def __init__(self, line: int, column: int, cause: str) -> None:
        super().__init__(cause)
        self.line = line
        self.column = column
        self.cause = cause


class Node(Struct, frozen=True, tag=True, array_like=True):
    """What every part of the tree is: cheap to make, and written to the cache as an array that starts with its name."""


class Literal(Node, frozen=True):
    """A number, boolean, null, or text without interpolation."""

    value: None | bool | int | float | str
    at: FileOrigin


class Template(Node, frozen=True):
    """Text with interpolations and directives; a template of one interpolation alone is not a Template."""

    parts: tuple[Part, ...]
    at: FileOrigin


class TemplateIf(Node, frozen=True):
    """`%{ if condition }then%{ else }otherwise%{ endif }` inside a template."""

    condition: Expression
    then: Template
    otherwise: Template
    at: FileOrigin


class TemplateFor(Node, frozen=True):
    """`%{ for key, value in collection }body%{ endfor }` inside a template; `key` may be empty."""

    key: str
    value: str
    collection: Expression
    body: Template
    at: FileOrigin


class AttrStep(Node, frozen=True):
    """`.name`"""

    name: str
    at: FileOrigin


class IndexStep(Node, frozen=True):
    """`[key]`, or the older `.0`"""

    key: Expression
    at: FileOrigin


class SplatStep(Node, frozen=True):
    """`[*]` or `.*` with the steps that are applied to each element."""

    full: bool
    each: tuple[Step, ...]
    at: FileOrigin


class Traversal(Node, frozen=True):
    """A name in scope and the steps taken from it: `var.x.y[0]`; a bare name has no steps."""

    root: str
    steps: tuple[Step, ...]
    at: FileOrigin


class Relative(Node, frozen=True):
    """Steps taken from the value of any other expression: `f(x).y`."""

    source: Expression
    steps: tuple[Step, ...]
    at: FileOrigin


class Call(Node, frozen=True):
    """A function call; `expand` is True where the last argument is followed by `...`."""

    name: str
    arguments: tuple[Expression, ...]
    expand: bool
    at: FileOrigin


class Conditional(Node, frozen=True):
    """`condition ? then : otherwise`"""

    condition: Expression
    then: Expression
    otherwise: Expression
    at: FileOrigin


class Binary(Node, frozen=True):
    """An operator between two operands."""

    operator: str
    left: Expression
    right: Expression
    at: FileOrigin


class Unary(Node, frozen=True):
    """`-x` or `!x`"""

    operator: str
    operand: Expression
    at: FileOrigin


class ForTuple(Node, frozen=True):
    """`[for key, value in collection : result if condition]`; `key` may be empty."""

    key: str
    value: str
    collection: Expression
    result: Expression
    condition: Expression | None
    at: FileOrigin


class ForObject(Node, frozen=True):
    """`{for key, value in collection : name => result... if condition}`; `group` is True with the `...`."""

    key: str
    value: str
    collection: Expression
    name: Expression
    result: Expression
    group: bool
    condition: Expression | None
    at: FileOrigin


class Tuple(Node, frozen=True):
    """`[a, b]`"""

    items: tuple[Expression, ...]
    at: FileOrigin


class Object(Node, frozen=True):
    """`{name = value}`; a bare name is a Literal, a computed one is in Parens or any other expression."""

    items: tuple[tuple[Expression, Expression], ...]
    at: FileOrigin


class Parens(Node, frozen=True):
    """`(inner)`"""

    inner: Expression
    at: FileOrigin


class Placed(Node, frozen=True):
    """A tree that many share, every part of it at `NOWHERE`, as one of them has it: with every part of it at `at`."""

    shared: Expression
    at: FileOrigin


Step: TypeAlias = AttrStep | IndexStep | SplatStep
Expression: TypeAlias = (
    Literal
    | Template
    | Traversal
    | Relative
    | Call
    | Conditional
    | Binary
    | Unary
    | ForTuple
    | ForObject
    | Tuple
    | Object
    | Parens
    | Placed
)
Part: TypeAlias = Expression | TemplateIf | TemplateFor


class Attribute(Node, frozen=True):
    """`name = expression`; `at` is the span of the name."""

    name: str
    expression: Expression
    at: FileOrigin


class Body(Node, frozen=True):
    """The attributes and blocks between two braces, or of a whole file.

    complete: False for a file of which a part could not be read.
    """

    attributes: Mapping[str, Attribute]
    blocks: tuple[Block, ...]
    complete: bool = True


class Block(Node, frozen=True):
    """`kind "label" { body }`; `at` is the span of the header, from the kind to the last label."""

    kind: str
    labels: tuple[str, ...]
    body: Body
    at: FileOrigin


def regroup(steps: list[Step]) -> tuple[Step, ...]:
    """Steps in source order with what follows a splat moved into it.

    `[*]` takes all that follows; `.*` takes attributes and `.0` indexes, up to the first `[`, whose span starts
    with a bracket and so is told apart by the reader putting a `Parens` around its key.
    """
    for place, step in enumerate(steps):
        if not isinstance(step, SplatStep):
            continue
        rest = steps[place + 1 :]
        end = len(rest) if step.full else _attributes_only(rest)
        taken = SplatStep(step.full, regroup(rest[:end]), step.at)
        return (*steps[:place], taken, *regroup(rest[end:]))
    return tuple(steps)


def _attributes_only(steps: list[Step]) -> int:
    for place, step in enumerate(steps):
        if isinstance(step, SplatStep) or (isinstance(step, IndexStep) and isinstance(step.key, Parens)):
            return place
    return len(steps)


def literal_text(expression: Expression | None) -> str | None:
    """The text of a literal string, None for everything else."""
    if isinstance(expression, Literal) and isinstance(expression.value, str):
        return expression.value
    return None
