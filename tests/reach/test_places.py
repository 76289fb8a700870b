"""Every row of the placement tables and of the literals becomes a fact where it holds, and a rule tells it."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from scanner import tables
from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.graph.facts import Capacity, Delivery, EdgeLayer, Fact, Opaque, Placement, Scheduling
from scanner.graph.facts_delivery import ClusterDelivery
from scanner.graph.graph import Graph
from scanner.resource import Resource
from scanner.rule import Case
from scanner.table_rows import PlaceFact
from scanner.table_rows import Placement as Row
from scanner.unknown import Ref, Unknown
from tests.reach import world
from tests.reach.deliveries import delivered
from tests.reach.examples import example, put
from tests.reach.without import changes
from tests.reach.world import everything

LISTED = json.loads((Path(__file__).parent / "rows.json").read_text())
KINDS: tuple[type[Fact], ...] = (Placement, Capacity, EdgeLayer, Opaque, Delivery, Scheduling, ClusterDelivery)
PLACES = ("cloud-only", "no-edge")
ZONES = {"local": "us-west-2-lax-1a", "wavelength": "us-east-1-wl1-bos-wlz-1", "standard": "us-west-2a"}
MEETS = "aws_sagemaker_endpoint.meets"
"""A model that a row's object refers to: a sign of a place that decides nothing by itself counts there alone."""
STORES = {"aws": "aws_s3_bucket.weights", "awscc": "aws_s3_bucket.weights",
          "azurerm": "azurerm_storage_account.weights", "google": "google_storage_bucket.weights"}  # fmt: skip
"""By cloud: a store of weights."""


def key(row: Row | PlaceFact) -> str:
    """A name for a row: its id, or its type with what it is tested for."""
    if isinstance(row, PlaceFact):
        return row.id
    tested = ",".join(f"{one.path}:{one.op}" for one in row.when)
    return f"{'data.' if row.kind == 'data' else ''}{row.type}{f'[{tested}]' if tested else ''}"


def label(row: Row | PlaceFact) -> str:
    """What the list speaks of: class, signal and name of a row."""
    return f"{row.place}/{row.signal}/{key(row)}"


def plain(name: str) -> str:
    """A label or a glob in which brackets are letters like any other."""
    return name.replace("[", "(").replace("]", ")")


def reason(table: str, name: str, part: str = "uncovered") -> str:
    """Why no rule tells a row, or what the row silences, where the list says so."""
    listed = LISTED[part].get(table, {}).items()
    return next((why for glob, why in listed if fnmatchcase(plain(name), plain(glob))), "")


def terraform(row: Row) -> list[Resource]:
    body: dict[str, Any] = {"refers": Unknown("computed", ref=Ref(MEETS, "id"))}
    for one in row.when:
        wanted = one.value[0] if isinstance(one.value, tuple) else one.value
        value = {"eq": wanted, "contains": [wanted], "zone": ZONES.get(str(wanted)), "present": "x"}.get(one.op)
        if value is not None:
            put(body, one.path, value)
    endpoint = world.terraform("aws_sagemaker_endpoint", {"endpoint_config_name": "x"}, "meets")
    return [endpoint, *flow(row, body), world.terraform(row.type, body, data=row.kind == "data")]


def flow(row: Row, body: dict[str, Any]) -> list[Resource]:
    """What brings weights to a way out for data: its own arguments by the table of copies, or a job that names it."""
    if row.place != "hybrid-data":
        return []
    store = STORES[row.type.partition("_")[0]]
    given = Unknown("computed", ref=Ref(store, "id"))
    copy = next((copy for copy in tables.copies() if copy.type == row.type), None)
    for path in copy.taken if copy is not None else ():
        put(body, path, given)
    for path in copy.given[:1] if copy is not None else ():
        put(body, path, Unknown("computed", ref=Ref(f"{row.type}.x", "id"))) if path else None
    made = [world.terraform(store.partition(".")[0], {"bucket": "weights", "name": "weights"}, "weights")]
    if copy is None:
        there = Unknown("computed", ref=Ref(f"{row.type}.x", "id"))
        jobs = {
            "aws": ("aws_datasync_task", {"source_location_arn": given, "destination_location_arn": there}),
            "azurerm": (
                "azurerm_storage_object_replication",
                {"source_storage_account_id": given, "destination_storage_account_id": there},
            ),
        }
        made += [world.terraform(*jobs["azurerm" if row.type.startswith("azurerm") else "aws"], "job")]
    return made


def azure(row: Row) -> list[Resource]:
    body = {"type": f"{row.type}@2024-01-01", "refers": Unknown("computed", ref=Ref(MEETS, "id"))}
    endpoint = world.terraform("aws_sagemaker_endpoint", {"endpoint_config_name": "x"}, "meets")
    return [endpoint, world.terraform("azapi_resource", body)]


