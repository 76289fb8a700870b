"""What keeps pods from running although their workload asks for them.

Quotas, gates, queues, pauses, clocks, schedulers and nodes that are not there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner import podspec
from scanner.builders.blocks import Found, first
from scanner.builders.draft import World
from scanner.builders.replicas import count_of, fact, stated
from scanner.graph.facts import Replicas
from scanner.patterns import lazy
from scanner.podspec import PodTemplate
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

AMOUNTS = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
"""Resources of a quota that every pod must then ask for: where none is left, no pod starts."""
PLURALS = {
    "Deployment": ("deployments.apps", "replicasets.apps"),
    "StatefulSet": ("statefulsets.apps",),
    "ReplicaSet": ("replicasets.apps",),
    "ReplicationController": ("replicationcontrollers",),
    "DaemonSet": (),
}
_ZERO = lazy(r"^0+(?:\.0*)?(?:[mkKMGTPE]i?)?$")
"""No amount at all, in any unit."""
DOWN = ("downscaler/downtime", "downscaler/downscale-period", "downscaler/force-downtime")
UP = ("downscaler/uptime", "downscaler/upscale-period")
KEPT = "downscaler/downtime-replicas"
EXCLUDED = "downscaler/exclude"
QUEUE = "kueue.x-k8s.io/queue-name"
OWN_SCHEDULER = "default-scheduler"


def held_back(world: World, resource: Resource) -> Iterator[Replicas]:
    """A fact for each thing that may leave fewer copies running than the workload asks for."""
    yield from _paused(resource)
    yield from _by_the_clock(world, resource)
    yield from _quotas(world, resource)
    yield from _queued(resource)
    for template in podspec.pod_templates(resource):
        yield from _gated(template)
        yield from _scheduled(world, resource, template)
        yield from _nowhere(world, resource, template)


def _paused(resource: Resource) -> Iterator[Replicas]:
    """A paused Deployment makes no pods of a template that it has not rolled out yet; which ones run is not known."""
    paused = dig(resource.attrs, "spec", "paused")
    if resource.kind not in ("Deployment", "Rollout") or paused in (None, False):
        return
    cause = "`spec.paused` keeps its pods as they were: none is made of this template"
    unknown = paused if isinstance(paused, Unknown) else Unknown(cause, decided_by=(f"{resource.address} spec.paused",))
    yield fact(unknown, mark(resource.attrs, "spec", "paused") or resource.origin, cause)


def _by_the_clock(world: World, resource: Resource) -> Iterator[Replicas]:
    """Annotations of kube-downscaler, which count where it runs: nothing in them says whether it does."""
    space = world.inventory.at(resource.unit, f"Namespace/{resource.namespace}")
    for holder in (resource, space):
        notes = dig(holder.attrs, "metadata", "annotations") if holder is not None else None
        if holder is None or not isinstance(notes, Mapping) or notes.get(EXCLUDED) in (True, "true"):
            continue
        key = next((one for one in (*DOWN, *UP) if one in notes), None)
        if key is None or notes[key] in (("never", "false", False) if key in DOWN else ("always",)):
            continue
        kept = count_of(notes.get(KEPT, 0), KEPT)
        cause = f"`{key}` of `{holder.address}` scales it down to {kept if isinstance(kept, int) else '*'} at times"
        where = mark(notes, key) or holder.origin
        yield fact(Unknown(cause, decided_by=("whether kube-downscaler runs",)), where, cause)


def _quotas(world: World, resource: Resource) -> Iterator[Replicas]:
    for quota in world.inventory.of("ResourceQuota", unit=resource.unit):
        if quota.namespace != resource.namespace:
            continue
        hard = first(quota, "spec.hard")
        if hard is None:
            continue
        if isinstance(hard.value, Unknown):
            yield fact(hard.value, hard.origin, f"what `{quota.address}` leaves is not known")
            continue
        scoped = first(quota, "spec.scopes") or first(quota, "spec.scopeSelector")
        for one in _limits(hard, resource):
            yield _scoped(quota, one) if scoped is not None else one


def _limits(hard: Found, resource: Resource) -> Iterator[Replicas]:
    """How many pods a quota leaves at most, where that can be fewer than are asked for."""
    for key in ("pods", "count/pods"):
        value = dig(hard.value, key)
        if value is not None:
            where = mark(hard.value, key) or hard.origin
            yield stated(value, where, f"spec.hard.{key}` of the quota of its namespace")
    for key in (*AMOUNTS, *(f"count/{one}" for one in PLURALS.get(resource.kind, ()))):
        value = dig(hard.value, key)
        if _ZERO.match(str(value)):
            says = f"`spec.hard.{key}` of the quota of its namespace is 0: no pod of it starts"
            yield fact(0, mark(hard.value, key) or hard.origin, says)


def _scoped(quota: Resource, one: Replicas) -> Replicas:
    cause = f"whether `{quota.address}` is for its pods is not known: it has scopes"
    return fact(Unknown(cause, decided_by=(f"{quota.address} scopes",)), one.origin, one.because)


def _gated(template: PodTemplate) -> Iterator[Replicas]:
    """Pods with scheduling gates wait until something takes each of them away."""
    gates = dig(template.spec, "schedulingGates")
    where = mark(template.spec, "schedulingGates") or template.origin
    for gate in items_of(gates)[:1]:
        name = dig(gate, "name")
        cause = f"no pod starts until something takes away the gate `{name if isinstance(name, str) else '*'}`"
        unknown = gates if isinstance(gates, Unknown) else Unknown(cause, decided_by=("spec.schedulingGates",))
        yield fact(unknown, where, cause)


def _queued(resource: Resource) -> Iterator[Replicas]:
    """Pods of a queue of Kueue wait until it admits them, and go again where it takes back what it gave."""
    labels = dig(resource.attrs, "metadata", "labels")
    name = dig(labels, QUEUE)
    if name is not None:
        cause = f"it waits in the queue `{name if isinstance(name, str) else '*'}` of Kueue, which starts and stops it"
        unknown = name if isinstance(name, Unknown) else Unknown(cause, decided_by=(QUEUE,))
        yield fact(unknown, mark(labels, QUEUE) or resource.origin, cause)


def _scheduled(world: World, resource: Resource, template: PodTemplate) -> Iterator[Replicas]:
    """A scheduler of another name than the cluster's own puts its pods on machines, where there is one of that name."""
    name = dig(template.spec, "schedulerName")
    if name in (None, "", OWN_SCHEDULER) or (isinstance(name, str) and _runs_scheduler(world, resource.unit, name)):
        return
    shown = name if isinstance(name, str) else "*"
    cause = f"no pod starts unless a scheduler called `{shown}` runs, which is not in the inputs"
    unknown = name if isinstance(name, Unknown) else Unknown(cause, decided_by=(f"the scheduler {shown}",))
    yield fact(unknown, mark(template.spec, "schedulerName") or template.origin, cause)


