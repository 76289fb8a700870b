"""The rules that ship with Tether, and those of a folder that the user names: loaded by path, never discovered."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

from scanner.errors import UsageError
from scanner.findings import COMMITMENTS, SEVERITIES
from scanner.rule import Rule
from scanner.tables import tables_dir

SECTIONS = ("Why it matters", "How to fix", "What it cannot see")
"""The headings that every rule's docstring has, in this order, each underlined."""


class RuleError(UsageError):
    """A rule file that is not a rule; the message names the file."""


def rules_dir() -> Path:
    """The folder of the shipped rules: inside the installed package, or the checkout's `rules/`."""
    return tables_dir().parent


@cache
def rules(extra: tuple[Path, ...] = ()) -> tuple[Rule, ...]:
    """Every rule of the shipped folder and of `extra`, by commitment and id. Raises RuleError for a bad file."""
    found: dict[str, Rule] = {}
    for folder in (rules_dir(), *extra):
        for path in sorted(folder.glob("*/*.py")):
            rule = load(path)
            if rule.id in found:
                raise RuleError(f"{path}: there is a rule `{rule.id}` already")
            found[rule.id] = rule
    order = list(COMMITMENTS)
    return tuple(sorted(found.values(), key=lambda rule: (order.index(rule.commitment), rule.id)))


def load(path: Path) -> Rule:
    """The rule in one file. Raises RuleError where it lacks a part, or its folder is not its commitment's."""
    module = _module(path)
    title, parts = page(module.__doc__ or "", path)
    commitment = path.parent.name.replace("_", "-")
    if commitment not in COMMITMENTS:
        raise RuleError(f"{path}: the folder `{path.parent.name}` is no commitment")
    severity = _text(module, "SEVERITY", path)
    if severity not in SEVERITIES:
        raise RuleError(f"{path}: SEVERITY is one of {', '.join(SEVERITIES)}")
    check = getattr(module, "check", None)
    if not callable(check):
        raise RuleError(f"{path}: a rule has a function `check`")
    return Rule(
        id=path.stem.replace("_", "-"),
        commitment=commitment,
        severity=severity,
        assertion=_text(module, "ASSERTION", path),
        bases=tuple(getattr(module, "BASES", ("declared", "recorded", "live"))),
        title=title,
        why=parts[0],
        fix=parts[1],
        blind=parts[2],
        check=check,
    )


def page(docstring: str, path: Path) -> tuple[str, tuple[str, str, str]]:
    """The title and the three sections of a rule's docstring. Raises RuleError where one is missing or empty."""
    text = docstring.strip()
    title = text.split("\n", 1)[0].strip()
    parts = []
    pieces = re.split(r"^(\S[^\n]*)\n-{3,}\n", text, flags=re.MULTILINE)
    sections = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    for heading in SECTIONS:
        body = sections.get(heading, "").strip()
        if not body:
            raise RuleError(f"{path}: the docstring has no section `{heading}`")
        parts.append(body)
    return title, (parts[0], parts[1], parts[2])


def ruleset_sha256(extra: Sequence[Path] = ()) -> str:
    """The digest of every rule and table file in use, over names and bytes."""
    sha = hashlib.sha256()
    for folder in (rules_dir(), *extra):
        for path in _files(folder):
            sha.update(path.relative_to(folder).as_posix().encode() + b"\0")
            sha.update(hashlib.sha256(path.read_bytes()).digest())
    return sha.hexdigest()


def _files(folder: Path) -> Iterable[Path]:
    return sorted((*folder.glob("*/*.py"), *folder.glob("tables/*.json")))


def _module(path: Path) -> ModuleType:
    name = f"tether_rules.{path.parent.name}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuleError(f"{path}: is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _text(module: ModuleType, name: str, path: Path) -> str:
    value = getattr(module, name, None)
    if not isinstance(value, str) or not value:
        raise RuleError(f"{path}: {name} is a non-empty string")
    return value
