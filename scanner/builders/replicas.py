"""The least number of copies of each gateway and classifier that its declaration, or an autoscaler's, allows."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import podspec
from scanner.builders.blocks import at, first
from scanner.builders.draft import World
from scanner.builders.recognise.containers import is_kubernetes
from scanner.graph.facts import Replicas
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

SCALERS = (
    # kind, path of the target's name, path of its kind, path of the minimum, the minimum where none is written
    ("HorizontalPodAutoscaler", "spec.scaleTargetRef.name", "spec.scaleTargetRef.kind", "spec.minReplicas", 1),
    ("ScaledObject", "spec.scaleTargetRef.name", "spec.scaleTargetRef.kind", "spec.minReplicaCount", 0),
)
MIN_SCALE = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")
NO_COPIES = frozenset({"Job", "CronJob"})
TERRAFORM_COUNTS = {
    "aws_ecs_service": ("desired_count", 0),
    "aws_autoscaling_group": ("min_size", 0),
    "google_cloud_run_v2_service": ("template.scaling.min_instance_count", 0),
    "azurerm_container_app": ("template.min_replicas", 0),
}
"""By Terraform type: where the least number stands, and what it is where it is not written."""
ONE_EACH = frozenset({"aws_instance", "google_compute_instance", "azurerm_linux_virtual_machine"})


def build_replicas(world: World) -> None:
    """A Replicas fact on each workload of the stack; an autoscaler that goes lower adds one of its own."""
    for resource in world.inventory.all:
        if world.nodes[resource.id].roles & {Role.GATEWAY, Role.CLASSIFIER}:
            facts = _object(world, resource) if is_kubernetes(resource) else _terraform(world, resource)
            for fact in facts:
                world.add_fact(resource.id, fact)


def _count(value: Value, what: str) -> int | Unknown:
    """A written number; what is none decides nothing."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().isdigit():
        return int(value)
    return Unknown(f"`{what}` is not a number", decided_by=(what,))


def _fact(minimum: int | Unknown, origin: Origin | None, because: str) -> Replicas:
    return Replicas(origin=origin, because=because, minimum=minimum)


def _stated(value: Value, origin: Origin | None, what: str) -> Replicas:
    count = _count(value, what)
    says = count.cause if isinstance(count, Unknown) else f"`{what}` is {count}"
    return _fact(count, origin, says)


def _object(world: World, resource: Resource) -> Iterator[Replicas]:
    scalers = list(_scalers(world, resource))
    paused = dig(resource.attrs, "spec", "suspend")
    if resource.kind in NO_COPIES:
        yield _job(resource, paused)
    elif resource.kind == "Service" and resource.group == "serving.knative.dev":
        yield _knative(resource)
    elif resource.kind == "DaemonSet":
        yield _fact(1, resource.origin, "a DaemonSet runs one copy on each node that it selects")
    elif not scalers:
        yield from _written(resource)
    yield from scalers


def _job(resource: Resource, paused: Value) -> Replicas:
    where = mark(resource.attrs, "spec", "suspend") or resource.origin
    if isinstance(paused, Unknown):
        return _fact(paused, where, "whether `spec.suspend` stops it is not known")
    if paused is True:
        return _fact(0, where, "`spec.suspend` is true: nothing runs")
    return _fact(0, resource.origin, f"a {resource.kind} ends by itself: nothing runs in between")


def _knative(resource: Resource) -> Replicas:
    annotations = dig(resource.attrs, "spec", "template", "metadata", "annotations")
    for key in MIN_SCALE:
        value = dig(annotations, key)
        if value is not None:
            return _stated(value, mark(annotations, key) or resource.origin, key)
    return _fact(0, resource.origin, f"`{MIN_SCALE[0]}` is not set: the default is 0")


def _written(resource: Resource) -> Iterator[Replicas]:
    """`spec.replicas` of a workload, or of each pod template of a custom resource."""
    templates = podspec.pod_templates(resource)
    if resource.kind == "Pod":
        yield _fact(1, resource.origin, "a bare Pod is one copy, and nothing starts it again elsewhere")
        return
    own = dig(resource.attrs, "spec", "replicas")
    if own is not None or not templates:
        yield _spec(resource, own)
        return
    for template in templates:
        if template.replicas is None:
            yield _fact(1, resource.origin, "`spec.replicas` is not set: the default is 1")
        else:
            yield _stated(template.replicas, template.replicas_origin or template.origin, "replicas")


def _spec(resource: Resource, own: Value) -> Replicas:
    if own is None:
        return _fact(1, resource.origin, "`spec.replicas` is not set: the default is 1")
    return _stated(own, mark(resource.attrs, "spec", "replicas") or resource.origin, "spec.replicas")


def _scalers(world: World, resource: Resource) -> Iterator[Replicas]:
    """Autoscalers of the same namespace and unit that aim at the workload, each with its least number."""
    for kind, name_path, kind_path, minimum_path, otherwise in SCALERS:
        for scaler in world.inventory.of(kind, unit=resource.unit):
            if scaler.namespace != resource.namespace or not _aims_at(scaler, resource, name_path, kind_path):
                continue
            yield _least(scaler, minimum_path, otherwise)
            yield from _paused(scaler)


