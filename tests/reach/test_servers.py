"""Every row of the table of model servers makes a thing a model, narrows its ports, or silences what is listed."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scanner import tables
from scanner.builders.build import build
from scanner.graph.facts import GatewayRoute, ModelName, ModelReference
from scanner.graph.graph import Graph
from scanner.graph.model import Plane, Role
from scanner.resource import Resource
from scanner.table_rows import ModelFact
from tests.builders.k8s_world import TENANT, state
from tests.builders.mesh_world import MESH, STRICT, authz, mesh_graph
from tests.reach import world
from tests.reach.examples import example, put
from tests.reach.without import changes
from tests.reach.world import everything

LISTED = json.loads((Path(__file__).parent / "rows.json").read_text())
FACTS = ("image", "argument", "environment", "resource", "port", "path", "crd", "client", "endpoint", "api")
ROWS = [row for fact in FACTS for row in tables.model_facts(fact)]
SEEN = (Role.MODEL, Role.CANDIDATE)
GPU = {"resources": {"limits": {"nvidia.com/gpu": "1"}}}


def reason(row: ModelFact, part: str) -> str:
    """Why no rule reaches a row, or what it silences, where the list says so."""
    listed = LISTED[part].get("model_servers", {}).items()
    return next((why for glob, why in listed if fnmatchcase(row.id, glob)), "")


def rows(part: str = "") -> list[ModelFact]:
    """The rows of one list, without a name those of none."""
    named = {one: [row for row in ROWS if reason(row, one)] for one in ("silences", "uncovered")}
    return named[part] if part else [row for row in ROWS if not any(row in some for some in named.values())]


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
    if row.fact == "path":
        return admits(row)
    if row.fact in ("endpoint", "api"):
        return tells(row)
    return row.fact == "client" and not is_seen(probe(example(row.regex)))


def tells(row: ModelFact) -> bool:
    """Whether a caller that is told to call a public API of models is told, by the row."""
    host = example(row.regex).removeprefix(".") if row.regex else "api.openai.com"
    host = host if tables.pattern(row.regex or ".").search(host) else f"x.{host}"
    one = probe(env={row.key or "OPENAI_BASE_URL": f"https://{host}/v1"})
    look = partial(_told, one)
    return bool(look()) and changes(look, "model_servers", lambda other: other["id"] == row.id)


def _told(one: Resource) -> list[str]:
    found = world.answers(one)["ROUTE-001"]
    return [each.message for each in found if "is told to call" in each.message]


def admits(row: ModelFact) -> bool:
    """Whether a mesh that admits everybody to the row's path alone lets everybody into the model, by the row."""
    path = row.path.replace("*", "model")
    policy = authz(f'{{rules: [{{to: [{{operation: {{paths: ["{path}"]}}}}]}}]}}')
    look = partial(_let_in, policy)
    return look() == "open" and changes(look, "model_servers", lambda one: one["id"] == row.id)


def _let_in(policy: str) -> str:
    return state(mesh_graph(MESH, STRICT, policy), TENANT)


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
    told = [fact for fact in node.facts if isinstance(fact, (ModelReference, GatewayRoute, ModelName))]
    return bool(node.roles & set(SEEN)) or bool(told) or any(True for _ in graph.facts(GatewayRoute))


def silenced(row: ModelFact) -> bool:
    """Whether a report says something else of an object of the row's kind where the table has no such row.

    The object names a model, and has a container that would serve one.
    """
    server = {"name": "c", "image": "vllm/vllm-openai", "args": ["--model=s3://weights/m/v1/"]}
    pods = {"template": {"spec": {"containers": [server]}}, "containers": [server], "x": "model"}
    one = world.manifest(row.group, row.kinds[0], {"spec": pods})
    return changes(lambda: everything([one]), "model_servers", lambda other: other["id"] == row.id)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_a_row_is_reached(row: ModelFact) -> None:
    assert reached(row)


@pytest.mark.parametrize("row", rows("silences"), ids=lambda row: row.id)
def test_a_row_of_which_nothing_is_told_changes_what_is(row: ModelFact) -> None:
    assert silenced(row), "it is dead"


@pytest.mark.parametrize("row", rows("uncovered"), ids=lambda row: row.id)
def test_a_row_that_is_listed_is_not(row: ModelFact) -> None:
    assert not reached(row) and not silenced(row), "take it off the list"


def test_every_line_of_the_lists_names_a_row() -> None:
    for part in ("silences", "uncovered"):
        listed = LISTED[part].get("model_servers", {}).items()
        assert all(why.strip() and any(fnmatchcase(row.id, glob) for row in ROWS) for glob, why in listed)


def test_every_fact_of_the_table_is_looked_at() -> None:
    assert {row["fact"] for row in tables.load("model_servers").rows} == set(FACTS)
