"""Calls of modules: where the module is on disk, its instances, and its outputs as references see them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scanner.resource import Resource
from scanner.sources.terraform.blocks import body_value
from scanner.sources.terraform.budget import MAX_MODULE_DEPTH, MAX_MODULES
from scanner.sources.terraform.config import Config
from scanner.sources.terraform.contracts import REMEDY
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.expand import Expansion, Instance, expand
from scanner.sources.terraform.manifest import installed
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import AttrStep, Block, IndexStep, Step, literal_text
from scanner.sources.terraform.values import invalid
from scanner.unknown import INVALID, MODULE_NOT_LOADED, Unknown, Value

if TYPE_CHECKING:
    from scanner.sources.terraform.module import Module

_META = ("count", "for_each", "providers", "depends_on")


def is_local(source: str) -> bool:
    """Whether a module source is a path beside the calling module."""
    return source in (".", "..") or source.startswith(("./", "../"))


class Outputs(Mapping[str, Value]):
    """A module instance as a value: its outputs, each evaluated when it is asked for."""

    def __init__(self, module: Module) -> None:
        self._module = module

    def __getitem__(self, name: str) -> Value:
        if name not in self._module.config.outputs and not self._module.config.contract:
            raise KeyError(name)
        return self._module.output(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._module.config.outputs)

    def __len__(self) -> int:
        return len(self._module.config.outputs)


class CallGroup:
    """All instances of one module call; `modules` is empty where the module could not be loaded."""

    def __init__(self, caller: Module, name: str, block: Block) -> None:
        self.caller = caller
        self.name = name
        self.block = block
        self.missing: Unknown | None = None
        # Whether it is the one that tells of a call that there is no room for; None as long as there is room.
        self.crowded: bool | None = None
        self.contract: Config | None = None
        self._expansion: Expansion | None = None
        self._expanding = False
        self._modules: dict[str, Module] = {}

    @property
    def address(self) -> str:
        """The address without a key."""
        return self.caller.inside(f"module.{self.name}")

    def expansion(self) -> Expansion | None:
        """The instances; None while they are being determined, which is a reference to itself."""
        if self._expansion is None and not self._expanding:
            self._expanding = True
            before = self.caller.budget.apart()
            try:
                self._expansion = expand(self.block.body, self.caller.env)
            finally:
                self.caller.budget.back(before)
                self._expanding = False
        return self._expansion

    @cached_property
    def directory(self) -> Path | None:
        """Where the module is; None (and `missing` set, and the reason noted) where it is not to be had."""
        attribute = self.block.body.attributes.get("source")
        source = literal_text(attribute.expression) if attribute else None
        run = self.caller.run
        if source is None:
            value = evaluate(attribute.expression, self.caller.env) if attribute else None
            source = value if isinstance(value, str) else None
        if source is None:
            return self._lost("has a source that is not known", "module", INVALID)
        if not is_local(source):
            version = self.block.body.attributes.get("version")
            asked = evaluate(version.expression, self.caller.env) if version else None
            wanted = asked if isinstance(asked, str) else ""
            path = (*self.caller.path, self.name)
            found = installed(run.installed, run.directory, path, source, wanted, run.files)
            if found is not None:
                return found
            self._agreed(source, wanted)
            return None
        found = Path(os.path.normpath(self.caller.config.directory / source))
        if not run.files.inside(found):
            return self._lost(f"({source}) lies outside of what is scanned", "link", MODULE_NOT_LOADED)
        if not found.is_dir():
            return self._lost(f"({source}) is not on disk", "module", MODULE_NOT_LOADED)
        return self._unless_cyclic(found)

    def _agreed(self, source: str, wanted: str) -> None:
        """Takes the contract of a module that is not on disk; notes what it does not tell, or that there is none."""
        from scanner.sources.terraform.contracted import contracted, untold
        from scanner.sources.terraform.contracts import contract_for

        run = self.caller.run
        agreed = contract_for(source, wanted)
        if isinstance(agreed, str):
            named = f" {wanted.strip()}" if wanted else ""
            why = f"; {agreed}" if agreed else ""
            self._lost(f"({source}{named}) is not on disk{why}", "module", MODULE_NOT_LOADED, REMEDY)
            return
        # Behind `./`, no name that JSON may give it is a path of its own.
        folder = run.downloads / f"./{'.'.join((*self.caller.path, self.name))}"
        self.contract = contracted(agreed, self.block, folder)
        seen = " and ".join(agreed.seen)
        told = (
            f"module `{self.address}` is not on disk: its contract, read from {agreed.name} {seen}, tells what it makes"
        )
        run.files.reading.assumptions[told] = None
        for argument in untold(agreed, self.block):
            cause = f"the contract of module `{self.name}` does not tell what its input `{argument.name}` does"
            run.files.unread(argument.expression.at, cause, "module", REMEDY)

    def _unless_cyclic(self, found: Path) -> Path | None:
        chain = list(self.caller.ancestors())
        if any(os.path.realpath(one.config.directory) == os.path.realpath(found) for one in chain):
            return self._lost("calls itself, directly or through others", "module", INVALID)
        if len(chain) >= MAX_MODULE_DEPTH:
            return self._lost(f"is nested more than {MAX_MODULE_DEPTH} modules deep", "module", INVALID)
        return found

    def _lost(self, what: str, kind: str, code: str, remedy: str = "") -> Path | None:
        """Notes why the module is not to be had; always None, for the caller to return."""
        attribute = self.block.body.attributes.get("source")
        at = self.caller.place(attribute.expression) if attribute else self.block.at
        cause = f"module `{self.name}` {what}"
        self.missing = Unknown(cause, code, (self.address,), at)
        self.caller.run.files.unread(at, cause, kind, remedy)
        return None

    def module(self, instance: Instance, ahead: bool = False) -> Module | None:
        """The module of one instance, None where it could not be loaded; `ahead` in the walk over all calls."""
        from scanner.sources.terraform.module import Module

        address = self.address + instance.suffix()
        if address not in self._modules and not self.caller.budget.module_fits(0, ahead, count=False):
            self._one_too_many(ahead)
            return None
        directory = self.directory
        config = self.contract if directory is None else self.caller.run.config(directory)
        if config is None:
            return None
        if address not in self._modules:
            if not self.caller.budget.module_fits(len(config.resources), ahead):
                self._one_too_many(ahead)
                return None
            self._modules[address] = Module(
                self.caller.run,
                config,
                address,
                (*self.caller.path, self.name),
                self.caller,
                self.block,
                self.caller.env.having(instance.names),
                instance.possible or self.caller.possible,
            )
            if config.contract:
                from scanner.sources.terraform.contracted import note_lacking

                note_lacking(self._modules[address], self.name, self.block.at)
        return self._modules[address]

    def _one_too_many(self, ahead: bool) -> None:
        """Notes that the root has no room for one more module, once for each place of a call."""
        cause = f"module `{self.name}` is not read: the root makes more than {MAX_MODULES:,} instances of modules"
        self.missing = Unknown(cause, MODULE_NOT_LOADED, (self.address,), self.block.at)
        self.crowded = self.caller.run.crowded(self.block.at) if ahead else self.crowded
        if self.crowded:
            self.caller.run.files.unread(self.block.at, cause, "module", "scan the modules by themselves")

    def lookup(self, steps: tuple[Step, ...], env: Env) -> tuple[Value, tuple[Step, ...]]:
        """The value that steps behind `module.name` lead to, only the outputs that they name evaluated."""
        expansion = self.expansion()
        if expansion is None:
            return invalid(f"`{self.address}` refers to itself", self.block.at), ()
        if self.directory is None and self.missing is not None:
            return self.missing, ()
        chosen, rest = self._chosen(expansion, steps, env)
        if chosen is None:
            return self._whole(expansion), steps
        module = self.module(chosen)
        if module is not None and rest and isinstance(rest[0], AttrStep):
            return self._certain(module.output(rest[0].name), chosen), rest[1:]
        return self._instance(chosen), rest

    def _certain(self, value: Value, chosen: Instance) -> Value:
        """An output of an instance that stands for all: its value is not theirs."""
        if chosen.any_key and chosen.possible is not None and not isinstance(value, Unknown):
            return Unknown(chosen.possible.cause, decided_by=chosen.possible.decided_by, origin=chosen.possible.origin)
        return value

    def _chosen(
        self, expansion: Expansion, steps: tuple[Step, ...], env: Env
    ) -> tuple[Instance | None, tuple[Step, ...]]:
        if expansion.mode == "single":
            return expansion.instances[0], steps
        if expansion.mode == "open":
            skipped = steps[1:] if steps and isinstance(steps[0], IndexStep) else steps
            return expansion.instances[-1], skipped
        if not steps or not isinstance(steps[0], IndexStep):
            return None, steps
        key = evaluate(steps[0].key, env)
        found = [one for one in expansion.instances if str(one.key) == str(key)]
        return (found[0], steps[1:]) if found and not isinstance(key, Unknown) else (None, steps)

    def _instance(self, instance: Instance) -> Value:
        module = self.module(instance)
        return Outputs(module) if module is not None else self.missing

    def _whole(self, expansion: Expansion) -> Value:
        if expansion.mode == "count":
            return [self._instance(one) for one in expansion.instances]
        return {str(one.key): self._instance(one) for one in expansion.instances}

    def resource(self, instance: Instance) -> Resource:
        """The call itself as a Resource, for a module that could not be loaded: of one that is told by contract, with
        the inputs that its contract does not take up.
        """
        env = self.caller.env.having(instance.names)
        told = self.contract.variables if self.contract is not None else {}
        return Resource(
            address=self.address + instance.suffix(),
            unit=self.caller.run.unit,
            kind="module",
            name=self.name,
            attrs=body_value(self.block.body, env, (*_META, *told)),
            origin=self.block.at,
            source="terraform",
            possible=instance.possible or self.caller.possible,
            calls=self.caller.chain,
            default_of=self.contract.contract if self.contract is not None else "",
        )
