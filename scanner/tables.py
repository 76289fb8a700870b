"""The domain tables: facts of the field, one a row, each with its source; read when first asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

import msgspec
from msgspec import Struct

from scanner import table_paths
from scanner.errors import TetherError
from scanner.needles import Sieve, sought
from scanner.table_rows import (
    Artifact,
    Assertion,
    AwsOperation,
    Condition,
    ControlAction,
    Copy,
    DeliveryObject,
    Heuristic,
    InertType,
    InferenceAction,
    ModelFact,
    ModelModality,
    NetworkInterface,
    PlaceClass,
    PlaceFact,
    Placement,
    ProviderClass,
    RegionFact,
    Switch,
    SwitchTest,
)

SCHEMA = "tether.table/1"
Row: TypeAlias = Mapping[str, Any]
steps, reach = table_paths.steps, table_paths.reach
ALIASES = {"place": "class"}
"""Attributes that cannot have the name of their column."""


class Table(Struct, frozen=True):
    """One table as it stands in its file; `about` explains the columns, `sources` the short names in `source`."""

    name: str
    about: str
    sources: Mapping[str, str]
    rows: tuple[Row, ...]


T = TypeVar("T", bound=Struct)


@cache
def tables_dir() -> Path:
    """Where the tables lie: inside the package in a wheel, beside it in a checkout."""
    here = Path(__file__).resolve().parent
    packed = here / "_rules" / "tables"
    return packed if packed.is_dir() else here.parent / "rules" / "tables"


@cache
def load(name: str) -> Table:
    """The table `name`, parsed once in a process."""
    path = tables_dir() / f"{name}.json"
    try:
        data = msgspec.json.decode(path.read_bytes())
        if data["schema"] != SCHEMA:
            raise ValueError(f"its schema is {data['schema']!r}, not {SCHEMA!r}")
        return Table(name, data["about"], MappingProxyType(data["sources"]), tuple(data["rows"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TetherError(f"cannot read the table {path}: {error}") from error


@cache
def pattern(regex: str) -> re.Pattern[str]:
    """`regex`, compiled at most once in a process."""
    return sought(regex)


@cache
def _records(name: str, kind: type[T]) -> tuple[T, ...]:
    return tuple(_record(kind, row) for row in load(name).rows)


def _record(kind: type[T], row: Row) -> T:
    names = _names(kind)
    return kind(
        **{
            names[column]: value if type(value) is str else _value(names[column], value)
            for column, value in row.items()
            if column in names
        }
    )


@cache
def _names(kind: type[Struct]) -> Mapping[str, str]:
    """Column -> attribute."""
    return {ALIASES.get(name, name): name for name in kind.__struct_fields__}


def _value(name: str, value: Any) -> Any:
    if name == "when":
        return tuple(Condition(c["attr"], c["op"], _value("value", c.get("value"))) for c in value)
    if name == "match" and value is not None:
        return tuple(_record(SwitchTest, test) for test in value)
    if name in ("where", "unless") and value is not None:
        return _record(Condition, value)
    return tuple(value) if isinstance(value, list) else value


def place_class(place: str) -> PlaceClass | None:
    """What the class `place` means, and what a strong signal of it does."""
    return next((row for row in _records("place_classes", PlaceClass) if row.id == place), None)


@cache
def _placements() -> Mapping[tuple[str, str], tuple[Placement, ...]]:
    found: dict[tuple[str, str], list[Placement]] = {}
    for row in _records("placement_terraform", Placement):
        found.setdefault((row.type, row.kind), []).append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def placements(terraform_type: str, data: bool = False) -> tuple[Placement, ...]:
    """The rows of a Terraform type; their `when` is for the caller to test."""
    return _placements().get((terraform_type, "data" if data else "resource"), ())


@lru_cache(maxsize=1024)
def provider(source: str) -> ProviderClass | None:
    """The row of a provider source, whatever its case, with or without the default host."""
    wanted = source.lower().removeprefix("registry.terraform.io/")
    return next((row for row in _records("providers", ProviderClass) if row.id == wanted), None)


def azure_placement(type_: str) -> Placement | None:
    """The row of an Azure resource type, with or without its API version."""
    wanted = type_.partition("@")[0].lower()
    return next((row for row in _records("placement_azure", Placement) if row.type.lower() == wanted), None)


@cache
def azure_places() -> tuple[Placement, ...]:
    """One row of the Azure types for each class of place."""
    return tuple({row.place: row for row in _records("placement_azure", Placement) if row.signal == "strong"}.values())


@cache
def kubernetes_facts(fact: str) -> tuple[PlaceFact, ...]:
    """The rows of placement_kubernetes with this `fact`."""
    return tuple(row for row in _records("placement_kubernetes", PlaceFact) if row.fact == fact)


@cache
def literals(fact: str) -> tuple[PlaceFact, ...]:
    """The rows of literals with this `fact`: id, command, module, ordinary or lifecycle."""
    return tuple(row for row in _records("literals", PlaceFact) if row.fact == fact)


@cache
def region_facts(fact: str) -> tuple[RegionFact, ...]:
    """The rows of regions with this `fact`."""
    return tuple(row for row in _records("regions", RegionFact) if row.fact == fact)


def partition_of(region: str, cloud: str = "aws") -> RegionFact | None:
    """The partition that a region name belongs to; None where no pattern knows it."""
    rows = (row for row in region_facts("partition") if row.provider == cloud and row.regex)
    return next((row for row in rows if row.regex and pattern(row.regex).search(region)), None)


def zone_kind(name: str, cloud: str = "aws") -> str:
    """standard, local or wavelength, for a zone's name, id or group; empty where no pattern knows it."""
    rows = (row for row in region_facts("zone") if row.provider == cloud)
    return next((row.zone for row in rows if row.regex and pattern(row.regex).search(name)), "")


