"""How the gates of a mesh grow: workloads before guarded models, each model with a policy of its own.

Nothing is asserted.

    python benchmarks/mesh_scale.py [--workloads 1000 5000 20000] [--models 200]
"""

from __future__ import annotations

import argparse
import resource
import time

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.builders.mesh.build import build_mesh
from scanner.graph.model import Role
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Items, Resource
from scanner.sources.kubernetes.objects import object_to_resource


def wrapped(value):
    """Plain values as the readers give them."""
    if isinstance(value, dict):
        return Attrs({key: wrapped(item) for key, item in value.items()})
    return Items([wrapped(item) for item in value]) if isinstance(value, list) else value


def made(version: str, kind: str, name: str, namespace: str = "", labels: dict | None = None, **body) -> Resource:
    """One object."""
    meta = {"name": name, **({"namespace": namespace} if namespace else {}), **({"labels": labels} if labels else {})}
    value = wrapped({"apiVersion": version, "kind": kind, "metadata": meta, **body})
    found = object_to_resource(value, FileOrigin("made.yaml", 1), "k8s", "kubernetes")
    assert isinstance(found, Resource)
    return found


def deployment(name: str, namespace: str, account: str, image: str = "example/x") -> Resource:
    """A workload with a service account."""
    pod = {"serviceAccountName": account, "containers": [{"name": name, "image": image, "args": ["--port=8000"]}]}
    return made(
        "apps/v1",
        "Deployment",
        name,
        namespace,
        spec={"template": {"metadata": {"labels": {"app": name}}, "spec": pod}},
    )


def cluster(workloads: int, models: int) -> list[Resource]:
    """Two workloads a namespace; models in the first of them, each admitting one workload of the next namespace."""
    found = [deployment("istiod", "istio-system", "istiod", "docker.io/istio/pilot:1.27.0")]
    found.append(
        made("security.istio.io/v1", "PeerAuthentication", "p", "istio-system", spec={"mtls": {"mode": "STRICT"}})
    )
    for number in range(workloads // 2):
        found.append(made("v1", "Namespace", f"n{number}", labels={"istio-injection": "enabled"}))
        found += [deployment(f"w{one}", f"n{number}", f"s{one}") for one in range(2)]
    for number in range(models):
        found.append(deployment("m", f"n{number}", "m", "vllm/vllm-openai"))
        source = {"principals": [f"cluster.local/ns/n{number + 1}/sa/s0"]}
        spec = {"selector": {"matchLabels": {"app": "m"}}, "rules": [{"from": [{"source": source}]}]}
        found.append(made("security.istio.io/v1", "AuthorizationPolicy", "p", f"n{number}", spec=spec))
    return found


def main() -> None:
    """Print a line for each size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--workloads", type=int, nargs="+", default=[1000, 5000, 20000])
    parser.add_argument("--models", type=int, default=200)
    wanted = parser.parse_args()
    for size in wanted.workloads:
        world = World(Inventory(cluster(size, wanted.models)), Profile())
        for number in range(wanted.models):
            world.add_roles(f"k8s:n{number}/Deployment/m", [Role.MODEL])
        started = time.process_time()
        build_k8s_network(world)
        between = time.process_time()
        build_mesh(world)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        mesh = time.process_time() - between
        print(f"{size:7} workloads  network {between - started:6.2f} s  mesh {mesh:6.2f} s  {peak:5} MB")


if __name__ == "__main__":
    main()
