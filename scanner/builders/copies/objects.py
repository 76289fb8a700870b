"""The least number of copies of an object of Kubernetes: its own number or its autoscalers', and what lowers it."""

from __future__ import annotations

from collections.abc import Iterator

from scanner import podspec
from scanner.builders.copies.held_back import held_back
from scanner.builders.copies.scalers import scalers, taken_over
from scanner.builders.draft import World
from scanner.builders.replicas import fact, stated
from scanner.graph.facts import Replicas
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown, Value

MIN_SCALE = ("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale")
NO_COPIES = frozenset({"Job", "CronJob"})


def copies(world: World, resource: Resource) -> Iterator[Replicas]:
    """A fact for each statement of how many copies run: the lowest counts."""
    scaled = list(scalers(world, resource))
    paused = dig(resource.attrs, "spec", "suspend")
    if resource.kind in NO_COPIES or paused is True or isinstance(paused, Unknown):
        yield _stopped(resource, paused)
    elif resource.kind == "Service" and resource.group == "serving.knative.dev":
        yield _knative(resource)
    elif resource.kind == "DaemonSet":
        yield fact(1, resource.origin, "a DaemonSet runs one copy on each node that it selects")
    elif not scaled:
        yield from taken_over(world, resource) or _written(resource)
    yield from scaled
    yield from held_back(world, resource)


def _stopped(resource: Resource, paused: Value) -> Replicas:
    where = mark(resource.attrs, "spec", "suspend") or resource.origin
    if isinstance(paused, Unknown):
        return fact(paused, where, "whether `spec.suspend` stops it is not known")
    if paused is True:
        return fact(0, where, "`spec.suspend` is true: nothing runs")
    return fact(0, resource.origin, f"a {resource.kind} ends by itself: nothing runs in between")


def _knative(resource: Resource) -> Replicas:
    annotations = dig(resource.attrs, "spec", "template", "metadata", "annotations")
    for key in MIN_SCALE:
        value = dig(annotations, key)
        if value is not None:
            return stated(value, mark(annotations, key) or resource.origin, key)
    return fact(0, resource.origin, f"`{MIN_SCALE[0]}` is not set: the default is 0")


def _written(resource: Resource) -> Iterator[Replicas]:
    """`spec.replicas` of a workload, or of each pod template of a custom resource."""
    templates = podspec.pod_templates(resource)
    if resource.kind == "Pod":
        yield fact(1, resource.origin, "a bare Pod is one copy, and nothing starts it again elsewhere")
        return
    own = dig(resource.attrs, "spec", "replicas")
    if own is not None or not templates:
        yield _spec(resource, own)
        return
    for template in templates:
        if template.replicas is None:
            yield fact(1, resource.origin, "`spec.replicas` is not set: the default is 1")
        else:
            yield stated(template.replicas, template.replicas_origin or template.origin, "replicas")


def _spec(resource: Resource, own: Value) -> Replicas:
    if own is None:
        return fact(1, resource.origin, "`spec.replicas` is not set: the default is 1")
    return stated(own, mark(resource.attrs, "spec", "replicas") or resource.origin, "spec.replicas")
