"""The search against brute force, certificates against forgery, on random graphs."""

from __future__ import annotations

from itertools import permutations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from scanner.graph.certificate import certify, faults
from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Plane, Role, State
from scanner.graph.search import reach
from tests.changed import replace

NAMES = tuple("abcdefg")


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to seven nodes, each a model, a gateway, an actor or a relay, and any edges between them."""
    nodes = []
    for name in NAMES[: draw(st.integers(2, 7))]:
        kind = draw(st.sampled_from(["model", "gateway", "actor", "relay"]))
        roles = {"model": {Role.MODEL}, "gateway": {Role.GATEWAY}}.get(kind, set())
        actor = kind != "relay"
        nodes.append(Node(id=name, kind=kind, address=name, name=name, roles=frozenset(roles), actor=actor))
    pairs = st.tuples(st.sampled_from(nodes), st.sampled_from(nodes), st.sampled_from(list(State)))
    edges = [
        Edge(source.id, target.id, Plane.NETWORK, "reach", "because", state=state, decided_by=("x",))
        for source, target, state in draw(st.lists(pairs, max_size=16))
    ]
    return Graph.of(nodes, edges)


def is_gateway(node: Node) -> bool:
    return Role.GATEWAY in node.roles


def models(graph: Graph) -> list[str]:
    return [node.id for node in graph.with_role(Role.MODEL)]


def brute_force(graph: Graph) -> dict[str, tuple[int, int]]:
    """For each actor that is no gateway: the least (unknown edges, hops) of a simple path over relays to a model."""
    cost = {}
    for edge in graph.edges:
        key = (edge.source, edge.target)
        weight = int(edge.state is State.POSSIBLE)
        cost[key] = min(weight, cost.get(key, 9))
    relays = [node.id for node in graph.nodes.values() if not node.actor]
    found: dict[str, tuple[int, int]] = {}
    for actor in (node for node in graph.nodes.values() if node.actor and not is_gateway(node)):
        for model in models(graph):
            for count in range(len(relays) + 1):
                for middle in permutations(relays, count):
                    path = (actor.id, *middle, model)
                    steps = list(zip(path, path[1:], strict=False))
                    if actor.id != model and all(step in cost for step in steps):
                        best = (sum(cost[step] for step in steps), len(steps))
                        found[actor.id] = min(best, found.get(actor.id, (99, 99)))
    return found


@settings(max_examples=300, deadline=None)
@given(graphs())
def test_the_search_finds_what_brute_force_finds(graph: Graph) -> None:
    found = reach(graph, models(graph), [Plane.NETWORK], allowed=is_gateway)
    mine = {
        way.actor.id: (sum(edge.state is State.POSSIBLE for edge in way.edges), len(way.edges)) for way in found.ways
    }
    assert mine == brute_force(graph)
    for way in found.ways:
        assert way.edges[0].source == way.actor.id
        assert way.edges[-1].target in found.targets
        assert all(one.target == other.source for one, other in zip(way.edges, way.edges[1:], strict=False))


@settings(max_examples=200, deadline=None)
@given(graphs())
def test_a_certificate_checks_exactly_where_no_way_was_found(graph: Graph) -> None:
    found = reach(graph, models(graph), [Plane.NETWORK], allowed=is_gateway)
    honest = asdict(certify("goal", graph, replace(found, ways=())))
    assert (faults(graph, honest) == []) == (not found.ways)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_a_certificate_with_less_than_the_closed_set_or_the_targets_does_not_check(
    graph: Graph, data: st.DataObject
) -> None:
    found = reach(graph, models(graph), [Plane.NETWORK], allowed=is_gateway)
    if found.ways or not found.closed:
        return
    left_out = data.draw(st.sampled_from(sorted(found.closed)))
    forged = asdict(certify("goal", graph, found))
    forged["closed"] = tuple(one for one in forged["closed"] if one != left_out)
    leads_on = any(
        edge.source == left_out and edge.target in found.closed for edge in graph.edges if edge.source != edge.target
    )
    assert bool(faults(graph, forged)) == (left_out in found.targets or leads_on)


@settings(max_examples=200, deadline=None)
@given(graphs(), st.data())
def test_adding_an_edge_never_takes_a_way_away(graph: Graph, data: st.DataObject) -> None:
    ids = sorted(graph.nodes)
    one, other = data.draw(st.sampled_from(ids)), data.draw(st.sampled_from(ids))
    more = Graph.of(graph.nodes.values(), [*graph.edges, Edge(one, other, Plane.NETWORK, "reach", "because")])
    before = {way.actor.id: way.state for way in reach(graph, models(graph), [Plane.NETWORK], allowed=is_gateway).ways}
    after = {way.actor.id: way.state for way in reach(more, models(more), [Plane.NETWORK], allowed=is_gateway).ways}
    assert before.keys() <= after.keys()
    assert all(after[actor] is State.OPEN for actor, state in before.items() if state is State.OPEN)


@settings(max_examples=100, deadline=None)
@given(graphs(), st.randoms())
def test_the_digest_does_not_depend_on_the_order(graph: Graph, random: object) -> None:
    nodes, edges = list(graph.nodes.values()), list(graph.edges)
    random.shuffle(nodes)  # type: ignore[attr-defined]
    random.shuffle(edges)  # type: ignore[attr-defined]
    assert Graph.of(nodes, edges).digest == graph.digest


def test_a_model_that_calls_another_model_is_a_way() -> None:
    nodes = [
        Node(id=name, kind="model", address=name, name=name, roles=frozenset({Role.MODEL}), actor=True) for name in "ab"
    ]
    graph = Graph.of(nodes, [Edge("a", "b", Plane.NETWORK, "reach", "because")])
    found = reach(graph, ["a", "b"], [Plane.NETWORK], allowed=is_gateway)
    assert [way.actor.id for way in found.ways] == ["a"]


def test_a_changed_graph_fails_the_certificate() -> None:
    gateway = Node(id="g", kind="gateway", address="g", name="g", roles=frozenset({Role.GATEWAY}), actor=True)
    model = Node(id="m", kind="model", address="m", name="m", roles=frozenset({Role.MODEL}), actor=True)
    graph = Graph.of([gateway, model], [Edge("g", "m", Plane.NETWORK, "reach", "because")])
    closure = asdict(certify("goal", graph, reach(graph, ["m"], [Plane.NETWORK], allowed=is_gateway)))
    assert faults(graph, closure) == []
    changed = Graph.of([gateway, model, replace(model, id="n", address="n")], graph.edges)
    assert faults(changed, closure) == ["the graph is not the one that was certified"]