def _runs_scheduler(world: World, unit: str, name: str) -> bool:
    """Whether a workload of the unit has the name of the scheduler, or is told it in its arguments."""
    for one in world.inventory.of("Deployment", "DaemonSet", "StatefulSet", unit=unit):
        if one.name == name:
            return True
        for template in podspec.pod_templates(one):
            for container in podspec.containers(template.spec):
                if any(
                    str(word.value) in (name, f"--scheduler-name={name}") for word in podspec.command_line(container)
                ):
                    return True
    return False


def _nowhere(world: World, resource: Resource, template: PodTemplate) -> Iterator[Replicas]:
    """A selector of nodes that none of the machines that were read has; an autoscaler may bring one that does."""
    wanted = dig(template.spec, "nodeSelector")
    nodes = [_labels(one) for one in world.inventory.of("Node", unit=resource.unit)]
    if not nodes or not isinstance(wanted, Mapping) or not wanted:
        return
    if any(all(_may_be(labels, key, value) for key, value in wanted.items()) for labels in nodes):
        return
    cause = "no node that was read has the labels of `nodeSelector`"
    where = mark(template.spec, "nodeSelector") or template.origin
    yield fact(Unknown(cause, decided_by=("whether a node with these labels is added",)), where, cause)


def _labels(node: Resource) -> Value:
    return dig(node.attrs, "metadata", "labels")


def _may_be(labels: Value, key: str, value: Value) -> bool:
    if isinstance(labels, Unknown) or isinstance(value, Unknown):
        return True
    found = dig(labels, key)
    return isinstance(found, Unknown) or found == value
