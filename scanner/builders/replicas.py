"""The least number of copies of each gateway and classifier that its declaration, or an autoscaler's, allows."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from scanner.builders.blocks import at, first, text
from scanner.builders.draft import World
from scanner.builders.recognise.containers import is_kubernetes
from scanner.graph.facts import Replicas
from scanner.graph.model import Role
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

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
    for resource in world.resources_with(Role.GATEWAY, Role.CLASSIFIER):
        facts = _object(world, resource) if is_kubernetes(resource) else _terraform(world, resource)
        for one in facts:
            world.add_fact(resource.id, one)


def _object(world: World, resource: Resource) -> Iterator[Replicas]:
    # Nothing of Kubernetes is loaded for Terraform alone.
    from scanner.builders.copies.objects import copies

    return copies(world, resource)


def count_of(value: Value, what: str) -> int | Unknown:
    """A written number; what is none decides nothing."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip().removeprefix("-").isdecimal():
        return int(value)
    return Unknown(f"`{what}` is not a number", decided_by=(what,))


def fact(minimum: int | Unknown, origin: Origin | None, because: str) -> Replicas:
    """The fact of a least number of copies."""
    return Replicas(origin=origin, because=because, minimum=minimum)


def stated(value: Value, origin: Origin | None, what: str) -> Replicas:
    """The fact of a number that is written under the name `what`."""
    count = count_of(value, what)
    says = count.cause if isinstance(count, Unknown) else f"`{what}` is {count}"
    return fact(count, origin, says)


def _terraform(world: World, resource: Resource) -> Iterator[Replicas]:
    if resource.kind == "aws_lambda_function":
        yield _lambda(resource)
    elif resource.kind == "aws_sagemaker_endpoint":
        yield from _endpoint(world, resource)
    elif resource.kind in ONE_EACH:
        yield fact(1, resource.origin, "one machine")
    elif resource.kind in TERRAFORM_COUNTS:
        path, otherwise = TERRAFORM_COUNTS[resource.kind]
        found = first(resource, path)
        scaled = list(_targets(world, resource))
        if found is None and not scaled:
            yield fact(otherwise, resource.origin, f"`{path}` is not set: the default is {otherwise}")
        elif found is not None and not scaled:
            yield stated(found.unknown or found.value, found.origin, path)
        yield from scaled


def _lambda(resource: Resource) -> Replicas:
    found = first(resource, "reserved_concurrent_executions")
    if found is None:
        return fact(1, resource.origin, "a function runs whenever it is called")
    count = count_of(found.unknown or found.value, "reserved_concurrent_executions")
    if isinstance(count, Unknown):
        return fact(count, found.origin, count.cause)
    if count == 0:
        return fact(0, found.origin, "`reserved_concurrent_executions` is 0: the function cannot run")
    return fact(1, found.origin, "a function runs whenever it is called")


def _endpoint(world: World, resource: Resource) -> Iterator[Replicas]:
    for one in at(resource, "endpoint_config_name"):
        config = world.inventory.find(one.value, resource, "aws_sagemaker_endpoint_configuration")
        if not isinstance(config, Resource):
            unknown = config or Unknown(f"`{one.text}` is not in the inputs", decided_by=(one.text,))
            yield fact(unknown, one.origin, "its endpoint configuration is not known")
            continue
        counts = at(config, "production_variants.initial_instance_count")
        for found in counts:
            yield stated(found.unknown or found.value, found.origin, "initial_instance_count")
        for found in at(config, "production_variants.managed_instance_scaling.min_instance_count"):
            yield stated(found.unknown or found.value, found.origin, "min_instance_count")
        if not counts and at(config, "production_variants.serverless_config"):
            yield fact(1, config.origin, "a serverless endpoint runs whenever it is called")
        elif not counts:
            yield fact(1, config.origin, "`initial_instance_count` is not set: the default is 1")
    yield from _targets(world, resource)


def _targets(world: World, resource: Resource) -> Iterator[Replicas]:
    """Application Auto Scaling can go as low as its `min_capacity`, and schedules lower still."""
    for kind, path in (
        ("aws_appautoscaling_target", "min_capacity"),
        ("aws_appautoscaling_scheduled_action", "scalable_target_action.min_capacity"),
    ):
        for target in world.inventory.of(kind, unit=resource.unit):
            for named in at(target, "resource_id"):
                meant = _names(world, target, named.value, resource)
                if isinstance(meant, Unknown):
                    says = f"whether `{target.address}` scales it, and how low, is not known: {meant.cause}"
                    yield fact(meant, named.origin, says)
                for found in at(target, path) if meant is True else ():
                    yield stated(found.unknown or found.value, found.origin, f"{path}` of `{target.address}")


def _names(world: World, target: Resource, value: Value, resource: Resource) -> bool | Unknown:
    """Whether `service/CLUSTER/NAME` or a reference in it means the resource."""
    whole = value
    if isinstance(value, Unknown):
        for piece in (*value.pieces, value):
            found = world.inventory.find(piece, target) if isinstance(piece, Unknown) else None
            if isinstance(found, Resource):
                if found.id == resource.id:
                    return True
                if target.kind == "aws_appautoscaling_scheduled_action" and found.kind == "aws_appautoscaling_target":
                    answers = [_names(world, found, one.value, resource) for one in at(found, "resource_id")]
                    return True if True in answers else next((one for one in answers if one), False)
                if found.kind == resource.kind:
                    return False
        value = value.text()
    name = resource.attrs.get("name")
    parts = value.split("/") if isinstance(value, str) else []
    if isinstance(name, str) and name in parts:
        return True
    last = parts[-1] if parts else ""
    if isinstance(whole, Unknown) and fnmatchcase(text(name) or "*", last or "*") and _could(parts, resource):
        return whole
    return (
        name
        if isinstance(name, Unknown) and fnmatchcase(last, text(name) or "*") and _could(parts, resource)
        else False
    )


_SCALED = {"aws_ecs_service": "service", "aws_sagemaker_endpoint": "endpoint"}
"""By Terraform type: the first word of the identifiers that Application Auto Scaling has for it."""


def _could(parts: list[str], resource: Resource) -> bool:
    """Whether an identifier begins as those of the resource's kind do, as far as it is known."""
    first_word = parts[0] if parts else ""
    return not first_word or "*" in first_word or first_word == _SCALED.get(resource.kind, first_word)
