"""One instance of a module: the names that its expressions can see, evaluated when they are first asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable, Iterator
from functools import cached_property
from pathlib import Path

from scanner.origin import FileOrigin
from scanner.sources.terraform.budget import Budget
from scanner.sources.terraform.config import Config, Declared, ResourceKey
from scanner.sources.terraform.contracts import UNTOLD
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.files import Files
from scanner.sources.terraform.instances import ResourceGroup
from scanner.sources.terraform.lines import DOWNLOADED, CallLines
from scanner.sources.terraform.module_calls import CallGroup
from scanner.sources.terraform.placed import of_json
from scanner.sources.terraform.providers import Providers
from scanner.sources.terraform.run import Run
from scanner.sources.terraform.scope import Env, NoNames
from scanner.sources.terraform.shared_value import input_key, own_value, shared_value
from scanner.sources.terraform.sizes import fits
from scanner.sources.terraform.syntax import AttrStep, Block, Expression, Step, Traversal
from scanner.sources.terraform.unplaced import Unplaced
from scanner.sources.terraform.values import invalid
from scanner.sources.terraform.variables import Told, either_value, given_value, variable_value
from scanner.unknown import PLAIN, Unknown, Value


class Module:
    """A root module (`parent` is None) or one instance of a call.

    address: empty, or `module.a["x"]`. path: the names of the calls alone, `a.b`, as modules.json has them.
    possible: the Unknown that decides whether the instance exists. lines: for a downloaded module, where its
    values are decided; None for a module whose own lines the reader can change.
    """

    def __init__(
        self,
        run: Run,
        config: Config,
        address: str = "",
        path: tuple[str, ...] = (),
        parent: Module | None = None,
        call: Block | None = None,
        call_env: Env | None = None,
        possible: Unknown | None = None,
    ) -> None:
        self.run = run
        self.budget: Budget = run.budget
        self.files: Files = run.files
        self.config = config
        self.address = address
        self.path = path
        self.parent = parent
        self.possible = possible
        self.call = call
        self.call_env = call_env
        downloaded = parent is not None and not config.contract and DOWNLOADED in config.directory.parts
        self.lines = CallLines(self) if downloaded else None
        self.env = Env(self)
        self.providers = Providers(self)
        self._bare = Env(NoNames(run.budget, run.files, config.directory))
        self._values: dict[str, Value] = {}
        # The same by root and name, for references, of which there are many more.
        self.named: dict[str, dict[str, Value]] = {"var": {}, "local": {}}
        self._keys: dict[tuple[str, ...], Hashable | None] = {}
        self._tells: dict[str, Hashable | None] = {}
        self._evaluating: set[str] = set()
        self._resources: dict[ResourceKey, ResourceGroup] = {}
        self._calls: dict[str, CallGroup] = {}

    @property
    def working_directory(self) -> Path:
        """The root module's directory."""
        return self.run.directory

    def place(self, expression: Expression) -> FileOrigin:
        """The line that decides an expression of this module, and that the reader can change."""
        return expression.at if self.lines is None else self.lines.of(expression)

    def inside(self, name: str) -> str:
        """The address of something in this module."""
        return f"{self.address}.{name}" if self.address else name

    # Names

    def lookup(self, traversal: Traversal, env: Env) -> tuple[Value, tuple[Step, ...]]:
        """The value that the first steps of a reference name, and the steps that are left."""
        root, steps = traversal.root, traversal.steps
        if root in self.named and steps and isinstance(steps[0], AttrStep):
            known, name = self.named[root], steps[0].name
            if name in known:
                return known[name], steps[1:]
            return self.variable(name, traversal) if root == "var" else self.local(name, traversal), steps[1:]
        names = [step.name if isinstance(step, AttrStep) else None for step in steps[:2]]
        first = names[0] if names else None
        if first is None:
            return self._undeclared(root, traversal), ()
        if root == "module":
            if first not in self.config.calls:
                return self._undeclared(f"module.{first}", traversal), ()
            return self.called(first).lookup(steps[1:], env)
        if root in ("path", "terraform", "tofu"):
            return self._fixed(root, first, traversal), steps[1:]
        if root in ("data", "ephemeral"):
            second = names[1] if len(names) > 1 else None
            if second is None:
                return self._undeclared(f"{root}.{first}", traversal), ()
            return self._resource((root, first, second), steps[2:], traversal, env)
        if root == "resource" and len(names) > 1 and names[1] is not None:
            return self._resource(("resource", first, names[1]), steps[2:], traversal, env)
        return self._resource(("resource", root, first), steps[1:], traversal, env)

    def _resource(
        self, key: ResourceKey, steps: tuple[Step, ...], traversal: Traversal, env: Env
    ) -> tuple[Value, tuple[Step, ...]]:
        if key not in self.config.resources:
            prefix = "" if key[0] == "resource" else f"{key[0]}."
            return self._undeclared(f"{prefix}{key[1]}.{key[2]}", traversal), ()
        return self.resource(key).value(), steps

    def _undeclared(self, name: str, traversal: Traversal) -> Unknown:
        if not self.config.complete:
            cause = f"`{name}` is not declared in the files that could be read"
            return Unknown(cause, decided_by=(self.inside(name),), origin=traversal.at)
        return invalid(f"`{name}` is not declared", traversal.at)

    def _fixed(self, root: str, name: str, traversal: Traversal) -> Value:
        if root == "path":
            here, start = self.config.directory, self.run.directory
            places = {"module": os.path.relpath(here, start), "root": ".", "cwd": str(start)}
            if name in places:
                return Path(places[name]).as_posix()
        elif name == "workspace":
            told = self.run.options.workspace
            cause = "which workspace `terraform.workspace` is depends on the run: `--workspace` tells it"
            return told or Unknown(cause, decided_by=("terraform.workspace",), origin=traversal.at)
        elif name == "applying":
            return Unknown(
                f"`{root}.{name}` differs between plan and apply", origin=traversal.at, options=(False, True)
            )
        return self._undeclared(f"{root}.{name}", traversal)

    def follow(self, whole: Unknown, name: str) -> Value:
        """An attribute of the resource, or of the attribute, that an Unknown refers to."""
        return self.run.follow(whole, name)

    # Values, each evaluated once

    def _once(self, name: str, traversal: Traversal | None, compute: Callable[[], Value]) -> Value:
        if name in self._values:
            return self._values[name]
        if name in self._evaluating:
            return invalid(f"`{self.inside(name)}` refers to itself", traversal.at if traversal else None)
        self._evaluating.add(name)
        # What fails in there fails there: a `try` around a reference to it does not catch that.
        before = self.budget.apart()
        try:
            value = compute()
        finally:
            self.budget.back(before)
            self._evaluating.discard(name)
        if type(value) not in PLAIN and not fits(value):
            value = Unknown(f"`{self.inside(name)}` is too large", decided_by=(self.inside(name),))
        self._values[name] = value
        root, _, own = name.partition(".")
        if root in self.named:
            self.named[root][own] = value
        return value

    def local(self, name: str, traversal: Traversal | None = None) -> Value:
        """The value of a local."""
        if name not in self.config.locals:
            return self._undeclared(f"local.{name}", traversal) if traversal else None
        return self._once(f"local.{name}", traversal, lambda: self._local(name))

    def _local(self, name: str) -> Value:
        held = self.config.locals
        if isinstance(held, Unplaced):  # of a contract, it may be the same for other calls
            value, _ = shared_value(held, name, self.env)
            return value
        return evaluate(held[name].expression, self.env)

    def variable(self, name: str, traversal: Traversal) -> Value:
        """The value of a variable."""
        if self.call is not None and name in self.config.defaults and not self._is_given(name):
            default = self.named["var"][name] = of_json(self.config.defaults[name], self.call.at)
            return default
        if self.config.contract and name in self.config.variables:
            return self.input(name)
        block = self.config.variables.get(name)
        if block is None and self.config.contract:
            return Unknown(UNTOLD, decided_by=(self.address,), origin=traversal.at)
        if block is None:
            return self._undeclared(f"var.{name}", traversal)
        return self._once(f"var.{name}", traversal, lambda: self._variable(name, block))

    def _is_given(self, name: str) -> bool:
        return self.call is None or self.call_env is None or name in self.call.body.attributes

    def input(self, name: str) -> Value:
        """The value of a variable that is declared."""
        key = f"var.{name}"
        if key in self._values:
            return self._values[key]
        return self._once(key, None, lambda: self._as_given(name))

    def _as_given(self, name: str) -> Value:
        """An input, as the call sets it, if all that a contract tells of it is its default."""
        held = self.call.body.attributes if self.call and self.config.contract else {}
        if self.call_env is not None and name in held:
            if isinstance(held, Unplaced):
                value, _ = own_value(held, name, self.call_env)
            else:
                value = evaluate(held[name].expression, self.call_env)
            if value is not None and not (isinstance(value, Unknown) and value.options):
                return value  # of null alone the default may be made
        return self._variable(name, self.config.variables[name])

    def inputs_key(self, names: tuple[str, ...]) -> Hashable | None:
        """What variables are, as a key that is the same where they are; None where one is not known."""
        if names not in self._keys:
            for name in names:
                if name not in self._tells:
                    self._tells[name] = input_key(name, self.input)
            told = tuple([self._tells[name] for name in names])
            self._keys[names] = None if None in told else told
        return self._keys[names]

    def _variable(self, name: str, block: Block) -> Value:
        is_set, value = self._input(name, block)
        address = self.inside(f"var.{name}")
        found = variable_value(block, address, value, is_set, self._bare)
        others = self.run.unused.get(name) if self.parent is None else None
        if not others or isinstance(self.run.given.get(name), Told):
            return found
        told = [variable_value(block, address, evaluate(one, self._bare), True, self._bare) for one in others]
        return either_value([found, *told], block, address, others[0].at)

    def _input(self, name: str, block: Block) -> tuple[bool, Value]:
        if self.parent is None:
            if name not in self.run.given:
                return False, None
            return True, given_value(self.run.given[name], block, self._bare)
        argument = self.call.body.attributes.get(name) if self.call else None
        if argument is None or self.call_env is None:
            return False, None
        return True, evaluate(argument.expression, self.call_env)

    def output(self, name: str) -> Value:
        """The value of an output, for the module that calls this one."""
        block = self.config.outputs.get(name)
        if block is None:
            if not self.config.complete:
                return Unknown("an output of a module that could not be read whole", decided_by=(self.address,))
            if self.config.contract:
                return Unknown(f"`{self.address}.{name}` is not in the module's contract", decided_by=(self.address,))
            return invalid(f"`{self.address}` has no output `{name}`", None)
        attribute = block.body.attributes.get("value")
        if attribute is None:
            return invalid(f"the output `{name}` has no value", block.at)
        return self._once(f"output.{name}", None, lambda: evaluate(attribute.expression, self.env))

    def live(self) -> Iterable[ResourceKey]:
        """The resources and data sources, but those of a contract that certainly have no instances."""
        resources = self.config.resources
        return resources.live(self.inputs_key) if isinstance(resources, Declared) else resources

    def resource(self, key: ResourceKey) -> ResourceGroup:
        """The instances of a resource or data source."""
        if key not in self._resources:
            self._resources[key] = ResourceGroup(self, key, self.config.resources[key])
        return self._resources[key]

    def called(self, name: str) -> CallGroup:
        """The instances of a module call."""
        if name not in self._calls:
            self._calls[name] = CallGroup(self, name, self.config.calls[name])
        return self._calls[name]

    @cached_property
    def chain(self) -> tuple[tuple[str, FileOrigin], ...]:
        """The calls that lead here, outermost first: the address of each instance, and where it is called."""
        if self.parent is None or self.call is None:
            return ()
        return (*self.parent.chain, (self.address, self.call.at))

    def ancestors(self) -> Iterator[Module]:
        """This module and those that call it, innermost first."""
        found: Module | None = self
        while found is not None:
            yield found
            found = found.parent
