"""A cluster with a mesh, for the tests: manifests of its parts, and the graph with its gates."""

from __future__ import annotations

from scanner.builders.mesh.build import build_mesh
from scanner.graph.graph import Graph
from tests.builders.k8s_world import SERVER, workload, world_of

ISTIOD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec:
  selector: {matchLabels: {app: istiod}}
  template:
    metadata: {labels: {app: istiod}}
    spec: {serviceAccountName: istiod, containers: [{name: discovery, image: docker.io/istio/pilot:1.27.0}]}
"""
ZTUNNEL = """
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: ztunnel, namespace: istio-system}
spec:
  selector: {matchLabels: {app: ztunnel}}
  template:
    metadata: {labels: {app: ztunnel}}
    spec: {containers: [{name: istio-proxy, image: docker.io/istio/ztunnel:1.27.0}]}
"""


def spaces(label: str = "istio-injection: enabled", *names: str) -> str:
    """Namespaces with one label each."""
    return "".join(
        f"\n---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{label}}}}}\n"
        for name in (names or ("inference", "safety", "tenant"))
    )


def account(name: str) -> str:
    return f"serviceAccountName: {name}"


WORKLOADS = (
    workload("vllm", "inference", SERVER)
    + workload("gateway", "safety", account("gateway"))
    + workload("bot", "tenant", account("bot"))
)
MESH = ISTIOD + WORKLOADS + spaces()
STRICT = """
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
"""
GATEWAY_ID = "cluster.local/ns/safety/sa/gateway"


def authz(spec: str, name: str = "guard", namespace: str = "inference", notes: str = "") -> str:
    """An AuthorizationPolicy; `spec` in flow style."""
    return (
        "\n---\napiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
        f"metadata: {{name: {name}, namespace: {namespace}{notes}}}\nspec: {spec}\n"
    )


def peer(spec: str, name: str = "peer", namespace: str = "inference") -> str:
    """A PeerAuthentication; `spec` in flow style."""
    return (
        "\n---\napiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )


ONLY_GATEWAY_ID = authz(f'{{rules: [{{from: [{{source: {{principals: ["{GATEWAY_ID}"]}}}}]}}]}}')


def mesh_graph(*texts: str, **settings) -> Graph:
    """The frozen graph of manifests with the gates of the mesh."""
    world = world_of(*texts, **settings)
    build_mesh(world)
    return world.freeze()
