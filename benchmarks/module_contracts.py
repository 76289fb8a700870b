"""Holds a module contract against the module itself: each example of a checked-out module is read with both.

`python benchmarks/module_contracts.py FOLDER ADDRESS VERSION [--scan]`: FOLDER is a checkout of the module whose
registry address is ADDRESS, at VERSION. A call of it in its own examples is once the code there, and once the contract.
Told: resources that both have, attribute for attribute. Exit code 1 where the contract says something else, or where
the module makes something that the contract neither makes nor names.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from scanner import tables
from scanner.resource import Reading, Resource
from scanner.scan import Request, scan
from scanner.sources.terraform import TerraformOptions, read_root
from scanner.sources.terraform.contracts import UNTOLD, Contract, contract_for
from scanner.unknown import Unknown, Value

_LOCAL = re.compile(r'(source\s*=\s*)"\.\./\.\.(?:/+modules/([\w-]+))?/?"')


def main() -> int:
    """Reads every example twice and prints where the two part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("address")
    parser.add_argument("version")
    parser.add_argument("--scan", action="store_true", help="compare the findings of a scan as well")
    given = parser.parse_args()
    wrong = 0
    found = [path.parent for name in ("examples", "tests") for path in (given.folder / name).glob("*/main.tf")]
    for example in sorted(found):
        with tempfile.TemporaryDirectory() as made:
            tree = Path(made)
            shutil.copytree(
                given.folder, tree / "m", ignore=shutil.ignore_patterns(".git", ".terraform", "examples", "tests")
            )
            shutil.copytree(example, tree / "m" / "examples" / example.name)
            for path in (tree / "m" / "examples" / example.name).rglob("*.tf"):
                path.write_text(
                    path.read_text().replace(f'"{given.address}//', '"../..//').replace(f'"{given.address}"', '"../.."')
                )
            told = tree / "told" / "examples" / example.name
            shutil.copytree(example, told)
            for path in told.rglob("*.tf"):
                path.write_text(_published(path.read_text(), given.address, given.version))
            pair = (tree / "m" / "examples" / example.name, told)
            differences = list(_read(tree, *pair)) + (list(_scanned(*pair)) if given.scan else [])
        wrong += len(differences)
        print(f"{example.name}: {len(differences)} differences")
        for one in differences:
            print(f"  {one}")
    return 1 if wrong else 0


def _published(text: str, address: str, version: str) -> str:
    """The text of an example with the published module in place of the folder that it stands in."""

    def named(found: re.Match[str]) -> str:
        part = f"//modules/{found.group(2)}" if found.group(2) else ""
        known = contract_for(address + part, version)
        return f'{found.group(1)}"{address}{part}"\n  version = "{version}"' if known else found.group(0)

    return _LOCAL.sub(named, text)


def _read(root: Path, real: Path, told: Path) -> Iterator[str]:
    readings = [read_root(root, folder, "u", TerraformOptions()) for folder in (real, told)]
    first, second = ({one.address: one for one in reading.resources} for reading in readings)
    for address, one in sorted(second.items()):
        if not one.calls or one.kind == "module" or one.data:
            continue
        if address not in first:
            yield f"{address}: the module does not make it"
            continue
        for name, value in one.attrs.items():
            if not _same(value, first[address].attrs.get(name)):
                yield f"{address}.{name}: {_shown(value)}, but {_shown(first[address].attrs.get(name))}"
        if (one.possible is None) is not (first[address].possible is None):
            yield f"{address}: certain in one of the two"
    for address, one in sorted(first.items()):
        if address not in second and not one.data and not _named(one, second, readings[1]):
            yield f"{address}: the contract neither makes nor names it"


def _named(one: Resource, told: Mapping[str, Resource], reading: Reading) -> bool:
    """Whether no rule reads it, a contract says that it does not tell of it, or its module has no contract."""
    if tables.is_inert(one.kind) or not one.calls:
        return True
    calls = [told[address] for address, _ in one.calls if address in told]
    for unread in reading.unread:
        # Its kind is named, or the whole module is one that no contract tells of.
        if one.kind in unread.cause or (calls and "on disk" in unread.cause and f"`{calls[-1].name}`" in unread.cause):
            return True
    return any(known is not None and one.kind in known.beside for known in map(_contract, calls))


def _contract(call: Resource) -> Contract | None:
    source, version = call.attrs.get("source"), call.attrs.get("version")
    found = contract_for(str(source), str(version or ""))
    return found if isinstance(found, Contract) else None


def _same(told: Value, real: Value) -> bool:
    """Whether two values are one; what is not known has to be the same resource's attribute."""
    if isinstance(told, Unknown) and told.cause == UNTOLD:
        return True
    if isinstance(told, Unknown) or isinstance(real, Unknown):
        if not (isinstance(told, Unknown) and isinstance(real, Unknown)):
            return False
        return real.ref is None or told.ref == real.ref
    if told in (None, "", [], {}) and real in (None, "", [], {}):
        return True
    if isinstance(told, Mapping) and isinstance(real, Mapping):
        return all(_same(value, real.get(name)) for name, value in told.items())
    if isinstance(told, Sequence) and isinstance(real, Sequence) and not isinstance(told, str):
        return len(told) == len(real) and all(_same(one, other) for one, other in zip(told, real, strict=True))
    if told == real or str(told).lower() == str(real).lower():
        return True
    return isinstance(told, str) and isinstance(real, str) and _policy(told) == _policy(real) is not None


def _policy(text: str) -> object:
    """The statements of a policy without their ids, which decide nothing."""
    try:
        return json.loads(text, object_hook=lambda one: {name: one[name] for name in one if name != "Sid"})
    except ValueError:
        return None


def _shown(value: Value) -> str:
    if isinstance(value, Unknown):
        return f"<{value.ref.address}.{value.ref.attribute}>" if value.ref else f"<{value.cause}>"
    return repr(value)[:900]


def _scanned(real: Path, told: Path) -> Iterator[str]:
    """The findings that only one of the two has, by rule, verdict and subject."""
    found: list[set[tuple[str, str, str]]] = []
    for folder in (real, told):
        report, _ = scan(Request((folder,) if folder == told else (folder.parent.parent,), date(2026, 11, 1)))
        here = {
            (one.rule, one.verdict.value, address)
            for one in report.findings
            for address in (one.subject.address, *one.also)
            if one.subject.kind != "profile" and (folder.name in one.subject.unit or folder == told)
        }
        found.append(here)
    first, second = found
    for name, ours, theirs in (("module", first, second), ("contract", second, first)):
        yield from (f"only with the {name}: {' '.join(one)}" for one in sorted(ours - theirs))


if __name__ == "__main__":
    sys.exit(main())
