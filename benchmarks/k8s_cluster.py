"""A made-up cluster of any size, always the same for its size: objects, manifests and the profile that goes with them.

Two workloads a namespace with five replicas each, a Service and a policy for each, a policy that denies by default in
each namespace; named ports, address blocks, admin policies, model servers and gateways among them.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

VARIANTS = {
    "base": "workloads with replicas",
    "owned-pods": "five pods of each workload beside it, as a live cluster lists them",
    "bare-pods": "five pods of each workload, and nothing that owns them",
    "unique-labels": "five pods of each workload and nothing that owns them, each with a label of its own",
    "crowded": "a quarter of all workloads and 5,000 policies in one namespace",
    "open": "no policy at all",
    "wide": "one policy that selects every pod, in every namespace, with 10,000 peers",
    "rbac": "a service account for each workload, and a role binding for each",
}
WORKLOADS_A_SPACE, REPLICAS = 2, 5
MODELS, GATEWAYS, ADMIN = 200, 20, 200
PEERS, CROWD = 10_000, 5_000


class Cluster:
    """The objects of a cluster of `workloads` workloads."""

    def __init__(self, workloads: int, variant: str) -> None:
        self.workloads, self.variant = workloads, variant
        self.spaces = workloads // WORKLOADS_A_SPACE
        self.dice = random.Random(4)
        every = max(workloads // MODELS, 1)
        self.models = set(range(0, workloads, every))
        self.gateways = {number + 1 for number in sorted(self.models)[:: max(len(self.models) // GATEWAYS, 1)]}

    def space(self, number: int) -> str:
        """The namespace of a workload."""
        if self.variant == "crowded" and number % 4 == 3:
            return "crowd"
        return f"team-{number // WORKLOADS_A_SPACE}"

    def name(self, number: int) -> str:
        """The name of a workload."""
        kind = "model" if number in self.models else "gateway" if number in self.gateways else "app"
        return f"{kind}-{number}"

    def address(self, number: int) -> str:
        """The address of a workload's first object."""
        kind = "Pod" if self.variant in ("bare-pods", "unique-labels") else "Deployment"
        tail = "-0" if kind == "Pod" else ""
        return f"{self.space(number)}/{kind}/{self.name(number)}{tail}"

    def profile(self) -> str:
        """The tether.yaml that names its models and gateways."""
        last = REPLICAS if self.variant in ("bare-pods", "unique-labels") else 1
        models = [
            f"{self.address(one)[: -1 if last > 1 else None]}{end if last > 1 else ''}"
            for one in sorted(self.models)
            for end in range(last)
        ]
        gateways = [self.address(one) for one in sorted(self.gateways)]
        return json.dumps(
            {
                "places": [{"provider": "aws", "regions": ["us-gov-west-1"]}],
                "models": {"servers": models},
                "safety_stack": {"gateways": gateways},
                "operators": ["group:operators"],
            },
            indent=1,
        )

    def files(self) -> Iterator[tuple[str, list[dict]]]:
        """The objects, by file: fifty namespaces a file."""
        admin = [] if self.variant == "open" else self._admin()
        yield "cluster.yaml", [*_enforcer(), *admin, *self._roles(), *self._extra()]
        for first in range(0, self.spaces, 50):
            some = range(first, min(first + 50, self.spaces))
            every = [one for space in some for one in self._space(space)]
            yield f"teams-{first:06}.yaml", [one for one in every if not self._left_out(one)]

    def _left_out(self, one: dict) -> bool:
        return self.variant == "open" and one["kind"] == "NetworkPolicy"

    def _extra(self) -> Iterator[dict]:
        if self.variant == "crowded":
            yield _object("v1", "Namespace", "crowd", "", metadata={"labels": {"team": "crowd"}})
            for number in range(CROWD):
                target = 4 * (number % max(self.workloads // 4, 1)) + 3
                yield self._policy(f"more-{number}", "crowd", target)
        if self.variant == "wide":
            peers = [self._pods(number * self.workloads // PEERS) for number in range(PEERS)]
            spec = {
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                "ingress": [{"from": peers}],
                "egress": [{}],
            }
            yield _object("networking.k8s.io/v1", "NetworkPolicy", "wide", "team-0", spec=spec)
            rules = [
                {"action": "Allow", "from": [{"pods": self._admin_pods(rule * 100 + one)} for one in range(100)]}
                for rule in range(PEERS // 100)
            ]
            spec = {"priority": 500, "subject": {"namespaces": {}}, "ingress": rules}
            yield _object("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", "wide", "", spec=spec)

    def _space(self, space: int) -> Iterator[dict]:
        name = f"team-{space}"
        labels = {"team": name, "tier": f"t{space % 20}", "tenant": f"c{space % 500}"}
        yield _object("v1", "Namespace", name, "", metadata={"labels": labels})
        deny = {"podSelector": {}, "policyTypes": ["Ingress"]}
        yield _object("networking.k8s.io/v1", "NetworkPolicy", "default-deny", name, spec=deny)
        for number in range(space * WORKLOADS_A_SPACE, (space + 1) * WORKLOADS_A_SPACE):
            yield from self._workload(number)

    def _workload(self, number: int) -> Iterator[dict]:
        space, name = self.space(number), self.name(number)
        pods = [self._template(number, copy) for copy in range(REPLICAS)]
        if self.variant not in ("bare-pods", "unique-labels"):
            spec = {"replicas": REPLICAS, "selector": {"matchLabels": {"app": name}}, "template": pods[0]}
            yield _object("apps/v1", "Deployment", name, space, spec=spec)
        if self.variant in ("owned-pods", "bare-pods", "unique-labels"):
            owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "controller": True}
            for copy, pod in enumerate(pods):
                more = {"ownerReferences": [owner]} if self.variant == "owned-pods" else {}
                metadata = {**pod["metadata"], **more}
                yield _object("v1", "Pod", f"{name}-{copy}", space, metadata=metadata, spec=pod["spec"])
        ports = [{"name": "http", "port": 80, "targetPort": "http" if number % 3 else 8000}]
        kind = "LoadBalancer" if number % 500 == 7 else "ClusterIP"
        yield _object("v1", "Service", name, space, spec={"type": kind, "selector": {"app": name}, "ports": ports})
        yield self._policy(name, space, number)
        if self.variant == "rbac":
            yield from self._identity(number)

    def _template(self, number: int, copy: int) -> dict:
        name = self.name(number)
        labels = {"app": name, "part-of": f"suite-{number % 1000}", "release": f"r{number % 7}"}
        if self.variant == "unique-labels":
            labels["pod"] = f"{name}-{copy}"
        container = {"name": name, "image": f"registry.example.com/{name}:1.{number % 9}.0"}
        container["ports"] = [{"name": "http", "containerPort": 8000 + number % 5}]
        if number in self.models:
            container |= {
                "image": "vllm/vllm-openai:v0.11.0",
                "args": ["--model=s3://weights/m", "--port=8000"],
                "resources": {"limits": {"nvidia.com/gpu": 1}},
                "ports": [{"name": "http", "containerPort": 8000}, {"name": "metrics", "containerPort": 9090}],
            }
        spec: dict = {"containers": [container]}
        if number % 400 == 11:
            spec["hostNetwork"] = True
        if self.variant == "rbac":
            spec["serviceAccountName"] = name
        return {"metadata": {"labels": labels}, "spec": spec}

    def _pods(self, number: int) -> dict:
        spaces = {"matchLabels": {"kubernetes.io/metadata.name": self.space(number)}}
        return {"namespaceSelector": spaces, "podSelector": {"matchLabels": {"app": self.name(number)}}}

    def _admin_pods(self, number: int) -> dict:
        number = number * self.workloads // PEERS
        return {
            "namespaceSelector": {"matchLabels": {"team": self.space(number)}},
            "podSelector": {"matchExpressions": [{"key": "app", "operator": "In", "values": [self.name(number)]}]},
        }

    def _policy(self, name: str, space: str, number: int) -> dict:
        """Who may call a workload: a gateway for a model; by turns neighbours, a tenant, a block, a suite else."""
        other = self.dice.randrange(self.workloads)
        peers: list[dict] = [self._pods(other)]
        if number in self.models:
            peers = [self._pods(self.dice.choice(sorted(self.gateways)))]
        elif number % 5 == 1:
            peers.append({"ipBlock": {"cidr": f"10.{other % 250}.0.0/16", "except": [f"10.{other % 250}.7.0/24"]}})
        elif number % 5 == 2:
            peers.append({"namespaceSelector": {"matchLabels": {"tenant": f"c{other % 500}"}}})
        elif number % 5 == 3:
            peers.append({"podSelector": {"matchExpressions": [{"key": "part-of", "operator": "Exists"}]}})
        port = {"port": "http"} if number % 2 else {"port": 8000, "endPort": 8010}
        spec: dict = {
            "podSelector": {"matchLabels": {"app": self.name(number)}},
            "policyTypes": ["Ingress"],
            "ingress": [{"from": peers, "ports": [{"protocol": "TCP", **port}]}],
        }
        if number % 4 == 0 and number not in self.models:
            spec["policyTypes"] = ["Ingress", "Egress"]
            spec["egress"] = [
                {"to": [self._pods(other)], "ports": [{"port": "http"}]},
                {"to": [{"namespaceSelector": {}}], "ports": [{"protocol": "UDP", "port": 53}]},
            ]
        return _object("networking.k8s.io/v1", "NetworkPolicy", name, space, spec=spec)

    def _admin(self) -> Iterator[dict]:
        for number in range(ADMIN):
            tenant = {"matchLabels": {"tenant": f"c{number * 7 % 500}"}}
            other = {"matchLabels": {"tenant": f"c{number * 11 % 500}"}}
            rules = [
                {
                    "action": "Pass",
                    "from": [{"namespaces": other}],
                    "ports": [{"portRange": {"start": 8000, "end": 8005}}],
                },
                {"action": "Deny", "from": [{"namespaces": {"matchLabels": {"tier": f"t{number % 20}"}}}]},
            ]
            spec = {"priority": number, "subject": {"namespaces": tenant}, "ingress": rules}
            yield _object("policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy", f"tenant-{number}", "", spec=spec)
        spec = {
            "subject": {"namespaces": {}},
            "ingress": [{"action": "Deny", "from": [{"namespaces": {"matchLabels": {"tier": "t3"}}}]}],
        }
        yield _object("policy.networking.k8s.io/v1alpha1", "BaselineAdminNetworkPolicy", "default", "", spec=spec)

    def _roles(self) -> Iterator[dict]:
        rules = {
            "reader": [{"apiGroups": [""], "resources": ["pods", "configmaps"], "verbs": ["get", "list"]}],
            "editor": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch", "update"]}],
            "shell": [{"apiGroups": [""], "resources": ["pods/exec", "pods/portforward"], "verbs": ["create"]}],
        }
        for name, some in rules.items():
            yield _object("rbac.authorization.k8s.io/v1", "ClusterRole", name, "", rules=some)

    def _identity(self, number: int) -> Iterator[dict]:
        name, space = self.name(number), self.space(number)
        yield _object("v1", "ServiceAccount", name, space)
        role = {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": ("reader", "editor", "shell")[number % 3],
        }
        subjects = [{"kind": "ServiceAccount", "name": name, "namespace": space}]
        yield _object("rbac.authorization.k8s.io/v1", "RoleBinding", name, space, roleRef=role, subjects=subjects)


def _enforcer() -> Iterator[dict]:
    container = {"name": "calico-node", "image": "calico/node:v3.29.0"}
    template = {
        "metadata": {"labels": {"k8s-app": "calico-node"}},
        "spec": {"hostNetwork": True, "containers": [container]},
    }
    spec = {"selector": {"matchLabels": {"k8s-app": "calico-node"}}, "template": template}
    yield _object("apps/v1", "DaemonSet", "calico-node", "kube-system", spec=spec)


def _object(version: str, kind: str, name: str, space: str, *, metadata: dict | None = None, **body: object) -> dict:
    place = {"namespace": space} if space else {}
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **place, **(metadata or {})}, **body}


def text_of(value: object, indent: int = 0) -> str:
    """Block YAML for what the cluster is made of; every scalar is quoted as JSON has it but plain words."""
    pad = "  " * indent
    if isinstance(value, dict) and value:
        return "".join(f"{pad}{_plain(key)}:{_below(item, indent + 1)}" for key, item in value.items())
    if isinstance(value, list) and value:
        return "".join(
            f"{pad}- {text_of(item, indent + 1).lstrip()}"
            if isinstance(item, dict | list) and item
            else f"{pad}- {_plain(item)}\n"
            for item in value
        )
    return f"{pad}{_plain(value)}\n"


def _below(value: object, indent: int) -> str:
    if isinstance(value, dict | list) and value:
        return "\n" + text_of(value, indent)
    return f" {_plain(value)}\n"


def _plain(value: object) -> str:
    return (
        value
        if isinstance(value, str)
        and value
        and value.replace("-", "").replace("/", "").replace(".", "").isalpha()
        and value[0] != "-"
        else json.dumps(value)
    )


def write(folder: Path, workloads: int, variant: str) -> tuple[int, int]:
    """Lay the cluster down as manifests; the answer is how many objects and bytes they are."""
    cluster = Cluster(workloads, variant)
    objects = size = 0
    for name, some in cluster.files():
        text = "".join("---\n" + text_of(one) for one in some)
        (folder / name).write_text(text)
        objects, size = objects + len(some), size + len(text)
    (folder / "tether.yaml").write_text(cluster.profile())
    return objects, size
