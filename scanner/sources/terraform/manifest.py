"""`.terraform/modules/modules.json`: where `terraform init` has put the modules that are not beside the code."""

from __future__ import annotations

import os
from pathlib import Path

from scanner.patterns import lazy
from scanner.resource import dig
from scanner.sources.terraform.files import Files, Unreadable, decode
from scanner.sources.terraform.functions.encoding import json_value
from scanner.sources.terraform.syntax import SyntaxFault
from scanner.sources.terraform.values import Refused, is_list
from scanner.unknown import Value

_EXACT = lazy(r"=?\s*(\d+(?:\.\d+)*(?:-[\w.]+)?)\s*")


def installed(
    entries: Value, root_module: Path, path: tuple[str, ...], source: str, version: str, files: Files
) -> Path | None:
    """The directory of a module call, None where it is not installed, has changed since, or lies out of the root."""
    for entry in entries if is_list(entries) else ():
        directory = dig(entry, "Dir")
        if dig(entry, "Key") != ".".join(path) or not isinstance(directory, str):
            continue
        if not _same_source(dig(entry, "Source"), source) or not _same_version(dig(entry, "Version"), version):
            continue
        found = Path(os.path.normpath(root_module / directory))
        if files.inside(found) and found.is_dir():
            return found
    return None


def entries_of(root_module: Path, files: Files) -> Value:
    """What `terraform init` has written down for a root module; None where it has not, or it cannot be read."""
    try:
        text = decode(files.read(root_module / ".terraform" / "modules" / "modules.json"))
        return dig(json_value(text), "Modules")
    except (Unreadable, SyntaxFault, Refused):
        return None


def _same_source(recorded: Value, written: str) -> bool:
    if not isinstance(recorded, str):
        return False
    hosts = ("registry.terraform.io/", "registry.opentofu.org/")
    for host in hosts:
        recorded, written = recorded.removeprefix(host), written.removeprefix(host)
    return recorded == written


def _same_version(recorded: Value, constraint: str) -> bool:
    """Whether what is installed can be what is asked for: an exact version has to be the same."""
    exact = _EXACT.fullmatch(constraint)
    return exact is None or recorded == exact.group(1)
