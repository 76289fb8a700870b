"""Every row of the table of model servers makes a thing a model, narrows its ports, or is listed."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from scanner import tables
from scanner.builders.build import build
from scanner.graph.facts import GatewayRoute, ModelReference
from scanner.graph.graph import Graph
from scanner.graph.model import Plane, Role
from scanner.resource import Resource
from scanner.table_rows import ModelFact
from tests.reach import world
from tests.reach.examples import example, put

LISTED = json.loads((Path(__file__).parent / "rows.json").read_text())["uncovered"]["model_servers"]
FACTS = ("image", "argument", "environment", "resource", "port", "path", "crd", "client")
ROWS = [row for fact in FACTS for row in tables.model_facts(fact)]
SEEN = (Role.MODEL, Role.CANDIDATE)
GPU = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}


def reason(row: ModelFact) -> str:
    """Why no rule reaches a row, where the list says so."""
    return next((why for glob, why in LISTED.items() if fnmatchcase(row.id, glob)), "")


def probe(image: str = "acme/x:1", *, args: str = "", env: dict[str, str] | None = None, **more: object) -> Resource:
    """A Deployment with one container, `more` of which is put into the container."""
    made = world.workload("probe", image, args=args, env=env)
    body = json.loads(json.dumps(made.attrs))
    body["spec"]["template"]["spec"]["containers"][0].update(more)
    return world.manifest("apps", "Deployment", {"spec": body["spec"]}, "probe")


def graph_of(one: Resource) -> Graph:
    return build(world.around(one), world.profile()).graph


def is_seen(one: Resource) -> bool:
    """Whether the tables take a workload for a model or a candidate, as the rules about models ask."""
    return bool(graph_of(one).nodes[one.id].roles & set(SEEN))


def is_model(one: Resource) -> bool:
    return Role.MODEL in graph_of(one).nodes[one.id].roles


def reached(row: ModelFact) -> bool:
    if row.fact == "image":
        return is_seen(probe(example(row.regex)))
    if row.fact == "argument":
        return is_seen(probe(args=example(row.regex)))
    if row.fact == "environment":
        # A variable alone may be a client's; beside an accelerator it makes the candidate a model.
        return is_model(probe(env={row.key: "org/name"}, **GPU)) and not is_model(probe(**GPU))
    if row.fact == "resource":
        return is_seen(probe(resources={"limits": {row.key.replace("*", "x"): "1"}}))
    if row.fact == "port":
        return opens(row)
    if row.fact == "crd":
        return serves(row)
    if row.fact == "client":
        return not is_seen(probe(example(row.regex))) if row.regex else False
    return False


def opens(row: ModelFact) -> bool:
    """Whether a server of the row's kind is reached on the row's port."""
    images = [one for one in tables.model_facts("image") if one.server == row.server]
    commands = [one for one in tables.model_facts("argument") if one.server == row.server]
    one = probe(example(images[0].regex)) if images else probe(args=example(commands[0].regex)) if commands else None
    if one is None:
        return False
    edges = [edge for edge in graph_of(one).into(one.id) if edge.plane is Plane.NETWORK]
    spans = [span for edge in edges for span in edge.traffic if span.protocol == "TCP"]
    return row.port is not None and any(span.from_port <= row.port <= span.to_port for span in spans)


def serves(row: ModelFact) -> bool:
    """Whether an object of the kind is a model, names one, names an adapter, or is a model to a gateway's route."""
    body: dict[str, Any] = {"spec": {"x": "y", "ai": {"provider": {}}}, "inference": {"preset": {"name": "m"}}}
    for path in row.model_paths:
        value: Any = "vllm/vllm-openai" if path.endswith("image") else "s3://weights/x/v1/"
        put(body, path, {"repository": "org/name"} if path.endswith("adapterSource") else value)
    one = world.manifest(row.group, row.kinds[0], body)
    sends = {"backendRefs": [{"group": row.group, "kind": row.kinds[0], "name": one.name}]}
    route = world.manifest("gateway.networking.k8s.io", "HTTPRoute", {"spec": {"rules": [sends]}}, "route")
    graph = build(world.around(one, route), world.profile()).graph
    node = graph.nodes[one.id]
    told = [fact for fact in node.facts if isinstance(fact, (ModelReference, GatewayRoute))]
    return bool(node.roles & set(SEEN)) or bool(told) or any(True for _ in graph.facts(GatewayRoute))


@pytest.mark.parametrize("row", [row for row in ROWS if not reason(row)], ids=lambda row: row.id)
def test_a_row_is_reached(row: ModelFact) -> None:
    assert reached(row)


@pytest.mark.parametrize("row", [row for row in ROWS if reason(row)], ids=lambda row: row.id)
def test_a_row_that_is_listed_is_not(row: ModelFact) -> None:
    assert not reached(row), "take it off the list"


def test_every_line_of_the_list_names_a_row() -> None:
    assert all(why.strip() and any(fnmatchcase(row.id, glob) for row in ROWS) for glob, why in LISTED.items())


def test_every_fact_of_the_table_is_looked_at() -> None:
    assert {row["fact"] for row in tables.load("model_servers").rows} == set(FACTS)
