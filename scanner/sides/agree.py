"""Models, the safety stack, its guards and where they stand: whether what is live is what is declared, as facts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from scanner.graph.facts_drift import Compared
from scanner.graph.graph import Graph
from scanner.graph.model import STACK, Node, Plane, Role
from scanner.resource import Resource
from scanner.sides.compare import Differs, compare, known
from scanner.sides.join import Joined, Maybe

_SAFETY = STACK | {Role.MODEL, Role.GUARD}
_BECAUSE = {
    (True, "declared"): "it is declared, and not live",
    (True, "live"): "it is live, and not declared",
    (False, "declared"): "so it is declared, and live it is not so",
    (False, "live"): "so it is live, and nothing declares it so",
}
_KEEPS = ("", "no-op", "read")
"""What a plan does to a thing where it leaves it as it is."""
_CHANGES = "a plan changes things: what will be is not what is"
REST = "compared:what-is-in-one-view-alone"
_NO_THING = ("provider", "terraform")


def compared(
    declared: tuple[Graph, Iterable[Resource]],
    live: tuple[Graph, Iterable[Resource]],
    maybe: Iterable[Maybe],
    lent: frozenset[str] = frozenset(),
    *,
    blind: bool,
) -> dict[str, list[Compared]]:
    """By node id, what differs of each thing that safety rests on; of what is alike, that it was looked at.

    Both graphs call what is the same by one id. maybe: things that may be one; of those nothing is certain, and of
    nothing is it while a plan changes things. lent: ids that the live graph has of what no API told.
    """
    ours = list(declared[1])
    changing = any(one.source == "plan" and one.action not in _KEEPS for one in ours)
    doubtful = {
        id_: "what is the same on the other side is not known" for some in maybe for id_ in (*some[0], *some[1])
    }
    keys = [{id_: id_ for id_, node in graph.nodes.items() if _is_thing(node)} for graph, _ in (declared, live)]
    keys[1] = {id_: key for id_, key in keys[1].items() if id_ not in lent}
    found = compare(
        known(declared[0], ours, blind=blind), known(*live, blind=blind), Joined(keys[0], keys[1], doubtful, (), {})
    )
    safe = _safe(declared[0], live[0])
    facts: dict[str, list[Compared]] = {}
    for certain, some in ((True, found.certain), (False, found.undecided)):
        for one in some:
            if one.ids[-1] in safe:
                told = replace(one, why=one.why or _CHANGES) if changing else one
                facts.setdefault(one.ids[-1], []).append(_fact(told, certain=certain and not changing))
    for id_, node in safe.items():
        if id_ not in facts:
            because = "what is live is what is declared"
            facts[id_] = [Compared(origin=node.origin, because=because)]
    return facts


def _is_thing(node: Node) -> bool:
    return node.kind not in _NO_THING and not node.address.startswith("provider.")


def _safe(*graphs: Graph) -> dict[str, Node]:
    """What safety rests on, on either side, and the things that it runs on."""
    found: dict[str, Node] = {}
    for graph in graphs:
        for node in graph.nodes.values():
            if node.roles & _SAFETY and _is_thing(node):
                found.setdefault(node.id, node)
                for edge in graph.out_of(node.id):
                    place = graph.nodes[edge.target]
                    if edge.plane is Plane.PLACEMENT and _is_thing(place):
                        found.setdefault(place.id, place)
    return found


def _fact(one: Differs, *, certain: bool) -> Compared:
    said = f"{one.about} ({one.detail})" if one.what == "way" else _words(one.detail)
    return Compared(
        origin=one.origin,
        because=one.why or _BECAUSE[one.what == "thing", one.side],
        what=one.what,
        side=one.side,
        detail=() if one.what == "thing" else (said,),
        certain=certain,
    )


def _words(detail: str) -> str:
    """A fact as a sentence has it: what it is, and what of it is a word or a number."""
    kind, _, said = detail.partition(" ")
    try:
        fields = json.loads(said)
    except ValueError:
        return kind
    plain = [
        (name if value else f"not {name}") if isinstance(value, bool) else f"{name} {value}"
        for name, value in fields.items()
        if isinstance(value, str | int) and value != ""
    ]
    return f"{kind} ({', '.join(plain)})" if plain else kind


def with_facts(graph: Graph, facts: Mapping[str, list[Compared]]) -> Graph:
    """The graph with what was compared; what it has no node for is told of one that stands for the rest."""
    nodes = dict(graph.nodes)
    for id_, some in sorted(facts.items()):
        if id_ not in nodes and not any(one.what for one in some):
            continue
        node = nodes.get(id_) or nodes.get(REST) or Node(REST, "Comparison", id_, id_)
        told = tuple(sorted({*node.facts, *some}, key=repr))
        nodes[node.id] = replace(node, facts=told)
    return Graph.of(nodes.values(), graph.edges)