@cache
def model_facts(fact: str) -> tuple[ModelFact, ...]:
    """The rows of model_servers with this `fact`."""
    return tuple(row for row in _records("model_servers", ModelFact) if row.fact == fact)


@cache
def model_sieve(fact: str) -> Sieve[ModelFact]:
    """The same rows, by what their expressions find."""
    return Sieve([(row.regex, row) for row in model_facts(fact)])


@cache
def safety_facts(fact: str) -> tuple[ModelFact, ...]:
    """The rows of safety_components with this `fact`."""
    return tuple(row for row in _records("safety_components", ModelFact) if row.fact == fact)


@cache
def artifacts(fact: str) -> tuple[Artifact, ...]:
    """The rows of model_artifacts with this `fact`."""
    return tuple(row for row in _records("model_artifacts", Artifact) if row.fact == fact)


def tripwires(model: str) -> tuple[Artifact, ...]:
    """The deny rows that a model id or adapter name trips, once what their exceptions find is left out of it."""
    return tuple(
        row
        for row in artifacts("deny")
        if row.regex
        and pattern(row.regex).search(_without_exceptions(model, row.id))
        and not (row.unless_regex and pattern(row.unless_regex).search(model))
    )


def _without_exceptions(model: str, row: str) -> str:
    for one in artifacts("exception"):
        if one.of == row and one.regex and pattern(one.regex).search(model):
            model = pattern(one.regex).sub("", model)
    return model


def modalities(reference: str) -> ModelModality | None:
    """What the model of a reference takes in and gives back; None for one that no row knows."""
    rows = _records("model_modalities", ModelModality)
    return next((row for row in rows if pattern(row.regex).search(reference)), None)


def switches() -> tuple[Switch, ...]:
    return _records("switches", Switch)


@cache
def _tests_on(on: str) -> tuple[tuple[Switch, SwitchTest], ...]:
    return tuple((switch, test) for switch in switches() for test in switch.match or () if test.on == on)


@cache
def switch_tests(on: str, kind: str = "", group: str = "") -> tuple[tuple[Switch, SwitchTest], ...]:
    """The tests to make on one thing: `kind` is its Terraform type, Kubernetes kind or kind of settings."""
    return tuple(one for one in _tests_on(on) if _suits(one[1], kind, group))


def _suits(test: SwitchTest, kind: str, group: str) -> bool:
    if test.on == "terraform":
        return kind in test.types
    if test.on == "kubernetes":
        return group == test.group and (kind in test.kinds or "*" in test.kinds)
    return test.on != "config" or test.config in (kind, "any")


def heuristics() -> tuple[Heuristic, ...]:
    return _records("switch_heuristics", Heuristic)


def inference_actions() -> tuple[InferenceAction, ...]:
    return _records("inference_actions", InferenceAction)


def control_actions(provider: str) -> tuple[ControlAction, ...]:
    """The rows for aws, kubernetes, azure or google."""
    return tuple(row for row in _records("control_actions", ControlAction) if row.provider == provider)


@cache
def _inert() -> frozenset[tuple[str, str, str]]:
    rows = _records("inert_types", InertType)
    return frozenset((row.platform, row.group or row.type, row.kind) for row in rows)


def is_inert(kind: str, group: str | None = None, data: bool = False) -> bool:
    """True for a Terraform type (`group` None) or a Kubernetes kind of `group` that carries nothing at all."""
    if group is None:
        return ("terraform", kind, "data" if data else "resource") in _inert()
    return ("kubernetes", group, kind) in _inert()


def network_interfaces() -> tuple[NetworkInterface, ...]:
    return _records("network_interfaces", NetworkInterface)


def copies() -> tuple[Copy, ...]:
    return _records("copies", Copy)


def delivery_objects() -> tuple[DeliveryObject, ...]:
    return _records("delivery_objects", DeliveryObject)


def assertions() -> tuple[Assertion, ...]:
    return _records("assertions", Assertion)


def aws_operations() -> tuple[AwsOperation, ...]:
    return _records("aws_operations", AwsOperation)
