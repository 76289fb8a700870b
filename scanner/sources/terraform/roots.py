"""Which directories are root modules."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from scanner.resource import Reading
from scanner.sources.terraform.config import Config, read_config
from scanner.sources.terraform.files import Files, is_configuration
from scanner.sources.terraform.module_calls import is_local
from scanner.sources.terraform.parsed import Parsed
from scanner.sources.terraform.syntax import literal_text


def find_roots(root: Path, files: Sequence[Path], syntax: Parsed | None = None) -> list[Path]:
    """The directories among those of `files` that are root modules: no other directory calls them.

    files: absolute, or relative to `root`. Where directories call each other in a ring that nobody calls from outside,
    the first by name is a root.
    """
    paths = [root / path for path in files if is_configuration(path.name)]
    directories = {path.parent for path in paths if ".terraform" not in path.parts}
    by_real = {os.path.realpath(directory): directory for directory in sorted(directories)}
    calls = {real: _called(directory, root, syntax) & by_real.keys() - {real} for real, directory in by_real.items()}
    called = {target for targets in calls.values() for target in targets}
    roots = [real for real in by_real if real not in called]
    reached = _reach(roots, calls)
    for real in sorted(by_real):
        if real not in reached:
            roots.append(real)
            reached |= _reach([real], calls)
    return sorted(by_real[real] for real in roots)


def signature(directory: Path, root: Path, syntax: Parsed | None = None) -> frozenset[str]:
    """What a directory declares itself, as a plan names it: resources, data sources and module calls."""
    return signature_of(configuration(directory, root, syntax))


def configuration(directory: Path, root: Path, syntax: Parsed | None = None) -> Config:
    """What a directory declares, by itself; what cannot be read in it is noted where it is read for its values."""
    return read_config(directory, Files(root, Reading(), syntax))


def signature_of(config: Config) -> frozenset[str]:
    """What a configuration declares itself, as a plan names it."""
    declared = {
        f"{'data.' if mode == 'data' else ''}{kind}.{name}"
        for mode, kind, name in config.resources
        if mode != "ephemeral"  # of which no plan and no state has anything
    }
    return frozenset(declared | {f"module.{name}" for name in config.calls})


def _called(directory: Path, root: Path, syntax: Parsed | None) -> set[str]:
    """The real paths of the local modules that a directory calls; a file that cannot be read calls none."""
    config = read_config(directory, Files(root, Reading(), syntax))
    targets: set[str] = set()
    for block in config.calls.values():
        attribute = block.body.attributes.get("source")
        source = literal_text(attribute.expression) if attribute else None
        if source is not None and is_local(source):
            targets.add(os.path.realpath(directory / source))
    return targets


def _reach(start: Iterable[str], calls: dict[str, set[str]]) -> set[str]:
    found: set[str] = set()
    stack = list(start)
    while stack:
        one = stack.pop()
        if one not in found:
            found.add(one)
            stack.extend(calls[one])
    return found
