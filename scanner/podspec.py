"""Pod specifications wherever they stand: in built-in workloads by place, in custom resources by their shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from scanner.origin import Origin
from scanner.podspec_containers import Container, Fact, command_line, containers, environment, environment_sources
from scanner.podspec_shapes import (
    BUILT_IN_GROUPS,
    FRAMEWORKS,
    HOLDERS,
    MACHINES,
    PATTERN_GROUPS,
    container_mapping,
    is_pod_spec,
    machine,
    predictor,
)
from scanner.resource import Attrs, Key, Resource, dig, mark
from scanner.unknown import Unknown, Value

__all__ = [
    "Container", "Fact", "PodTemplate", "command_line", "containers", "environment", "environment_sources",
    "pod_templates",
]  # fmt: skip

Path = tuple[Key, ...]

_TEMPLATE: Path = ("spec", "template", "spec")
BUILT_IN: dict[tuple[str, str], tuple[Path, Path]] = {
    ("", "Pod"): (("spec",), ()),
    ("", "PodTemplate"): (("template", "spec"), ()),
    ("", "ReplicationController"): (_TEMPLATE, ("spec", "replicas")),
    ("apps", "Deployment"): (_TEMPLATE, ("spec", "replicas")),
    ("apps", "StatefulSet"): (_TEMPLATE, ("spec", "replicas")),
    ("apps", "ReplicaSet"): (_TEMPLATE, ("spec", "replicas")),
    ("apps", "DaemonSet"): (_TEMPLATE, ()),
    ("batch", "Job"): (_TEMPLATE, ("spec", "parallelism")),
    ("batch", "CronJob"): (("spec", "jobTemplate", *_TEMPLATE), ("spec", "jobTemplate", "spec", "parallelism")),
}
"""Where a built-in workload has its pod specification, and where its number of pods (empty: it has none)."""

_OLD_GROUPS = {"extensions": "apps"}
_COUNTS = ("replicas", "minReplicas", "parallelism")
_PLAIN_STEPS = frozenset(["spec", "template", "podSpec", "podTemplate", "rayClusterConfig", "extraPodSpec"])
_INSIDE_A_POD = frozenset(["containers", "initContainers", "ephemeralContainers", "volumes", "metadata"])
_MAX_DEPTH = 200


class PodTemplate(Struct, frozen=True):
    """A pod specification inside a resource.

    path: from the resource's attrs to the mapping that holds the pod's fields. spec: that mapping; where the
    resource writes its container in a form of its own, a copy with `containers` (and `synthetic` is True); an Unknown
    where it is not known. labels, annotations: of the pods, as far as they are written.
    labels_known: False where an operator makes the pods, and so may add labels, or where `labels` is not known.
    replicas: the number of pods, None where none is written (then it is one, or one on each node).
    annotations_unknown: set where nothing at all is known of the annotations.
    suffix: tells the templates of one resource apart ("headGroupSpec"), "" for the only one.
    """

    path: Path
    spec: Value
    labels: Mapping[str, Value]
    labels_known: bool
    annotations: Mapping[str, Value]
    replicas: Value
    replicas_origin: Origin | None
    origin: Origin
    suffix: str = ""
    synthetic: bool = False
    annotations_unknown: Unknown | None = None


def pod_templates(resource: Resource) -> Sequence[PodTemplate]:
    """The pod specifications of a Kubernetes resource, in the order of the text; none for what makes no pods."""
    known = resource.memo.get("pod_templates")
    if not isinstance(known, tuple):
        known = resource.memo["pod_templates"] = tuple(_templates(resource))
    return known


def _templates(resource: Resource) -> list[PodTemplate]:
    group = _OLD_GROUPS.get(resource.group, resource.group)
    place = BUILT_IN.get((group, resource.kind))
    if place is not None:
        path, count = place
        spec = dig(resource.attrs, *path)
        if spec is None:
            return []
        found = _template(resource, path, spec, built_in=True)
        return [replace(found, replicas=_at(resource.attrs, count), replicas_origin=mark(resource.attrs, *count))]
    if (group, resource.kind) in MACHINES:
        return _machines(resource, MACHINES[group, resource.kind])
    if group in BUILT_IN_GROUPS or f".{group}".endswith(PATTERN_GROUPS) or (group, resource.kind) in HOLDERS:
        return []
    templates = [
        _template(resource, path, spec, built_in=False, synthetic=made) for path, spec, made in _search(resource)
    ]
    return _with_suffixes(resource, templates)


def _machines(resource: Resource, path: Path) -> list[PodTemplate]:
    """The pod of a virtual machine: its labels are copied, none of other keys than KubeVirt's own is added."""
    value = dig(resource.attrs, *path, "spec")
    spec = value if isinstance(value, Unknown) else machine(value)
    if spec is None:
        return []
    found = _template(resource, (*path, "spec"), spec, built_in=True, synthetic=True)
    count = ("spec", "replicas") if path else ()
    return [replace(found, replicas=_at(resource.attrs, count), replicas_origin=mark(resource.attrs, *count))]


