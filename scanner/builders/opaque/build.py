"""What can deploy or join anything: start scripts, provisioners, nested templates, charts, programs of a provider."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from msgspec import Struct

from scanner import tables
from scanner.builders.blocks import Found, reach, strings
from scanner.builders.draft import World
from scanner.builders.opaque.scripts import ordinary
from scanner.builders.placement.places import tells
from scanner.builders.recognise.machines import SCRIPTS, decoded
from scanner.graph.facts import Opaque
from scanner.origin import Origin
from scanner.patterns import lazy
from scanner.resource import Resource, items_of, mark
from scanner.table_rows import PlaceFact
from scanner.unknown import Unknown, Value

START = {
    **SCRIPTS,
    "aws_spot_instance_request": ("user_data", "user_data_base64"),
    "awscc_ec2_launch_template": ("launch_template_data.user_data",),
    "azurerm_windows_virtual_machine": ("custom_data", "user_data"),
    "azurerm_orchestrated_virtual_machine_scale_set": ("user_data_base64", "os_profile.custom_data"),
    "azurerm_virtual_machine_extension": ("settings", "protected_settings"),
    "azurerm_virtual_machine_run_command": ("source.script", "source.script_uri"),
    "aws_sagemaker_notebook_instance_lifecycle_configuration": ("on_create", "on_start"),
}
"""By type: where a script stands that its machine runs."""
CHARTS = ("helm_release", "HelmRelease", "HelmChart")
CLOUD_ONLY = "cloud-only"
_ARM_TYPE = lazy(r"\"type\"\s*:\s*\"(Microsoft\.[\w./]+)\"", re.IGNORECASE)


class Carrier(Struct, frozen=True):
    """A part of a resource that carries a program.

    what: its name. keys: the top-level arguments that hold it. scripts: what is run line by line; none of a carrier
    that is no script.
    """

    what: str
    because: str
    keys: frozenset[str]
    origin: Origin
    scripts: tuple[Value, ...] = ()


def build_opaque(world: World) -> None:
    """One Opaque for each carrier; where one was recognised to reach outside the cloud, nothing else is said of it."""
    for resource in world.inventory.all:
        carriers = carriers_of(resource)
        if not carriers:
            continue
        found = [fact for one in carriers for fact in _judge(world, resource, one)]
        for fact in _worst(found):
            world.add_fact(resource.id, fact)


def _worst(found: list[Opaque]) -> list[Opaque]:
    """What was recognised, each place once; else one thing that is out of sight; else what was read to its end."""
    outside: dict[str, Opaque] = {}
    for fact in found:
        if isinstance(fact.place_class, str) and fact.place_class != "cloud":
            outside.setdefault(fact.place_class, fact)
    hidden = [fact for fact in found if isinstance(fact.place_class, Unknown)]
    return list(outside.values()) or hidden[:1] or found[:1]


def carriers_of(resource: Resource) -> tuple[Carrier, ...]:
    """The carriers that a resource has."""
    known = resource.memo.get("carriers")
    if not isinstance(known, tuple):
        known = resource.memo["carriers"] = tuple(_carriers(resource))
    return known


def _carriers(resource: Resource) -> Iterator[Carrier]:
    for row in tables.placements(resource.kind, resource.data):
        if row.place == "opaque-carrier":
            what = "document" if resource.kind.startswith("aws_ssm_") else "nested template"
            yield Carrier(what, row.because, frozenset(resource.attrs), resource.origin)
    if resource.kind in CHARTS:
        because = "what the chart installs is not shown"
        yield Carrier("chart", because, frozenset(resource.attrs), mark(resource.attrs, "chart") or resource.origin)
    source = tables.provider(resource.provider.source) if resource.provider is not None else None
    if source is not None and source.place == "opaque-carrier" and resource.kind != "null_resource":
        yield Carrier("program", source.because, frozenset(resource.attrs), resource.origin)
    if "provisioner" in resource.attrs and resource.provider is not None:  # a StorageClass has one as well
        blocks = items_of(resource.attrs["provisioner"])
        origin = mark(resource.attrs, "provisioner", 0) or resource.origin
        scripts = tuple(script for block in blocks for script in _provisioned(block))
        yield Carrier("provisioner", "a provisioner runs a command", frozenset({"provisioner"}), origin, scripts)
    for path in START.get(resource.kind, ()) if not resource.data else ():
        for found in reach(resource.attrs, path, resource.origin):
            keys = frozenset({path.partition(".")[0]})
            script = decoded(found.value) if isinstance(found.value, str) else found.value
            because = "a script runs as the machine starts"
            yield Carrier("start script", because, keys, found.origin or resource.origin, (script,))


def _provisioned(block: Value) -> Iterator[Value]:
    """What a provisioner runs; a file that it copies or runs is not read."""
    if not isinstance(block, Mapping):
        yield block
        return
    for key in ("command", "inline"):
        yield from items_of(block.get(key))
    for key in ("script", "scripts", "source", "content"):
        if block.get(key) is not None:
            yield Unknown("a file that it uses is not read", decided_by=(f"provisioner {key}",))


def texts(resource: Resource, carrier: Carrier) -> Iterator[Found]:
    """Every string of a carrier, decoded where it is base64."""
    for key in sorted(carrier.keys):
        for found in strings(resource.attrs.get(key), mark(resource.attrs, key) or resource.origin):
            yield found
            plain = decoded(found.text)
            if plain != found.text:
                yield Found(plain, found.origin, found.possible)


def told_as_opaque(place: str) -> bool:
    """Whether a literal of this class, in a carrier, is told of the carrier rather than as a place of its own."""
    meaning = tables.place_class(place)
    return meaning is not None and meaning.commitment == CLOUD_ONLY


@cache
def _rows() -> tuple[PlaceFact, ...]:
    """The literals that are told of a carrier."""
    rows = [row for fact in ("id", "command") for row in tables.literals(fact) if row.signal == "strong"]
    return tuple(row for row in rows if told_as_opaque(row.place))


def _judge(world: World, resource: Resource, carrier: Carrier) -> Iterator[Opaque]:
    for found in texts(resource, carrier):
        for row in _rows():
            if tables.pattern(row.regex).search(found.text):
                kind: str | Unknown = found.possible or resource.possible or row.place
                yield Opaque(origin=found.origin, because=row.because, carrier=carrier.what, place_class=kind)
        yield from _template_types(carrier, found)
    hidden = _hidden(world, resource, carrier)
    because = carrier.because if hidden is not None else "every line of it is ordinary"
    yield Opaque(origin=carrier.origin, because=because, carrier=carrier.what, place_class=hidden or "cloud")


def _template_types(carrier: Carrier, found: Found) -> Iterator[Opaque]:
    """The types of an Azure template that a table knows to stand outside."""
    for named in _ARM_TYPE.findall(found.text) if carrier.what == "nested template" else ():
        row = tables.azure_placement(named)
        if row is not None and told_as_opaque(row.place) and tells(row.place, row.signal):
            yield Opaque(origin=found.origin, because=row.because, carrier=carrier.what, place_class=row.place)


def _hidden(world: World, resource: Resource, carrier: Carrier) -> Unknown | None:
    """What is out of sight in a carrier; None where every line of its script is an ordinary one."""
    doubts = [ordinary(world, resource.unit, script) for script in carrier.scripts]
    if doubts:
        return next((doubt for doubt in doubts if doubt is not None), None)
    return Unknown(carrier.because, decided_by=(f"{carrier.what} of {resource.address}",))
