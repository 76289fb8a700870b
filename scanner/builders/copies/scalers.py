"""Autoscalers of a workload, each with the least number of copies that it lets run; Rollouts that take one over."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.blocks import Found, first
from scanner.builders.draft import World
from scanner.builders.replicas import count_of, fact, stated
from scanner.graph.facts import Replicas
from scanner.resource import Resource, dig, mark
from scanner.unknown import Unknown


class Scaler(Struct, frozen=True):
    """Where a kind of autoscaler says what it scales (`target`) and how low (`minimum`, `otherwise` where not set)."""

    target: str
    minimum: str
    otherwise: int


SCALERS = {
    ("autoscaling", "HorizontalPodAutoscaler"): Scaler("spec.scaleTargetRef", "spec.minReplicas", 1),
    ("keda.sh", "ScaledObject"): Scaler("spec.scaleTargetRef", "spec.minReplicaCount", 0),
    ("http.keda.sh", "HTTPScaledObject"): Scaler("spec.scaleTargetRef", "spec.replicas.min", 0),
}
"""By group and kind; the add-on for HTTP makes a ScaledObject of the numbers that it is given."""
MINIMA = ("spec.minReplicas", "spec.minReplicaCount", "spec.replicas.min", "spec.constraints.minReplicas")
"""Where the autoscalers of other makers write their least number."""
TARGETS = ("spec.scaleTargetRef", "spec.targetRef")
PAUSED = "autoscaling.keda.sh/paused-replicas"
OWN_OBJECT = "httpscaledobject.keda.sh/skip-scaledobject-creation"


def scalers(world: World, resource: Resource) -> Iterator[Replicas]:
    """What each autoscaler of the same namespace and unit that aims at the workload lets it go down to."""
    for scaler in world.inventory.all:
        if scaler.unit != resource.unit or scaler.namespace != resource.namespace or scaler.data:
            continue
        known = SCALERS.get((scaler.group, scaler.kind))
        aims = _aims_at(scaler, resource, known.target) if known else _of_another_maker(scaler, resource)
        if aims is False:
            continue
        for one in _least(scaler, known) if known is not None else (_unknown_kind(scaler),):
            yield _perhaps(scaler, one, aims)


def _perhaps(scaler: Resource, told: Replicas, aims: bool | Unknown) -> Replicas:
    """The same; no number at all where the autoscaler may not be there, or may scale something else."""
    if isinstance(aims, Unknown):
        because = f"whether `{scaler.address}` scales it, and how low, is not known: {aims.cause}"
        return replace(told, minimum=aims, because=because)
    return told if scaler.possible is None else replace(told, minimum=scaler.possible)


def _aims_at(scaler: Resource, resource: Resource, target: str) -> bool | Unknown:
    """Whether a scaler's target is the workload; where no kind is written it is a Deployment."""
    name = first(scaler, f"{target}.name") or first(scaler, f"{target}.deployment")
    kind = first(scaler, f"{target}.kind")
    if name is None or not _may_be(name, resource.name) or not (kind is None or _may_be(kind, resource.kind)):
        return False
    if kind is None and resource.kind != "Deployment":
        return False
    return name.unknown or (kind.unknown if kind is not None else None) or True


def _may_be(written: Found, wanted: str) -> bool:
    """Whether a name is, or with what is not known of it may be, the wanted one."""
    if isinstance(written.value, Unknown):
        return not written.text or fnmatchcase(wanted, written.text)
    return written.text == wanted


def _of_another_maker(scaler: Resource, resource: Resource) -> bool | Unknown:
    """An object that scales by the shape of its specification; a `targetRef` alone says nothing of numbers."""
    spec = scaler.attrs.get("spec")
    if dig(spec, "scaleTargetRef") is not None:
        return _aims_at(scaler, resource, TARGETS[0])
    return _aims_at(scaler, resource, TARGETS[1]) if dig(spec, "constraints") is not None else False


def _unknown_kind(scaler: Resource) -> Replicas:
    for path in MINIMA:
        found = first(scaler, path)
        if found is not None:
            return _goes_down(scaler, found, path)
    cause = f"how low `{scaler.address}` scales it is not known"
    return fact(Unknown(cause, decided_by=(scaler.address,)), scaler.origin, cause)


def _least(scaler: Resource, known: Scaler) -> Iterator[Replicas]:
    if dig(scaler.attrs, "metadata", "annotations", OWN_OBJECT) == "true":
        return
    found = first(scaler, known.minimum)
    if found is None:
        says = f"`{scaler.address}` scales it and does not set `{known.minimum}`: the default is {known.otherwise}"
        yield fact(known.otherwise, scaler.origin, says)
    else:
        yield _goes_down(scaler, found, known.minimum)
    if scaler.kind == "ScaledObject":
        yield from _keda(scaler)


def _goes_down(scaler: Resource, found: Found, path: str) -> Replicas:
    count = count_of(found.unknown or found.value, f"{scaler.address} {path}")
    says = count.cause if isinstance(count, Unknown) else f"`{scaler.address}` scales it down to {count}"
    return fact(count, found.origin, says)


def _keda(scaler: Resource) -> Iterator[Replicas]:
    """KEDA's other numbers: pinned by an annotation, while nothing triggers, and while a trigger cannot be read."""
    annotations = dig(scaler.attrs, "metadata", "annotations")
    value = dig(annotations, PAUSED)
    if value is not None:
        yield stated(value, mark(annotations, PAUSED) or scaler.origin, PAUSED)
    for path in ("spec.idleReplicaCount", "spec.fallback.replicas"):
        found = first(scaler, path)
        if found is not None:
            yield stated(found.unknown or found.value, found.origin, f"{path}` of `{scaler.address}")


def taken_over(world: World, resource: Resource) -> list[Replicas]:
    """The number of a Rollout that runs the pods of a Deployment and scales the Deployment itself down to nothing."""
    found: list[Replicas] = []
    for rollout in world.inventory.of("Rollout", unit=resource.unit):
        if rollout.namespace != resource.namespace or _aims_at(rollout, resource, "spec.workloadRef") is False:
            continue
        how = dig(rollout.attrs, "spec", "workloadRef", "scaleDown")
        if how in (None, "never"):
            continue
        scaled = list(scalers(world, rollout))
        if scaled:
            found.extend(scaled)
            continue
        count = first(rollout, "spec.replicas")
        what = f"spec.replicas` of `{rollout.address}"
        if isinstance(how, Unknown):
            found.append(fact(how, mark(rollout.attrs, "spec", "workloadRef") or rollout.origin, how.cause))
        elif count is None:
            found.append(fact(1, rollout.origin, f"`{what}`, which takes its pods over, is not set: the default is 1"))
        else:
            found.append(stated(count.unknown or count.value, count.origin, what))
    return found
