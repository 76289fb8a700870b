"""`tether graph --expand`: what the network policies alone admit, pair by pair, to be held against other tools."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from scanner.builders.k8s_network.pods import Workload, namespaces, pods_of, workloads
from scanner.builders.k8s_policy.cluster import Cluster
from scanner.builders.k8s_policy.eval import POD_NETWORK_ONLY, Evaluator, Other
from scanner.builders.k8s_policy.model import Direction, PeerKind
from scanner.builders.k8s_policy.ports import NONE, PortSet, Span, traffic_of, union, without
from scanner.builders.k8s_policy.read import policies_of
from scanner.builders.ranges import AddressRange
from scanner.origin import ApiOrigin, Origin
from scanner.resource import Resource

SCHEMA = "tether.graph/1"
ASSUMED = ("policies-enforced", "pods-addressable")
_LAST = (1 << 32) - 1


def expand(resources: Iterable[Resource]) -> dict[str, Any]:
    """The `tether.graph/1` object of all pairs; each unit for itself, since no policy reaches into another."""
    units: dict[str, list[Resource]] = {}
    for one in resources:
        if not one.deleted:
            units.setdefault(one.unit, []).append(one)
    every = {name: _Unit.of(some) for name, some in sorted(units.items())}
    addresses = [workload.address for unit in every.values() for workload in unit.workloads]
    twice = {one for one in addresses if addresses.count(one) > 1} if len(every) > 1 else set()
    nodes: dict[str, dict[str, Any]] = {}
    edges: list[dict[str, Any]] = []
    for name, unit in every.items():
        names = {address: f"{name}:{address}" if address in twice else address for address in unit.owners}
        for workload in unit.workloads:
            nodes[names[workload.address]] = _node(names[workload.address], workload)
        for edge in (*unit.between(), *unit.outside()):
            for end in (edge.source, edge.target):
                if end not in names:
                    nodes[end] = _external(end)
            edges.extend(_edges(edge, names))
    _add_network(units, nodes, edges)
    edges.sort(key=lambda edge: (edge["source"], edge["target"], edge["state"]))
    return {
        "schema": SCHEMA,
        "expanded": True,
        "assumed": list(ASSUMED),
        "nodes": [nodes[key] for key in sorted(nodes)],
        "edges": edges,
    }


def _add_network(
    units: Mapping[str, list[Resource]], nodes: dict[str, dict[str, Any]], edges: list[dict[str, Any]]
) -> None:
    """The pairs of interfaces and subnets of AWS, where there are any; what that needs is loaded only then."""
    if any(one.kind.startswith("aws_") for some in units.values() for one in some):
        from scanner.commands.graph_expand_aws import expand_network

        expand_network(units, nodes, edges)


class _Pair(Struct, frozen=True):
    source: str
    target: str
    span: Span
    because: str


class _Unit:
    """The workloads and policies of one cluster, pods grouped so that each pair of groups is asked once."""

    def __init__(self, found: list[Workload], cluster: Cluster, evaluator: Evaluator) -> None:
        self.workloads = found
        self.owners = sorted({one.address for one in found})
        self.cluster = cluster
        self.evaluator = evaluator
        self._class = self._classes()
        self._first: dict[int, int] = {}
        for index, number in enumerate(self._class):
            self._first.setdefault(number, index)
        of_owner: dict[str, set[int]] = {}
        for index, pod in enumerate(cluster.pods):
            of_owner.setdefault(pod.owner, set()).add(self._class[index])
        self._of_owner = {owner: tuple(sorted(numbers)) for owner, numbers in of_owner.items()}

    @classmethod
    def of(cls, resources: list[Resource]) -> _Unit:
        found = workloads(resources)
        cluster = Cluster((pod for one in found for pod in pods_of(one)), namespaces(resources))
        # As other tools have it: a block means addresses outside the cluster, unless a pod is known to have one inside.
        evaluator = Evaluator(cluster, policies_of(resources), blocks_hold_pods=False)
        return cls(found, cluster, evaluator)

    def _classes(self) -> list[int]:
        """The number of each pod's class: pods of one class are the same to every policy."""
        marks: list[list[int]] = [[] for _ in self.cluster.pods]
        peers: dict[object, None] = {}
        number = 0
        for policy in self.evaluator.policies:
            for direction in Direction:
                for rule in policy.rules(direction) or ():
                    for peer in rule.peers:
                        apart = policy.engine in POD_NETWORK_ONLY
                        if peer.kind is not PeerKind.PODS or (peer.key, peer.doubt, apart) in peers:
                            continue
                        peers[(peer.key, peer.doubt, apart)] = None
                        selected = self.evaluator.selected(peer, policy.engine)
                        for index in selected.maybe:
                            marks[index].append(number if index in selected.sure else -number - 1)
                        number += 1
        numbers: dict[object, int] = {}
        found = []
        for index, pod in enumerate(self.cluster.pods):
            sides = tuple(self.evaluator.side(index, direction).key() for direction in Direction)
            key = (tuple(marks[index]), sides, pod.ports, pod.host, pod.ip)
            found.append(numbers.setdefault(key, len(numbers)))
        return found

    def between(self) -> Iterator[_Pair]:
        """Every two workloads between which anything is admitted, or may be."""
        known: dict[tuple[int, int], Span] = {}
        for source in self.owners:
            for target in self.owners:
                if source == target:
                    continue
                sure = maybe = NONE
                for one in self._of_owner[source]:
                    for two in self._of_owner[target]:
                        span = known.get((one, two))
                        if span is None:
                            span = self._ask(self._first[one], self._first[two])
                            known[(one, two)] = span
                        sure, maybe = union(sure, span.sure), union(maybe, span.maybe)
                if maybe:
                    yield _Pair(source, target, Span(sure, maybe), "the policies of both sides admit it")

    def outside(self) -> Iterator[_Pair]:
        """Every workload with every range of addresses, adjacent ranges with the same answers as one."""
        asked: dict[tuple[int, AddressRange], tuple[Span, Span]] = {}
        last: tuple[tuple[Span, Span], ...] | None = None
        merged: list[tuple[AddressRange, tuple[tuple[Span, Span], ...]]] = []
        for block in self._ranges():
            answers = tuple(self._both(owner, block, asked) for owner in self.owners)
            if last == answers and merged:
                before = merged[-1][0]
                merged[-1] = (AddressRange(4, before.first, block.last), answers)
            else:
                merged.append((block, answers))
            last = answers
        for block, answers in merged:
            name = range_name(block)
            for owner, (out, into) in zip(self.owners, answers, strict=True):
                if out.maybe:
                    yield _Pair(owner, name, out, "the policies of the workload admit it")
                if into.maybe:
                    yield _Pair(name, owner, into, "the policies of the workload admit it")

    def _both(
        self, owner: str, block: AddressRange, asked: dict[tuple[int, AddressRange], tuple[Span, Span]]
    ) -> tuple[Span, Span]:
        out, into = Span(NONE, NONE), Span(NONE, NONE)
        for number in self._of_owner[owner]:
            found = asked.get((number, block))
            if found is None:
                pod = self._first[number]
                found = asked[(number, block)] = (self._ask(pod, block), self._ask(block, pod))
            out, into = _joined(out, found[0]), _joined(into, found[1])
        return out, into

    def _ask(self, source: Other, target: Other) -> Span:
        return self.evaluator.admitted(source, target)

    def _ranges(self) -> list[AddressRange]:
        """The IPv4 space, cut wherever a policy cuts it."""
        cuts = {0, _LAST + 1}
        for policy in self.evaluator.policies:
            for direction in Direction:
                for rule in policy.rules(direction) or ():
                    for peer in rule.peers:
                        for block in (peer.block, *peer.excluded):
                            if block is not None and block.version == 4:
                                cuts |= {block.first, block.last + 1}
        ordered = sorted(cuts)
        return [AddressRange(4, first, end - 1) for first, end in zip(ordered, ordered[1:], strict=False)]


