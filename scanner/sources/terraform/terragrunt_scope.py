"""What an expression of a Terragrunt file can see here: its own locals; the rest only Terragrunt could tell."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path

from scanner.origin import FileOrigin
from scanner.sources.terraform.budget import Budget
from scanner.sources.terraform.evaluate import evaluate
from scanner.sources.terraform.files import Files
from scanner.sources.terraform.lines import references
from scanner.sources.terraform.scope import Env
from scanner.sources.terraform.syntax import Attribute, AttrStep, Expression, Step, Traversal
from scanner.sources.terraform.values import invalid
from scanner.unknown import FUNCTION_UNKNOWN, Unknown, Value, unknowns_in


class TerragruntScope:
    """The locals of one file, each evaluated when it is first asked for; functions start from its folder."""

    named: Mapping[str, Mapping[str, Value]] = {}

    def __init__(self, files: Files, folder: Path, locals_: Mapping[str, Attribute]) -> None:
        self.budget = Budget()
        self.files = files
        self.working_directory = folder
        self._locals = locals_
        self._values: dict[str, Value] = {}

    def lookup(self, traversal: Traversal, env: Env) -> tuple[Value, tuple[Step, ...]]:
        """A local of the file; an Unknown for what Terragrunt reads from elsewhere."""
        first = traversal.steps[0] if traversal.steps else None
        name = first.name if isinstance(first, AttrStep) else ""
        if traversal.root == "local" and name in self._locals:
            if name not in self._values:
                self._values[name] = invalid(f"`local.{name}` refers to itself", traversal.at)
                self._values[name] = evaluate(self._locals[name].expression, Env(self))
            return self._values[name], traversal.steps[1:]
        named = f"{traversal.root}.{name}" if name else traversal.root
        cause = f"`{named}` is known to Terragrunt alone"
        return Unknown(cause, FUNCTION_UNKNOWN, (named,), traversal.at), ()

    def inputs_key(self, names: tuple[str, ...]) -> Hashable | None:
        """None: a Terragrunt file has no variables."""
        return None

    def follow(self, whole: Unknown, name: str) -> Value:
        """The same Unknown: there are no resources here."""
        return whole

    def place(self, expression: Expression) -> FileOrigin:
        """Where the expression stands."""
        return expression.at

    def value(self, expression: Expression) -> Value:
        """The value of an expression of the file."""
        return evaluate(expression, Env(self))


def unplain(value: Value) -> Iterator[Unknown]:
    """The parts of a value that only Terragrunt could tell, each cause once."""
    seen: set[str] = set()
    for one in unknowns_in(value):
        if one.cause not in seen:
            seen.add(one.cause)
            yield one


def outside(expression: Expression) -> bool:
    """Whether an expression refers to anything but locals."""
    return any(one.root != "local" for one in references(expression))
