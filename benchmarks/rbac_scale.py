"""Rights at scale: role bindings, roles and service accounts by the ten thousand, and the curve of time and memory.

    python benchmarks/rbac_scale.py [BINDINGS ...]

By default 2500 5000 10000 20000, each size in a process of its own: as many service accounts and workloads as bindings,
a role of its own for every second binding, bindings of one role for the whole cluster, chains of accounts, and fifty
members of the stack and models. Reads nothing from disk, asserts nothing.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time

from scanner.builders.control.build import build_cluster_control
from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.graph.model import Plane, Role
from scanner.graph.search import reach
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Resource

HERE = FileOrigin("k8s/a.yaml", 1)
STACK = 50
PER_SPACE = 20


def thing(kind: str, name: str, namespace: str = "", group: str = "", **body: object) -> Resource:
    """One object of a manifest."""
    address = f"{namespace}/{kind}/{name}" if namespace else f"{kind}/{name}"
    attrs = Attrs({"kind": kind, "metadata": {"name": name}, **body})  # type: ignore[arg-type]
    return Resource(address, "main", kind, name, attrs, HERE, "kubernetes", group, namespace)


def workload(name: str, namespace: str, account: str) -> Resource:
    """A Deployment that runs as an account."""
    spec = {"serviceAccountName": account, "containers": [{"name": "c", "image": "a"}]}
    return thing("Deployment", name, namespace, "apps", spec={"template": {"spec": spec}})


def binding(number: int, kind: str, role: str, namespace: str, account: str, home: str) -> Resource:
    """A binding of one account to a role."""
    whole = "ClusterRoleBinding" if not namespace else "RoleBinding"
    subjects = [{"kind": "ServiceAccount", "name": account, "namespace": home}]
    reference = {"kind": kind, "name": role}
    return thing(whole, f"b{number}", namespace, "rbac.authorization.k8s.io", roleRef=reference, subjects=subjects)


def cluster(size: int) -> list[Resource]:
    """The objects of a cluster with `size` bindings and `size` service accounts."""
    rules = [
        [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "patch"]}],
        [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}],
        [{"apiGroups": [""], "resources": ["configmaps", "events"], "verbs": ["get", "list"]}],
    ]
    made = [workload(f"part{number}", f"stack{number % 5}", f"part{number}") for number in range(STACK)]
    for number in range(size):
        space = f"team{number // PER_SPACE}"
        made.append(thing("ServiceAccount", f"sa{number}", space))
        made.append(workload(f"app{number}", space, f"sa{number}"))
        if number % 10 == 0:
            made.append(binding(number, "ClusterRole", "edit", "", f"sa{number}", space))
        elif number % 2:
            where = f"stack{number % 5}" if number % 7 == 0 else space
            made.append(thing("Role", f"r{number}", where, "rbac.authorization.k8s.io", rules=rules[number % 3]))
            made.append(binding(number, "Role", f"r{number}", where, f"sa{number}", space))
        else:
            made.append(binding(number, "ClusterRole", "edit", space, f"sa{number}", space))
    return made


def measure(size: int) -> None:
    """Build and search once, and print one line."""
    resources = cluster(size)
    start = time.process_time()
    world = World(Inventory(resources), Profile())
    for number in range(STACK):
        role = Role.GATEWAY if number % 2 else Role.MODEL
        world.add_roles(f"main:stack{number % 5}/Deployment/part{number}", [role])
    build_cluster_control(world)
    built = time.process_time()
    graph = world.freeze()
    targets = [node.id for node in graph.with_role(Role.GATEWAY)]
    found = reach(graph, targets, [Plane.IDENTITY], allowed=lambda _: False, verbs=["become"], through_actors=True)
    done = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"{size:7} bindings  {len(resources):7} objects  {len(graph.edges):8} edges  {len(found.ways):6} ways  "
        f"build {built - start:6.2f} s  freeze and search {done - built:6.2f} s  {peak:5} MB",
        flush=True,
    )


def main() -> None:
    """One process a size."""
    if len(sys.argv) > 2 and sys.argv[1] == "--one":
        measure(int(sys.argv[2]))
        return
    for size in sys.argv[1:] or ("2500", "5000", "10000", "20000"):
        subprocess.run([sys.executable, __file__, "--one", size], check=True)


if __name__ == "__main__":
    main()
