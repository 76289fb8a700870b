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
from scanner.graph.graph import Graph
from scanner.resource import Resource
from scanner.rule import Case
from scanner.table_rows import PlaceFact
from scanner.table_rows import Placement as Row
from scanner.unknown import Ref, Unknown
from tests.reach import world
from tests.reach.examples import example, put

LISTED = json.loads((Path(__file__).parent / "rows.json").read_text())
KINDS: tuple[type[Fact], ...] = (Placement, Capacity, EdgeLayer, Opaque, Delivery, Scheduling)
PLACES = ("cloud-only", "no-edge")
ZONES = {"local": "us-west-2-lax-1a", "wavelength": "us-east-1-wl1-bos-wlz-1", "standard": "us-west-2a"}
MEETS = "aws_sagemaker_endpoint.meets"
"""A model that a row's object refers to: a sign of a place that decides nothing by itself counts there alone."""


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


def reason(table: str, name: str) -> str:
    """Why no rule reaches a row, where the list says so."""
    listed = LISTED["uncovered"][table].items()
    return next((why for glob, why in listed if fnmatchcase(plain(name), plain(glob))), "")


def terraform(row: Row) -> list[Resource]:
    body: dict[str, Any] = {"refers": Unknown("computed", ref=Ref(MEETS, "id"))}
    for one in row.when:
        wanted = one.value[0] if isinstance(one.value, tuple) else one.value
        value = {"eq": wanted, "contains": [wanted], "zone": ZONES.get(str(wanted)), "present": "x"}.get(one.op)
        if value is not None:
            put(body, one.path, value)
    endpoint = world.terraform("aws_sagemaker_endpoint", {"endpoint_config_name": "x"}, "meets")
    return [endpoint, world.terraform(row.type, body, data=row.kind == "data")]


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
    if row.fact in ("crd", "delivery", "not-edge") and row.kinds:
        return [world.manifest(row.group, "Thing" if row.kinds[0] == "*" else row.kinds[0], {"spec": {"x": "y"}})]
    return [world.terraform(row.type or "aws_instance", {"x": "y"})]


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
    text = example(row.regex)
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


TABLES: dict[str, list[tuple[str, list[Resource]]]] = {
    "placement_terraform": [(label(row), terraform(row)) for row in tables._records("placement_terraform", Row)],
    "placement_azure": [(label(row), azure(row)) for row in tables._records("placement_azure", Row)],
    "placement_kubernetes": [
        (label(row), kubernetes(row)) for row in tables._records("placement_kubernetes", PlaceFact)
    ],
    "literals": [(label(row), literal(row)) for row in tables._records("literals", PlaceFact)],
}
ROWS = [(table, *row) for table, listed in TABLES.items() for row in listed]


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


@pytest.mark.parametrize(
    ("table", "name", "objects"), [pytest.param(t, n, o, id=f"{t}-{n}") for t, n, o in ROWS if not reason(t, n)]
)
def test_a_rule_tells_what_a_row_knows(table: str, name: str, objects: list[Resource]) -> None:
    assert reached(objects), f"no rule says anything of {name} of {table}"


@pytest.mark.parametrize(
    ("table", "name", "objects"), [pytest.param(t, n, o, id=f"{t}-{n}") for t, n, o in ROWS if reason(t, n)]
)
def test_a_row_that_is_listed_as_uncovered_is(table: str, name: str, objects: list[Resource]) -> None:
    assert not reached(objects), f"a rule tells {name}: take it off the list"


def test_every_line_of_the_list_names_a_row() -> None:
    for table, listed in TABLES.items():
        names = {name for name, _ in listed}
        for glob, why in LISTED["uncovered"][table].items():
            assert why.strip() and any(fnmatchcase(plain(name), plain(glob)) for name in names), glob
