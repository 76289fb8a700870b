"""Kubernetes objects inside Terraform: manifests in attributes, and the typed resources of the Kubernetes provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec.structs import replace

from scanner.origin import FileOrigin, Origin
from scanner.resource import Attrs, Encoded, Items, Reading, Resource, Unread, mark
from scanner.sources.kubernetes.deliveries import Delivery
from scanner.sources.kubernetes.held_objects import holds
from scanner.sources.kubernetes.not_shown import Known, asked, not_shown
from scanner.sources.kubernetes.objects import object_to_resource, restore_text
from scanner.sources.kubernetes.shallow import left_out
from scanner.sources.kubernetes.terraform_deliveries import of_terraform
from scanner.sources.terraform.blocks import POSSIBLE
from scanner.unknown import Unknown, Value
from scanner.yamltext import BadDocument, documents

TYPED: dict[str, tuple[str, str]] = {
    "api_service": ("apiregistration.k8s.io/v1", "APIService"),
    "mutating_webhook_configuration": ("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"),
    "validating_webhook_configuration": ("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    "resource_quota": ("v1", "ResourceQuota"),
    "runtime_class": ("node.k8s.io/v1", "RuntimeClass"),
    "config_map": ("v1", "ConfigMap"),
    "config_map_v1_data": ("v1", "ConfigMap"),
    "cluster_role": ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    "cluster_role_binding": ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"),
    "cron_job": ("batch/v1", "CronJob"),
    "daemon_set": ("apps/v1", "DaemonSet"),
    "daemonset": ("apps/v1", "DaemonSet"),
    "deployment": ("apps/v1", "Deployment"),
    "endpoint_slice": ("discovery.k8s.io/v1", "EndpointSlice"),
    "endpoints": ("v1", "Endpoints"),
    "horizontal_pod_autoscaler": ("autoscaling/v2", "HorizontalPodAutoscaler"),
    "ingress": ("networking.k8s.io/v1", "Ingress"),
    "ingress_class": ("networking.k8s.io/v1", "IngressClass"),
    "job": ("batch/v1", "Job"),
    "namespace": ("v1", "Namespace"),
    "network_policy": ("networking.k8s.io/v1", "NetworkPolicy"),
    "persistent_volume_claim": ("v1", "PersistentVolumeClaim"),
    "pod": ("v1", "Pod"),
    "replication_controller": ("v1", "ReplicationController"),
    "role": ("rbac.authorization.k8s.io/v1", "Role"),
    "role_binding": ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    "service": ("v1", "Service"),
    "service_account": ("v1", "ServiceAccount"),
    "stateful_set": ("apps/v1", "StatefulSet"),
}
"""Resource types of hashicorp/kubernetes without `kubernetes_` and the `_v1` ending (provider documentation 2.x)."""

_CARRIERS = ("kubernetes_", "kubectl_", "helm_")
"""How the types begin that carry objects."""
IN_PLACE = frozenset({"kubernetes_labels", "kubernetes_annotations", "kubernetes_env"})
"""Types that change fields of an object which something else made (provider documentation 2.x)."""
INERT = frozenset({"StorageClass", "VolumeSnapshotClass", "PriorityClass", "CustomResourceDefinition"})
"""Kinds whose labels and annotations neither guard nor lead."""

PLURALS: dict[str, str] = {
    "container": "containers",
    "init_container": "initContainers",
    "volume": "volumes",
    "volume_mount": "volumeMounts",
    "env": "env",
    "env_from": "envFrom",
    "port": "ports",
    "ports": "ports",
    "toleration": "tolerations",
    "match_expressions": "matchExpressions",
    "node_selector_term": "nodeSelectorTerms",
    "rule": "rules",
    "webhook": "webhooks",
    "subject": "subjects",
    "ingress": "ingress",
    "egress": "egress",
    "from": "from",
    "to": "to",
    "path": "paths",
    "metric": "metrics",
    "host_aliases": "hostAliases",
    "image_pull_secrets": "imagePullSecrets",
    "topology_spread_constraint": "topologySpreadConstraints",
    "subset": "subsets",
    "address": "addresses",
    "not_ready_address": "notReadyAddresses",
    "endpoint": "endpoints",
}
"""Blocks that stand for the items of a list; every other block stands for one mapping."""

NAMES = {
    "cluster_ip": "clusterIP",
    "cluster_ips": "clusterIPs",
    "external_ips": "externalIPs",
    "host_ip": "hostIP",
    "host_ipc": "hostIPC",
    "host_pid": "hostPID",
    "load_balancer_ip": "loadBalancerIP",
    "pod_ip": "podIP",
}
"""Fields whose names have capitals that the rule of the others does not give."""
DATA_MAPS = frozenset(
    {"labels", "annotations", "match_labels", "node_selector", "data", "limits", "requests", "selector"}
)
"""Maps whose keys are the user's own, and are kept as they are written (unless written as a block)."""


def unwrap(reading: Reading, known: Callable[[], Known]) -> None:
    """Add the Kubernetes objects that Terraform resources of `reading` carry, and name what they have delivered.

    known: which repositories and charts are among the inputs.
    """
    wrappers = [one for one in reading.resources if one.source != "kubernetes" and not one.data]
    carried: list[tuple[Value, Origin]] = []
    for resource in (one for one in wrappers if one.kind.startswith(_CARRIERS)):
        for value, origin in _objects(resource, reading):
            for each, where, possible in (value, origin, resource.possible), *_held(resource, value, origin, reading):
                carried.append((each, where))
                made = object_to_resource(each, where, resource.unit, resource.source)
                if isinstance(made, Unread):
                    reading.unread.append(made)
                else:
                    reading.resources.append(replace(made, possible=possible, provider=resource.provider))
    _deliveries(wrappers, carried, reading, known)


