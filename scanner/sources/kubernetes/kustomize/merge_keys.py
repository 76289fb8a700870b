"""Which lists of the built-in types a patch merges, and by which keys; every other list is replaced as a whole.

Source: `x-kubernetes-patch-strategy`, `x-kubernetes-patch-merge-key` and `x-kubernetes-list-map-keys` in the OpenAPI
description of Kubernetes 1.21.2, which is the one that kustomize 5 carries.
"""

from __future__ import annotations

from scanner.sources.kubernetes.kustomize.objects import Id

Merging = tuple[tuple[str, ...], str]
"""The merge keys of a list (none: of scalars), and the type of its items ("" where nothing in them is merged)."""

_TYPES: dict[str, dict[str, str | Merging]] = {
    "Meta": {"metadata": "ObjectMeta"},
    "ObjectMeta": {"finalizers": ((), ""), "ownerReferences": (("uid",), "")},
    "Pod": {"metadata": "ObjectMeta", "spec": "PodSpec"},
    "PodTemplate": {"metadata": "ObjectMeta", "template": "Pod"},
    "PodSpec": {
        "containers": (("name",), "Container"),
        "ephemeralContainers": (("name",), "Container"),
        "hostAliases": (("ip",), ""),
        "imagePullSecrets": (("name",), ""),
        "initContainers": (("name",), "Container"),
        "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"), ""),
        "volumes": (("name",), "Volume"),
    },
    "Container": {
        "env": (("name",), ""),
        "ports": (("containerPort", "protocol"), ""),
        "volumeDevices": (("devicePath",), ""),
        "volumeMounts": (("mountPath",), ""),
    },
    "Volume": {"ephemeral": "EphemeralVolumeSource"},
    "EphemeralVolumeSource": {"volumeClaimTemplate": "Meta"},
    "Workload": {"metadata": "ObjectMeta", "spec": "WorkloadSpec"},
    "WorkloadSpec": {"template": "Pod"},
    "CronJob": {"metadata": "ObjectMeta", "spec": "CronJobSpec"},
    "CronJobSpec": {"jobTemplate": "Workload"},
    "Service": {"metadata": "ObjectMeta", "spec": "ServiceSpec"},
    "ServiceSpec": {"ports": (("port", "protocol"), "")},
    "ServiceAccount": {"metadata": "ObjectMeta", "secrets": (("name",), "")},
    "Webhooks": {"metadata": "ObjectMeta", "webhooks": (("name",), "")},
    "Node": {"metadata": "ObjectMeta", "spec": "NodeSpec"},
    "NodeSpec": {"podCIDRs": ((), "")},
}
_KINDS = {
    "v1": {
        "Pod": "Pod",
        "PodTemplate": "PodTemplate",
        "ReplicationController": "Workload",
        "Service": "Service",
        "ServiceAccount": "ServiceAccount",
        "Node": "Node",
    },
    "apps/v1": dict.fromkeys(("DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), "Workload"),
    "batch/v1": {"Job": "Workload", "CronJob": "CronJob"},
    "batch/v1beta1": {"CronJob": "CronJob"},
    "admissionregistration.k8s.io/v1": dict.fromkeys(
        ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"), "Webhooks"
    ),
}
_VERSIONS = frozenset(
    ["v1", "apps/v1", "batch/v1", "policy/v1", "autoscaling/v1", "networking.k8s.io/v1", "storage.k8s.io/v1",
     "rbac.authorization.k8s.io/v1", "node.k8s.io/v1", "scheduling.k8s.io/v1", "coordination.k8s.io/v1",
     "discovery.k8s.io/v1", "events.k8s.io/v1", "apiextensions.k8s.io/v1", "apiregistration.k8s.io/v1",
     "admissionregistration.k8s.io/v1", "certificates.k8s.io/v1"]
)  # fmt: skip


def type_of(one: Id) -> str:
    """The type of an object, "" for a custom resource: its lists are replaced."""
    version = f"{one.group}/{one.version}" if one.group else one.version
    return _KINDS.get(version, {}).get(one.kind, "Meta" if version in _VERSIONS else "")


def field_type(kind: str, key: str) -> str | Merging:
    """What a field of a type is: a type, the keys of a list that is merged, or "" for anything else."""
    return _TYPES.get(kind, {}).get(key, "")
