"""Pods that may land outside the cloud: nothing keeps them off the machines there that can be in their cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct

from scanner import podspec
from scanner.builders.draft import World
from scanner.builders.placement.nodes import Machine, admits
from scanner.builders.placement.scheduling import RUNS, specifications
from scanner.builders.recognise.containers import is_kubernetes
from scanner.graph.facts import Capacity, EdgeLayer, Placement, Scheduling
from scanner.graph.model import Node, Plane, State
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown

COMPUTE_TYPE = "eks.amazonaws.com/compute-type"
CLOUD_LABELS = frozenset(
    {
        "eks.amazonaws.com/nodegroup", "eks.amazonaws.com/capacityType", "karpenter.sh/nodepool",
        "karpenter.sh/capacity-type", "karpenter.k8s.aws/instance-family", "karpenter.k8s.aws/instance-gpu-name",
        "node.kubernetes.io/instance-type", "topology.kubernetes.io/zone", "cloud.google.com/gke-nodepool",
        "cloud.google.com/gke-accelerator", "kubernetes.azure.com/agentpool", "agentpool",
    }
)  # fmt: skip
"""Labels that a cloud's own controllers write, and that a machine outside it lacks."""
LAYERS: Mapping[str, Mapping[str, str]] = {
    "KubeEdge": {"node-role.kubernetes.io/edge": ""},
    "Sedna": {"node-role.kubernetes.io/edge": ""},
    "OpenYurt": {"openyurt.io/is-edge-worker": "true", "nodepool.openyurt.io/type": "edge"},
    "SuperEdge": {},
}
"""By edge layer that brings nodes of its own: their labels."""
Onward: TypeAlias = dict[str, list[tuple[str, bool, tuple[str, ...]]]]
"""What each thing runs on, whether for certain, and what decides it."""


class _Outside(Struct, frozen=True):
    """Machines that are, or can be, in the cluster: what they are like, their class, and why they can be there."""

    machine: Machine
    place: str
    because: str
    unsure: Unknown | None = None


def add_landing(world: World) -> None:
    """A Scheduling, "unexcluded", for each pod of a model or the stack that such machines are open to."""
    workloads = [one for one in world.resources_with(*RUNS) if is_kubernetes(one)]
    onward = _onward(world) if workloads else {}
    for resource in workloads:
        judged = any(
            isinstance(fact, Scheduling) and fact.how in ("selects", "tolerates")
            for fact in world.nodes[resource.id].facts
        )
        outside = [] if judged else list(_machines(world, resource, onward))
        for one in outside:
            _land(world, resource, one)


def _land(world: World, resource: Resource, outside: _Outside) -> None:
    made_up = ((one.spec, one.origin) for one in podspec.pod_templates(resource))
    for spec, _ in list(specifications(resource)) or made_up:
        answer = admits(spec, outside.machine)
        if answer is False:
            continue
        line = mark(spec, "affinity") if dig(spec, "affinity") else mark(spec, "nodeSelector")
        because = f"nothing keeps its pods off such machines: {outside.because}"
        place: str | Unknown = outside.place
        doubt = answer if isinstance(answer, Unknown) else outside.unsure
        if doubt is not None:
            place, because = doubt, f"{doubt.cause}: {outside.because}"
        world.add_fact(
            resource.id,
            Scheduling(
                origin=line or resource.origin,
                because=because,
                place_class=place,
                how="unexcluded",
                perhaps=outside.place,
            ),
        )


def _machines(world: World, resource: Resource, onward: Onward) -> Iterator[_Outside]:
    """What can be in the cluster of a workload, and stands outside the cloud."""
    for node, unsure in _clusters(world, resource, onward):
        for fact in node.facts:
            if isinstance(fact, Capacity):
                hidden = fact.place_class if isinstance(fact.place_class, Unknown) else unsure
                labels = {COMPUTE_TYPE: "hybrid"} if "eks" in node.kind else {}
                because = f"`{node.address}` takes machines from outside the cloud ({fact.because})"
                yield _Outside(Machine(labels, CLOUD_LABELS), "hybrid-compute", because, hidden)
            elif isinstance(fact, EdgeLayer) and fact.layer in LAYERS:
                because = f"`{node.address}` carries the edge layer {fact.layer} ({fact.because})"
                maybe = Unknown("whether it is installed is not known", decided_by=fact.decided_by)
                hidden = maybe if fact.decided_by else unsure
                yield _Outside(Machine(LAYERS[fact.layer], CLOUD_LABELS), "edge-device", because, hidden)
    for other in world.inventory.of("Node", unit=resource.unit):
        if other.group == "":
            yield from _node(world, other)


def _node(world: World, other: Resource) -> Iterator[_Outside]:
    for fact in world.nodes[other.id].facts:
        if isinstance(fact, Placement) and fact.place_class != "cloud":
            labels = dig(other.attrs, "metadata", "labels")
            machine = Machine(
                labels if isinstance(labels, dict) else {},
                complete=not isinstance(labels, Unknown),
                taints=items_of(dig(other.attrs, "spec", "taints")),
            )
            hidden = fact.place_class if isinstance(fact.place_class, Unknown) else other.possible
            place = fact.perhaps if isinstance(fact.place_class, Unknown) else fact.place_class
            yield _Outside(machine, place, f"`{other.address}` is in the cluster ({fact.because})", hidden)
            return


def _onward(world: World) -> Onward:
    onward: Onward = {}
    for edge in world.edges:
        if edge.plane is Plane.PLACEMENT:
            onward.setdefault(edge.source, []).append((edge.target, edge.state is State.OPEN, edge.decided_by))
    return onward


def _clusters(world: World, resource: Resource, onward: Onward) -> Iterator[tuple[Node, Unknown | None]]:
    """Everything that a workload runs on, and what is not certain of it."""
    waiting: list[tuple[str, Unknown | None]] = [(resource.id, None)]
    seen = {resource.id}
    while waiting:
        here, unsure = waiting.pop()
        for target, certain, decided in onward.get(here, ()):
            if target not in seen:
                seen.add(target)
                doubt = unsure if certain else Unknown("which cluster it runs on is not known", decided_by=decided)
                waiting.append((target, doubt))
                yield world.nodes[target], doubt
