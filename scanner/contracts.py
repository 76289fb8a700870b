"""Contracts of the profile as rules: no way from one set of nodes to another, or none but through a third."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache

from msgspec.structs import replace

from scanner.findings import Finding
from scanner.graph.between import ways_between
from scanner.graph.graph import Graph
from scanner.graph.model import Node, Plane, Role, State
from scanner.graph.search import Way, reach
from scanner.profile import Contract, Profile, Selector
from scanner.rule import Case, Rule, counted

PREFIX = "contract:"
NARROW = frozenset({"namespace", "kind", "unit"})
"""The keys of a selector that say where to look, before its other keys say for what."""
BLIND = (
    "What a caller relays for others once it has answered: on the network plane a way ends at the next actor, since "
    "whoever is reached decides alone what it passes on. On the other planes a way leads over everybody on it."
)


def contract_rules(profile: Profile) -> tuple[Rule, ...]:
    """One rule for each contract, in the order of the file."""
    return tuple(_rule(one) for one in profile.contracts)


def _rule(contract: Contract) -> Rule:
    return Rule(
        id=f"{PREFIX}{contract.name}",
        commitment=contract.commitment,
        severity=contract.severity,
        assertion="CONTRACT",
        bases=("declared", "recorded", "live"),
        title=_title(contract),
        why=contract.reason or f"The profile agrees it: {contract.origin}.",
        fix="Close the hop that the finding marks, or agree on another contract in `tether.yaml`.",
        blind=BLIND if contract.forbid is None else "What is in none of the inputs.",
        check=_forbidden(contract, contract.forbid) if contract.forbid else _separated(contract),
    )


def _title(contract: Contract) -> str:
    if contract.forbid is not None:
        return f"Something matches {contract.forbid}."
    round_it = f" without {contract.through}" if contract.through else ""
    planes = " or ".join(contract.planes)
    return f"A way leads from {contract.source} to {contract.target}{round_it} ({planes})."


@cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text).replace(r"\*", ".*") + r"\Z", re.DOTALL)


def matching(selector: Selector | None, node: Node) -> State | None:
    """Whether `selector` names `node`: `open` for certain, `possible` where a role is not certain, None for no."""
    if selector is None:
        return None
    state = State.OPEN
    for key, wanted in selector.wanted:
        if key == "role":
            if wanted == Role.MODEL and Role.CANDIDATE in node.roles and Role.MODEL not in node.roles:
                state = State.POSSIBLE
            elif wanted not in node.roles:
                return None
        elif not any(_pattern(wanted).match(one) for one in _values(key, node)):
            return None
    return state


def _values(key: str, node: Node) -> tuple[str, ...]:
    """What a selector may call a node: another source may know it in another unit, by another address."""
    if key in ("unit", "address") and node.aliases:
        place = 0 if key == "unit" else 2
        return tuple(one.partition(":")[place] for one in (node.id, *node.aliases))
    return (node.id.partition(":")[0] if key == "unit" else str(getattr(node, key)),)


def _named(graph: Graph, selector: Selector | None) -> list[Node]:
    return [node for node in graph.nodes.values() if matching(selector, node) is not None]


def _forbidden(contract: Contract, selector: Selector) -> Callable[[Case], Iterable[Finding]]:
    def check(case: Case) -> Iterator[Finding]:
        for node in _looked_over(case.graph, selector):
            case.examine(node, f"is not {selector}" if matching(selector, node) is None else f"is {selector}")
        for node in _named(case.graph, selector):
            what = f"`{node.address}` is {selector}, which the contract `{contract.name}` forbids"
            doubts = sorted({*node.decided_by, *_unsure(selector, node)})
            if node.state is State.OPEN and not doubts:
                yield case.violated(node, what, because=f"it is {selector}", fix="take it out, or change the contract")
            else:
                yield case.unproven(node, f"{what}: that is not certain", decided_by=doubts or ("existence",))
        case.summary = f"nothing is {selector}"

    return check


def _looked_over(graph: Graph, selector: Selector) -> list[Node]:
    """What the certificate lists: the nodes where the selector could match, or all where there are none."""
    narrow = Selector(tuple((key, value) for key, value in selector.wanted if key in NARROW), selector.origin)
    found = _named(graph, narrow) if narrow.wanted else []
    return found or list(graph.nodes.values())


def _unsure(selector: Selector | None, node: Node) -> tuple[str, ...]:
    return ("profile:models.servers",) if matching(selector, node) is State.POSSIBLE else ()


def _separated(contract: Contract) -> Callable[[Case], Iterable[Finding]]:
    def check(case: Case) -> Iterator[Finding]:
        ends = {key: _named(case.graph, one) for key, one in (("from", contract.source), ("to", contract.target))}
        planes = {Plane(one) for one in contract.planes}
        if not any(
            node.actor or any(edge.plane in planes for edge in case.graph.out_of(node.id)) for node in ends["from"]
        ):
            ends["from"] = []
        for key in [key for key, nodes in ends.items() if not nodes]:
            yield _names_nothing(case, contract, key)
        if not all(ends.values()):
            return
        ways = [way for plane in contract.planes for way in _ways(case, contract, Plane(plane), ends)]
        for group in _by_last_edge(ways):
            yield _finding(case, contract, group)
        if not ways and contract.through and not _named(case.graph, contract.through):
            yield _names_nothing(case, contract, "through")
        round_it = f" but through {contract.through}" if contract.through else ""
        for node in ends["from"]:
            case.examine(node, f"no way of its own to {contract.target}{round_it}" if not ways else "ways searched")
        number = f"{counted(len(ends['from']), 'source')} and {counted(len(ends['to']), 'target')}"
        case.summary = f"contract `{contract.name}`: {number} apart"

    return check


def _names_nothing(case: Case, contract: Contract, key: str) -> Finding:
    selector = {"from": contract.source, "to": contract.target, "through": contract.through}[key]
    what = "nothing from which a way could start" if key == "from" else "no node"
    message = f"`{key}` of the contract `{contract.name}` names nothing: {what} is {selector}"
    fix = "correct the selector, or take the contract out"
    made = case.missing(f"contracts.{contract.name}.{key}", message, fix)
    return replace(made, subject=replace(made.subject, origin=selector.origin if selector else contract.origin))


def _ways(case: Case, contract: Contract, plane: Plane, ends: dict[str, list[Node]]) -> Sequence[Way]:
    """The ways of one plane from a source to a target that do not pass through what is agreed."""
    targets = [node.id for node in ends["to"] if matching(contract.through, node) is None]
    if plane is not Plane.NETWORK:
        without = frozenset(node.id for node in _named(case.graph, contract.through))
        sources = {node.id for node in ends["from"]} - without
        return ways_between(case.graph, sources, targets, without=without, planes=[plane])
    found = reach(case.graph, targets, [plane], allowed=lambda node: may_stand(contract, node))
    # A source that starts nothing itself (a listener, an Ingress) hands on what others send.
    relays = [node.id for node in ends["from"] if not node.actor and node.id in found.closed - set(targets)]
    ways = [*found.ways, *ways_between(case.graph, relays, targets, without=found.allowed, planes=[plane])]
    if not ways:
        case.prove(f"{PREFIX}{contract.name}", found)
    return ways


def may_stand(contract: Contract, node: Node) -> bool:
    """Whether a contract lets `node` be met on the network before a target: it is no source, or is passed through."""
    if matching(contract.through, node) is State.OPEN:
        return True
    return node.actor and matching(contract.source, node) is None


def intruders(contract: Contract, graph: Graph, allowed: Iterable[str], inside: Iterable[str]) -> list[str]:
    """The ids in a certificate of a contract that it may not have: sources among `allowed`, or among `inside`.

    inside: the closed set without the targets.
    """
    wrong = [one for one in allowed if one not in graph.nodes or not may_stand(contract, graph.nodes[one])]
    return wrong + [
        one for one in inside if one in graph.nodes and matching(contract.source, graph.nodes[one]) is not None
    ]


def _by_last_edge(ways: Iterable[Way]) -> list[list[Way]]:
    """Ways that enter the same target by the same edge are one finding: one cut closes them all."""
    groups: dict[object, list[Way]] = {}
    for way in sorted(ways, key=lambda one: (one.state is not State.OPEN, len(one.edges), one.actor.id)):
        last = way.edges[-1]
        entry = last.source if len(way.edges) > 1 else str(last.origin)
        groups.setdefault((last.target, last.plane, entry, way.state), []).append(way)
    return list(groups.values())


def _finding(case: Case, contract: Contract, group: Sequence[Way]) -> Finding:
    way = group[0]
    target = case.graph.nodes[way.edges[-1].target]
    able = "can" if way.state is State.OPEN else "may be able to"
    round_it = f" without passing {contract.through}" if contract.through else ""
    message = f"`{way.actor.address}` {able} get to `{target.address}`{round_it}: contract `{contract.name}`"
    doubts = (*_unsure(contract.source, way.actor), *_unsure(contract.target, target))
    others = sorted({one.actor.address for one in group[1:]})
    outside = Role.EXTERNAL in way.actor.roles
    about = case.graph.nodes[way.edges[0].target] if outside else None
    return case.way(way, message, fix="close this hop", ways=len(group), also=others, doubts=doubts, about=about)
