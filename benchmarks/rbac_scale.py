"""Rights at scale, built and judged whole: bindings, roles and accounts by the ten thousand; time and memory.

    python benchmarks/rbac_scale.py [BINDINGS ...]

By default 2500 5000 10000 20000, each size in a process of its own: as many service accounts and workloads as bindings,
a role of its own for every second binding, bindings of one role for the whole cluster, chains of accounts, and fifty
workloads of which four are models or the stack. Reads nothing from disk, asserts nothing.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
import time

from scanner.builders.build import build
from scanner.catalogue import rules
from scanner.judge import judge
from scanner.origin import FileOrigin
from scanner.profile_file import parse_profile
from scanner.resource import Attrs, Resource

HERE = FileOrigin("k8s/a.yaml", 1)
PROFILE = """
agreement: a
units: [{name: main, manifests: [k8s]}]
models: {servers: [stack0/Deployment/part0, stack2/Deployment/part2]}
safety_stack: {gateways: [stack1/Deployment/part1, stack3/Deployment/part3]}
operators: ["group:ops"]
"""
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
    written = [
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
            made.append(thing("Role", f"r{number}", where, "rbac.authorization.k8s.io", rules=written[number % 3]))
            made.append(binding(number, "Role", f"r{number}", where, f"sa{number}", space))
        else:
            made.append(binding(number, "ClusterRole", "edit", space, f"sa{number}", space))
    return made


def measure(size: int) -> None:
    """Build and judge once, as the command line does, and print one line."""
    resources = cluster(size)
    profile = parse_profile(PROFILE, "tether.yaml")
    gc.disable()
    start = time.process_time()
    graph = build(resources, profile).graph
    built = time.process_time()
    judgement = judge(graph, profile, rules(), (), ("declared",))
    done = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    counts = f"{len(resources):7} objects  {len(graph.edges):8} edges  {len(judgement.findings):6} findings"
    print(
        f"{size:7} bindings  {counts}  build {built - start:6.2f} s  judge {done - built:6.2f} s  {peak:5} MB",
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
