"""Files of variables beside a root module that nothing loads: `terraform apply -var-file=prod.tfvars` would."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.sources.terraform.files import Files, is_configuration
from scanner.sources.terraform.syntax import Expression
from scanner.sources.terraform.variables import TerraformOptions, is_automatic

MAX_FILES = 200
"""Files of one root that are looked at."""
_SUFFIXES = (".tfvars", ".tfvars.json")


def unused_values(options: TerraformOptions, directory: Path, files: Files) -> dict[str, list[Expression]]:
    """What such files set variables to, by name; nothing where the user says which files are used."""
    found: dict[str, list[Expression]] = {}
    if options.var_files:
        return found
    chosen = {name for name, _ in options.variables}
    for path in _unused(directory)[:MAX_FILES]:
        body = files.body(path) if files.inside(path) else None
        for name, attribute in body.attributes.items() if body is not None else ():
            if name not in chosen:
                found.setdefault(name, []).append(attribute.expression)
    return found


def _unused(directory: Path) -> list[Path]:
    """In the folder of the root, and in those right below it that hold no module of their own."""
    names = _names(directory)
    found = [directory / name for name in names if name.endswith(_SUFFIXES) and not is_automatic(name)]
    for name in names:
        below = directory / name
        if name.startswith(".") or not below.is_dir() or below.is_symlink():
            continue
        inner = _names(below)
        if not any(map(is_configuration, inner)):
            found.extend(below / one for one in inner if one.endswith(_SUFFIXES) and not one.startswith("."))
    return found


def _names(directory: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in os.scandir(directory))
    except OSError:
        return []
