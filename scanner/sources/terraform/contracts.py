"""Module contracts: what the tables know of published modules, found for a call by its source and version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

import msgspec
from msgspec import Struct, field

from scanner import tables
from scanner.errors import TetherError
from scanner.patterns import lazy
from scanner.sources.terraform.constraints import within

SCHEMA = "tether.contract/1"
HOSTS = ("registry.terraform.io/", "registry.opentofu.org/")
REMEDY = "run `terraform init` before the scan, or scan a plan"
UNTOLD = "the module's contract does not tell it"
"""The cause of a value that a contract does not work out: any `var.x` that it has no `x` for."""
_ADDRESS = lazy(r"([\w-]+/[\w-]+/[\w-]+?)(?://([\w./-]+))?")
_GIT = lazy(
    r"(?:git::)?(?:https://|ssh://)?(?:[\w-]+@)?github\.com[/:]([\w-]+)/terraform-([a-z0-9]+)-([\w-]+?)(?:\.git)?"
    r"(?://([\w./-]+?))?(?:\?ref=v?(\d+\.\d+\.\d+))?"
)


class Lack(Struct, frozen=True):
    """Something that a module can make and its contract does not tell; `when` is the Terraform condition for it."""

    what: str
    when: str


class Contract(Struct, frozen=True, eq=False):
    """What a module, or a submodule (`part`), makes of its inputs, in the versions of `versions`.

    seen: the releases that it was read from. inputs: each one that the contract takes up, with the module's default;
    required: those without a default; not_null: those for which null means the default. inert: inputs that decide
    nothing that a rule reads. locals, data, resources, calls and outputs are as in Terraform's JSON notation.
    keys: of inputs that are maps or lists of objects, the keys of such an object that are taken up or are inert.
    beside: kinds that the module makes as well, none of which a rule reads. lacks: what is not told.
    """

    module: str
    part: str
    versions: str
    seen: tuple[str, ...]
    source: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    not_null: tuple[str, ...] = ()
    inert: frozenset[str] = frozenset()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    locals: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    resources: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, Any] = field(default_factory=dict)
    outputs: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    lacks: tuple[Lack, ...] = ()

    @property
    def name(self) -> str:
        """The module's address, with its part."""
        return f"{self.module}//{self.part}" if self.part else self.module


@lru_cache(maxsize=1_000)
def contract_for(source: str, version: str) -> Contract | str:
    """The contract of a call, or why there is none: "" where the tables do not know the module at all.

    A git address of the module's own repository at a release counts as its registry address at that version.
    """
    address, part, asked = _place(source, version)
    known = contracts(address) if address else ()
    known = tuple(one for one in known if one.part == part)
    if not known:
        return ""
    covered = " or ".join(f"`{one.versions}`" for one in known)
    if not asked:
        return f"its contract tells of {covered}, and no version is asked for"
    found = next((one for one in known if within(asked, one.versions)), None)
    return found or f"its contract tells of {covered}, and the call allows others"


def _place(source: str, version: str) -> tuple[str, str, str]:
    """The registry address, the part, and the constraint of a call; an empty address for another kind of source."""
    for host in HOSTS:
        source = source.removeprefix(host)
    found = _ADDRESS.fullmatch(source)
    if found and not source.startswith("github.com/"):
        return found.group(1), (found.group(2) or "").strip("/"), version
    git = _GIT.fullmatch(source)
    if git is None:
        return "", "", ""
    owner, provider, name, part, ref = git.groups()
    return f"{owner}/{name}/{provider}", (part or "").strip("/"), ref or ""


@cache
def contracts(address: str) -> Sequence[Contract]:
    """The contracts of a module and its parts, read when a call first needs them. Raises TetherError."""
    path = tables.tables_dir() / "module_contracts" / f"{address.replace('/', '.')}.json"
    if not path.is_file():
        return ()
    try:
        data = msgspec.json.decode(path.read_bytes())
        if data["schema"] != SCHEMA or data["module"] != address:
            raise ValueError(f"it is no {SCHEMA} of {address}")
        return tuple(_contract(address, row) for row in data["rows"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TetherError(f"cannot read the module contract {path}: {error}") from error


def _contract(address: str, row: Mapping[str, Any]) -> Contract:
    columns = {**row, "module": address, "lacks": tuple(Lack(**one) for one in row.get("lacks", ()))}
    for name in ("seen", "required", "not_null", "beside"):
        columns[name] = tuple(row.get(name, ()))
    columns["keys"] = {name: tuple(keys) for name, keys in row.get("keys", {}).items()}
    columns["inert"] = frozenset(row.get("inert", ()))
    return Contract(**columns)
