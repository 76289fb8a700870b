"""The shapes by which a custom resource holds pods: pod specifications, single containers, images in parts."""

from __future__ import annotations

from collections.abc import Mapping

from scanner.origin import Origin
from scanner.resource import Attrs, Items, Key, dig, items_of, mark
from scanner.unknown import Unknown, Value

BUILT_IN_GROUPS = frozenset(
    [
        "", "apps", "autoscaling", "batch", "extensions", "policy",
        *(f"{name}.k8s.io" for name in (
            "admissionregistration", "apiextensions", "apiregistration", "authentication", "authorization",
            "certificates", "coordination", "discovery", "events", "flowcontrol.apiserver", "gateway.networking",
            "metrics", "networking", "node", "policy.networking", "rbac.authorization", "resource", "scheduling",
            "snapshot.storage", "storage",
        )),
    ]
)  # fmt: skip
"""Groups of Kubernetes itself: where they hold pods is known, so shapes are not looked for."""

PATTERN_GROUPS = (".kyverno.io", ".gatekeeper.sh", ".kustomize.config.k8s.io", ".policy.sigstore.dev")
"""Groups whose objects hold patterns of pods, and no pods; each also stands for the groups below it."""

HOLDERS = frozenset(
    {
        ("kubernetes.crossplane.io", "Object"), ("kubernetes.m.crossplane.io", "Object"),
        ("work.open-cluster-management.io", "ManifestWork"),
        ("work.open-cluster-management.io", "ManifestWorkReplicaSet"), ("work.karmada.io", "Work"),
        ("template.openshift.io", "Template"), ("", "Template"), ("capsule.clastix.io", "Tenant"),
        ("capsule.clastix.io", "TenantResource"), ("capsule.clastix.io", "GlobalTenantResource"),
        ("template.openshift.io", "TemplateInstance"), ("apiextensions.crossplane.io", "Composition"),
        ("core.oam.dev", "Application"), ("fleet.cattle.io", "Bundle"),
        ("addons.cluster.x-k8s.io", "ClusterResourceSet"),
    }
)  # fmt: skip
"""Objects that hold others, by group and kind: what stands in them is taken out, and they run no pods themselves."""

FRAMEWORKS = (
    "model", "sklearn", "xgboost", "tensorflow", "pytorch", "triton", "onnx", "huggingface", "pmml", "lightgbm",
    "paddle", "alibi", "mlflow",
)  # fmt: skip
"""KServe's keys for a container whose image comes from a serving runtime."""
RUNTIME = "the serving runtime "
"""What decides such an image, before the runtime's name."""

_POD_FIELDS = (
    "nodeSelector", "affinity", "tolerations", "nodeName", "serviceAccountName", "hostNetwork", "hostPID", "hostIPC",
    "volumes", "initContainers", "schedulerName", "runtimeClassName", "securityContext", "topologySpreadConstraints",
)  # fmt: skip
_CONTAINER_FIELDS = (
    "name", "image", "command", "args", "env", "envFrom", "ports", "resources", "volumeMounts", "securityContext",
)  # fmt: skip


MACHINES: dict[tuple[str, str], tuple[Key, ...]] = {
    ("kubevirt.io", "VirtualMachine"): ("spec", "template"),
    ("kubevirt.io", "VirtualMachineInstance"): (),
    ("kubevirt.io", "VirtualMachineInstanceReplicaSet"): ("spec", "template"),
    ("pool.kubevirt.io", "VirtualMachinePool"): ("spec", "virtualMachineTemplate", "spec", "template"),
}
"""Virtual machines of KubeVirt: where the object is whose labels the pod of a machine carries (`virt-launcher`; its
virt-controller copies them, `pkg/virt-controller/services/template.go`)."""


def machine(value: Value) -> Attrs | None:
    """The specification of a virtual machine as that of its pod: the images of its container disks are what it runs."""
    if not isinstance(value, Mapping):
        return None
    disks = value.get("volumes")
    containers = Items()
    for index, disk in enumerate(disks if isinstance(disks, list | tuple) else ()):
        image, origin = dig(disk, "containerDisk", "image"), mark(disks, index, "containerDisk", "image")
        if image is not None:
            containers.append(Attrs({"name": dig(disk, "name"), "image": image}, {"image": origin} if origin else None))
            containers.marks.extend([origin] if origin else [])
    spec = Attrs({"containers": containers})
    for key in ("nodeSelector", "affinity", "tolerations", "schedulerName", "networks"):
        if key in value:
            _put(spec, key, value[key], mark(value, key))
    named = [dig(one, "serviceAccount", "serviceAccountName") for one in items_of(disks)]
    for account in named:
        if account is not None:
            spec["serviceAccountName"] = account
    return spec


