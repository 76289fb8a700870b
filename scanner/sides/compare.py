"""What one side has and the other has not: things, facts about them, and ways between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from scanner.graph.facts_observed import Observed, Released
from scanner.graph.graph import Graph, plain
from scanner.graph.model import Edge, Plane, State
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.sides.itself import by_itself
from scanner.sides.join import Joined, Side, Thing, join

_WORDS = ("origin", "because", "decided_by", "pinned_at", "type")
"""Fields of a fact that say how it is known, and not what is so."""
_WHERE_KNOWN = {"Bound": "which guardrail its policies name may not be known to the other side"}
"""Facts that a side has only where it knows enough: that the other has none says little."""
_UNKNOWN = '"unknown": '
DECLARED, LIVE = "declared", "live"
_OF_A_MOMENT = (Observed, Released)
"""Facts that nobody declares."""


class Differs(Struct, frozen=True, order=True):
    """One difference. side: which side has it. what: `thing`, `fact` or `way`. why: of what is not decided.

    ids: of the thing on its side; of a way, where it starts and where it ends.
    """

    what: str
    side: str
    about: str
    detail: str
    origin: Origin | None = None
    why: str = ""
    ids: tuple[str, ...] = ()


class Drift(Struct, frozen=True):
    """All differences: those that are certain, and those of which it is not known whether they are any."""

    certain: tuple[Differs, ...]
    undecided: tuple[Differs, ...]


class Known(Struct, frozen=True):
    """What is known of one side. resources: by node id. blind: an input of it was not read."""

    graph: Graph
    resources: Mapping[str, Resource]
    blind: bool = False


def known(graph: Graph, resources: Iterable[Resource], *, blind: bool = False) -> Known:
    """One side of a comparison; what is only looked up (`data`) is no part of it."""
    return Known(graph, {one.id: one for one in resources if one.id in graph.nodes and not one.data}, blind)


def joined(declared: Known, live: Known, units: frozenset[str]) -> Joined:
    """What is the same on both sides, nodes that no resource stands for among them."""
    return join(_side(declared), _side(live), units)


def _side(one: Known) -> Side:
    """The nodes that stand for something; those of providers only say where others are."""
    things = (
        Thing(node.id, node.kind, node.address, node.state is State.POSSIBLE)
        for node in one.graph.nodes.values()
        if node.kind not in ("provider", "terraform") and not node.address.startswith("provider.")
    )
    return Side(tuple(things), one.resources)


def compare(declared: Known, live: Known, both: Joined) -> Drift:
    """Hold what is declared against what is live.

    What one side lacks while it has an input that was not read is undecided: the input may have it.
    """
    sides = (declared, live)
    found = [*_things(sides, both), *_facts(sides, both), *_ways(sides, both)]
    blind = {
        DECLARED: "an input of the live side was not read" if live.blind else "",
        LIVE: "a declared input was not read" if declared.blind else "",
    }
    # A fact may say what is missing, as a policy: there, what its own side did not read counts as well.
    either = blind[DECLARED] or blind[LIVE]
    decided = [
        one if one.why else _blind(one, either if one.what == "fact" else blind[one.side])
        for one in dict.fromkeys(found)
    ]
    order = sorted(decided, key=lambda one: (one.what, one.side, one.about, one.detail))
    return Drift(tuple(one for one in order if not one.why), tuple(one for one in order if one.why))


def _blind(one: Differs, why: str) -> Differs:
    return replace(one, why=why)


def _halves(
    sides: tuple[Known, Known], both: Joined
) -> Iterator[tuple[str, Known, Mapping[str, str], Mapping[str, str]]]:
    yield DECLARED, sides[0], both.declared, both.live
    yield LIVE, sides[1], both.live, both.declared


def _things(sides: tuple[Known, Known], both: Joined) -> Iterator[Differs]:
    for name, one, mine, others in _halves(sides, both):
        there = set(others.values())
        for id_, key in mine.items():
            node = one.graph.nodes[id_]
            resource = one.resources.get(id_)
            if (
                key not in there
                and resource is not None
                and not by_itself(node, resource, one.resources, live=name == LIVE)
            ):
                roles = ", ".join(sorted(node.roles))
                yield Differs("thing", name, key, roles, node.origin, both.doubtful.get(id_, ""), (id_,))


def _facts(sides: tuple[Known, Known], both: Joined) -> Iterator[Differs]:
    """Facts of what both sides have; where one side does not know a value of a kind of fact, that kind is undecided."""
    told = [_by_key(one, mine, both) for _, one, mine, _ in _halves(sides, both)]
    for index, name in enumerate((DECLARED, LIVE)):
        mine, others = told[index], told[1 - index]
        for key in mine.keys() & others.keys():
            unknown = {kind for kind, _, text, _ in (*mine[key], *others[key]) if _UNKNOWN in text}
            texts = {(kind, text) for kind, _, text, _ in others[key]}
            there = {kind for kind, _ in texts}
            for kind, origin, text, id_ in mine[key]:
                # What neither side knows for the same reason follows from the same things on both.
                if (kind, text) not in texts:
                    why = "a value of it is not known" if kind in unknown else ""
                    why = why or ("" if kind in there else _WHERE_KNOWN.get(kind, ""))
                    yield Differs("fact", name, key, f"{kind} {text}", origin, why, (id_,))


Told = tuple[str, Origin | None, str, str]
"""A fact as it is compared: its kind, where it stands, what it says, and the node that it is of."""


def _by_key(one: Known, keys: Mapping[str, str], both: Joined) -> dict[str, list[Told]]:
    graph = one.graph
    names = {**keys, **{graph.nodes[id_].address: key for id_, key in keys.items()}}
    told: dict[str, list[Told]] = {}
    for id_, key in keys.items():
        if id_ not in both.doubtful:
            facts = told.setdefault(key, [])
            for fact in graph.nodes[id_].facts:
                if isinstance(fact, _OF_A_MOMENT):
                    continue
                body = plain(fact)
                assert isinstance(body, dict)
                own = {"type"} & {*type(fact).__struct_fields__}  # what a filter filters, where a fact has such a field
                kept = {name: _named(value, names) for name, value in body.items() if name in own or name not in _WORDS}
                facts.append((type(fact).__name__, fact.origin, json.dumps(kept, sort_keys=True), id_))
    return told


def _named(value: Any, names: Mapping[str, str]) -> Any:
    """A value with the things that it names called as on the other side."""
    if isinstance(value, str):
        return names.get(value, value)
    if isinstance(value, dict) and "unknown" in value:
        return {"unknown": value["unknown"]}
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    if isinstance(value, dict):
        # What a fact is made of says where it stands as well, each side in its own way.
        known = _WORDS[:3] if "type" in value else ()
        return {key: _named(one, names) for key, one in value.items() if key not in known}
    return value


def _ways(sides: tuple[Known, Known], both: Joined) -> Iterator[Differs]:
    found = [_edges(one, mine) for _, one, mine, _ in _halves(sides, both)]
    for index, name in enumerate((DECLARED, LIVE)):
        mine, others = found[index], found[1 - index]
        for (about, detail), edges in mine.items():
            against = others.get((about, detail), [])
            if any(one.state is State.OPEN for one in against) or (name == LIVE and _of_itself(sides[index], edges)):
                continue
            doubt = next(
                (both.doubtful[end] for one in edges for end in (one.source, one.target) if end in both.doubtful), ""
            )
            open_ = next((one for one in edges if one.state is State.OPEN), None)
            if open_ is None and against:
                continue  # possible on both sides
            if against:
                doubt = doubt or "it is only possible on the other side"
            elif open_ is None:
                doubt = doubt or "it is only possible here"
            best = open_ or edges[0]
            yield Differs("way", name, about, detail, best.origin, doubt, (best.source, best.target))


def _of_itself(one: Known, edges: Sequence[Edge]) -> bool:
    """Whether edges say no more than what a thing that is there by itself is attached to; what it lets pass is told."""
    ends = {end for edge in edges if edge.plane is Plane.CONTROL for end in (edge.source,)}
    nodes = [one.graph.nodes[end] for end in ends]
    return len(ends) == len({edge.source for edge in edges}) and all(
        by_itself(node, one.resources.get(node.id), one.resources, live=True) for node in nodes
    )


def _edges(one: Known, keys: Mapping[str, str]) -> dict[tuple[str, str], list[Edge]]:
    """The edges between named things; where things run is a fact of theirs."""
    told: dict[tuple[str, str], list[Edge]] = {}
    for edge in one.graph.edges:
        if edge.plane is not Plane.PLACEMENT and edge.source in keys and edge.target in keys:
            ports = ", ".join(f"{each.protocol} {each.from_port}-{each.to_port}" for each in edge.traffic)
            detail = f"{edge.plane} {edge.verb}" + (f" ({ports})" if ports else "")
            told.setdefault((f"{keys[edge.source]} -> {keys[edge.target]}", detail), []).append(edge)
    return told
