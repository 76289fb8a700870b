"""A contract and a call of it as a configuration: each line in it is one of the call's, for the reader to change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanner.origin import FileOrigin, Origin
from scanner.resource import Attrs, Items
from scanner.sources.terraform.by_default import Rests
from scanner.sources.terraform.config import Config, Declared, OnDemand, ResourceKey
from scanner.sources.terraform.contracts import REMEDY, Contract
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.kept import by_default_of, kept_of
from scanner.sources.terraform.read_json import REFERENCES, attribute_of, block_of, holds_blocks
from scanner.sources.terraform.syntax import Attribute, Block, Body, Expression
from scanner.sources.terraform.unplaced import InputsKey, Unplaced
from scanner.unknown import Value

if TYPE_CHECKING:
    from scanner.sources.terraform.module import Module
    from scanner.sources.terraform.scope import Env

META = frozenset({"source", "version", "count", "for_each", "providers", "depends_on"})


def contracted(contract: Contract, call: Block, directory: Path) -> Config:
    """What a module declares, by its contract; `directory` is where it would be installed."""
    return _Builder(contract, call).config(directory)


def untold(contract: Contract, call: Block) -> Iterator[Attribute]:
    """The arguments of a call that its contract does not take up."""
    told = _told(contract)
    for name in call.body.attributes:
        if name not in told:
            yield call.body.attributes[name]


@cache
def _told(contract: Contract) -> frozenset[str]:
    return frozenset({*contract.inputs, *contract.required, *contract.inert, *META})


def note_lacking(module: Module, name: str, at: FileOrigin | None) -> None:
    """Notes what an instance can make and its contract does not tell, unless its inputs rule it out.

    name: how the module is called to the reader. at: the call, where there is one.
    """
    files = module.files
    for given, told in module.config.keys.items():
        for key, mark in untold_keys(module.input(given), told):
            cause = f"the contract of module `{name}` does not tell what `{key}` in its input `{given}` does"
            where = mark if isinstance(mark, FileOrigin) else at
            files.unread(where or module.config.variables[given].at, cause, "module", REMEDY)
    for what, condition in module.config.lacks:
        kept = condition.kept(module.inputs_key, "when")
        if kept is not None and not kept:
            kept["out"] = ruled_out(condition, "when", module.env)
        if not (kept["out"] if kept else ruled_out(condition, "when", module.env)):
            where = condition["when"].expression.at
            files.unread(where, f"the contract of module `{name}` does not tell of {what}", "module", REMEDY)


def ruled_out(attributes: Unplaced, name: str, env: Env) -> bool:
    """Whether an attribute is certainly false, told without giving its parts their places in the call."""
    shared = attributes.unplaced(name)
    return evaluate(shared or attributes[name].expression, env) is False


def untold_keys(value: Value, told: Collection[str]) -> Iterator[tuple[str, Origin | None]]:
    """The keys of objects in a map or list that a contract does not take up, and where they stand."""
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    for one in inner:
        for key in one if isinstance(one, Mapping) else ():
            if key not in told:
                yield key, one.marks.get(key) if isinstance(one, Attrs) else None


class _Attributes(Unplaced):
    """The attributes of a block, each made when it is asked for: a call leaves most of what it could have out."""

    def __init__(self, builder: _Builder, kind: str, value: Mapping[str, Any], each: tuple[str, ...]) -> None:
        self._builder = builder
        self._kind = kind
        self._value = value
        self._each = each
        self._made: dict[str, Attribute] = {}
        self._trees: dict[str, tuple[Expression, FileOrigin] | None] = {}
        # Instances of the module, which last as long as its configuration does.
        self._repeated: set[int] = set()
        self._fixed: dict[tuple[str, int], dict[str, Any] | None] = {}

    def __getitem__(self, name: str) -> Attribute:
        made = self._made.get(name)
        if made is None:
            value, at = self._builder.part(self._value[name], self._each, name == "for_each")
            made = self._made[name] = attribute_of(self._kind, name, value, at)
        return made

    def get(self, name: str, default: Any = None) -> Any:
        """The attribute, or `default`: most that are asked for are not there, and cost no exception."""
        return self[name] if name in self._value else default

    def unplaced(self, name: str) -> Expression | None:
        """The expression of an attribute as all calls share it; None where there is none."""
        value = self._value.get(name)
        return None if name in REFERENCES or value is None else self._builder.by_default.tree(value)

    def at_one_place(self, name: str) -> tuple[Expression, FileOrigin] | None:
        """The expression of an attribute as all calls share it, and its place; None where its parts have others."""
        if name not in self._trees:
            text = type(self._value[name]) is str and name not in REFERENCES and self._kind != "variable"
            self._trees[name] = (self._builder.by_default.tree(self._value[name]), self.place(name)) if text else None
        return self._trees[name]

    def kept(self, key_of: InputsKey, *names: str) -> dict[str, Any] | None:
        """Where what these attributes come to is kept, if the inputs that they rest on are left out, or known."""
        return self._builder.kept.slot(self._value, names, key_of)

    def repeat(self, module: object) -> None:
        """Notes that the block has several instances in an instance of the module."""
        self._repeated.add(id(module))

    def repeated(self, module: object) -> bool:
        """Whether that was noted."""
        return id(module) in self._repeated

    def fixed(self, name: str, module: object) -> dict[str, Any] | None:
        """Where what an attribute comes to in an instance of the module is kept for all instances of the block."""
        key = (name, id(module))
        if key not in self._fixed:
            self._fixed[key] = None if self._builder.by_default.of_instance(self._value[name]) else {}
        return self._fixed[key]

    def place(self, name: str) -> FileOrigin:
        """Where the attribute stands."""
        return self._builder.place(self._value[name], self._each, name == "for_each")

    def __contains__(self, name: object) -> bool:
        return name in self._value

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)


class _Blocks(OnDemand):
    """The variables or outputs of a contract, each made when it is asked for."""

    def __init__(self, names: Mapping[str, Any], make: Callable[[str], Block]) -> None:
        self._names = names
        self._make = make
        self._made: dict[str, Block] = {}

    def __getitem__(self, name: str) -> Block:
        if name not in self._made:
            if name not in self._names:
                raise KeyError(name)
            self._made[name] = self._make(name)
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


class _Resources(Declared):
    """The resources of a contract, each made when it is asked for: of most calls, most have no instances."""

    def __init__(self, builder: _Builder) -> None:
        self._builder = builder
        self._told = _resources_of(builder.contract)
        self._made: dict[ResourceKey, Block] = {}

    def __getitem__(self, key: ResourceKey) -> Block:
        if key not in self._made:
            self._made[key] = self._builder.block(key[0], key[1:], self._told[key])
        return self._made[key]

    def __contains__(self, key: object) -> bool:
        return key in self._told

    def __iter__(self) -> Iterator[ResourceKey]:
        return iter(self._told)

    def __len__(self) -> int:
        return len(self._told)

    def live(self, key_of: InputsKey) -> Iterator[ResourceKey]:
        """Those that may have instances, given the inputs."""
        kept = self._builder.kept
        for key, slots in kept.counted(self._told):
            if not kept.has_none(slots, key_of):
                yield key


@cache
def _resources_of(contract: Contract) -> dict[ResourceKey, Mapping[str, Any]]:
    both = (("data", contract.data), ("resource", contract.resources))
    told = ((mode, *address.partition("."), value) for mode, part in both for address, value in part.items())
    return {(mode, kind, name): value for mode, kind, _, name, value in told}


@cache
def _variables_of(contract: Contract) -> Mapping[str, Any]:
    return {**dict.fromkeys(contract.required), **contract.inputs}


@cache
def _rests_of(contract: Contract) -> Rests:
    return Rests(contract)


class _Builder:
    def __init__(self, contract: Contract, call: Block) -> None:
        self.contract = contract
        self.call = call
        self.given = frozenset(call.body.attributes)
        self._rests = _rests_of(contract)
        self.by_default = by_default_of(contract)
        self.kept = kept_of(contract, self.given)
        self._places: dict[tuple[str, ...], FileOrigin] = {}

    def config(self, directory: Path) -> Config:
        contract = self.contract
        config = Config(directory, contract=f"{contract.name} {contract.seen[-1]}")
        config.variables = _Blocks(_variables_of(contract), self.variable)
        config.defaults = contract.inputs
        config.locals = _Attributes(self, "locals", contract.locals, ())
        config.resources = _Resources(self)
        for name, value in contract.calls.items():
            config.calls[name] = self.block("module", (name,), value)
        config.outputs = _Blocks(contract.outputs, self.output)
        for lack in contract.lacks:
            config.lacks.append((lack.what, _Attributes(self, "locals", {"when": lack.when}, ())))
        config.keys = contract.keys
        return config

    def variable(self, name: str) -> Block:
        """A variable, its default on the line of the call."""
        told = {"default": self.contract.inputs[name]} if name in self.contract.inputs else {}
        if name in self.contract.not_null:
            told["nullable"] = False
        return Block("variable", (name,), Body(_Attributes(self, "variable", told, ()), ()), self._place((name,)))

    def output(self, name: str) -> Block:
        """An output, on the line of the call."""
        return self.block("output", (name,), {"value": self.contract.outputs[name]})

    def block(self, kind: str, labels: tuple[str, ...], value: Mapping[str, Any]) -> Block:
        """A block of the contract, on the line of the call that decides how often it is there."""
        each = self._rests.on(value.get("for_each", ""), ())
        at = self._place(each)
        if holds_blocks(kind, value):
            return block_of(kind, labels, self.marked(value, each), at)
        return Block(kind, labels, Body(_Attributes(self, kind, value, each), ()), at)

    def part(self, value: Any, each: tuple[str, ...], repeats: bool) -> tuple[Value, FileOrigin]:
        """An attribute's value and its line, each part with a line of the call; `repeats` for a `for_each` itself."""
        inner = (self._rests.on(value, each) or each) if repeats else each
        at = self._place(self._rests.on(value, inner))
        return value if type(value) is str else self.marked(value, inner), at

    def place(self, value: Any, each: tuple[str, ...], repeats: bool) -> FileOrigin:
        """The line of an attribute alone."""
        inner = (self._rests.on(value, each) or each) if repeats else each
        return self._place(self._rests.on(value, inner))

    def marked(self, value: Any, each: tuple[str, ...]) -> Value:
        """The value with a line of the call for each part of it."""
        if isinstance(value, dict):
            inner = self._rests.on(value.get("for_each", ""), each) or each
            marks = {key: self._place(self._rests.on(item, inner)) for key, item in value.items()}
            return Attrs({key: self.marked(item, inner) for key, item in value.items()}, marks)
        if isinstance(value, list):
            marks_of = [self._place(self._rests.on(item, each)) for item in value]
            return Items([self.marked(item, each) for item in value], marks_of)
        return value  # type: ignore[no-any-return]  # a scalar of JSON

    def _place(self, names: tuple[str, ...]) -> FileOrigin:
        """The first of these arguments that the call sets, else the call itself: the module's default decides."""
        if names in self._places:
            return self._places[names]
        at = self.call.at
        for name in names:
            if name in self.given and name not in META:
                at = self.call.body.attributes[name].expression.at
                break
        self._places[names] = at
        return at
