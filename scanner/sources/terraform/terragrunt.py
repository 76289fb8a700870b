"""Terragrunt: units whose module is here or has a contract, with the inputs that are plain; nothing is run."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from scanner.origin import FileOrigin
from scanner.resource import Reading
from scanner.sources.terraform.budget import deep_recursion
from scanner.sources.terraform.config import Config
from scanner.sources.terraform.contracted import contracted, untold
from scanner.sources.terraform.contracts import REMEDY, contract_for
from scanner.sources.terraform.files import Files, module_files
from scanner.sources.terraform.module_calls import is_local
from scanner.sources.terraform.parsed import Parsed
from scanner.sources.terraform.read import declared_by
from scanner.sources.terraform.run import Run
from scanner.sources.terraform.syntax import Attribute, Block, Body, Expression, Object, literal_text
from scanner.sources.terraform.terragrunt_scope import TerragruntScope, unplain
from scanner.sources.terraform.variables import Given, TerraformOptions, Told, given
from scanner.unknown import Unknown, Value

UNIT = "terragrunt.hcl"
NOT_READ = frozenset({"terragrunt.stack.hcl", "terragrunt.hcl.json", "terragrunt.stack.hcl.json"})
ADVICE = "scan a plan of the unit (`terragrunt run plan`, `terraform show -json`)"
_NAMED: Mapping[str, str] = {
    "include": "what it includes, inputs and configuration, is not scanned",
    "dependency": "what it reads of another unit is not scanned",
    "generate": "the file that it writes into the module is not scanned",
    "feature": "what it switches is not scanned",
    "extra_arguments": "the arguments that it adds, variables among them, are not scanned",
    "before_hook": "the command that it runs is not scanned",
    "after_hook": "the command that it runs is not scanned",
    "error_hook": "the command that it runs is not scanned",
}
_SETS_VARIABLES = ("include", "extra_arguments")


class TerragruntUnit(Struct, frozen=True):
    """One `terragrunt.hcl`: where it stands, what it says, and its module's folder where that is below the root."""

    path: Path
    body: Body
    files: Files
    scope: TerragruntScope
    module: Path | None

    @property
    def folder(self) -> Path:
        """The folder that the unit stands in."""
        return self.path.parent

    def blocks(self) -> Iterator[Block]:
        """Its blocks, and those in its `terraform` block."""
        for block in self.body.blocks:
            yield block
            if block.kind == "terraform":
                yield from block.body.blocks

    @property
    def source(self) -> Attribute | None:
        """The `source` of its `terraform` block."""
        found = (block.body.attributes.get("source") for block in self.body.blocks if block.kind == "terraform")
        return next((one for one in found if one is not None), None)


def terragrunt_units(
    root: Path, paths: Sequence[Path], reading: Reading, syntax: Parsed | None = None
) -> list[TerragruntUnit]:
    """The units among `paths`, which are relative to `root`; what is not read at all is noted in `reading`."""
    files = Files(root, reading, syntax)
    found = []
    for path in paths:
        if path.name in NOT_READ:
            files.unread(FileOrigin(path.as_posix(), 1), "a file of Terragrunt that is not scanned", "foreign", ADVICE)
        elif path.name == UNIT and (body := files.body(files.root / path)) is not None:
            found.append(_unit(files, files.root / path, body))
    return found


def _unit(files: Files, path: Path, body: Body) -> TerragruntUnit:
    locals_ = {
        name: one for block in body.blocks if block.kind == "locals" for name, one in block.body.attributes.items()
    }
    scope = TerragruntScope(files, path.parent, locals_)
    unit = TerragruntUnit(path, body, files, scope, None)
    if unit.source is None:
        module = path.parent if module_files(path.parent) else None
    else:
        source = scope.value(unit.source.expression)
        module = _local(files, path.parent, source) if isinstance(source, str) else None
    return TerragruntUnit(path, body, files, scope, module)


def _local(files: Files, folder: Path, source: str) -> Path | None:
    """The folder that a local source names; Terragrunt's `//` only says how much of it is copied."""
    if not is_local(source):
        return None
    found = Path(os.path.normpath(folder / source.replace("//", "/")))
    return found if files.inside(found) and module_files(found) else None


def read_unit(one: TerragruntUnit, unit: str, options: TerraformOptions) -> Reading:
    """What the module of a unit makes of its inputs. What only Terragrunt could tell is noted, and unknown."""
    reading = Reading()
    files = Files(one.files.root, reading, options.syntax)
    reading.inputs.update(one.files.reading.inputs)
    with deep_recursion():
        open_ = _notes(one, files)
        inputs = _inputs(one, files)
        found = _config(one, files, inputs)
        if found is None:
            return reading
        directory, config = found
        told: dict[str, Given] = {}
        if open_ is not None:
            told = {name: Told(_may_be_set(name, open_)) for name in config.variables}
        if open_ is None or open_.kind == "include":  # arguments of the command line are stronger than inputs
            told.update({name: Told(value) for name, (value, _) in inputs.items()})
        for folder in dict.fromkeys((directory, one.folder)):
            told.update(given(options, folder, files))
        run = Run(files, directory, unit, options, told)
        reading.resources.extend(declared_by(run, config))
    return reading


