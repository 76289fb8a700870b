"""`count` and `for_each`: which instances a block makes, and which of them are certain."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Literal as OneOf

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.resource import Attrs
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.placed import is_nowhere, placed_value
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import Body
from scanner.sources.terraform.types import to_bool, to_number
from scanner.sources.terraform.unplaced import Unplaced
from scanner.sources.terraform.values import Refused, SetOf, invalid, is_list, is_map, kind, ordered
from scanner.unknown import Unknown, Value

Key = str | int | None
NO_KEY = -1
"""Told of a `for_each` over an empty map."""
COUNTED = ("count", "for_each")
"""The arguments that say how many instances there are."""
ANY_KEY = "*"
"""The key of the one instance that stands for all where they are not known."""


class Instance(Struct, frozen=True):
    """One instance: its key (None without count and for_each), the names it adds, what decides whether it exists."""

    key: Key
    names: Mapping[str, Value]
    possible: Unknown | None = None
    any_key: bool = False

    def suffix(self) -> str:
        """The key as it stands in an address."""
        if self.any_key:
            return "[*]"
        if self.key is None:
            return ""
        return f"[{self.key}]" if isinstance(self.key, int) else f"[{quoted(self.key)}]"


class Expansion(Struct, frozen=True):
    """All instances of a block. mode: "single", "count", "each", or "open" where they are not all known."""

    mode: OneOf["single", "count", "each", "open"]
    instances: list[Instance] = field(default_factory=list)


def quoted(key: str) -> str:
    """A key as Terraform prints it in an address."""
    escaped = (
        key.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def expand(body: Body, env: Env) -> Expansion:
    """The instances that a body's `count` or `for_each` makes."""
    enabled = _enabled(body, env)
    if isinstance(enabled, Unknown):
        return Expansion("open", [Instance(None, {}, enabled)])
    if not enabled:
        return Expansion("count")
    if type(body.attributes) is not dict and isinstance(body.attributes, Unplaced):
        kept = body.attributes.kept(env.scope.inputs_key, *COUNTED)
        if kept is not None and not kept:
            kept["told"] = _without_place(body.attributes, env)
        told = kept["told"] if kept else None
        if type(told) is int:
            return _counted(told, env) if told != NO_KEY else Expansion("each")
        if told is not None:
            return _each(placed_value(told, body.attributes.place("for_each")), env)
    if "count" in body.attributes:
        expression = body.attributes["count"].expression
        value = evaluate(expression, env)
        if not isinstance(value, Unknown) and value is not None:
            try:
                value = _count(value)
            except Refused as error:
                value = invalid(error.cause, expression.at)
        elif value is None:
            value = invalid("`count` is null", expression.at)
        return _counted(value, env)
    if "for_each" in body.attributes:
        expression = body.attributes["for_each"].expression
        value = evaluate(expression, env)
        # `[]` beside a set in a conditional is an empty set.
        empty = is_list(value) and not value
        if not isinstance(value, Unknown) and not is_map(value) and not isinstance(value, SetOf) and not empty:
            value = invalid(f"`for_each` over {kind(value)}", expression.at)
        return _each(value, env)
    return Expansion("single", [Instance(None, {})])


def _without_place(attributes: Unplaced, env: Env) -> Value:
    """A known count, `NO_KEY`, or a known collection, told before the expression gets its place; None where it takes a
    closer look.
    """
    count = attributes.unplaced("count")
    if count is not None:
        value = evaluate(count, env)
        if value is not None and not isinstance(value, Unknown):
            with suppress(Refused):
                return _count(value)
    each = attributes.unplaced("for_each")
    if each is not None:
        value = evaluate(each, env)
        if is_map(value) and not value:
            return NO_KEY
        if (is_map(value) or isinstance(value, SetOf)) and attributes.at_one_place("for_each") and is_nowhere(value):
            return value
    return None


def _enabled(body: Body, env: Env) -> bool | Unknown:
    """What `enabled` in a `lifecycle` block says, which OpenTofu has beside `count` and `for_each`."""
    for block in body.blocks:
        if block.kind == "lifecycle" and "enabled" in block.body.attributes:
            expression = block.body.attributes["enabled"].expression
            value = evaluate(expression, env)
            try:
                return value if isinstance(value, Unknown) else to_bool(value)
            except Refused as error:
                return invalid(error.cause, expression.at)
    return True


def _count(value: Value) -> int:
    number = to_number(value)
    if number != int(number) or number < 0:
        raise Refused("`count` is no whole number from 0")
    return int(number)


def _counted(value: int | Value, env: Env) -> Expansion:
    if isinstance(value, int) and not env.scope.budget.instances_fit(value):
        value = Unknown("`count` makes more instances than are evaluated")
    if isinstance(value, int):
        return Expansion("count", [Instance(i, {"count": Attrs({"index": i})}) for i in range(value)])
    deciding = value if isinstance(value, Unknown) else Unknown("`count` is not known")
    index = replace(deciding, ref=None, pieces=(), document=None, options=(), known=None)
    return Expansion("open", [Instance(None, {"count": Attrs({"index": index})}, deciding, any_key=True)])


def _each(value: Value, env: Env) -> Expansion:
    pairs, open_ = each_pairs(value)
    if not env.scope.budget.instances_fit(len(pairs)):
        pairs, open_ = [], Unknown("`for_each` makes more instances than are evaluated")
    instances = [Instance(key, {"each": Attrs({"key": key, "value": item})}) for key, item in pairs]
    if open_ is None:
        return Expansion("each", instances)
    unknown = replace(open_, ref=None, pieces=(), document=None, options=(), known=None)
    names = {"each": Attrs({"key": unknown, "value": _any_value(open_)})}
    return Expansion("open", [*instances, Instance(None, names, open_, any_key=True)])


def _any_value(open_: Unknown) -> Value:
    """What `each.value` is where the instances are not known: still the attribute of its resource, if it is one."""
    return replace(open_, pieces=(), document=None, options=(), known=None)


def each_pairs(value: Value) -> tuple[list[tuple[str, Value]], Unknown | None]:
    """The certain keys and values of a `for_each`, and the Unknown that decides the others."""
    if isinstance(value, Unknown):
        if not is_list(value.document):
            return [], value
        known = [(item, item) for item in value.document if isinstance(item, str)]
        return list(known), value
    if is_map(value):
        return list(ordered(value)), None
    pairs: list[tuple[str, Value]] = []
    open_: Unknown | None = None
    for item in value if is_list(value) else ():
        if isinstance(item, Unknown):
            open_ = open_ or item
        elif item is not None:
            text = item if isinstance(item, str) else str(item)
            pairs.append((text, text))
    return pairs, open_
