"""Bodies to `Attrs`: arguments by name, nested blocks as lists under their type, `dynamic` blocks expanded.

Nested blocks are always `Items` of `Attrs`, even a single one. A block with labels has them under `__labels__`.
A block that a `dynamic` block makes for a `for_each` that is not known stands in its list once, and has the
Unknown that decides whether it exists under `__possible__`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items
from scanner.sources.terraform.charge import charge_whole
from scanner.sources.terraform.comprehend import elements
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.shared_value import shared_value
from scanner.sources.terraform.syntax import (
    Attribute,
    AttrStep,
    Block,
    Body,
    Expression,
    IndexStep,
    Literal,
    Parens,
    Step,
    Traversal,
    Tuple,
    literal_text,
)
from scanner.sources.terraform.unplaced import Unplaced
from scanner.sources.terraform.values import Refused, invalid, is_list
from scanner.unknown import Unknown, Value

POSSIBLE = "__possible__"
LABELS = "__labels__"


def body_value(body: Body, env: Env, skip: Collection[str] = ()) -> Attrs:
    """All arguments and nested blocks of a body but those in `skip`."""
    result = Attrs()
    held = body.attributes
    shared = held if type(held) is not dict and isinstance(held, Unplaced) else None
    for name in held:
        if name not in skip:
            value, at = _argument(held[name], env) if shared is None else shared_value(shared, name, env)
            if not charge_whole(env.scope.budget, value):
                value = Unknown("a value that is too large or too deep", origin=at)
            result[name], result.marks[name] = value, at
    for name, found in _grouped(block for block in body.blocks if block.kind not in skip).items():
        items, at = blocks_value(found, env)
        if items or not all(block.kind == "dynamic" for block in found):
            result[name] = items
            result.marks[name] = at
    return result


def _argument(attribute: Attribute, env: Env) -> tuple[Value, FileOrigin]:
    """An argument's value, and where it is decided."""
    return evaluate(attribute.expression, env), env.scope.place(attribute.expression)


def type_of(block: Block) -> str:
    """The type under which a block's values stand: that of the blocks it makes, if it is dynamic."""
    return block.labels[0] if block.kind == "dynamic" and block.labels else block.kind


def _grouped(blocks: Iterable[Block]) -> dict[str, list[Block]]:
    groups: dict[str, list[Block]] = {}
    for block in blocks:
        groups.setdefault(type_of(block), []).append(block)
    return groups


def blocks_value(blocks: list[Block], env: Env) -> tuple[Items, FileOrigin]:
    """The blocks of one type in order, and where the first stands."""
    items = Items()
    for block in blocks:
        made = _dynamic(block, env) if block.kind == "dynamic" else [_nested(block, env)]
        items.extend(made)
        items.marks.extend([block.at] * len(made))
    return items, blocks[0].at


def _nested(block: Block, env: Env) -> Attrs:
    if block.kind == "lifecycle":
        return lifecycle(block.body, env)
    words = ("when", "on_failure") if block.kind == "provisioner" else ()
    value = body_value(block.body, env, words)
    for name in words:
        if name in block.body.attributes:
            value[name] = _named(block.body.attributes[name].expression)
    if block.labels:
        value[LABELS] = Items(block.labels)
    return value


def _dynamic(block: Block, env: Env) -> list[Attrs]:
    content = next((inner for inner in block.body.blocks if inner.kind == "content"), None)
    source = block.body.attributes.get("for_each")
    if content is None or source is None:
        return [Attrs({POSSIBLE: invalid("a dynamic block without `for_each` or `content`", block.at)})]
    name = type_of(block)
    iterator = block.body.attributes.get("iterator")
    if iterator and isinstance(iterator.expression, Traversal):
        name = iterator.expression.root
    elif iterator:
        name = literal_text(iterator.expression) or name
    collection = evaluate(source.expression, env)
    certain = collection
    open_: Unknown | None = None
    if isinstance(collection, Unknown):
        open_, certain = collection, collection.document if is_list(collection.document) else Items()
    try:
        pairs = list(elements(certain))
    except Refused as error:
        pairs, open_ = [], invalid(error.cause, source.expression.at)
    if not env.scope.budget.blocks_fit(len(pairs)):
        pairs, open_ = [], Unknown("a dynamic block that makes more blocks than are evaluated", origin=block.at)
    partial = isinstance(collection, Unknown)
    made = [
        body_value(content.body, env.having({name: Attrs({"key": key, "value": item})}))
        for key, item in pairs
        if not (partial and isinstance(item, Unknown))
    ]
    if open_ is not None:
        made.append(_possible(content.body, name, open_, env))
    return made


def _possible(body: Body, name: str, open_: Unknown, env: Env) -> Attrs:
    each = replace(open_, pieces=(), document=None, options=(), known=None)
    value = body_value(body, env.having({name: Attrs({"key": replace(each, ref=None), "value": each})}))
    value[POSSIBLE] = open_
    return value


def lifecycle(body: Body, env: Env) -> Attrs:
    """A `lifecycle` block: `ignore_changes` and `replace_triggered_by` as the text of what they name."""
    result = Attrs()
    for name, attribute in body.attributes.items():
        expression = attribute.expression
        if name in ("ignore_changes", "replace_triggered_by"):
            named = expression.items if isinstance(expression, Tuple) else (expression,)
            result[name] = Items([_named(one) for one in named], [one.at for one in named])
        else:
            result[name] = evaluate(expression, env)
        result.marks[name] = expression.at
    return result


def _named(expression: Expression) -> Value:
    """A reference as text."""
    if isinstance(expression, Literal):
        return str(expression.value)
    if isinstance(expression, Traversal):
        return expression.root + "".join(_step(step) for step in expression.steps)
    return invalid("a reference is expected here", expression.at)


def _step(step: Step) -> str:
    if isinstance(step, AttrStep):
        return f".{step.name}"
    if isinstance(step, IndexStep):
        key = step.key.inner if isinstance(step.key, Parens) else step.key
        return f"[{key.value!r}]".replace("'", '"') if isinstance(key, Literal) else "[*]"
    return "[*]" + "".join(_step(one) for one in step.each)


def named_list(expression: Expression) -> list[Traversal]:
    """The references in a list of them (`depends_on`)."""
    items = expression.items if isinstance(expression, Tuple) else (expression,)
    return [item for item in items if isinstance(item, Traversal)]


def text_of(traversal: Traversal) -> str:
    """A reference as it is written."""
    return str(_named(traversal))