def _notes(one: TerragruntUnit, files: Files) -> Block | None:
    """Notes what of the unit only Terragrunt does; the block, if any, that may set other variables."""
    open_: Block | None = None
    for block in one.blocks():
        if block.kind in _NAMED:
            files.unread(block.at, f"`{block.kind}` of Terragrunt: {_NAMED[block.kind]}", "foreign", ADVICE)
        if block.kind in _SETS_VARIABLES:
            open_ = block if open_ is None or block.kind == "extra_arguments" else open_
    return open_


def _may_be_set(name: str, block: Block) -> Unknown:
    return Unknown(
        f"`var.{name}` may be set by `{block.kind}` of Terragrunt", decided_by=(f"var.{name}",), origin=block.at
    )


def _inputs(one: TerragruntUnit, files: Files) -> dict[str, tuple[Value, Expression]]:
    """Each input's value and expression; those that are not plain are noted."""
    attribute = one.body.attributes.get("inputs")
    if attribute is None:
        return {}
    if not isinstance(attribute.expression, Object):
        cause = "`inputs` is put together by an expression: which inputs there are is not told"
        files.unread(attribute.expression.at, cause, "foreign", ADVICE)
    whole = one.scope.value(attribute.expression)
    result: dict[str, tuple[Value, Expression]] = {}
    if isinstance(attribute.expression, Object):
        for key, expression in attribute.expression.items:
            name = literal_text(key)
            if name is not None:
                result[name] = (one.scope.value(expression), expression)
    elif isinstance(whole, Mapping):
        result = {name: (value, attribute.expression) for name, value in whole.items()}
    for name, (value, expression) in result.items():
        for unknown in unplain(value):
            at = unknown.origin or expression.at
            files.unread(at, f"the input `{name}` of Terragrunt is not plain: {unknown.cause}", "foreign", ADVICE)
    return result


def _config(
    one: TerragruntUnit, files: Files, inputs: Mapping[str, tuple[Value, Expression]]
) -> tuple[Path, Config] | None:
    """The module of a unit, and the folder that it runs in; None where it is not to be had, which is noted."""
    if one.module is not None:
        from scanner.sources.terraform.config import read_config

        if one.module != one.folder and module_files(one.folder):
            origin = FileOrigin(files.relative(one.path), 1)
            files.unread(
                origin, "files beside a unit of Terragrunt, laid over its module, are not scanned", "foreign", ADVICE
            )
        return one.module, read_config(one.module, files)
    source = one.source
    if source is None:
        origin = FileOrigin(files.relative(one.path), 1)
        files.unread(
            origin,
            "Terragrunt's file has no module of its own: what it gives to others is not scanned",
            "foreign",
            ADVICE,
        )
        return None
    value = one.scope.value(source.expression)
    at = source.expression.at
    address, version = _published(value) if isinstance(value, str) else ("", "")
    agreed = contract_for(address, version) if address else ""
    if isinstance(agreed, str):
        shown = value if isinstance(value, str) else value.cause if isinstance(value, Unknown) else "no text"
        why = f"; {agreed}" if agreed else ""
        files.unread(at, f"the module of a Terragrunt unit ({shown}) is not on disk{why}", "module", REMEDY)
        return None
    attributes = {name: Attribute(name, expression, expression.at) for name, (_, expression) in inputs.items()}
    call = Block("module", ("terragrunt",), Body(attributes, ()), at)
    for argument in untold(agreed, call):
        cause = f"the contract of {agreed.name} does not tell what its input `{argument.name}` does"
        files.unread(argument.expression.at, cause, "module", ADVICE)
    seen = " and ".join(agreed.seen)
    told = f"`{files.relative(one.path)}`: its contract, read from {agreed.name} {seen}, tells what the module makes"
    files.reading.assumptions[told] = None
    return one.folder, contracted(agreed, call, one.folder)


def _published(source: str) -> tuple[str, str]:
    """The registry address and version of `tfr://HOST/A/B/C?version=V`; any other source as it is."""
    if not source.startswith("tfr://"):
        return source, ""
    host, _, rest = source.removeprefix("tfr://").partition("/")
    address, _, version = rest.partition("?version=")
    return (f"{host}/{address}" if host else address), version