def _deliveries(
    wrappers: Sequence[Resource], carried: Sequence[tuple[Value, Origin]], reading: Reading, known: Callable[[], Known]
) -> None:
    others = [one.attrs for one in reading.resources if one.group]
    some = [*(each for one in wrappers for each in of_terraform(one)), *asked(carried, others)]
    for one in not_shown(some, known()) if some else ():
        if isinstance(one, Unread):
            reading.unread.append(one)
        else:
            reading.assumptions[one] = None
    if any(one.flat for one in some):
        _held_back(some, reading, known(), others)


def _held_back(some: Sequence[Delivery], reading: Reading, known: Known, others: Sequence[Value]) -> None:
    """Manifests in subfolders of a folder that is brought without them are possible, as those are that files name."""
    beside = asked(((one.attrs, one.origin) for one in reading.resources if one.group), others)
    doubt = left_out([*some, *beside], known.checkouts, reading.inputs)
    for place, one in enumerate(reading.resources if doubt is not None else ()):
        if doubt is not None and one.is_manifest and isinstance(one.origin, FileOrigin):
            why = one.possible or doubt(one.origin.path)
            reading.resources[place] = one if why is None else replace(one, possible=why)


def _held(
    resource: Resource, value: Value, origin: Origin, reading: Reading
) -> Iterator[tuple[Value, Origin, Unknown | None]]:
    """What the object holds, where it is one that holds others."""
    if not isinstance(value, Attrs) or not isinstance(origin, FileOrigin) or not holds(value):
        return
    from scanner.sources.kubernetes.inside import Holder, opened

    for _, inner in opened([Holder(origin.path, value, origin, resource.possible)]):
        if isinstance(inner, Unread):
            reading.unread.append(inner)
        else:
            yield inner.value, inner.origin, inner.possible


def _objects(resource: Resource, reading: Reading) -> Iterator[tuple[Value, Origin]]:
    kind = resource.kind
    if kind == "kubernetes_manifest":
        yield resource.attrs.get("manifest"), mark(resource.attrs, "manifest") or resource.origin
    elif kind == "kubectl_manifest":
        yield from _texts(resource, reading)
    elif kind == "helm_release":
        chart = resource.attrs.get("chart")
        name = f"`{chart}`" if isinstance(chart, str) else "of unknown name"
        cause = f"the chart {name} of `{resource.address}` is not rendered"
        remedy = "scan the output of `helm template` beside the Terraform code"
        reading.unread.append(Unread(resource.origin, cause, "template", remedy))
    elif kind in IN_PLACE:
        if resource.attrs.get("kind") not in INERT:
            cause = f"what `{resource.address}` changes of an object that something else made is not laid over that"
            reading.unread.append(Unread(resource.origin, cause, "foreign", "set it where the object is declared"))
    elif kind.startswith("kubernetes_"):
        typed = TYPED.get(kind.removeprefix("kubernetes_").removesuffix("_v1").removesuffix("_v2"))
        if typed is not None:
            body = _camel(resource.attrs)
            marks = {**body.marks, "apiVersion": resource.origin, "kind": resource.origin}
            yield Attrs({**body, "apiVersion": typed[0], "kind": typed[1]}, marks), resource.origin


def _texts(resource: Resource, reading: Reading) -> Iterator[tuple[Value, Origin]]:
    origin = mark(resource.attrs, "yaml_body") or resource.origin
    text = resource.attrs.get("yaml_body")
    if isinstance(text, Unknown | Encoded) and text.document is not None:
        yield text.document, origin
    elif not isinstance(text, str):
        cause = text.cause if isinstance(text, Unknown) else "`yaml_body` is not a text"
        reading.unread.append(Unread(origin, f"the manifest of `{resource.address}`: {cause}", "template"))
    else:
        for document in documents(text, origin.path if isinstance(origin, FileOrigin) else ""):
            if isinstance(document, BadDocument):
                reading.unread.append(Unread(origin, document.cause, "document"))
            else:
                restore_text(document.value)
                yield _placed(document.value, origin), origin


def _placed(value: Value, origin: Origin) -> Value:
    """The same value, every mark at `origin`: positions inside a heredoc are not those of the file."""
    if isinstance(value, Mapping):
        return Attrs({key: _placed(item, origin) for key, item in value.items()}, dict.fromkeys(value, origin))
    if isinstance(value, Sequence) and not isinstance(value, str):
        return Items([_placed(item, origin) for item in value], [origin] * len(value))
    return value


def _camel(attrs: Mapping[str, Value]) -> Attrs:
    """Blocks in snake case as the API's own fields."""
    made = Attrs()
    for key, value in attrs.items():
        if key == POSSIBLE:
            made[key] = value  # a block of a dynamic one that may not exist
            continue
        if key.startswith("__") or value is None:
            continue
        name, item = _field(key, value)
        made[name] = item
        where = mark(attrs, key)
        if where is not None:
            made.marks[name] = where
    return made


def _field(key: str, value: Value) -> tuple[str, Value]:
    blocks = isinstance(value, Items) and bool(value) and all(isinstance(one, Attrs) for one in value)
    if key in DATA_MAPS and not blocks:
        return _name(key), value
    if isinstance(value, Items) and blocks:
        items = Items([_camel(one) for one in value if isinstance(one, Attrs)], value.marks)
        if key in PLURALS:
            return PLURALS[key], items
        return _name(key), items[0]
    if isinstance(value, Mapping):
        return _name(key), _camel(value)
    return PLURALS.get(key, _name(key)) if isinstance(value, Items) else _name(key), value


def _name(key: str) -> str:
    if key in NAMES:
        return NAMES[key]
    first, *rest = key.split("_")
    return first + "".join(part.capitalize() for part in rest)
