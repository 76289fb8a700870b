"""The fields that the built-in transformers of kustomize change (its default field specifications, 5.x)."""

from __future__ import annotations

from scanner.sources.kubernetes.kustomize.fields import Field

_WORKLOADS = ("Deployment", "ReplicaSet", "DaemonSet")
_AFFINITY = (
    "podAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
    "podAffinity/requiredDuringSchedulingIgnoredDuringExecution",
    "podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm",
    "podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution",
)


def _field(path: str, kind: str = "", group: str = "", version: str = "", *, create: bool = False) -> Field:
    return Field(tuple(path.split("/")), kind, group, version, create)


def _templates(key: str) -> tuple[Field, ...]:
    """Where `key` of the metadata of pod templates is."""
    return (
        _field(f"spec/template/metadata/{key}", "ReplicationController", version="v1", create=True),
        *(_field(f"spec/template/metadata/{key}", kind, create=True) for kind in _WORKLOADS),
        _field(f"spec/template/metadata/{key}", "StatefulSet", "apps", create=True),
        _field(f"spec/template/metadata/{key}", "Job", "batch", create=True),
        _field(f"spec/jobTemplate/metadata/{key}", "CronJob", "batch", create=True),
        _field(f"spec/jobTemplate/spec/template/metadata/{key}", "CronJob", "batch", create=True),
    )


OWN_LABELS = (_field("metadata/labels", create=True),)
TEMPLATE_LABELS = (*OWN_LABELS, *_templates("labels"))
CLAIM_LABELS = (_field("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", "apps", create=True),)
SELECTORS = (
    _field("spec/selector", "Service", version="v1", create=True),
    _field("spec/selector", "ReplicationController", version="v1", create=True),
    *(_field("spec/selector/matchLabels", kind, create=True) for kind in _WORKLOADS),
    _field("spec/selector/matchLabels", "StatefulSet", "apps", create=True),
    *(
        _field(f"spec/template/spec/affinity/{path}/labelSelector/matchLabels", kind, "apps")
        for kind in ("Deployment", "StatefulSet")
        for path in _AFFINITY
    ),
    *(
        _field("spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels", kind, "apps")
        for kind in ("Deployment", "StatefulSet")
    ),
    _field("spec/selector/matchLabels", "Job", "batch"),
    _field("spec/jobTemplate/spec/selector/matchLabels", "CronJob", "batch"),
    _field("spec/selector/matchLabels", "PodDisruptionBudget", "policy"),
    _field("spec/podSelector/matchLabels", "NetworkPolicy", "networking.k8s.io"),
    _field("spec/ingress/from/podSelector/matchLabels", "NetworkPolicy", "networking.k8s.io"),
    _field("spec/egress/to/podSelector/matchLabels", "NetworkPolicy", "networking.k8s.io"),
)
COMMON_LABELS = (*SELECTORS, *TEMPLATE_LABELS, *CLAIM_LABELS)
COMMON_ANNOTATIONS = (
    _field("metadata/annotations", create=True),
    *(
        Field(one.path, one.kind, one.group if one.kind != "StatefulSet" else "", one.version, one.create)
        for one in _templates("annotations")
    ),
)
NAMESPACES = (
    _field("spec/service/namespace", "APIService", "apiregistration.k8s.io", create=True),
    _field(
        "spec/conversion/webhook/clientConfig/service/namespace", "CustomResourceDefinition", "apiextensions.k8s.io"
    ),
)
REPLICAS = tuple(
    _field("spec/replicas", kind, create=True)
    for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")
)
UNPREFIXED = (("", "CustomResourceDefinition"), ("apiregistration.k8s.io", "APIService"), ("", "Namespace"))
"""Group and kind of the objects whose names no prefix or suffix changes."""