def kubernetes(row: PlaceFact) -> list[Resource]:
    if row.fact == "provider-id":
        return [world.manifest("", "Node", {"spec": {"providerID": example(row.regex) + "x" if row.scheme else ""}})]
    if row.fact == "node-label":
        value = row.value or ZONES.get(row.zone) or (example(row.regex) if row.regex else "x")
        body = {"metadata": {"labels": {row.key: value}}, "spec": {"providerID": "aws:///us-gov-west-1a/i-1"}}
        return [world.manifest("", "Node", body)]
    if row.fact in ("kubelet-version", "os-image", "kernel-version"):
        name = {"kubelet-version": "kubeletVersion", "os-image": "osImage", "kernel-version": "kernelVersion"}[row.fact]
        info = {
            "status": {"nodeInfo": {name: f"v1 {example(row.regex)}"}},
            "spec": {"providerID": "aws:///us-gov-west-1a/i-1"},
        }
        return [world.manifest("", "Node", info)]
    if row.fact == "image":
        return [world.workload("model", example(row.regex) + "x", args="vllm serve s3://weights/m/v1/")]
    if row.fact == "delivery":
        return delivered(row.id)
    if row.fact in ("crd", "not-edge") and row.kinds:
        kind = "Thing" if row.kinds[0] == "*" else row.kinds[0]
        return [world.manifest(row.group, kind, {"spec": {"x": "model"}})]
    endpoint = world.terraform("aws_sagemaker_endpoint", {"endpoint_config_name": "x"}, "meets")
    return [endpoint, world.terraform(row.type, {"refers": Unknown("computed", ref=Ref(MEETS, "id"))})]


def literal(row: PlaceFact) -> list[Resource]:
    meets = Unknown("computed", ref=Ref(MEETS, "id"))
    endpoint = world.terraform("aws_sagemaker_endpoint", {"endpoint_config_name": "x"}, "meets")
    if row.fact == "module":
        body: dict[str, Any] = {"source": row.module}
        for name in row.inputs:
            put(body, "x" if name == "*" else name, "x")
        for name, value in row.values.items():
            put(body, name, value.replace("*", "x"))
        return [world.terraform("module", body)]
    text = LISTED["examples"].get(row.id) or example(row.regex)
    what = (
        {"aws_instance": {"user_data": f"#!/bin/sh\n{text}\n"}}
        if row.fact != "id"
        else {"aws_ssm_parameter": {"value": text}}
    )
    return [endpoint, *(world.terraform(kind, {**body, "refers": meets}) for kind, body in what.items())]


def places(graph: Graph) -> set[tuple[str, Fact]]:
    return {(node.id, fact) for kind in KINDS for node, fact in graph.facts(kind)}


def told(graph: Graph) -> set[tuple[str, str]]:
    found = (Case(rule, graph, world.profile()) for rule in rules() if rule.commitment in PLACES)
    return {(case.rule.id, one.message) for case in found for one in case.rule.check(case)}


@cache
def before(addresses: tuple[str, ...]) -> tuple[set[tuple[str, Fact]], set[tuple[str, str]]]:
    """What the surroundings say by themselves, with ordinary objects in place of those under test."""
    made = [world.terraform("aws_sagemaker_endpoint", {"endpoint_config_name": "x"}, "meets")]
    graph = build(world.around(*made), world.profile()).graph
    return places(graph), told(graph)


MADE: dict[str, Any] = {
    "placement_terraform": (Row, terraform, "type"),
    "placement_azure": (Row, azure, "type"),
    "placement_kubernetes": (PlaceFact, kubernetes, "id"),
    "literals": (PlaceFact, literal, "id"),
}
"""By table: what a row is, the objects in which it shows, and the column by which it is known."""
ROWS: list[tuple[str, str, Any]] = [
    (table, label(row), row) for table, (kind, *_) in MADE.items() for row in tables._records(table, kind)
]


def reached(objects: list[Resource]) -> bool:
    """Whether an object makes a fact of a place, and a rule says something because of it."""
    graph = build(world.around(*objects), world.profile()).graph
    facts, findings = before(())
    ordinary = {fact for _, fact in facts}
    fresh = {fact for _, fact in places(graph) - facts if fact not in ordinary and not is_ordinary(fact)}
    return bool(fresh) and bool(told(graph) - findings)


def is_ordinary(fact: Fact) -> bool:
    """A statement that says nothing but cloud: not what the tables of places are for."""
    return isinstance(fact, (Placement, Opaque)) and fact.place_class == "cloud"


def listed(part: str) -> list[Any]:
    """The rows that one of the lists names; those that none names for ""."""
    named = {one: [row for row in ROWS if reason(*row[:2], one)] for one in ("silences", "uncovered")}
    rest = [row for row in ROWS if not reason(*row[:2], "silences") and not reason(*row[:2], "uncovered")]
    return [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in named.get(part, rest)]


def silenced(table: str, row: Any) -> bool:
    """Whether a report says something else of the row's objects where the table has no such row."""
    _, make, column = MADE[table]
    objects = make(row)
    return changes(lambda: everything(objects), table, lambda one: one[column] == getattr(row, column))


@pytest.mark.parametrize(("table", "name", "row"), listed(""))
def test_a_rule_tells_what_a_row_knows(table: str, name: str, row: Any) -> None:
    assert reached(MADE[table][1](row)), f"no rule says anything of {name} of {table}"


@pytest.mark.parametrize(("table", "name", "row"), listed("silences"))
def test_a_row_of_which_nothing_is_told_changes_what_is(table: str, name: str, row: Any) -> None:
    assert silenced(table, row), f"{name} of {table} changes nothing: it is dead"


@pytest.mark.parametrize(("table", "name", "row"), listed("uncovered"))
def test_a_row_that_is_listed_as_uncovered_is(table: str, name: str, row: Any) -> None:
    assert not reached(MADE[table][1](row)), f"a rule tells {name}: take it off the list"
    assert not silenced(table, row), f"{name} changes what is told: it belongs to the silences"


def test_every_line_of_the_lists_names_a_row() -> None:
    for part in ("silences", "uncovered"):
        for table in MADE:
            names = {name for one, name, _ in ROWS if one == table}
            for glob, why in LISTED[part].get(table, {}).items():
                assert why.strip() and any(fnmatchcase(plain(name), plain(glob)) for name in names), glob
