"""A container that shares the pod of a gateway or a classifier may be the stack, unless the profile names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanner.builders.build import build
from scanner.graph.model import Plane, State
from scanner.profile import Profile
from scanner.sources.read import ReadRequest, read_all

POD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: gateway, namespace: safety}
spec:
  selector: {matchLabels: {app: gateway}}
  template:
    metadata: {labels: {app: gateway}}
    spec:
      containers:
        - {name: gateway, image: "registry.example/gateway:1"}
        - {name: %s, image: "registry.example/other:1"}
"""


def becomes(folder: Path, name: str, **profile: tuple[str, ...]) -> list[tuple[str, str, State]]:
    (folder / "k8s.yaml").write_text(POD % name)
    reading = read_all(ReadRequest(root=folder, paths=(folder,)))
    graph = build(reading.resources, Profile(**profile)).graph  # type: ignore[arg-type]
    edges = [one for one in graph.plane(Plane.IDENTITY) if one.verb == "become"]
    return [(graph.nodes[one.source].address, graph.nodes[one.target].address, one.state) for one in edges]


@pytest.mark.parametrize("role", ["gateways", "classifiers"])
def test_a_container_that_nobody_named_may_be_the_stack(tmp_path: Path, role: str) -> None:
    found = becomes(tmp_path, "debug", **{role: ("safety/Deployment/gateway",)})
    assert found == [("safety/Deployment/gateway#debug", "safety/Deployment/gateway", State.POSSIBLE)]


def test_a_named_container_is_of_the_stack(tmp_path: Path) -> None:
    named = ("safety/Deployment/gateway", "safety/Deployment/gateway#filter")
    assert becomes(tmp_path, "filter", gateways=named) == []


@pytest.mark.parametrize(
    ("name", "image", "known"),
    [
        ("istio-proxy", "docker.io/istio/proxyv2:1.27.0", True),
        ("istio-proxy", "auto", True),
        ("istio-proxy", "registry.example/other:1", False),
        ("linkerd-proxy", "cr.l5d.io/linkerd/proxy:edge-25.1.1", True),
        ("debug", "docker.io/istio/proxyv2:1.27.0", False),
    ],
)
def test_a_mesh_proxy_is_known_by_its_image(tmp_path: Path, name: str, image: str, known: bool) -> None:
    other = f"{name}, image: {image}}}\n        - {{name: also"
    found = becomes(tmp_path, other, gateways=("safety/Deployment/gateway", "safety/Deployment/gateway#also"))
    assert bool(found) is not known


def before(folder: Path, name: str, **profile: tuple[str, ...]) -> list[tuple[str, str, State]]:
    """As `becomes`, with the second container among those that run first."""
    made = POD.replace("        - {name: %s,", "      initContainers:\n        - {name: %s,")
    (folder / "k8s.yaml").write_text(made % name)
    reading = read_all(ReadRequest(root=folder, paths=(folder,)))
    graph = build(reading.resources, Profile(**profile)).graph  # type: ignore[arg-type]
    edges = [one for one in graph.plane(Plane.IDENTITY) if one.verb == "become"]
    return [(graph.nodes[one.source].address, graph.nodes[one.target].address, one.state) for one in edges]


@pytest.mark.parametrize("role", ["gateways", "classifiers"])
@pytest.mark.parametrize("name", ["fetch", "istio-proxy"])
def test_a_container_that_runs_first_may_be_the_stack(tmp_path: Path, role: str, name: str) -> None:
    found = before(tmp_path, name, **{role: ("safety/Deployment/gateway",)})
    assert found == [(f"safety/Deployment/gateway#{name}", "safety/Deployment/gateway", State.POSSIBLE)]


def test_one_that_a_mesh_puts_in_or_the_profile_names_is_known(tmp_path: Path) -> None:
    named = ("safety/Deployment/gateway", "safety/Deployment/gateway#fetch")
    assert before(tmp_path, "fetch", gateways=named) == []
    mesh = "istio-init, image: istio/proxyv2:1.27.0}\n        - {name: fetch"
    assert before(tmp_path, mesh, gateways=named) == []
