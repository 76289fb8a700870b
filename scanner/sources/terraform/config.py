"""A module's files merged into one configuration, overrides applied, by name."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from msgspec import Struct, field

from scanner.origin import FileOrigin
from scanner.sources.terraform.files import Files, module_files
from scanner.sources.terraform.syntax import Attribute, Block, Body, Object, literal_text
from scanner.sources.terraform.unplaced import InputsKey, Unplaced

ResourceKey: TypeAlias = tuple[str, str, str]
"""("resource", "data" or "ephemeral", type, name)"""

_LABELS = {
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "action": 2,
}


class OnDemand(Mapping[str, Block]):
    """Blocks that are made when they are asked for."""


class Declared(Mapping[ResourceKey, Block]):
    """Resources that are made when they are asked for."""

    @abstractmethod
    def live(self, key_of: InputsKey) -> Iterator[ResourceKey]:
        """Those that may have instances, given the inputs: of the others it is known that they have none."""


class Config(Struct):
    """What one directory declares; `complete` is False where one of its files could not be read.

    others: its `action`, `import`, `moved` and `removed` blocks.
    contract: the module and release whose contract it was made from, "" for what was read from files.
    lacks: what that contract does not tell of, with the condition under which the module makes it; keys: which keys
    of the objects in an input it takes up; defaults: what its variables are that a call does not set, as JSON.
    """

    directory: Path
    variables: dict[str, Block] | OnDemand = field(default_factory=dict)
    locals: dict[str, Attribute] | Unplaced = field(default_factory=dict)
    outputs: dict[str, Block] | OnDemand = field(default_factory=dict)
    resources: dict[ResourceKey, Block] | Declared = field(default_factory=dict)
    calls: dict[str, Block] = field(default_factory=dict)
    providers: dict[str, Block] = field(default_factory=dict)
    required: dict[str, Attribute] = field(default_factory=dict)
    terraform: list[Block] = field(default_factory=list)
    others: list[Block] = field(default_factory=list)
    complete: bool = True
    contract: str = ""
    lacks: list[tuple[str, Unplaced]] = field(default_factory=list)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)


def is_override(name: str) -> bool:
    """Whether a file of this name overrides what the others declare."""
    stem = name.removesuffix(".json").rsplit(".", 1)[0]
    return stem == "override" or stem.endswith("_override")


def read_config(directory: Path, files: Files) -> Config:
    """The configuration of a directory; what could not be read is noted in `files`."""
    config = Config(directory)
    paths = module_files(directory)
    for path in paths:
        other = path.with_name(path.name.replace(".tofu", ".tf")) if ".tofu" in path.name else path
        if other != path and other.is_file():
            told = f"`{files.relative(path)}` stands in for `{other.name}`"
            files.reading.assumptions[f"{told}: OpenTofu runs it, Terraform would read the other"] = None
    for override in (False, True):
        for path in paths:
            if is_override(path.name) is not override:
                continue
            body = files.body(path)
            if body is None:
                config.complete = False
                continue
            config.complete = config.complete and body.complete
            for block in body.blocks:
                _Adder(config, files, override).add(block)
    return config


def provider_key(block: Block) -> str:
    """`aws`, or `aws.gov` for a provider block with an alias."""
    alias = block.body.attributes.get("alias")
    name = literal_text(alias.expression) if alias else None
    return f"{block.labels[0]}.{name}" if name else block.labels[0]


class _Adder(Struct, frozen=True):
    config: Config
    files: Files
    override: bool

    def add(self, block: Block) -> None:
        """One top-level block."""
        if len(block.labels) != _LABELS.get(block.kind, len(block.labels)):
            self._bad(block.at, f"a `{block.kind}` block with the wrong number of labels")
            return
        match block.kind:
            case "variable":
                variables = self.config.variables
                assert isinstance(variables, dict), "what is made on demand comes from no file"
                self._put(variables, block.labels[0], block, f"var.{block.labels[0]}")
            case "output":
                outputs = self.config.outputs
                assert isinstance(outputs, dict), "what is made on demand comes from no file"
                self._put(outputs, block.labels[0], block, f"output.{block.labels[0]}")
            case "module":
                self._put(self.config.calls, block.labels[0], block, f"module.{block.labels[0]}")
            case "provider":
                key = provider_key(block)
                self._put(self.config.providers, key, block, f"provider.{key}")
            case "resource" | "data" | "ephemeral":
                kind, name = block.labels
                prefix = "" if block.kind == "resource" else f"{block.kind}."
                self._put_resource((block.kind, kind, name), block, f"{prefix}{kind}.{name}")
            case "locals":
                self._locals(block)
            case "terraform":
                self._terraform(block)
            case "action" | "import" | "moved" | "removed":
                self.config.others.append(block)
            case _:
                return

    def _put_resource(self, key: ResourceKey, block: Block, address: str) -> None:
        resources = self.config.resources
        assert isinstance(resources, dict), "what is made on demand comes from no file"
        if not self.override and key in resources:
            self._bad(block.at, f"`{address}` is declared twice")
            return
        before = resources.get(key)
        resources[key] = overridden(before, block) if before and self.override else block

    def _put(self, into: dict[str, Block], name: str, block: Block, address: str) -> None:
        if not self.override and name in into:
            self._bad(block.at, f"`{address}` is declared twice")
            return
        into[name] = overridden(into[name], block) if self.override and name in into else block

    def _locals(self, block: Block) -> None:
        told = self.config.locals
        for name, attribute in block.body.attributes.items():
            if name in told and not self.override:
                self._bad(attribute.at, f"`local.{name}` is declared twice")
            elif isinstance(told, dict):
                told[name] = attribute

    def _terraform(self, block: Block) -> None:
        for inner in block.body.blocks:
            if inner.kind == "required_providers":
                self.config.required.update(inner.body.attributes)
        backends = ("backend", "cloud")
        if self.override and any(inner.kind in backends for inner in block.body.blocks):
            self.config.terraform = [_without(one, backends) for one in self.config.terraform]
        self.config.terraform.append(block)

    def _bad(self, at: FileOrigin, cause: str) -> None:
        self.files.unread(at, cause, "document")


def _without(block: Block, kinds: tuple[str, ...]) -> Block:
    kept = tuple(inner for inner in block.body.blocks if inner.kind not in kinds)
    return Block(block.kind, block.labels, Body(block.body.attributes, kept), block.at)


def _type(block: Block) -> str:
    """What a block makes: a `dynamic "x"` makes blocks of type x."""
    return block.labels[0] if block.kind == "dynamic" and block.labels else block.kind


def overridden(base: Block, override: Block) -> Block:
    """A block with the arguments of another in place of its own; blocks of a type go together, `lifecycle` merges."""
    attributes: Mapping[str, Attribute] = {**base.body.attributes, **override.body.attributes}
    replaced = {_type(inner) for inner in override.body.blocks}
    blocks: list[Block] = []
    for inner in base.body.blocks:
        if inner.kind == "lifecycle" and "lifecycle" in replaced:
            [new, *_] = [one for one in override.body.blocks if one.kind == "lifecycle"]
            blocks.append(overridden(inner, new))
        elif _type(inner) not in replaced:
            blocks.append(inner)
    merged = any(inner.kind == "lifecycle" for inner in blocks)
    blocks.extend(one for one in override.body.blocks if not (one.kind == "lifecycle" and merged))
    return Block(base.kind, base.labels, Body(attributes, tuple(blocks)), base.at)


def source_of(config: Config, name: str) -> str:
    """The registry source of the provider with this local name, in lower case, without the public registry's host."""
    required = config.required.get(name)
    source = literal_text(required.expression) if required else None
    if required and isinstance(required.expression, Object):
        source = None
        for key, value in required.expression.items:
            if literal_text(key) == "source":
                source = literal_text(value)
    elif required:
        source = None  # the notation of Terraform 0.12: a version alone
    if source is None:
        return "terraform.io/builtin/terraform" if name == "terraform" else f"hashicorp/{name}".lower()
    for host in ("registry.terraform.io/", "registry.opentofu.org/"):
        source = source.lower().removeprefix(host)
    return source if "/" in source else f"hashicorp/{source}"
