"""`tether graph` and `tether paths` over a graph made by hand."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from scanner.builders.build import Built
from scanner.graph.between import ways_between
from scanner.graph.graph import Graph
from scanner.graph.model import ALL_TRAFFIC, Edge, Node, Plane, Role, State, Traffic
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Reading, Unread
from scanner.scan import Scanned
from tests.changed import replace
from tests.harness import run

SCHEMA = json.loads((Path(__file__).parents[2] / "scanner/schemas/graph.schema.json").read_text())
TCP = (Traffic("TCP", 8000, 8000),)


def node(address, *roles, kind="Deployment", unit="u"):
    return Node(f"{unit}:{address}", kind, address, address, FileOrigin("a.yaml", 1), frozenset(roles), actor=True)


def edge(source, target, state=State.OPEN, plane=Plane.NETWORK, traffic=TCP, **more):
    decided = {"reason": "value-unknown", "decided_by": ("var.x",)} if state is State.POSSIBLE else {}
    origin = FileOrigin("a.yaml", 7, 3)
    return Edge(
        f"u:{source}", f"u:{target}", plane, "reach", "it is\nopen", origin, state, traffic, **{**decided, **more}
    )


NODES = [
    node("ns/Deployment/app"),
    node("ns/Deployment/maybe"),
    node("ns/Deployment/apart"),
    node("safe/Deployment/gateway", Role.GATEWAY),
    node("ml/Service/vllm", kind="Service"),
    node("ml/Deployment/vllm", Role.MODEL),
    node('odd"\\N\n\x1b[31m]]>', kind="Odd"),
]
EDGES = [
    edge("ns/Deployment/app", "safe/Deployment/gateway"),
    edge("safe/Deployment/gateway", "ml/Service/vllm"),
    edge("ml/Service/vllm", "ml/Deployment/vllm", traffic=ALL_TRAFFIC),
    edge("ns/Deployment/maybe", "ml/Service/vllm", State.POSSIBLE),
    edge("ns/Deployment/maybe", 'odd"\\N\n\x1b[31m]]>', plane=Plane.IDENTITY, traffic=()),
]
BYPASS = edge("ns/Deployment/app", "ml/Service/vllm", plane=Plane.CONTROL)


@pytest.fixture
def world(monkeypatch, tmp_path):
    """Let the commands see a graph of NODES and the edges given."""
    monkeypatch.chdir(tmp_path)

    def use(edges=EDGES, unread=()):
        built = Built(Graph.of(NODES, edges), (), (), (), {})
        reading = Reading(unread=list(unread))
        monkeypatch.setattr(
            "scanner.scan.read_and_build", lambda request: Scanned(tmp_path, reading, built, Profile(), request)
        )
        return built.graph

    return use


def test_the_graph_as_json_fits_its_schema(world):
    graph = world()
    code, out, _ = run("graph")
    body = json.loads(out)
    assert code == 0
    Draft202012Validator(SCHEMA).validate(body)
    assert body["sha256"] == graph.digest
    assert [one["id"] for one in body["nodes"]] == sorted(graph.nodes)
    assert len(body["edges"]) == len(EDGES)
    possible = next(one for one in body["edges"] if one["state"] == "possible")
    assert possible["source"] == "u:ns/Deployment/maybe"
    assert possible["traffic"] == [{"protocol": "TCP", "from_port": 8000, "to_port": 8000}]
    assert possible["origin"] == {"path": "a.yaml", "line": 7, "column": 3}
    assert possible["decided_by"] == ["var.x"]
    assert run("graph")[1] == out


def test_one_plane(world):
    world()
    edges = json.loads(run("graph", "--plane", "identity")[1])["edges"]
    assert [one["plane"] for one in edges] == ["identity"]
    assert run("graph", "--plane", "astral")[0] == 2


def test_dot_is_quoted(world):
    world()
    code, out, _ = run("graph", "--format", "dot")
    assert code == 0
    assert all(line.isprintable() for line in out.split("\n"))
    assert '"u:odd\\"\\\\N\\\\x0a\\\\x1b[31m]]>"' in out
    assert out.count("style=dashed") == 1
    if shutil.which("dot"):
        subprocess.run(["dot", "-Tsvg"], input=out, text=True, check=True, capture_output=True)


def test_what_was_not_read_is_said(world):
    world(unread=[Unread(FileOrigin("b.tf", 2), "`=` is missing", "file")])
    code, out, err = run("graph")
    assert code == 3
    assert json.loads(out)["edges"]
    assert err == "tether: unread: b.tf:2:1: `=` is missing\n"
    assert run("paths", "--from", "*/apart", "--to", "role:model")[0] == 3
    assert run("paths", "--from", "*/app", "--to", "role:model")[0] == 1


def test_expand_answers_the_policies_alone(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: i}]}\n"
    )
    code, out, _ = run("graph", "--expand", str(tmp_path))
    body = json.loads(out)
    Draft202012Validator(SCHEMA).validate(body)
    assert code == 0
    assert body["assumed"] == ["policies-enforced", "pods-addressable"]
    assert any(one["target"] == "default/Pod/a" for one in body["edges"])


def test_a_way(world):
    world()
    code, out, _ = run("paths", "--from", "ns/Deployment/app", "--to", "role:model")
    assert code == 1
    assert out == (
        "1 of the sources certainly leads from `ns/Deployment/app` to `role:model`\n"
        "\n"
        "3 steps, open\n"
        "  (1) deployment ns/app\n"
        "   |  a.yaml:7:3\n"
        "   |  network reach (TCP 8000): it is\\x0aopen\n"
        "   v\n"
        "  (2) deployment safe/gateway\n"
        "   |  a.yaml:7:3\n"
        "   |  network reach (TCP 8000): it is\\x0aopen\n"
        "   v\n"
        "  (3) service ml/vllm\n"
        "   |  a.yaml:7:3\n"
        "   |  network reach: it is\\x0aopen\n"
        "   v\n"
        "  (4) deployment ml/vllm\n"
    )


@pytest.mark.parametrize(
    ("source", "through", "code", "words"),
    [
        ("*/apart", None, 0, "no way leads from `*/apart` to `role:model`"),
        ("*/maybe", None, 3, "1 of the sources may lead from"),
        ("u:ns/Deployment/app", None, 1, "certainly leads"),
        ("ns/*", None, 1, "1 of the sources certainly leads"),
        ("*/app", "role:gateway", 0, "every way from `*/app` to `role:model` passes `role:gateway`"),
        ("*/maybe", "role:gateway", 3, "and round `role:gateway`"),
        ("*/apart", "role:gateway", 0, "no way leads"),
        ("*/gateway", "role:gateway", 0, "every way"),
    ],
)
def test_answers(world, source, through, code, words):
    world()
    more = ["--through", through] if through else []
    got, out, _ = run("paths", "--from", source, "--to", "role:model", *more)
    assert got == code
    assert words in out.splitlines()[0]


def test_a_way_round_is_shown(world):
    world([*EDGES, BYPASS])
    code, out, _ = run("paths", "--from", "*/app", "--to", "role:model", "--through", "role:gateway")
    assert code == 1
    assert "2 steps, open" in out
    assert "gateway\n" not in out.split("\n", 1)[1]
    assert "control reach" in out


def test_a_certain_way_is_preferred_to_a_short_one(world):
    graph = world([*EDGES, replace(BYPASS, state=State.POSSIBLE)])
    way = ways_between(graph, ["u:ns/Deployment/app"], ["u:ml/Deployment/vllm"])[0]
    assert (way.state, len(way.edges)) == (State.OPEN, 3)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("ns/Deployment/ap", "names nothing in the graph; did you mean `ns/Deployment/app`?"),
        ("role:modle", "there is no role `modle`; known are model, "),
        ("role:device", "no node has the role `device`"),
    ],
)
def test_a_name_of_nothing_is_wrong_use(world, source, message):
    world()
    code, out, err = run("paths", "--from", source, "--to", "role:model")
    assert (code, out) == (2, "")
    assert message in err


WHO_MAY = """
resource "aws_iam_role" "app" {
  name               = "app"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { AWS = "111122223333" } }] })
}
resource "aws_iam_user" "ana" {
  name = "ana"
}
resource "aws_iam_user_policy" "ana" {
  user   = aws_iam_user.ana.name
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::weights/*", Condition = { StringEquals = { "aws:PrincipalOrgID" = "o-1" } } },
    { Effect = "Allow", Action = "sts:AssumeRole", Resource = "*" },
  ] })
}
resource "aws_s3_bucket" "weights" {
  bucket = "weights"
}
resource "aws_s3_bucket_policy" "weights" {
  bucket = aws_s3_bucket.weights.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [
    { Effect = "Allow", Action = "s3:GetObject", Resource = "arn:aws:s3:::weights/*", Principal = { AWS = aws_iam_role.app.arn } },
  ] })
}
"""  # noqa: E501


def may(folder, *arguments):
    (folder / "main.tf").write_text(WHO_MAY)
    code, out, _ = run("graph", str(folder), "--who-may", *arguments)
    assert code == 0
    return {edge["source"].rpartition(".")[2]: edge["state"] for edge in json.loads(out)["edges"]}


def test_who_may_asks_every_policy(tmp_path):
    weights = ("s3:GetObject", "arn:aws:s3:::weights/m")
    assert may(tmp_path, *weights) == {"app": "open", "ana": "possible"}
    assert may(tmp_path, *weights, "--given", "aws:PrincipalOrgID=o-1") == {"app": "open", "ana": "open"}
    assert may(tmp_path, *weights, "--given", "aws:PrincipalOrgID=o-2") == {"app": "open"}
    assert may(tmp_path, *weights, "--nothing-else") == {"app": "open"}
    assert may(tmp_path, "s3:PutObject", weights[1]) == {}
    # A role that is not of the inputs has no trust to ask; of one that is, the trust decides as well.
    assert may(tmp_path, "sts:AssumeRole", "arn:aws:iam::444455556666:role/other") == {}
    assert may(tmp_path, "sts:AssumeRole", "arn:aws:iam::111122223333:role/app") == {"ana": "possible"}


def test_who_may_with_a_key_that_has_no_value(tmp_path):
    (tmp_path / "main.tf").write_text(WHO_MAY)
    code, _, err = run("graph", str(tmp_path), "--who-may", "s3:GetObject", "arn:aws:s3:::x", "--given", "aws:SourceIp")
    assert code == 2
    assert "KEY=VALUE" in err