def _aims_at(scaler: Resource, resource: Resource, name_path: str, kind_path: str) -> bool:
    name, kind = first(scaler, name_path), first(scaler, kind_path)
    wanted = kind.text if kind is not None else "Deployment"
    return name is not None and name.text == resource.name and wanted == resource.kind


def _least(scaler: Resource, path: str, otherwise: int) -> Replicas:
    found = first(scaler, path)
    if found is None:
        says = f"`{scaler.address}` scales it and does not set `{path}`: the default is {otherwise}"
        return _fact(otherwise, scaler.origin, says)
    count = _count(found.unknown or found.value, f"{scaler.address} {path}")
    says = count.cause if isinstance(count, Unknown) else f"`{scaler.address}` scales it down to {count}"
    return _fact(count, found.origin, says)


def _paused(scaler: Resource) -> Iterator[Replicas]:
    """KEDA can pin the number of copies by an annotation."""
    key = "autoscaling.keda.sh/paused-replicas"
    annotations = dig(scaler.attrs, "metadata", "annotations")
    value = dig(annotations, key)
    if value is not None:
        yield _stated(value, mark(annotations, key) or scaler.origin, key)


def _terraform(world: World, resource: Resource) -> Iterator[Replicas]:
    if resource.kind == "aws_lambda_function":
        yield _lambda(resource)
    elif resource.kind == "aws_sagemaker_endpoint":
        yield from _endpoint(world, resource)
    elif resource.kind in ONE_EACH:
        yield _fact(1, resource.origin, "one machine")
    elif resource.kind in TERRAFORM_COUNTS:
        path, otherwise = TERRAFORM_COUNTS[resource.kind]
        found = first(resource, path)
        scaled = list(_targets(world, resource))
        if found is None and not scaled:
            yield _fact(otherwise, resource.origin, f"`{path}` is not set: the default is {otherwise}")
        elif found is not None and not scaled:
            yield _stated(found.unknown or found.value, found.origin, path)
        yield from scaled


def _lambda(resource: Resource) -> Replicas:
    found = first(resource, "reserved_concurrent_executions")
    if found is None:
        return _fact(1, resource.origin, "a function runs whenever it is called")
    count = _count(found.unknown or found.value, "reserved_concurrent_executions")
    if isinstance(count, Unknown):
        return _fact(count, found.origin, count.cause)
    if count == 0:
        return _fact(0, found.origin, "`reserved_concurrent_executions` is 0: the function cannot run")
    return _fact(1, found.origin, "a function runs whenever it is called")


def _endpoint(world: World, resource: Resource) -> Iterator[Replicas]:
    for one in at(resource, "endpoint_config_name"):
        config = world.inventory.find(one.value, resource.unit, "aws_sagemaker_endpoint_configuration")
        if not isinstance(config, Resource):
            unknown = config or Unknown(f"`{one.text}` is not in the inputs", decided_by=(one.text,))
            yield _fact(unknown, one.origin, "its endpoint configuration is not known")
            continue
        counts = at(config, "production_variants.initial_instance_count")
        for found in counts:
            yield _stated(found.unknown or found.value, found.origin, "initial_instance_count")
        if not counts and at(config, "production_variants.serverless_config"):
            yield _fact(1, config.origin, "a serverless endpoint runs whenever it is called")
        elif not counts:
            yield _fact(1, config.origin, "`initial_instance_count` is not set: the default is 1")
    yield from _targets(world, resource)


def _targets(world: World, resource: Resource) -> Iterator[Replicas]:
    """Application Auto Scaling can go as low as its `min_capacity`, and schedules lower still."""
    for kind, path in (
        ("aws_appautoscaling_target", "min_capacity"),
        ("aws_appautoscaling_scheduled_action", "scalable_target_action.min_capacity"),
    ):
        for target in world.inventory.of(kind, unit=resource.unit):
            for named in at(target, "resource_id"):
                if not _names(world, target, named.value, resource):
                    continue
                for found in at(target, path):
                    yield _stated(found.unknown or found.value, found.origin, f"{path}` of `{target.address}")


def _names(world: World, target: Resource, value: Value, resource: Resource) -> bool:
    """Whether `service/CLUSTER/NAME` or a reference in it means the resource."""
    if isinstance(value, Unknown):
        for piece in (*value.pieces, value):
            found = world.inventory.find(piece, target.unit) if isinstance(piece, Unknown) else None
            if isinstance(found, Resource):
                if found.id == resource.id:
                    return True
                if target.kind == "aws_appautoscaling_scheduled_action" and found.kind == "aws_appautoscaling_target":
                    return any(_names(world, found, one.value, resource) for one in at(found, "resource_id"))
        value = value.text()
    name = resource.attrs.get("name")
    return isinstance(value, str) and isinstance(name, str) and name in value.split("/")
