"""What an expression can see: the module it stands in, and the names of the loops around it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct, field

from scanner.origin import FileOrigin
from scanner.sources.terraform.budget import Budget
from scanner.sources.terraform.files import Files
from scanner.sources.terraform.syntax import Expression, Step, Traversal
from scanner.sources.terraform.values import invalid
from scanner.unknown import Unknown, Value


class Scope(Protocol):
    """The names of a module."""

    @property
    def budget(self) -> Budget: ...

    @property
    def files(self) -> Files: ...

    @property
    def working_directory(self) -> Path:
        """The directory that relative paths of functions start from: the root module's."""
        ...

    def lookup(self, traversal: Traversal, env: Env) -> tuple[Value, tuple[Step, ...]]:
        """The value of the longest part of a reference that names something, and the steps that are left."""
        ...

    @property
    def named(self) -> Mapping[str, Mapping[str, Value]]:
        """What references by root and name lead to, as far as it is worked out."""
        ...

    def inputs_key(self, names: tuple[str, ...]) -> Hashable | None:
        """What variables are, as a key that is the same where they are; None where one is not known."""
        ...

    def follow(self, whole: Unknown, name: str) -> Value:
        """The attribute of a resource that stands as an Unknown with a ref."""
        ...

    def place(self, expression: Expression) -> FileOrigin:
        """The line that decides an expression, and that the reader can change."""
        ...


class Env(Struct, frozen=True):
    """A scope with the names that loops add: `each`, `count`, a dynamic block's iterator, a `for`'s variables."""

    scope: Scope
    names: Mapping[str, Value] = field(default_factory=dict)

    def having(self, names: Mapping[str, Value]) -> Env:
        """The same with more names."""
        return Env(self.scope, {**self.names, **names})


class NoNames:
    """The scope of a `.tfvars` file or a type constraint: nothing can be referred to."""

    named: Mapping[str, Mapping[str, Value]] = {}

    def __init__(self, budget: Budget, files: Files, directory: Path) -> None:
        self.budget = budget
        self.files = files
        self.working_directory = directory

    def lookup(self, traversal: Traversal, env: Env) -> tuple[Value, tuple[Step, ...]]:
        """Nothing, whatever is asked for."""
        return invalid("a reference where none is allowed", traversal.at), ()

    def inputs_key(self, names: tuple[str, ...]) -> Hashable | None:
        """None: there are no variables here."""
        return None

    def follow(self, whole: Unknown, name: str) -> Value:
        """The same Unknown: there are no resources here."""
        return whole

    def place(self, expression: Expression) -> FileOrigin:
        """Where the expression stands."""
        return expression.at
