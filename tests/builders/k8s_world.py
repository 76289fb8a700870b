"""From YAML text through the reader into the graph of the network plane, and what the tests ask of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Plane, Role, State
from scanner.profile import Profile
from scanner.resource import Resource
from scanner.sources.kubernetes.manifests import read_manifests

CALICO = """
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: calico-node, namespace: kube-system}
spec:
  selector: {matchLabels: {k8s-app: calico-node}}
  template:
    metadata: {labels: {k8s-app: calico-node}}
    spec:
      hostNetwork: true
      containers: [{name: calico-node, image: "calico/node:v3.30.1"}]
"""
MODEL = "inference/Deployment/vllm"
CILIUM = CALICO.replace("calico-node", "cilium").replace("calico/node", "quay.io/cilium/cilium")
GATEWAY = "safety/Deployment/gateway"
TENANT = "tenant/Deployment/bot"
SPACES = "".join(
    f"\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}}}\n"
    for name in ("inference", "safety", "tenant")
)


def workload(name: str, namespace: str, spec: str = "", labels: str = "", kind: str = "Deployment") -> str:
    """A workload labelled `app: name`; `spec` are lines of its pod spec, each with its own indentation of none."""
    lines = "".join(f"      {line}\n" for line in spec.strip("\n").split("\n") if line)
    containers = "" if "containers:" in spec else f"      containers: [{{name: {name}, image: example/{name}}}]\n"
    return (
        f"---\napiVersion: apps/v1\nkind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n"
        f"  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n"
        f"    metadata: {{labels: {{app: {name}{labels}}}}}\n    spec:\n{containers}{lines}"
    )


SERVER = """
containers:
  - name: vllm
    image: vllm/vllm-openai
    args: [--port=8000]
    ports: [{containerPort: 8000, name: http}]
"""
BASE = workload("vllm", "inference", SERVER) + workload("gateway", "safety") + workload("bot", "tenant") + SPACES


def policy(spec: str, name: str = "model", namespace: str = "inference") -> str:
    """A NetworkPolicy; `spec` is indented by two."""
    return (
        f"\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec:\n{spec}\n"
    )


ONLY_GATEWAY = policy(
    """  podSelector: {matchLabels: {app: vllm}}
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: safety}}
          podSelector: {matchLabels: {app: gateway}}
      ports: [{port: 8000}]"""
)


def resources_of(*texts: str, unit: str = "k8s") -> list[Resource]:
    """What the reader makes of manifests."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "all.yaml").write_text("\n---\n".join(texts))
        reading = read_manifests(root, [root / "all.yaml"], lambda _path: unit)
    # What a chart brings is not in the inputs: the builders still see that it is there.
    absent = ("is not in the inputs", "is not certainly in the inputs")
    assert [one for one in reading.unread if not one.cause.endswith(absent)] == []
    return reading.resources


def world_of(
    *texts: str, profile: Profile | None = None, models: tuple[str, ...] = (MODEL,), more: tuple[Resource, ...] = ()
) -> World:
    """The world of manifests, with roles given by address."""
    world = World(Inventory([*resources_of(*texts), *more]), profile or Profile())
    for address in models:
        world.add_roles(f"k8s:{address}", [Role.MODEL])
    if f"k8s:{GATEWAY}" in world.nodes:
        world.add_roles(f"k8s:{GATEWAY}", [Role.GATEWAY])
    build_k8s_network(world)
    return world


def graph_of(*texts: str, **settings) -> Graph:
    """The frozen graph of manifests."""
    return world_of(*texts, **settings).freeze()


def ways(graph: Graph, source: str, target: str = MODEL) -> list[tuple[Edge, ...]]:
    """Every way from an actor to a target over relays; addresses without the unit, or `external/...`."""
    start = f"external:{source}" if source.startswith("external/") else f"k8s:{source}"
    goal = f"k8s:{target}"
    found: list[tuple[Edge, ...]] = []
    waiting: list[tuple[Edge, ...]] = [(edge,) for edge in graph.out_of(start) if edge.plane is Plane.NETWORK]
    while waiting:
        way = waiting.pop()
        last = way[-1].target
        if last == goal:
            found.append(way)
        elif not graph.nodes[last].actor and all(edge.source != last for edge in way):
            waiting.extend((*way, edge) for edge in graph.out_of(last) if edge.plane is Plane.NETWORK)
    return found


def state(graph: Graph, source: str, target: str = MODEL) -> str:
    """`open`, `possible` or `closed`: the surest way from `source` to `target`."""
    every = ways(graph, source, target)
    if any(all(edge.state is State.OPEN for edge in way) for way in every):
        return "open"
    return "possible" if every else "closed"


def reasons(graph: Graph, source: str, target: str = MODEL) -> set[str]:
    """The reason codes on the ways from `source` to `target`."""
    return {edge.reason for way in ways(graph, source, target) for edge in way if edge.reason}
