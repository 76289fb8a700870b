"""What a contract comes to for inputs that are left to their defaults, or plain: worked out once for such calls."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

from scanner.patterns import lazy
from scanner.sources.terraform.contracts import Contract
from scanner.sources.terraform.read_json import unplaced, unplaced_tree
from scanner.sources.terraform.syntax import (
    AttrStep,
    Call,
    Expression,
    ForObject,
    ForTuple,
    Literal,
    Node,
    TemplateFor,
    Traversal,
)
from scanner.sources.terraform.unplaced import COUNT

_OWN = frozenset({"abspath", "bcrypt", "pathexpand", "plantimestamp", "templatefile", "timestamp", "uuid"})
"""Functions whose result is not that of their arguments alone; those of files beside."""
_NAMED = frozenset({"var", "local"})
_INPUT = lazy(r"\b(var|local|module)\.([\w-]+)")
_EACH = lazy(r"\beach\.")
_OF_INSTANCE = lazy(r"\b(?:each|count|self)\b")


class ByDefault:
    """The expressions of one contract: which inputs each rests on, and what it came to for their values."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._inputs: dict[str, frozenset[str] | None] = {}
        self._slots: dict[Hashable, dict[Hashable, dict[str, Any]]] = {}
        self._all: dict[Hashable, frozenset[str] | None] = {}
        # By the identity of parts of the contract, which last as long as it does.
        self._trees: dict[int, Expression] = {}
        self._of_instance: dict[int, bool] = {}

    def tree(self, value: Any) -> Expression:
        """A part of the contract as an expression without a place, made once."""
        if id(value) not in self._trees:
            self._trees[id(value)] = unplaced_tree(value)
        return self._trees[id(value)]

    def of_instance(self, value: Any) -> bool:
        """Whether a part of the contract may differ between the instances of the block that it stands in."""
        if id(value) not in self._of_instance:
            self._of_instance[id(value)] = _OF_INSTANCE.search(str(value)) is not None
        return self._of_instance[id(value)]

    def slots(self, what: Hashable, names: tuple[str, ...]) -> dict[Hashable, dict[str, Any]]:
        """Where what something comes to is kept that rests on some inputs, by what those are (`input_key`)."""
        return self._slots.setdefault((what, names), {})

    def rest_on(self, what: Hashable, parts: Iterable[Any], given: frozenset[str]) -> tuple[str, ...] | None:
        """The arguments among those given that some parts rest on; None where they rest on more than inputs."""
        if what not in self._all:
            every = [self.inputs(text) for part in parts for text in texts_in(part)]
            known = [one for one in every if one is not None]
            self._all[what] = frozenset().union(*known) if len(known) == len(every) else None
        found = self._all[what]
        if not found:
            return None if found is None else ()
        return tuple(sorted([one for one in found if one.removeprefix(COUNT) in given]))

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
        for one in _references(tree, frozenset()):
            behind = self._behind(one) if isinstance(one, Traversal) else one
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
        if name not in self._contract.locals:
            return None
        found: set[str] = set()
        for text in texts_in(self._contract.locals[name]):
            behind = self.inputs(text)
            if behind is None:
                return None
            found |= behind
        return frozenset(found)


def texts_in(value: Any) -> Iterator[str]:
    """Every text inside a value of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield key
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def _references(node: object, bound: frozenset[str]) -> Iterator[Traversal | frozenset[str] | None]:
    """The references in a tree but those to names that it binds; None for a function of more than its arguments.

    `length(var.x)` is told as what it rests on.
    """
    if isinstance(node, tuple):
        for item in node:
            yield from _references(item, bound)
        return
    kind = type(node)
    if kind is Traversal and node.root not in bound:  # type: ignore[attr-defined]  # a Traversal
        yield node  # type: ignore[misc]
    if not isinstance(node, Node) or kind is Literal:
        return
    if kind is Call and (counted := _counted(node)):  # type: ignore[arg-type]  # a Call
        yield frozenset([COUNT + counted])
        return
    if isinstance(node, Call) and (node.name in _OWN or node.name.startswith(("file", "provider::"))):
        yield None
    if isinstance(node, (ForTuple, ForObject, TemplateFor)):
        bound = bound | {node.key, node.value}
    for name in node.__struct_fields__:
        inner = getattr(node, name)
        if (type(inner) is tuple and inner) or (isinstance(inner, Node) and type(inner) is not AttrStep):
            yield from _references(inner, bound)


def _counted(call: Call) -> str:
    """The input whose elements a call counts; empty for any other."""
    if call.name != "length" or call.expand or len(call.arguments) != 1:
        return ""
    counted = call.arguments[0]
    if type(counted) is not Traversal or counted.root != "var" or len(counted.steps) != 1:
        return ""
    return getattr(counted.steps[0], "name", "")


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
