"""`tether graph --expand` for AWS: what groups, ACLs and routes admit between interfaces, subnets and the internet."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from scanner.builders.aws_network.admission import Network
from scanner.builders.aws_network.expanded import End, Pair, expanded
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import AddressRange, Traffics
from scanner.graph.model import ALL_TRAFFIC
from scanner.resource import Resource


def expand_network(
    units: Mapping[str, Iterable[Resource]], nodes: dict[str, dict[str, Any]], edges: list[dict[str, Any]]
) -> None:
    """Add the nodes and edges of every pair, each unit for itself.

    An entry of `traffic` has `answers` where answers do not get back to every port that the caller may send from: the
    ranges of those to which they do.
    """
    some = {name: list(resources) for name, resources in units.items()}
    for name, resources in some.items():
        network = Network(Inventory(resources))
        found = expanded(network, name)
        prefix = f"{name}:" if len(some) > 1 else ""
        for address, kind in found.nodes.items():
            own = network.inventory.by_id[f"{name}:{address}"]
            nodes[prefix + address] = _node(prefix + address, kind, address, own)
        for (source, target), pair in found.pairs.items():
            ends = [_name(end, prefix) for end in (source, target)]
            for end in ends:
                nodes.setdefault(end, _outside(end))
            edges.extend(_edges(ends[0], ends[1], pair))


def _name(end: End, prefix: str) -> str:
    if isinstance(end, AddressRange):
        make = ipaddress.IPv4Address if end.version == 4 else ipaddress.IPv6Address
        return f"external/{make(end.first)}-{make(end.last)}"
    return end if end.startswith("external/") else prefix + end


def _edges(source: str, target: str, pair: Pair) -> Iterator[dict[str, Any]]:
    for state, some in (("open", pair.sure), ("possible", pair.maybe)):
        if some:
            yield {
                "source": source,
                "target": target,
                "plane": "network",
                "traffic": _traffic(some, pair.answers),
                "state": state,
                "because": "groups, ACLs and routes admit it" if state == "open" else "nothing certainly closes it",
                "origin": None,
            }


def _traffic(some: Traffics, answers: Traffics) -> list[dict[str, Any]]:
    whole = {one.protocol for one in answers if one in ALL_TRAFFIC}
    found: list[dict[str, Any]] = []
    for one in some:
        entry: dict[str, Any] = {"protocol": one.protocol, "from_port": one.from_port, "to_port": one.to_port}
        if one.protocol != "UDP" and one.protocol not in whole:
            back = [(two.from_port, two.to_port) for two in answers if two.protocol == one.protocol]
            entry["answers"] = [{"from_port": first, "to_port": last} for first, last in back]
        found.append(entry)
    return found


def _node(name: str, kind: str, address: str, own: Resource) -> dict[str, Any]:
    from scanner.commands.graph_expand import origin_json

    return {"id": name, "kind": kind, "address": address, "roles": [], "origin": origin_json(own.origin)}


def _outside(name: str) -> dict[str, Any]:
    return {"id": name, "kind": "AddressRange", "address": name, "roles": ["external"], "origin": None}
