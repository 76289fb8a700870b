"""KubeRay: RayCluster, RayService and RayJob.

Read in ray-project/kuberay, ray-operator/controllers/ray: common/pod.go (labels of pods), common/service.go (the head
Service, the serve Service and their ports), common/ingress.go, utils/constant.go (names and default ports).
"""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.k8s_network.platforms.made import Port, ingress, line_of, owned, service
from scanner.origin import Origin
from scanner.resource import Key, Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUP = "ray.io"
_CLUSTERS: dict[str, tuple[str, ...]] = {
    "RayCluster": ("spec",),
    "RayService": ("spec", "rayClusterConfig"),
    "RayJob": ("spec", "rayClusterSpec"),
    "RayCronJob": ("spec", "jobTemplate", "rayClusterSpec"),
}
_SERVE_SWITCH = "ray.io/enable-serve-service"
_DASHBOARD, _METRICS, _SERVE = 8265, 8080, 8000
_HEAD = (
    Port(10001, 10001, "client"), Port(6379, 6379, "gcs-server"), Port(_DASHBOARD, _DASHBOARD, "dashboard"),
    Port(_METRICS, _METRICS, "metrics"), Port(_SERVE, _SERVE, "serve"),
)  # fmt: skip
"""The ports of the head where its container declares none. The client, the dashboard and the store run any code."""


def labels(one: Resource, path: tuple[Key, ...]) -> dict[str, str]:
    """The labels that KubeRay puts on pods; the name of the cluster of a RayService or a RayJob is drawn by lot."""
    head = "headGroupSpec" in path
    kind = "head" if head else "worker"
    found = {
        "ray.io/is-ray-node": "yes", "ray.io/node-type": kind, "app.kubernetes.io/name": "kuberay",
        "app.kubernetes.io/created-by": "kuberay-operator", **owned(one, kind),
    }  # fmt: skip
    if one.kind == "RayCluster":
        found["ray.io/cluster"] = one.name
    group: Value = "headgroup"
    if not head:
        steps = path[: path.index("workerGroupSpecs") + 2] if "workerGroupSpecs" in path else path
        group = dig(one.attrs, *steps, "groupName")
    if isinstance(group, str):
        found["ray.io/group"] = group
    return found


def objects(one: Resource) -> Iterator[Resource]:
    """The head Service, the serve Service and the Ingress of a Ray cluster."""
    base = _CLUSTERS.get(one.kind, ("spec",))
    cluster = dig(one.attrs, *base)
    head = dig(cluster, "headGroupSpec")
    kind = dig(head, "serviceType")
    where = mark(head, "serviceType") if kind is not None else None
    own = dig(head, "headService")
    ports = _ports(head)
    named = dig(own, "metadata", "name") if one.kind == "RayCluster" else None
    name = named if isinstance(named, str) else f"{one.name}-head-svc"
    asked = dig(own, "spec", "type")
    notes = dig(own, "metadata", "annotations") or dig(cluster, "headServiceAnnotations")
    line = mark(own, "spec", "type") if asked is not None else where
    yield service(one, name, "head", ports, kind if asked is None else asked, notes, line or line_of(one))
    switch = dig(one.attrs, "metadata", "annotations", _SERVE_SWITCH)
    if one.kind == "RayService" or switch is not None:
        yield _serve(one, ports, kind, where)
    wanted = dig(head, "enableIngress")
    if wanted is True or isinstance(wanted, Unknown):
        line = mark(head, "enableIngress") or line_of(one)
        possible = wanted if isinstance(wanted, Unknown) else None
        notes = dig(one.attrs, "metadata", "annotations")
        yield ingress(one, f"{one.name}-head-ingress", name, _DASHBOARD, None, notes, line, possible)


def _serve(one: Resource, ports: tuple[Port, ...], kind: Value, where: Origin | None) -> Resource:
    own = dig(one.attrs, "spec", "serveService")
    named, asked = dig(own, "metadata", "name"), dig(own, "spec", "type")
    serving = tuple(port for port in ports if port.name.startswith("serve")) or (Port(_SERVE),)
    line = mark(own, "spec", "type") if asked is not None else where
    notes = dig(own, "metadata", "annotations")
    name = named if isinstance(named, str) else f"{one.name}-serve-svc"
    return service(one, name, "", serving, kind if asked is None else asked, notes, line or line_of(one))


def _ports(head: Value) -> tuple[Port, ...]:
    """The ports of the head Service: those that its container declares, and the metrics in any case."""
    container = next(iter(items_of(dig(head, "template", "spec", "containers"))), None)
    declared = []
    for item in items_of(dig(container, "ports")):
        number, name = dig(item, "containerPort"), dig(item, "name")
        declared.append(Port(number, number, name if isinstance(name, str) else ""))
    if not declared:
        return _HEAD
    return (*declared, Port(_METRICS, _METRICS, "metrics"))
