"""`.tf.json` and `.tfvars.json` to syntax: which member is a block is known for Terraform's own words only.

Inside a resource there is no telling a nested block from an argument without the provider's schema, so every member
is an attribute there (an object, or a list of objects), except `dynamic`, `lifecycle`, `provisioner`, `connection`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

from scanner.origin import FileOrigin
from scanner.resource import Attrs, Items
from scanner.sources.terraform.placed import placed
from scanner.sources.terraform.syntax import (
    NOWHERE,
    Attribute,
    Block,
    Body,
    Expression,
    Literal,
    Object,
    Parens,
    Placed,
    SyntaxFault,
    Tuple,
)
from scanner.sources.terraform.template import Scanner, assemble, closing
from scanner.sources.terraform.values import is_list, is_map
from scanner.unknown import Value

_ReadText: TypeAlias = Callable[[str, FileOrigin], Expression]

# Block kinds, the number of their labels, and the kinds of blocks that may stand in them.
_META: Mapping[str, int] = {"lifecycle": 0, "connection": 0, "provisioner": 1, "dynamic": 1}
_INSIDE: Mapping[str, Mapping[str, int]] = {
    "resource": _META,
    "data": _META,
    "ephemeral": _META,
    "variable": {"validation": 0},
    "terraform": {"required_providers": 0, "backend": 1, "cloud": 0, "provider_meta": 1},
    "lifecycle": {"precondition": 0, "postcondition": 0},
    "dynamic": {"content": 0},
    "content": {"dynamic": 1},
    "cloud": {"workspaces": 0},
    "output": {"precondition": 0},
}
_TOP: Mapping[str, int] = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "locals": 0,
    "terraform": 0,
    "moved": 0,
    "import": 0,
    "removed": 0,
    "check": 1,
    "action": 2,
}
# Arguments that hold a reference or a type as text.
REFERENCES = {"provider", "depends_on", "ignore_changes", "replace_triggered_by", "providers"}
_REFERENCES_IN = {
    ("variable", "type"),
    *((kind, name) for kind in ("moved", "import", "removed") for name in ("from", "to")),
}


def parse_json(text: str, path: str, variables: bool = False) -> Body:
    """The body of a JSON file, of plain values where `variables` is True. Raises SyntaxFault."""
    from scanner.yamltext import TextError, json_document

    try:
        document = json_document(text, path)
    except TextError as error:
        raise SyntaxFault(error.origin.line, error.origin.column, error.cause) from error
    if variables:
        return _body(document.value, document.origin, {}, "variables")
    return _body(document.value, document.origin, _TOP, "")


def block_of(kind: str, labels: tuple[str, ...], value: Value, at: FileOrigin) -> Block:
    """A block of a kind from the object that is its body in JSON. Raises SyntaxFault."""
    return Block(kind, labels, _body(value, at, _INSIDE.get(kind, {}), kind), at)


def attribute_of(kind: str, name: str, value: Value, at: FileOrigin) -> Attribute:
    """An attribute of a block of a kind, whose name is that of no block in it; its texts are shared with all that have
    the same. Raises SyntaxFault.
    """
    return Attribute(name, _argument(name, value, at, kind, _shared), at)


def unplaced(text: str) -> Expression | None:
    """A text as a template, its places left out; None where it is none."""
    if "{" not in text:
        return Literal(text, NOWHERE)
    read = _parsed(text, False)
    return None if isinstance(read, SyntaxFault) else read.inner if isinstance(read, Parens) else read


def unplaced_tree(value: Any) -> Expression:
    """A value of JSON, its texts templates, its places left out. Raises SyntaxFault."""
    if isinstance(value, dict):
        return Object(tuple([(_bare(key), unplaced_tree(item)) for key, item in value.items()]), NOWHERE)
    if isinstance(value, list):
        return Tuple(tuple([unplaced_tree(item) for item in value]), NOWHERE)
    return _bare(value) if isinstance(value, str) else Literal(value, NOWHERE)


def _bare(text: str) -> Expression:
    read = unplaced(text)
    if read is None:
        raise SyntaxFault(1, 1, "a text that is no template")
    return read


def holds_blocks(kind: str, names: Iterable[str]) -> bool:
    """Whether some of the names in a block of a kind are those of blocks."""
    return not _INSIDE.get(kind, {}).keys().isdisjoint(names)


def _fault(at: FileOrigin, cause: str) -> SyntaxFault:
    return SyntaxFault(at.line, at.column, cause)


def _members(value: Value, at: FileOrigin) -> Iterator[tuple[str, Value, FileOrigin]]:
    """The members of an object, or of each object of a list, comments left out."""
    if isinstance(value, Items):
        for place, item in enumerate(value):
            yield from _members(item, _origin(value.marks[place], at))
        return
    if not isinstance(value, Attrs):
        raise _fault(at, "an object is expected here")
    for name, item in value.items():
        if name != "//":
            yield name, item, _origin(value.marks.get(name), at)


def _origin(mark: object, default: FileOrigin) -> FileOrigin:
    return mark if isinstance(mark, FileOrigin) else default


def _body(value: Value, at: FileOrigin, kinds: Mapping[str, int], inside: str) -> Body:
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    for name, item, origin in _members(value, at):
        if name in kinds:
            blocks.extend(_blocks(name, kinds[name], (), item, origin))
        elif not inside:
            raise _fault(origin, "a top-level block that Terraform does not have")
        elif name in attributes:
            raise _fault(origin, f"`{name}` stands twice in one block")
        else:
            attributes[name] = Attribute(name, _argument(name, item, origin, inside), origin)
    return Body(attributes, tuple(blocks))


def _blocks(kind: str, labels: int, found: tuple[str, ...], value: Value, at: FileOrigin) -> Iterator[Block]:
    if labels:
        for name, item, origin in _members(value, at):
            yield from _blocks(kind, labels - 1, (*found, name), item, origin)
        return
    if isinstance(value, Items):
        for place, item in enumerate(value):
            yield from _blocks(kind, 0, found, item, _origin(value.marks[place], at))
        return
    if value is None:
        return
    yield Block(kind, found, _body(value, at, _INSIDE.get(kind, {}), kind), at)


def _argument(name: str, value: Value, at: FileOrigin, inside: str, text: _ReadText | None = None) -> Expression:
    if inside == "variables" or (inside == "variable" and name == "default") or inside == "required_providers":
        return _plain(value, at)
    if name in REFERENCES or (inside, name) in _REFERENCES_IN:
        return _reference(value, at)
    return _convert(value, at, text or _template)


def _plain(value: Value, at: FileOrigin) -> Expression:
    """A value in which text is no template."""
    return _convert(value, at, Literal)


def expression(value: Value, at: FileOrigin) -> Expression:
    """A value in which text is a template. Raises SyntaxFault."""
    return _convert(value, at, _template)


def _reference(value: Value, at: FileOrigin) -> Expression:
    """Text as the expression that it names; `${aws.gov}` in the older notation is accepted as well."""
    return _convert(value, at, _named)


def _convert(value: Value, at: FileOrigin, text: _ReadText) -> Expression:
    if isinstance(value, str):
        return text(value, at)
    if is_map(value):
        pairs = [(_key(name, origin, text), _convert(item, origin, text)) for name, item, origin in _members(value, at)]
        return Object(tuple(pairs), at)
    if is_list(value):
        marks = value.marks if isinstance(value, Items) else []
        items = [_convert(item, _origin(marks[place], at), text) for place, item in enumerate(value)]
        return Tuple(tuple(items), at)
    if value is None or isinstance(value, (bool, int, float)):
        return Literal(value, at)
    raise _fault(at, "a value of a kind that JSON does not have")


def _key(name: str, at: FileOrigin, text: _ReadText) -> Expression:
    return text(name, at) if text in (_template, _shared) and ("${" in name or "%{" in name) else Literal(name, at)


def _template(text: str, at: FileOrigin) -> Expression:
    if "{" not in text:
        return Literal(text, at)
    # Escapes have shifted what stands in the string, so all of it carries the string's own position.
    return _read(text, at)


def _shared(text: str, at: FileOrigin) -> Expression:
    read = _parsed(text, False) if "{" in text else Literal(text, at)
    if isinstance(read, SyntaxFault):
        raise SyntaxFault(at.line, at.column, read.cause)
    # What stands alone in `${}` is in parentheses, which say nothing here.
    read = read.inner if isinstance(read, Parens) else read
    return Literal(read.value, at) if isinstance(read, Literal) else Placed(read, at)


def _named(text: str, at: FileOrigin) -> Expression:
    inner = text[2:-1] if text.startswith("${") and text.endswith("}") else text
    return _read(inner, at, named=True)


def _read(text: str, at: FileOrigin, *, named: bool = False) -> Expression:
    """A text as an expression or a template; the same text is parsed once, wherever it stands. Raises SyntaxFault."""
    read = _parsed(text, named)
    if isinstance(read, SyntaxFault):
        raise SyntaxFault(at.line, at.column, read.cause)
    return placed(read, at)


@lru_cache(maxsize=20_000)
def _parsed(text: str, named: bool) -> Expression | SyntaxFault:
    from scanner.sources.terraform.native.read import parse_expression

    def parse(inner: str, line: int = 1, column: int = 1) -> Expression:
        return parse_expression(inner, "", 1, 1)

    try:
        if not named and text.startswith("${") and "~" not in text and closing(text, 2) == len(text) - 1:
            return Parens(placed(parse(text[2:-1]), NOWHERE), NOWHERE)  # as most are: one expression
        read = parse(text) if named else assemble(Scanner(text, "", 1, 1, parse, quoted=False).pieces(), NOWHERE)
        return placed(read, NOWHERE)
    except SyntaxFault as fault:
        return fault
