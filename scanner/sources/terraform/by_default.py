"""What a contract comes to for inputs that are left to their defaults, or plain: worked out once for such calls."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from scanner.patterns import lazy
from scanner.resource import Items
from scanner.sources.terraform.contracts import Contract
from scanner.sources.terraform.read_json import unplaced
from scanner.sources.terraform.syntax import Call, ForObject, ForTuple, Node, TemplateFor, Traversal
from scanner.sources.terraform.values import plain
from scanner.unknown import Value

Inputs: TypeAlias = Callable[[str], Value]
_OWN = frozenset({"abspath", "bcrypt", "pathexpand", "plantimestamp", "templatefile", "timestamp", "uuid"})
"""Functions whose result is not that of their arguments alone; those of files beside."""
_MAX_ITEMS = 20
_NAMED = frozenset({"var", "local"})
_INPUT = lazy(r"\b(var|local|module)\.([\w-]+)")
_EACH = lazy(r"\beach\.")


class ByDefault:
    """The expressions of one contract: which inputs each rests on, and what it came to for their values."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._inputs: dict[str, frozenset[str] | None] = {}
        self._slots: dict[Hashable, dict[str, Any]] = {}

    def slot(self, what: Hashable, names: tuple[str, ...], value_of: Inputs) -> dict[str, Any] | None:
        """Where what something comes to is kept that rests on some inputs; None where one of those is not plain.

        value_of: what the inputs are.
        """
        key: tuple[Hashable, ...] = (what, names)
        for name in names:
            value = _key(value_of(name))
            if value is None:
                return None
            key = (*key, value)
        found = self._slots.get(key)
        if found is None:
            found = self._slots[key] = {}
        return found

    def rest_on(self, texts: Iterable[str], given: frozenset[str]) -> tuple[str, ...] | None:
        """The arguments among those given that texts rest on; None where they rest on more than inputs."""
        found: set[str] = set()
        for text in texts:
            inputs = self.inputs(text)
            if inputs is None:
                return None
            found |= inputs & given
        return tuple(sorted(found))

    def inputs(self, text: str) -> frozenset[str] | None:
        """The inputs that a text rests on; None where it rests on resources, paths, files or the time as well."""
        if text not in self._inputs:
            self._inputs[text] = None  # what refers to itself rests on more than inputs
            self._inputs[text] = self._found(text)
        return self._inputs[text]

    def _found(self, text: str) -> frozenset[str] | None:
        if "{" not in text:
            return frozenset()
        tree = unplaced(text)
        if tree is None:
            return None
        found: set[str] = set()
        for traversal in _references(tree, frozenset()):
            behind = self._behind(traversal) if traversal is not None else None
            if behind is None:
                return None
            found |= behind
        return frozenset(found)

    def _behind(self, traversal: Traversal) -> frozenset[str] | None:
        name = getattr(traversal.steps[0], "name", None) if traversal.steps else None
        if traversal.root not in _NAMED or name is None:
            return None
        if traversal.root == "var":
            return frozenset([name])
        found: set[str] = set()
        for text in _texts(self._contract.locals.get(name)):
            behind = self.inputs(text) if text is not None else None
            if behind is None:
                return None
            found |= behind
        return frozenset(found)


def _texts(value: Any) -> Iterator[str | None]:
    """Every text inside a value of JSON; None for a local that is not there."""
    if value is None or isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _references(node: object, bound: frozenset[str]) -> Iterator[Traversal | None]:
    """The references in a tree but those to names that it binds; None for a function of more than its arguments."""
    if isinstance(node, tuple):
        for item in node:
            yield from _references(item, bound)
        return
    if not isinstance(node, Node):
        return
    if isinstance(node, Call) and (node.name in _OWN or node.name.startswith(("file", "provider::"))):
        yield None
    if isinstance(node, (ForTuple, ForObject, TemplateFor)):
        bound = bound | {node.key, node.value}
    if isinstance(node, Traversal) and node.root not in bound:
        yield node
    for name in node.__struct_fields__:
        inner = getattr(node, name)
        if isinstance(inner, (tuple, Node)):
            yield from _references(inner, bound)


def _key(value: Value) -> Hashable | None:
    """A known scalar, or a list of them, told apart from all that differ; None for anything else."""
    if plain(value):
        return type(value), value
    if type(value) is Items and len(value) <= _MAX_ITEMS and all(map(plain, value)):
        return tuple((type(item), item) for item in value)
    return None


class Rests:
    """The inputs that the parts of a contract rest on, found once for all its calls."""

    def __init__(self, contract: Contract) -> None:
        self.contract = contract
        self._behind: dict[str, tuple[str, ...]] = {}
        # By identity; the value is kept beside what was found, so that no other takes its place.
        self._of: dict[tuple[int, tuple[str, ...]], tuple[Any, tuple[str, ...]]] = {}

    def on(self, value: Any, each: tuple[str, ...]) -> tuple[str, ...]:
        """What a part of the contract rests on; `each`: what the block that it stands in is repeated over."""
        key = (id(value), each)
        if key not in self._of:
            self._of[key] = (value, tuple(self._names(str(value), each)))
        return self._of[key][1]

    def _names(self, text: str, each: tuple[str, ...]) -> Iterator[str]:
        """The inputs that a text of the contract rests on, in the order in which it names them."""
        if _EACH.search(text):
            yield from each
        for found in _INPUT.finditer(text):
            root, name = found.groups()
            if root == "var":
                yield name
            else:
                yield from self._rests_on(root, name)

    def _rests_on(self, root: str, name: str) -> tuple[str, ...]:
        key = f"{root}.{name}"
        if key not in self._behind:
            self._behind[key] = ()  # what refers to itself is looked at once
            table = self.contract.locals if root == "local" else self.contract.calls
            self._behind[key] = tuple(dict.fromkeys(self._names(str(table.get(name, "")), ())))
        return self._behind[key]
