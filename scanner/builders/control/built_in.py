"""The roles that every cluster has: what they let their holder do, as the API server sets them up."""

from __future__ import annotations

from scanner.builders.control.grants import Grant

WRITE = ("create", "update", "patch", "delete", "deletecollection")
READ = ("get", "list", "watch")
AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
RBAC = "rbac.authorization.k8s.io"
AGGREGATED = {"admin": ("admin", "edit", "view"), "edit": ("edit", "view"), "view": ("view",)}
"""User-facing role -> the labels (after AGGREGATE) whose roles end up in it: `view` is in `edit`, that in `admin`."""
_PODS = ("pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy")
_CORE = (
    "configmaps", "events", "persistentvolumeclaims", "replicationcontrollers", "replicationcontrollers/scale",
    "secrets", "serviceaccounts", "services", "services/proxy",
)  # fmt: skip
_APPS = (
    "daemonsets", "deployments", "deployments/rollback", "deployments/scale", "replicasets", "replicasets/scale",
    "statefulsets", "statefulsets/scale",
)  # fmt: skip
_HARMLESS = frozenset(
    {
        "system:discovery", "system:public-info-viewer", "system:basic-user", "system:auth-delegator",
        "system:monitoring",
        "system:node-proxier", "system:volume-scheduler", "system:kube-dns", "system:heapster",
        "system:node-problem-detector", "system:service-account-issuer-discovery", "system:node-bootstrapper",
        "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
        "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient",
    }
)  # fmt: skip
"""Built-in roles that read, answer reviews or ask for node certificates, and touch no workload."""
_READERS = frozenset({"extension-apiserver-authentication-reader"})
"""Built-in Roles of `kube-system` that only read."""

Row = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]
_ROWS: dict[str, tuple[Row, ...]] = {
    "cluster-admin": ((("*",), ("*",), ("*",)),),
    "view": (
        (("",), ("pods", "services", "endpoints", "configmaps", "serviceaccounts", "pods/log", "namespaces"), READ),
        (("apps",), _APPS, READ),
        (("networking.k8s.io",), ("ingresses", "networkpolicies"), READ),
    ),
    "edit": (
        (("",), (*_PODS[1:], "secrets", "services/proxy"), READ),
        (("",), _PODS, WRITE),
        (("",), _CORE, WRITE),
        (("",), ("pods/eviction",), ("create",)),
        (("",), ("serviceaccounts",), ("impersonate",)),
        (("",), ("serviceaccounts/token",), ("create",)),
        (("apps",), _APPS, WRITE),
        (("autoscaling",), ("horizontalpodautoscalers",), WRITE),
        (("batch",), ("cronjobs", "jobs"), WRITE),
        (("networking.k8s.io", "extensions"), ("ingresses", "networkpolicies"), WRITE),
        (("policy",), ("poddisruptionbudgets",), WRITE),
    ),
    "admin": (((RBAC,), ("roles", "rolebindings"), (*READ, *WRITE)),),
    "system:kubelet-api-admin": (
        (("",), ("nodes",), (*READ, "proxy")),
        (("",), ("nodes/proxy", "nodes/log", "nodes/stats", "nodes/metrics", "nodes/spec"), ("*",)),
    ),
    "system:node": ((("",), ("secrets", "configmaps"), READ), (("",), ("serviceaccounts/token",), ("create",))),
    "system:kube-controller-manager": (
        (("",), ("secrets", "serviceaccounts"), ("create", *READ, "update", "delete")),
        (("",), ("serviceaccounts/token",), ("create",)),
    ),
    "system:controller:clusterrole-aggregation-controller": (
        ((RBAC,), ("clusterroles",), ("escalate", "get", "list", "patch", "update", "watch")),
    ),
    "system:controller:namespace-controller": ((("*",), ("*",), ("delete", "deletecollection", "get", "list")),),
    "system:controller:generic-garbage-collector": ((("*",), ("*",), ("delete", "get", "list", "patch", "update")),),
}
_INCLUDES = {"admin": ("admin", "edit", "view"), "edit": ("edit", "view")}
_SAME = {f"system:aggregate-to-{name}": name for name in ("admin", "edit", "view")}


def built_in(name: str) -> list[Grant] | None:
    """The rules of a ClusterRole that every cluster has, without what other roles add; None for any other name."""
    alone = _SAME.get(name)
    parts = (alone,) if alone is not None else _INCLUDES.get(name, (name,))
    if name in _HARMLESS:
        return []
    if alone is None and name not in _ROWS:
        return None
    return [
        Grant(groups, resources, verbs, (), None, name)
        for part in parts
        for groups, resources, verbs in _ROWS.get(part, ())
    ]


def built_in_role(namespace: str, name: str) -> list[Grant] | None:
    """The rules of a Role that every cluster has; None for any other."""
    return [] if namespace == "kube-system" and name in _READERS else None
