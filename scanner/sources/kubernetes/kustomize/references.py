"""References by name: where an object names another whose name a rendering changed (kustomize's name references)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from msgspec import Struct

from scanner.origin import Origin
from scanner.resource import Attrs, Items, dig, items_of, mark
from scanner.sources.kubernetes.kustomize.fields import Field, each
from scanner.sources.kubernetes.kustomize.objects import CannotRender, Obj, at, put, text
from scanner.unknown import Value

_PODS = {
    "Pod": "spec",
    "PodTemplate": "template/spec",
    **dict.fromkeys(("Deployment", "ReplicaSet", "DaemonSet", "StatefulSet", "Job"), "spec/template/spec"),
    "CronJob": "spec/jobTemplate/spec/template/spec",
}
_ACCOUNTED = {
    **{kind: path for kind, path in _PODS.items() if kind not in ("PodTemplate", "ReplicaSet")},
    "ReplicationController": "spec/template/spec",
}


class Reference(Struct, frozen=True):
    """That a field holds the name of an object of a kind."""

    group: str
    kind: str
    field: Field


def _in_pods(path: str, kinds: dict[str, str]) -> Iterator[tuple[str, str]]:
    return ((f"{before}/{path}", kind) for kind, before in kinds.items())


def _sources(name: str, ref: str) -> Iterator[tuple[str, str]]:
    """Where pods name a ConfigMap or a Secret."""
    for containers in ("containers", "initContainers"):
        yield from _in_pods(f"{containers}/env/valueFrom/{name}KeyRef/name", _PODS)
        yield from _in_pods(f"{containers}/envFrom/{name}Ref/name", _PODS)
    yield from _in_pods(f"volumes/{name}/{ref}", _PODS)
    yield from _in_pods(f"volumes/projected/sources/{name}/name", _PODS)
    yield from (("rules/resourceNames", "Role"), ("rules/resourceNames", "ClusterRole"))


def _annotation(name: str) -> Field:
    return Field(("metadata", "annotations", name), "Ingress")


@cache
def _references() -> tuple[Reference, ...]:
    scaled = [("spec/scaleTargetRef/name", "HorizontalPodAutoscaler")]
    rbac = "rbac.authorization.k8s.io"
    table: list[tuple[str, str, Iterator[tuple[str, str]] | list[tuple[str, str]], str]] = [
        *(("", kind, scaled, "") for kind in ("Deployment", "ReplicationController", "ReplicaSet", "StatefulSet")),
        ("", "ConfigMap", [*_sources("configMap", "name"), ("spec/configSource/configMap", "Node")], ""),
        ("", "Secret", [*_sources("secret", "secretName"), *_secrets()], ""),
        ("", "Service", [("spec/serviceName", "StatefulSet")], "apps"),
        ("", "Service", [(f"spec/{path}", "Ingress") for path in _BACKENDS], ""),
        ("", "Service", [("spec/service/name", "APIService")], "apiregistration.k8s.io"),
        ("", "Service", [("webhooks/clientConfig/service", kind) for kind in _WEBHOOKS], _ADMISSION),
        (rbac, "Role", [("roleRef/name", "RoleBinding")], rbac),
        (rbac, "ClusterRole", [("roleRef/name", "RoleBinding"), ("roleRef/name", "ClusterRoleBinding")], rbac),
        ("", "ServiceAccount", [("subjects", "RoleBinding"), ("subjects", "ClusterRoleBinding")], rbac),
        ("", "ServiceAccount", [*_in_pods("serviceAccountName", _ACCOUNTED)], ""),
        ("", "PersistentVolumeClaim", [*_in_pods("volumes/persistentVolumeClaim/claimName", _ACCOUNTED)], ""),
        ("", "PersistentVolume", _VOLUMES, ""),
        ("storage.k8s.io", "StorageClass", _CLASSES, ""),
        ("scheduling.k8s.io", "PriorityClass", [*_in_pods("priorityClassName", _ACCOUNTED)], ""),
        (_ADMISSION, "ValidatingAdmissionPolicy", [
            ("spec/policyName", "ValidatingAdmissionPolicyBinding")], _ADMISSION),
    ]  # fmt: skip
    found = [
        Reference(group, kind, Field(tuple(path.split("/")), holder, of))
        for group, kind, places, of in table
        for path, holder in places
    ]
    found += [Reference("", "Secret", _annotation(name)) for name in _SECRET_ANNOTATIONS]
    found.append(Reference("", "ConfigMap", _annotation("nginx.ingress.kubernetes.io/fastcgi-params-configmap")))
    return tuple(found)


_BACKENDS = (
    "rules/http/paths/backend/serviceName",
    "backend/serviceName",
    "rules/http/paths/backend/service/name",
    "defaultBackend/service/name",
)
_ADMISSION = "admissionregistration.k8s.io"
_VOLUMES = [("spec/volumeName", "PersistentVolumeClaim"), ("rules/resourceNames", "ClusterRole")]
_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
_CLASSES = [
    ("spec/storageClassName", "PersistentVolume"),
    ("spec/storageClassName", "PersistentVolumeClaim"),
    ("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet"),
]
_SECRET_ANNOTATIONS = (
    "ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-secret",
    "nginx.ingress.kubernetes.io/auth-tls-secret",
)


def _secrets() -> Iterator[tuple[str, str]]:
    yield from _in_pods("imagePullSecrets/name", _PODS)
    yield from (("spec/tls/secretName", "Ingress"), ("imagePullSecrets/name", "ServiceAccount"))
    for key in ("secretName", "adminSecretName", "userSecretName", "secretRef"):
        yield f"parameters/{key}", "StorageClass"
    yield "spec/azureFile/secretName", "PersistentVolume"


def fix_references(objects: Sequence[Obj]) -> None:
    """Give every reference the new name of what it names. Raises CannotRender where that could be two things."""
    renamed = [one for one in objects if one.previous]
    if not renamed:
        return
    for holder in objects:
        candidates = _reachable(holder, renamed)
        for one in _references():
            if candidates and one.field.fits(holder.first):
                each(holder, [Field(one.field.path, "", "", "")], _setter(one, holder, candidates))


def _reachable(holder: Obj, objects: Sequence[Obj]) -> list[Obj]:
    """The objects that another can name: those in its namespace, without one, or of its subjects."""
    mine = holder.id
    if mine.cluster_scoped:
        return list(objects)
    subjects = items_of(dig(holder.value, "subjects")) if mine.kind == "RoleBinding" else ()
    named = {text(dig(one, "namespace")) for one in subjects if dig(one, "kind") == "ServiceAccount"} - {""}
    return [
        one for one in objects
        if one.id.cluster_scoped or one.id.place == mine.place or one.id.namespace in named
    ]  # fmt: skip


def _setter(one: Reference, holder: Obj, candidates: Sequence[Obj]) -> Callable[[Attrs, str], None]:
    def leaf(attrs: Attrs, key: str) -> None:
        value = attrs[key]
        if isinstance(value, Items):
            for index, item in enumerate(value):
                _item(value, index, item)
        elif isinstance(value, Attrs):
            _mapping(value)
        elif isinstance(value, str):
            found = _referral(one, holder, value, candidates)
            if found is not None and _name(found) != value:
                put(attrs, key, _name(found), _name_mark(found))

    def _item(items: Items, index: int, item: Value) -> None:
        if isinstance(item, Attrs):
            _mapping(item)
        elif isinstance(item, str):
            found = _referral(one, holder, item, candidates)
            if found is not None:
                items[index] = _name(found)

    def _mapping(item: Attrs) -> None:
        name, namespace = text(item.get("name")), item.get("namespace")
        near = [each for each in candidates if namespace is None or each.first.place == text(namespace)]
        near = near or [each for each in candidates if each.id.place == text(namespace)]
        found = _referral(one, holder, name, near)
        if found is not None:
            put(item, "name", _name(found), mark(item, "name"))
            if namespace := dig(found.value, "metadata", "namespace"):
                put(item, "namespace", namespace, mark(found.value, "metadata", "namespace"))

    return leaf


def _name(found: Obj) -> Value:
    """The name that an object has now; not known where it is the hash of what is not known."""
    return dig(found.value, "metadata", "name")


def _name_mark(found: Obj) -> Origin | None:
    """A generated name is decided where it is generated; for any other the reference's own place says more."""
    return mark(found.value, "metadata", "name") if found.hashed else None


