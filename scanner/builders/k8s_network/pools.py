"""InferencePools: the pods that a selector selects, on the ports of the pool (Gateway API Inference Extension)."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.edges import Doubt, connect, first_doubt
from scanner.builders.k8s_network.backends import Backend
from scanner.builders.k8s_network.entry import enter_by_controller
from scanner.builders.k8s_network.hosts import names
from scanner.builders.k8s_network.services import NOT_SHOWN, Door
from scanner.builders.k8s_network.view import View, own_line, unknown_doubt
from scanner.builders.k8s_policy.labels import Match, Selector, selector_of, selector_of_labels
from scanner.builders.k8s_policy.model import Peer, PeerKind
from scanner.builders.k8s_policy.ports import ALL, NONE, PortSet, ports, traffic_of, union
from scanner.resource import Resource, dig, items_of
from scanner.unknown import Unknown, Value

GROUPS = ("inference.networking.k8s.io", "inference.networking.x-k8s.io")
"""The released group, and the experimental one, whose selector is a plain mapping of labels."""


def pool(view: View, source: str, backend: Backend) -> bool:
    """Edges from a route to a pool and on to its pods; a pool that is not shown may hold any of its namespace."""
    every = [one for one in view.of("InferencePool") if one.group in GROUPS]
    exact = isinstance(backend.name, str)
    meant = [one for one in every if one.namespace == backend.namespace and (one.name == backend.name or not exact)]
    led = [_pods(view, source, backend, one) for one in meant]
    if exact and meant:
        return any(led)
    missing = Doubt(NOT_SHOWN, (f"{backend.namespace}/InferencePool/{backend.name if exact else '*'}",))
    if isinstance(backend.name, Unknown):
        missing = unknown_doubt(backend.name)
    doubt = first_doubt(backend.doubt, missing)
    for target in view.targets:
        if any(names((backend.namespace, "*"), view.cluster.pods[pod].namespace, "") for pod in target.pods):
            led.append(True)
            for node in target.nodes:
                connect(view.world, source, node, backend.because, backend.line, doubt=doubt, cut=True)
    return any(led)


def _pods(view: View, source: str, backend: Backend, one: Resource) -> bool:
    found = False
    unsure = unknown_doubt(backend.name) if isinstance(backend.name, Unknown) else None
    some = _ports(dig(one.attrs, "spec"))
    for door in doors(view, one, some):
        found = True
        doubt = first_doubt(backend.doubt, unsure)
        enter_by_controller(view, source, door, backend.because, backend.line, doubt)
    return found


def doors(view: View, one: Resource, some: PortSet) -> Iterator[Door]:
    """The pods of targets that a pool selects, each with an edge from the pool."""
    pods = _selector(dig(one.attrs, "spec", "selector"))
    selected = view.cluster.select(Peer(PeerKind.PODS, one.namespace, pods=pods))
    said = f"InferencePool `{one.address}` selects it"
    for target in view.targets:
        for pod in target.pods:
            match = selected.match(pod)
            if match is Match.NO:
                continue
            doubt = None if match is Match.YES else pods.doubt or view.labels_doubt(pod)
            for node in target.nodes:
                connect(view.world, one.id, node, said, own_line(one), traffic=traffic_of(some), doubt=doubt)
            yield Door(one.id, target, pod, some)


def _selector(written: Value) -> Selector:
    plain = dig(written, "matchLabels") is None and not isinstance(written, Unknown)
    return selector_of_labels(written) if plain else selector_of(written)


def _ports(spec: Value) -> PortSet:
    some = NONE
    for number in (dig(spec, "targetPortNumber"), *(dig(one, "number") for one in items_of(dig(spec, "targetPorts")))):
        if isinstance(number, Unknown):
            return ALL
        if isinstance(number, int):
            some = union(some, ports("TCP", number, number))
    return some or ALL