def _search(resource: Resource) -> Iterator[tuple[Path, Value, bool]]:
    """Each pod specification in a custom resource: its path, its mapping, and whether that was made up here."""
    waiting: list[tuple[Path, Value]] = [((), resource.attrs)]
    while waiting:
        path, value = waiting.pop()
        children: list[tuple[Path, Value]] = []
        if isinstance(value, Mapping):
            found, made, taken = _pods_at(resource.group, path, value)
            if found is not None:
                yield path, found, made
            children = [((*path, key), item) for key, item in value.items() if key not in taken]
        elif isinstance(value, list | tuple):
            children = [((*path, index), item) for index, item in enumerate(value)]
        if len(path) < _MAX_DEPTH:
            waiting.extend(reversed(children))


def _pods_at(group: str, path: Path, value: Mapping[str, Value]) -> tuple[Value, bool, frozenset[str]]:
    """The pod specification that a mapping is, whether it was made up, and the keys that need no further look."""
    if not path:
        return None, False, frozenset(["status", "metadata"])
    serving = predictor(group, path, value)
    if serving is not None:
        return serving, True, _INSIDE_A_POD | frozenset(FRAMEWORKS)
    if is_pod_spec(value):
        return value, False, _INSIDE_A_POD
    # The image of an output is made, not run.
    single = None if path[-1] == "output" else container_mapping(value)
    return single, True, frozenset(["container", "image"])


def _template(resource: Resource, path: Path, spec: Value, *, built_in: bool, synthetic: bool = False) -> PodTemplate:
    """The template around the pod specification at `path`."""
    metadata = dig(resource.attrs, *path[:-1], "metadata") if path and path[-1] == "spec" else None
    # `spec.containers` straight below a custom resource: its own metadata need not be that of its pods.
    own = metadata if built_in or len(path) > 1 else None
    labels, annotations = dig(own, "labels"), dig(own, "annotations")
    known = built_in and not isinstance(labels, Unknown) and not isinstance(own, Unknown)
    replicas_path = _replicas_path(resource.attrs, path)
    return PodTemplate(
        path=path,
        spec=spec,
        labels=labels if isinstance(labels, Mapping) else Attrs(),
        labels_known=known,
        annotations=annotations if isinstance(annotations, Mapping) else Attrs(),
        replicas=_at(resource.attrs, replicas_path),
        replicas_origin=mark(resource.attrs, *replicas_path),
        origin=mark(resource.attrs, *path) or resource.origin,
        synthetic=synthetic,
        annotations_unknown=annotations if isinstance(annotations, Unknown) else None,
    )


def _at(attrs: Attrs, path: Path) -> Value:
    return dig(attrs, *path) if path else None


def _replicas_path(attrs: Attrs, path: Path) -> Path:
    """Where the number of pods stands: beside the template, or beside what holds it; () where nowhere."""
    for end in range(len(path), 0, -1):
        around = dig(attrs, *path[:end])
        if isinstance(around, Mapping):
            for key in _COUNTS:
                if key in around:
                    return (*path[:end], key)
    return ()


def _with_suffixes(resource: Resource, templates: list[PodTemplate]) -> list[PodTemplate]:
    """Names for several templates, from the steps that lead to them."""
    if len(templates) < 2:
        return templates
    names = [_suffix(resource.attrs, one.path) for one in templates]
    return [
        replace(one, suffix=name if names.count(name) == 1 else ".".join(str(step) for step in one.path))
        for one, name in zip(templates, names, strict=True)
    ]


def _suffix(attrs: Attrs, path: Path) -> str:
    steps: list[str] = []
    for index, step in enumerate(path):
        if isinstance(step, int):
            item = dig(attrs, *path[: index + 1])
            named = dig(item, "groupName") or dig(item, "name")
            steps.append(named if isinstance(named, str) else str(step))
        elif step not in _PLAIN_STEPS:
            steps.append(step)
    return ".".join(steps)