def is_pod_spec(value: Mapping[str, Value]) -> bool:
    """Whether a mapping has a list of containers, each with a name or an image."""
    containers = value.get("containers")
    if not isinstance(containers, list | tuple) or not containers:
        return False
    return all(isinstance(one, Mapping) and ("image" in one or "name" in one) for one in containers) and any(
        "image" in one or "command" in one or "args" in one or "env" in one or "resources" in one or "ports" in one
        for one in containers
        if isinstance(one, Mapping)
    )


def predictor(group: str, path: tuple[Key, ...], value: Mapping[str, Value]) -> Attrs | None:
    """A KServe predictor as a pod specification: its model is one more container, whose image a runtime decides."""
    if group not in ("serving.kserve.io", "serving.kubeflow.org", "ome.io") or path[-1:] != ("predictor",):
        return None
    models = [key for key in FRAMEWORKS if isinstance(value.get(key), Mapping)]
    if not models:
        return None
    containers = Items()
    for key in models:
        model, origin = value[key], mark(value, key)
        served = _copied(model, ("image", "name"), origin)
        served["name"] = dig(model, "name") or "kserve-container"
        served["image"] = dig(model, "image") or _of_runtime(dig(model, "runtime"))
        containers.append(served)
        containers.marks.extend([origin] if origin else [])
    written = value.get("containers")
    if isinstance(written, list):
        containers.extend(written)
        containers.marks.extend(getattr(written, "marks", []))
    spec = _copied(value, ("containers", *models), None)
    spec["containers"] = containers
    return spec


def _of_runtime(name: Value) -> Unknown:
    decided = (f"{RUNTIME}{name}",) if isinstance(name, str) and name else ()
    return Unknown("the image is that of its serving runtime", decided_by=decided)


def container_mapping(value: Mapping[str, Value]) -> Attrs | None:
    """A mapping with one container in a form of its own, as a pod specification; None where it has none.

    `container: {image: ...}`, `image: name` beside container fields, `image: {repository: ..., tag: ...}`.
    """
    inner = value.get("container")
    if isinstance(inner, Mapping) and "image" in inner:
        return _pod_of(value, inner, mark(value, "container"))
    image = value.get("image")
    if isinstance(image, Mapping):
        whole = joined_image(image)
        if whole is None:
            return None
        container = _copied(value, ("image",), mark(value, "image"))
        container["image"] = whole
        container.marks["image"] = mark(image, "repository") or mark(image, "name") or container.marks["image"]
        return _pod_of(value, container, mark(value, "image"))
    if isinstance(image, str | Unknown) and _image_like(image, value):
        return _pod_of(value, value, mark(value, "image"))
    return None


def joined_image(image: Mapping[str, Value]) -> Value:
    """`{registry, repository or name, tag, digest}` as one reference; None where it is no image."""
    name = image.get("repository") or image.get("name")
    if isinstance(name, Unknown):
        return name
    if not isinstance(name, str):
        return None
    registry, tag, digest = (image.get(key) for key in ("registry", "tag", "digest"))
    for part in (registry, tag, digest):
        if isinstance(part, Unknown):
            return part
    whole = f"{registry}/{name}" if registry else name
    if digest:
        return f"{whole}@{digest}"
    return f"{whole}:{tag}" if tag not in (None, "") else whole


def _image_like(image: str | Unknown, beside: Mapping[str, Value]) -> bool:
    """Whether a value can be a container image; a URL is none, a bare word only beside a container's fields."""
    if isinstance(image, Unknown):
        return True
    if "://" in image or " " in image or not image:
        return False
    return "/" in image or ":" in image or any(key in beside for key in ("command", "args", "env", "ports", "source"))


def _pod_of(around: Mapping[str, Value], container: Mapping[str, Value], origin: Origin | None) -> Attrs:
    spec = Attrs()
    for key in _POD_FIELDS:
        # What a container and a pod both have (securityContext) is the container's where they are one mapping.
        if key in around and not (around is container and key in _CONTAINER_FIELDS):
            _put(spec, key, around[key], mark(around, key))
    one = _copied(container, (), origin)
    spec["containers"] = Items([one], [origin] if origin else [])
    if origin:
        spec.marks["containers"] = origin
    return spec


def _copied(value: Value, but: tuple[str, ...], origin: Origin | None) -> Attrs:
    """The entries of a mapping without some keys, with their marks; those keys are marked with `origin`."""
    copy = Attrs()
    if isinstance(value, Mapping):
        for key, item in value.items():
            if key not in but:
                _put(copy, key, item, mark(value, key))
    if origin:
        copy.marks.update(dict.fromkeys(but, origin))
    return copy


def _put(attrs: Attrs, key: str, value: Value, origin: Origin | None) -> None:
    attrs[key] = value
    if origin:
        attrs.marks[key] = origin
