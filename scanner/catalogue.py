"""The rules that ship with Tether, and those of folders that the user names: loaded by path, never discovered."""

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
from scanner.patterns import lazy
from scanner.rule import Rule
from scanner.tables import tables_dir

SECTIONS = ("Why it matters", "How to fix", "What it cannot see")
"""The headings that every rule's docstring has, in this order, each underlined."""
BASES = ("declared", "recorded", "live")
_SLUG = lazy(r"[a-z0-9]+(_[a-z0-9]+)*\Z")


class RuleError(UsageError):
    """A rule file that is not a rule; the message names the file."""


def rules_dir() -> Path:
    """The folder of the shipped rules: inside the installed package, or the checkout's `rules/`."""
    return tables_dir().parent


@cache
def rules(extra: tuple[Path, ...] = ()) -> tuple[Rule, ...]:
    """Every rule of the shipped folder and of `extra`, by commitment and id.

    Raises RuleError for a bad file, for a folder without rules, and for two rules with one id.
    """
    found: dict[str, Rule] = {}
    for folder in (rules_dir(), *extra):
        for path in rule_files(folder):
            rule = load(path)
            if rule.id in found:
                raise RuleError(f"{path}: there is a rule `{rule.id}` already")
            found[rule.id] = rule
    order = list(COMMITMENTS)
    return tuple(sorted(found.values(), key=lambda rule: (order.index(rule.commitment), rule.id)))


def rule_files(folder: Path) -> list[Path]:
    """The rule files of a folder, `COMMITMENT/RULE.py`. Raises RuleError where there is none."""
    found = sorted(folder.glob("*/*.py"))
    if not found:
        missing = "has no rule: rules stand in it as COMMITMENT/RULE.py" if folder.is_dir() else "is no folder"
        raise RuleError(f"{folder}: {missing}")
    return found


def refuse_scanned(extra: Iterable[Path], root: Path) -> None:
    """Raise UsageError for rules that lie below `root`, the folder that is read: a scanned file is never run."""
    inside = root.resolve()
    for folder in extra:
        for path in (folder, *rule_files(folder)):
            if path.resolve().is_relative_to(inside) or path.absolute().is_relative_to(inside):
                raise UsageError(f"`{path}` is inside `{root}`, which is scanned: no scanned file is run as a rule")


def load(path: Path) -> Rule:
    """The rule in one file. Raises RuleError where it lacks a part, or its folder is not its commitment's."""
    commitment = path.parent.name.replace("_", "-")
    if commitment not in COMMITMENTS:
        raise RuleError(f"{path}: the folder `{path.parent.name}` is no commitment")
    if not _SLUG.match(path.stem):
        raise RuleError(f"{path}: a rule's file is named in small letters, digits and `_`")
    module = _module(path)
    title, parts = page(module.__doc__ or "", path)
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
        bases=_bases(module, path),
        title=title,
        why=parts[0],
        fix=parts[1],
        blind=parts[2],
        check=check,
        waivable=bool(getattr(module, "WAIVABLE", True)),
        carries=bool(getattr(module, "CARRIES", True)),
        beside=tuple(getattr(module, "BESIDE", ())),
        needs=_needs(module, path),
    )


def _needs(module: ModuleType, path: Path) -> frozenset[str] | None:
    """The kinds that a rule says it needs; None where it does not say so: then it may need any."""
    given = getattr(module, "NEEDS", None)
    if given is None:
        return None
    if not isinstance(given, tuple) or not all(isinstance(kind, str) for kind in given):
        raise RuleError(f"{path}: NEEDS is a tuple of kinds")
    return frozenset(given)


def _bases(module: ModuleType, path: Path) -> tuple[str, ...]:
    given = getattr(module, "BASES", BASES)
    if not isinstance(given, tuple | list) or not given or not set(given) <= set(BASES):
        raise RuleError(f"{path}: BASES is some of {', '.join(BASES)}")
    return tuple(given)


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
    sha = hashlib.sha256(_shipped(rules_dir()))
    for folder in extra:
        sha.update(_names_and_digests(folder))
    return sha.hexdigest()


@cache
def _shipped(folder: Path) -> bytes:
    """The shipped files, which are loaded once as well."""
    return _names_and_digests(folder)


def _names_and_digests(folder: Path) -> bytes:
    """Each rule and table file of a folder: its name, and the digest of its bytes."""
    deep = len(folder.parts)
    made = []
    for path in sorted((*folder.glob("*/*.py"), *folder.glob("tables/**/*.json"))):
        with open(path, "rb") as stream:
            made.append("/".join(path.parts[deep:]).encode() + b"\0" + hashlib.sha256(stream.read()).digest())
    return b"".join(made)


def rule_digests(extra: Sequence[Path] = ()) -> dict[str, str]:
    """The sha256 of every rule file, by `commitment/file.py`; those of `extra` have `+` before it."""
    found = {_named(path): digest(path) for path in rule_files(rules_dir())}
    found.update({f"+{_named(path)}": digest(path) for folder in extra for path in rule_files(folder)})
    return found


def table_digests() -> dict[str, str]:
    """The sha256 of every table and module contract, by its path below the tables."""
    folder = tables_dir()
    return {path.relative_to(folder).as_posix(): digest(path) for path in sorted(folder.glob("**/*.json"))}


def digest(path: Path) -> str:
    """The sha256 of a file's bytes, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _module(path: Path) -> ModuleType:
    name = f"tether_rules.{path.parent.name}.{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RuleError(f"{path}: is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever an organisation's file raises, it is no rule
        del sys.modules[name]
        raise RuleError(f"{path}: cannot be loaded: {type(error).__name__}: {error}") from error
    return module


def _text(module: ModuleType, name: str, path: Path) -> str:
    value = getattr(module, name, None)
    if not isinstance(value, str) or not value:
        raise RuleError(f"{path}: {name} is a non-empty string")
    return value
