"""Lines that the reader can change: what a downloaded module is told stands in the call, not in the module."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from msgspec import Struct

from scanner.origin import FileOrigin, Origin
from scanner.resource import Attrs, Items
from scanner.sources.terraform.syntax import AttrStep, Expression, Traversal
from scanner.unknown import Value

if TYPE_CHECKING:
    from scanner.sources.terraform.module import Module

DOWNLOADED = ".terraform"
"""The folder that `terraform init` puts modules in: nobody changes a line there."""


class CallLines:
    """Where the values of a downloaded module's expressions are decided: at an argument of its call, or the call."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._known: dict[int, FileOrigin] = {}

    @property
    def call(self) -> FileOrigin:
        """The call, or where the module that makes it is called, if that was downloaded as well."""
        module = self._module
        while module.call is not None and module.parent is not None and module.parent.lines is not None:
            module = module.parent
        return module.call.at if module.call is not None else FileOrigin("", 1)

    def of(self, expression: Expression) -> FileOrigin:
        """The first argument that the call sets and the expression rests on, else the call itself."""
        key = id(expression)
        if key not in self._known:
            self._known[key] = self._argument(expression, set()) or self.call
        return self._known[key]

    def _argument(self, expression: Expression, seen: set[str]) -> FileOrigin | None:
        module = self._module
        for reference in references(expression):
            first = reference.steps[0] if reference.steps else None
            if not isinstance(first, AttrStep) or reference.root not in ("var", "local"):
                continue
            if reference.root == "var" and module.call is not None and module.parent is not None:
                argument = module.call.body.attributes.get(first.name)
                if argument is not None:
                    return module.parent.place(argument.expression)
            inner = module.config.locals.get(first.name) if reference.root == "local" else None
            if inner is not None and first.name not in seen:
                found = self._argument(inner.expression, seen | {first.name})
                if found is not None:
                    return found
        return None

    def moved(self, attrs: Attrs) -> Attrs:
        """The attributes of a resource with the marks inside a value at the line of the whole."""
        for name, value in attrs.items():
            mark = attrs.marks.get(name, self.call)
            attrs.marks[name] = self.call if _downloaded(mark) else mark
            _move(value, attrs.marks[name])
        return attrs


def references(node: object) -> Iterator[Traversal]:
    """Every reference in an expression, in source order."""
    if isinstance(node, Traversal):
        yield node
    if isinstance(node, Struct):
        for name in node.__struct_fields__:
            if name != "at":
                yield from references(getattr(node, name))
    elif isinstance(node, tuple):
        for one in node:
            yield from references(one)


def _downloaded(mark: Origin) -> bool:
    return isinstance(mark, FileOrigin) and DOWNLOADED in mark.path.split("/")


def _move(value: Value, line: Origin) -> None:
    if isinstance(value, Attrs):
        for name, mark in value.marks.items():
            value.marks[name] = line if _downloaded(mark) else mark
        for name, inner in value.items():
            _move(inner, value.marks.get(name, line))
    elif isinstance(value, Items):
        value.marks[:] = [line if _downloaded(mark) else mark for mark in value.marks]
        for place, inner in enumerate(value):
            _move(inner, value.marks[place] if place < len(value.marks) else line)
