"""Ways through a plane, forwards and back: the best one for each node."""

from scanner.graph.graph import Graph
from scanner.graph.model import Edge, Node, Plane, State
from scanner.graph.trace import trace


def graph(*edges: tuple[str, str, bool], plane: Plane = Plane.SUPPLY) -> Graph:
    names = sorted({end for source, target, _ in edges for end in (source, target)})
    nodes = [Node(id=name, kind="T", address=name, name=name) for name in names]
    made = [
        Edge(source, target, plane, "copy", "because", state=State.OPEN if certain else State.POSSIBLE)
        for source, target, certain in edges
    ]
    return Graph.of(nodes, made)


def ways(found: dict[str, tuple[Edge, ...]]) -> dict[str, list[str]]:
    return {node: [edge.source for edge in edges] + [edges[-1].target] for node, edges in found.items()}


def test_a_certain_way_is_better_than_a_short_one() -> None:
    made = graph(("a", "d", False), ("a", "b", True), ("b", "c", True), ("c", "d", True))
    assert ways(trace(made, ["a"], [Plane.SUPPLY]))["d"] == ["a", "b", "c", "d"]


def test_back_gives_the_way_to_the_start() -> None:
    made = graph(("a", "b", True), ("b", "c", True), ("x", "a", True))
    assert ways(trace(made, ["c"], [Plane.SUPPLY], back=True)) == {
        "b": ["b", "c"],
        "a": ["a", "b", "c"],
        "x": ["x", "a", "b", "c"],
    }


def test_other_planes_and_verbs_are_no_way() -> None:
    made = graph(("a", "b", True), plane=Plane.CONTROL)
    assert trace(made, ["a"], [Plane.SUPPLY]) == {}
    assert trace(graph(("a", "b", True)), ["a"], [Plane.SUPPLY], verbs=["read"]) == {}


def test_a_circle_ends() -> None:
    made = graph(("a", "b", True), ("b", "a", True), ("b", "b", True))
    assert ways(trace(made, ["a"], [Plane.SUPPLY])) == {"b": ["a", "b"]}
