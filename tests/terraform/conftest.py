"""Helpers: a tree of files from text, read as one root."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scanner.resource import Reading, Resource
from scanner.sources.terraform import TerraformOptions, read_root
from scanner.unknown import Value


class Tree:
    """Files below a directory, and what reading them gives."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        self.root = root
        for name, text in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def read(self, directory: str = ".", **options: object) -> Reading:
        return read_root(self.root, self.root / directory, "u", TerraformOptions(**options))  # type: ignore[arg-type]

    def resources(self, directory: str = ".", **options: object) -> dict[str, Resource]:
        return {one.address: one for one in self.read(directory, **options).resources}


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Tree]:
    def make(files: dict[str, str] | str) -> Tree:
        return Tree(tmp_path, {"main.tf": files} if isinstance(files, str) else files)

    return make


@pytest.fixture
def value_of(tree: Callable[..., Tree]) -> Callable[..., Value]:
    """The value of one expression, with more HCL beside it."""

    def evaluate(expression: str, beside: str = "", **options: object) -> Value:
        made = tree(f'{beside}\nresource "probe" "p" {{\n  value = {expression}\n}}\n')
        return made.resources(**options)["probe.p"].attrs["value"]

    return evaluate
