"""What all modules of one root share."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from scanner.origin import FileOrigin
from scanner.sources.terraform.budget import Budget
from scanner.sources.terraform.config import Config, read_config
from scanner.sources.terraform.files import Files
from scanner.sources.terraform.lines import DOWNLOADED
from scanner.sources.terraform.manifest import entries_of
from scanner.sources.terraform.syntax import Expression
from scanner.sources.terraform.unused import unused_values
from scanner.sources.terraform.values import merged
from scanner.sources.terraform.variables import Given, TerraformOptions
from scanner.unknown import Ref, Unknown, Value

if TYPE_CHECKING:
    from scanner.sources.terraform.instances import ResourceInstance


class Run:
    """One root being read: its directory, its files, and every instance by its address."""

    def __init__(
        self, files: Files, directory: Path, unit: str, options: TerraformOptions, given: Mapping[str, Given]
    ) -> None:
        self.files = files
        self.directory = directory
        self.unit = unit
        self.options = options
        self.given = given
        self.budget = Budget()
        self.instances: dict[str, ResourceInstance] = {}
        self._configs: dict[Path, Config] = {}
        self._crowded: set[FileOrigin] = set()

    def config(self, directory: Path) -> Config:
        """The configuration of a directory, read once."""
        if directory not in self._configs:
            self._configs[directory] = read_config(directory, self.files)
        return self._configs[directory]

    @cached_property
    def downloads(self) -> Path:
        """Where modules of other places would be."""
        return self.directory / DOWNLOADED / "modules"

    @cached_property
    def installed(self) -> Value:
        """What `terraform init` has written down of the modules that it fetched, read once."""
        return entries_of(self.directory, self.files)

    @cached_property
    def unused(self) -> Mapping[str, list[Expression]]:
        """What files of variables that nothing loads set the root module's variables to."""
        return unused_values(self.options, self.directory, self.files)

    def crowded(self, at: FileOrigin) -> bool:
        """Whether a call is the first at its place that there was no room for."""
        first = at not in self._crowded
        self._crowded.add(at)
        return first

    def follow(self, whole: Unknown, name: str) -> Value:
        """An attribute of what an Unknown refers to: what is written for it, else an Unknown that refers to it."""
        if whole.ref is None:
            return merged([whole])
        if not whole.ref.attribute and whole.ref.address in self.instances:
            return self.instances[whole.ref.address].attribute(name)
        path = f"{whole.ref.attribute}.{name}" if whole.ref.attribute else name
        return replace(
            whole, ref=Ref(whole.ref.address, path), pieces=(), document=None, options=(), origin=whole.origin
        )