def _joined(left: Span, right: Span) -> Span:
    return Span(union(left.sure, right.sure), union(left.maybe, right.maybe))


def range_name(block: AddressRange) -> str:
    """`external/0.0.0.0-9.255.255.255`."""
    return f"external/{ipaddress.IPv4Address(block.first)}-{ipaddress.IPv4Address(block.last)}"


def _edges(pair: _Pair, names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """The edge of a pair; a second one for traffic that is admitted only perhaps."""
    for state, some in (("open", pair.span.sure), ("possible", without(pair.span.maybe, pair.span.sure))):
        if some:
            yield {
                "source": names.get(pair.source, pair.source),
                "target": names.get(pair.target, pair.target),
                "plane": "network",
                "traffic": _traffic(some),
                "state": state,
                "because": pair.because if state == "open" else "the policies do not certainly close it",
                "origin": None,
            }


def _traffic(some: PortSet) -> list[dict[str, Any]]:
    return [{"protocol": one.protocol, "from_port": one.from_port, "to_port": one.to_port} for one in traffic_of(some)]


def _node(name: str, workload: Workload) -> dict[str, Any]:
    return {
        "id": name,
        "kind": workload.kind,
        "address": workload.address,
        "roles": [],
        "origin": origin_json(workload.resource.origin),
    }


def _external(name: str) -> dict[str, Any]:
    return {"id": name, "kind": "AddressRange", "address": name, "roles": ["external"], "origin": None}


def origin_json(origin: Origin) -> dict[str, Any]:
    """An origin as the report's schema writes it."""
    if isinstance(origin, ApiOrigin):
        return {"api": {"source": origin.source, "operation": origin.operation, "object": origin.object_id}}
    return {"path": origin.path, "line": origin.line, "column": origin.column}
