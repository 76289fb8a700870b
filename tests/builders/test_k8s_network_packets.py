"""The answers of the policies, in pairs and in the verdict graph, against a reading of one packet at a time."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network import alike as relays
from scanner.builders.k8s_network import guarded, sets
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.commands.graph_expand import expand
from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Plane, Role, State
from scanner.profile import Profile
from tests.builders.k8s_world import CALICO
from tests.builders.netpol_draw import (
    ADDRESSES,
    BY_NAME,
    PORTS,
    address,
    hosts,
    objects,
    pods,
    policies,
    resources,
    strays,
    tiers,
)  # fmt: skip
from tests.builders.netpol_packets import Cluster, outside, packets, readings
from tests.builders.netpol_seeded import cluster
from tests.drawn import some

Rows = set[tuple[str, str, str, int]]
QUICK = settings(max_examples=some(20, 40), suppress_health_check=[HealthCheck.too_slow], deadline=None)
known = st.tuples(st.lists(pods, min_size=3, max_size=6), st.lists(policies, min_size=1, max_size=4))
odd = st.tuples(st.lists(strays, min_size=2, max_size=4), st.lists(policies, min_size=1, max_size=3))
on_nodes = st.tuples(st.lists(hosts, min_size=2, max_size=4), st.lists(policies, min_size=1, max_size=3))


def pairs(every: list[dict]) -> tuple[Rows, Rows]:
    """Between pods, by `graph --expand`: what is open, and what is open or possible."""
    rows: dict[str, Rows] = {"open": set(), "possible": set()}
    for edge in expand(resources(every))["edges"]:
        if "external/" not in edge["source"] + edge["target"]:
            rows[edge["state"]] |= _rows(edge["source"], edge["target"], edge["traffic"])
    return rows["open"], rows["open"] | rows["possible"]


def places(every: list[dict]) -> tuple[Rows, Rows]:
    """Between pods and addresses outside, likewise."""
    rows: dict[str, Rows] = {"open": set(), "possible": set()}
    for edge in expand(resources(every))["edges"]:
        for end, name in (("source", edge["source"]), ("target", edge["target"])):
            if name.startswith("external/"):
                first, last = (ipaddress.ip_address(one) for one in name.removeprefix("external/").split("-"))
                for one in ADDRESSES:
                    if first <= ipaddress.ip_address(one) <= last:
                        ends = {**edge, end: one}
                        rows[edge["state"]] |= _rows(ends["source"], ends["target"], edge["traffic"])
    return rows["open"], rows["open"] | rows["possible"]


def _rows(source: str, target: str, traffic: list[dict]) -> Rows:
    return {
        (source, target, one["protocol"], port)
        for one in traffic
        for port in PORTS
        if one["from_port"] <= port <= one["to_port"]
    }


def verdicts(every: list[dict], goal: str, *beside: str) -> tuple[Rows, Rows]:
    """Into one pod, by the graph that is judged: over every relay, the traffic of the last edge.

    beside: other pods that are models as well, so that what is worked out for several at once is.
    """
    world = World(Inventory(resources(every, CALICO)), Profile())
    for one in (goal, *beside):
        world.add_roles(f"k8s:{one}", [Role.MODEL])
    build_k8s_network(world)
    graph = world.freeze()
    sure, maybe = set(), set()
    for edge in graph.into(f"k8s:{goal}"):
        if edge.plane is Plane.NETWORK:
            for start, state in _starts(graph, edge):
                traffic = [
                    {"protocol": t.protocol, "from_port": t.from_port, "to_port": t.to_port} for t in edge.traffic
                ]
                rows = _rows(graph.nodes[start].address, goal, traffic)
                maybe |= rows
                sure |= rows if state is State.OPEN else set()
    return sure, maybe


def _starts(graph: Graph, edge: Edge) -> list[tuple[str, State]]:
    """The actors that an edge comes from, and how surely. Ports on which nothing is known to listen are no doubt here:
    the policies alone are asked."""
    here = State.OPEN if edge.reason == "port-assumed" else edge.state
    if graph.nodes[edge.source].actor:
        return [(edge.source, here)]
    found = [(one.source, one.state) for one in graph.into(edge.source) if graph.nodes[one.source].actor]
    return [(source, state if here is State.OPEN else here) for source, state in found]


def expected(some: list[dict], rules: list[dict], tier) -> tuple[Rows, Rows]:
    """What every reading lets through, and what any does."""
    answers = [packets(Cluster(some, rules, tier, one)) for one in readings(some)]
    return set.intersection(*answers), set.union(*answers)


def of_pods(rows: Rows, some: list[dict], goal: str | None = None) -> Rows:
    """The rows between two different pods of the cluster."""
    names = {address(some, number) for number in range(len(some))}
    return {row for row in rows if {row[0], row[1]} <= names and row[0] != row[1] and goal in (None, row[1])}


@pytest.mark.parametrize("first", range(0, some(100, 200), 50))
def test_clusters_by_number_are_what_the_packets_say(first):
    for number in range(first, first + 50):
        some, rules, tier = cluster(number)
        every = objects(some, rules, tier)
        plain = Cluster(some, rules, tier)
        assert pairs(every) == (packets(plain), packets(plain)), number
        assert places(every) == (outside(plain), outside(plain)), number
        sure, maybe = expected(some, rules, tier)
        goal, *beside = (address(some, one) for one in reversed(range(len(some))))
        ours, perhaps = verdicts(every, goal, *beside)
        assert of_pods(ours, some) == of_pods(sure, some, goal), number
        assert of_pods(perhaps, some) == of_pods(maybe, some, goal), number


@QUICK
@given(known, tiers)
def test_pairs_of_pods_are_what_the_packets_say(cluster, tier):
    wanted = packets(Cluster(*cluster, tier))
    sure, maybe = pairs(objects(*cluster, tier))
    assert sure == wanted
    assert maybe == wanted


@QUICK
@given(known, tiers)
def test_addresses_outside_are_what_the_packets_say(cluster, tier):
    wanted = outside(Cluster(*cluster, tier))
    sure, maybe = places(objects(*cluster, tier))
    assert sure == wanted
    assert maybe == wanted


@QUICK
@given(known, tiers)
@pytest.mark.parametrize("few", [0, 16])
def test_the_verdict_graph_is_what_the_packets_say(few, cluster, tier):
    """Address blocks are the only thing not known here: pods may have addresses in the private ones."""
    some, rules = cluster
    sure, maybe = expected(some, rules, tier)
    goal = address(some, 0)
    was = relays.FEW
    try:
        relays.FEW = sets.FEW = guarded.FEW = few  # with 0, whoever is let in comes over a relay
        ours, perhaps = verdicts(objects(some, rules, tier), goal)
    finally:
        relays.FEW = sets.FEW = guarded.FEW = was
    assert of_pods(ours, some) == of_pods(sure, some, goal)
    assert of_pods(perhaps, some) == of_pods(maybe, some, goal)


@QUICK
@given(st.one_of(odd, on_nodes), tiers)
@pytest.mark.parametrize("answer", ["pairs", "verdicts"])
def test_what_is_not_known_is_neither_open_nor_closed(answer, cluster, tier):
    """Labels of a namespace that no manifest declares, and pods on the network of their node."""
    some, rules = cluster
    sure, maybe = expected(some, rules, tier)
    every, goal = objects(some, rules, tier), address(some, 0)
    if answer == "pairs":
        # These assume what other tools assume: no pod is in a block, and a namespace has no labels but those shown.
        plain = [one for one in readings(some) if not one.blocks_hold and not one.by_name]
        answers = [packets(Cluster(some, rules, tier, one)) for one in plain]
        sure, maybe, goal = set.intersection(*answers), set.union(*answers), None
        ours, perhaps = pairs(every)
    else:
        ours, perhaps = verdicts(every, goal)
    assert of_pods(ours, some) <= of_pods(sure, some, goal)
    assert of_pods(maybe, some, goal) <= of_pods(perhaps, some)


@example([{"namespace": BY_NAME}])
@given(st.lists(policies, min_size=1, max_size=2))
@settings(max_examples=20, deadline=None)
def test_a_policy_of_a_namespace_that_nobody_declares_selects_its_pods(rules):
    """The API server gives every namespace the label that bears its name, so a selector can find it by that."""
    pod = {"namespace": BY_NAME, "labels": {"app": "a"}, "ports": [], "kind": "Pod"}
    some = [pod, {**pod, "namespace": "n0", "labels": {}}]
    seen = [{"namespace": "n0", "ingress": [{"from": [{"namespaceSelector": _by_name(BY_NAME)}]}]}]
    assert pairs(objects(some, [*seen, *rules]))[0] == packets(Cluster(some, [*seen, *rules]))


def _by_name(name: str) -> dict:
    return {"matchLabels": {"kubernetes.io/metadata.name": name}}
