"""Certificates: what makes a `holds` re-checkable without trusting the search that found it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from scanner.graph.graph import Graph
from scanner.graph.search import Reach


class Closure(Struct, frozen=True):
    """Nothing but `allowed` leads into `closed`, and every target is in it."""

    goal: str
    planes: tuple[str, ...]
    verbs: tuple[str, ...]
    targets: tuple[str, ...]
    allowed: tuple[str, ...]
    closed: tuple[str, ...]
    graph_sha256: str


class Examined(Struct, frozen=True):
    """Every thing that the goal speaks of was looked at: (node id, what was found)."""

    goal: str
    examined: tuple[tuple[str, str], ...]
    graph_sha256: str


def certify(goal: str, graph: Graph, found: Reach) -> Closure:
    """The certificate of a search that met nobody but the allowed. Raises ValueError where it met others."""
    if found.ways:
        raise ValueError("a search that found ways proves nothing")
    return Closure(
        goal=goal,
        planes=tuple(sorted(found.planes)),
        verbs=tuple(sorted(found.verbs)),
        targets=found.targets,
        allowed=tuple(sorted(found.allowed)),
        closed=tuple(sorted(found.closed)),
        graph_sha256=graph.digest,
    )


def faults(graph: Graph, closure: Mapping[str, object]) -> list[str]:
    """What is wrong with a closure certificate read from a report; empty where it checks.

    Independent of the search: every edge that ends in `closed` starts in `allowed`, or in a relay of `closed`. Who
    is in `allowed`, and whether the targets are all the models, is for the caller to compare with the profile.
    """
    closed, allowed, targets = (_ids(closure, key) for key in ("closed", "allowed", "targets"))
    planes, verbs = _ids(closure, "planes"), _ids(closure, "verbs")
    wrong = []
    if closure.get("graph_sha256") != graph.digest:
        wrong.append("the graph is not the one that was certified")
    wrong += [f"target {one} is outside the closed set" for one in sorted(targets - closed)]
    wrong += [f"{one} is not in the graph" for one in sorted((closed | allowed) - set(graph.nodes))]
    wrong += [f"{one} is both closed and allowed" for one in sorted((closed & allowed) - targets)]
    transparent = {one for one in closed if not _acts(graph, one)}
    for target in sorted(closed & set(graph.nodes)):
        for edge in graph.into(target):
            if edge.source == target or edge.plane not in planes or (verbs and edge.verb not in verbs):
                continue
            if edge.source in transparent | allowed:
                continue
            if edge.source not in targets or _ends(graph, target, closed, planes, verbs) & targets != {edge.source}:
                wrong.append(f"{edge.source} leads into {target} ({edge.plane}, {edge.state})")
    return wrong


def _ends(graph: Graph, start: str, closed: set[str], planes: set[str], verbs: set[str]) -> set[str]:
    """What `start` leads to inside `closed`, itself included, over relays: a model may call itself, and no other."""
    seen, waiting = {start}, [start]
    while waiting:
        here = waiting.pop()
        if _acts(graph, here):
            continue
        for edge in graph.out_of(here):
            if edge.plane in planes and (not verbs or edge.verb in verbs) and edge.target in closed - seen:
                seen.add(edge.target)
                waiting.append(edge.target)
    return seen


def _acts(graph: Graph, node_id: str) -> bool:
    return node_id in graph.nodes and graph.nodes[node_id].actor


def _ids(closure: Mapping[str, object], key: str) -> set[str]:
    value = closure.get(key)
    return {str(one) for one in value} if isinstance(value, Sequence) and not isinstance(value, str) else set()