def _referral(one: Reference, holder: Obj, name: str, candidates: Sequence[Obj]) -> Obj | None:
    """The object that a name means. Raises CannotRender where there are several."""
    found = [
        each for each in candidates
        if any(was.name == name and was.is_a(one.group, "", one.kind) for was in each.previous)
    ]  # fmt: skip
    if one.field.path[-2:] == ("roleRef", "name"):
        kind = text(dig(holder.value, "roleRef", "kind"))
        found = [each for each in found if any(was.kind == kind for was in each.previous)]
    mine = holder.id
    if not mine.cluster_scoped:
        found = [
            each for each in found
            if each.id.cluster_scoped or each.id.kind == "ServiceAccount" or each.id.place == mine.place
        ]  # fmt: skip
    if len(found) == 1:
        return found[0]
    found = [each for each in found if _akin(each, holder, loosely=True)]
    if len(found) > 1:
        found = [each for each in found if _akin(each, holder, loosely=False)]
    if len({(each.id.name, each.id.namespace) for each in found}) > 1:
        where = at(holder.value, "metadata", "name", otherwise=holder.origin)
        raise CannotRender(where, f"`{name}` in `{holder.id.kind}/{holder.id.name}` could be several objects")
    return found[0] if found else None


def _akin(one: Obj, other: Obj, *, loosely: bool) -> bool:
    """Whether two objects went through the same prefixes and suffixes, from the last backwards."""
    pairs = ((one.prefixes, other.prefixes), (one.suffixes, other.suffixes))
    return all((loosely and (not a or not b)) or _same_end(a, b) for a, b in pairs)


def _same_end(a: list[str], b: list[str]) -> bool:
    size = min(len(a), len(b))
    if size == 0:
        return len(a) == len(b)
    return a[len(a) - size :] == b[len(b) - size :]
