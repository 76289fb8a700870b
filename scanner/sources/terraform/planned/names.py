"""What an expression refers to, as the configuration in a plan has it: `var.a`, `local.b`, `aws_x.y`, `data.x.y`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from scanner.sources.terraform.lines import references
from scanner.sources.terraform.planned.objects import mapping
from scanner.sources.terraform.syntax import AttrStep, Expression, ForObject, ForTuple, TemplateFor, Traversal


def names_of(expression: Expression) -> set[str]:
    """What an expression of the source refers to; the names of its own loops are none."""
    bound = set(_bound(expression))
    return {_name(one) for one in references(expression) if one.root not in bound}


def planned_names(planned: Any) -> set[str] | None:
    """What an expression in a plan refers to; None where the plan does not tell."""
    told = mapping(planned).get("references")
    if "constant_value" in mapping(planned):
        return set()
    if not isinstance(told, list) or not told:
        return None
    return {_cut(re.split(r"[.\[]", one)) for one in told if isinstance(one, str)}


def _name(traversal: Traversal) -> str:
    parts = [traversal.root]
    for step in traversal.steps:
        if not isinstance(step, AttrStep):
            break
        parts.append(step.name)
    return _cut(parts)


def _cut(parts: list[str]) -> str:
    parts = parts[1:] if parts[0] == "resource" else parts
    return ".".join(parts[: 3 if parts[0] in ("data", "ephemeral") else 1 if parts[0] == "self" else 2])


def _bound(node: object) -> Iterator[str]:
    """The names that the loops in an expression add."""
    if isinstance(node, (ForTuple, ForObject, TemplateFor)):
        yield from (node.key, node.value)
    if isinstance(node, Struct):
        for name in node.__struct_fields__:
            if name != "at":
                yield from _bound(getattr(node, name))
    elif isinstance(node, tuple):
        for one in node:
            yield from _bound(one)
