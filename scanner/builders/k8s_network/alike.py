"""Pods that the policies of the targets do not tell apart: a relay for many of them, in place of an edge from each."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.edges import connect
from scanner.builders.k8s_network.admission import Admission
from scanner.builders.k8s_network.view import Target, View
from scanner.builders.k8s_policy.ports import PortSet, traffic_of

FEW = 16
"""Up to so many pods an edge from each says more than a relay."""


class Many(Struct, frozen=True):
    """Many pods that a target lets in to the same ports."""

    target: Target
    admission: Admission
    traffic: PortSet
    pods: frozenset[int]


class Alike:
    """The coarsest parts of `pods` of which each set that was added is a union."""

    def __init__(self, pods: frozenset[int]) -> None:
        self._pods = pods
        self._part: dict[int, int] = dict.fromkeys(pods, 0)
        self._members: list[set[int]] = [set(pods)]
        self._seen: set[frozenset[int]] = set()

    def add(self, some: frozenset[int]) -> None:
        """Tell the pods of `some` from the others; the smaller of the two is walked."""
        if some in self._seen:
            return
        self._seen.add(some)
        smaller = some if 2 * len(some) <= len(self._pods) else self._pods - some
        touched: dict[int, list[int]] = {}
        for index in smaller:
            touched.setdefault(self._part[index], []).append(index)
        for number, inside in touched.items():
            if len(inside) == len(self._members[number]):
                continue
            self._members[number].difference_update(inside)
            self._part.update(dict.fromkeys(inside, len(self._members)))
            self._members.append(set(inside))

    def parts(self) -> Sequence[frozenset[int]]:
        """The parts; each set that was added holds all or none of any of them."""
        return [frozenset(one) for one in self._members if one]


def join(view: View, source: str, target: Target, admission: Admission, traffic: PortSet) -> None:
    """The edge of an admission from a node to every node that stands for the target."""
    doubt = view.settled(target, traffic, admission.doubt)
    because, origin, ports = admission.because, admission.origin, traffic_of(traffic)
    for node in target.nodes:
        connect(view.world, source, node, because, origin, traffic=ports, doubt=doubt, cut=True)


def join_each(view: View, many: Many) -> None:
    """An edge from each workload."""
    target = many.target
    for owner, _ in view.owned(many.pods):
        if owner not in target.nodes and owner != view.node(target.name):
            join(view, owner, target, many.admission, many.traffic)


def join_many(view: View, relays: dict[str, frozenset[int]], some: list[Many]) -> None:
    """Edges over a relay for all pods that nothing in `some` tells apart: never one from each pod to each target."""
    alike = Alike(frozenset().union(*(one.pods for one in some)))
    for one in some:
        alike.add(one.pods)
    parts = alike.parts()
    few = frozenset().union(*(part for part in parts if len(part) <= FEW))
    for one in some:
        join_each(view, replace(one, pods=one.pods & few))
    for part in parts:
        if len(part) > FEW:
            first = view.cluster.pods[min(part)].owner
            address = f"podset/like/{first}"
            while address in relays or view.node(address) in view.world.nodes:
                address += "~"
            relays[address] = part
            relay = view.relay(address, "PodSet", f"pods that the policies treat like `{first}`")
            for one in some:
                if not one.pods.isdisjoint(part):
                    join(view, relay, one.target, one.admission, one.traffic)
