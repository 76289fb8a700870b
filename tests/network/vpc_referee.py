"""A referee for drawn networks: one packet at a time, by addresses, with nothing taken over from the builders.

Answers are "open", "possible" (a peering that nobody is seen to accept, or a caller that may send from a low port
alone) and "" for closed.
"""

from __future__ import annotations

from functools import cache
from ipaddress import ip_address, ip_network

from tests.network.vpc_draw import Drawn, Entry, Machine, Rule

SOURCE_PORTS = (1, 22, 23, 443, 444, 999, 1000, 1001, 1023, 1024, 7999, 8000, 8001, 39999, 40000, 40001, 65535)
"""Ports on both sides of every boundary that a rule can have."""


@cache
def holds(block: str, address: str) -> bool:
    return ip_address(address) in ip_network(block)


def length(block: str) -> int:
    return int(block.partition("/")[2])


class Referee:
    def __init__(self, drawn: Drawn) -> None:
        self.drawn = drawn
        self.either = False
        """Whether a group is meant where one of two ways alone lets it be named: nobody knows."""

    def pair(self, source: Machine, target: Machine, protocol: str, port: int) -> str:
        answers = []
        for self.either in (False, True):
            found = [self._pair(source, target, ends, protocol, port) for ends in self._ends(source, target)]
            answers.append("open" if "open" in found else "possible" if "possible" in found else "")
        self.either = False
        return answers[0] or ("possible" if answers[1] else "")

    def _ends(self, source: Machine, target: Machine):
        yield source.address, target.address
        if source.six and target.six:
            yield source.six, target.six

    def _pair(self, source: Machine, target: Machine, ends: tuple[str, str], protocol: str, port: int) -> str:
        mine, theirs = ends
        out = any(self._matches(rule, protocol, port, target, theirs, source) for rule in self._rules(source, 1))
        into = any(self._matches(rule, protocol, port, source, mine, target) for rule in self._rules(target, 0))
        if not (out and into):
            return ""
        there = self._routed(source, target, theirs)
        back = self._routed(target, source, mine)
        if "" in (there, back):
            return ""
        answered = self._acl_way(source.subnet, target.subnet, ends, protocol, port)
        if answered == "":
            return ""
        return "possible" if "possible" in (there, back, answered) else "open"

    def _acl_way(self, source: str, target: str, ends: tuple[str, str], protocol: str, port: int) -> str:
        """What the ACLs of two subnets ("" for outside) say of a connection, answers included."""
        if source == target:
            return "open"
        mine, theirs = ends
        if not (self._passes(source, 1, theirs, protocol, port) and self._passes(target, 0, mine, protocol, port)):
            return ""
        if protocol == "udp":
            return "open"
        back = [
            one
            for one in SOURCE_PORTS
            if self._passes(target, 1, mine, protocol, one) and self._passes(source, 0, theirs, protocol, one)
        ]
        return "open" if any(one >= 1024 for one in back) else "possible" if back else ""

    def _passes(self, subnet: str, side: int, address: str, protocol: str, port: int) -> bool:
        if not subnet:
            return True
        place = self.drawn.subnets[subnet]
        acls = self.drawn.vpcs[place.vpc].acls
        name = place.acl or ("default" if "default" in acls else "")
        if not name:
            return True
        for entry in sorted(acls[name][side], key=lambda one: one.number):
            if self._names(entry, protocol, port) and holds(entry.block, address):
                return entry.allow
        return False

    def _names(self, one: Rule | Entry, protocol: str, port: int) -> bool:
        return one.protocol == "-1" or (one.protocol == protocol and one.first <= port <= one.last)

    def _rules(self, one: Machine, side: int):
        for name in one.groups:
            for rule in self.drawn.groups[name][side + 1]:
                yield name, rule

    def _matches(self, named, protocol: str, port: int, other: Machine | None, address: str, owner: Machine) -> bool:
        group, rule = named
        if not self._names(rule, protocol, port):
            return False
        kind, text = rule.peer
        if kind == "cidr":
            return holds(text, address)
        if kind == "list":
            return any(holds(one, address) for one in self.drawn.lists[text])
        wanted = group if kind == "self" else text
        if other is None or wanted not in other.groups:
            return False
        mine, theirs = owner.subnet[:2], other.subnet[:2]
        return mine == theirs or self._references(owner, other, address)

    def _references(self, owner: Machine, other: Machine, address: str) -> bool:
        """Across a transit gateway groups can be named only where it says so."""
        mine = owner.six if ":" in address else owner.address
        hops = self._hop(owner.subnet, address), self._hop(other.subnet, mine)
        named = [hop != "tgw" or self.drawn.transit["references"] for hop in hops]
        return any(named) if self.either else all(named)

    def _hop(self, subnet: str, address: str) -> str:
        """Where the table of a subnet sends a packet: the longest prefix wins."""
        place = self.drawn.subnets[subnet]
        vpc = self.drawn.vpcs[place.vpc]
        routes = [(vpc.block, "local"), (vpc.six, "local"), *vpc.routes[place.table]]
        best = [(length(block), target) for block, target in routes if holds(block, address)]
        return max(best, key=lambda one: one[0])[1] if best else ""

    def _routed(self, source: Machine, target: Machine, address: str) -> str:
        mine, theirs = source.subnet[:2], target.subnet[:2]
        hop = self._hop(source.subnet, address)
        if mine == theirs:
            return "open" if hop == "local" else ""
        if hop.startswith("pcx"):
            pair = tuple(hop.split()[1:])
            if set(pair) != {mine, theirs}:
                return ""
            return {"active": "open", "pending": "possible"}[self.drawn.peerings[pair]]
        if hop == "tgw":
            return "open" if self._over_transit(mine, theirs, address) else ""
        return ""

    def _over_transit(self, mine: str, theirs: str, address: str) -> bool:
        transit = self.drawn.transit
        if ":" in address or mine not in transit["attached"] or theirs not in transit["attached"]:
            return False
        routes = [(place, name, 1) for place, name in transit["static"]]
        if transit["propagates"]:
            routes += [(self.drawn.vpcs[name].block, name, 0) for name in transit["attached"]]
        best = [(length(place), static, name) for place, name, static in routes if holds(place, address)]
        return bool(best) and max(best)[2] == theirs

    def from_internet(self, address: str, target: Machine, protocol: str, port: int) -> str:
        mine = target.six if ":" in address else target.address
        if not mine or (":" not in address and not target.public):
            return ""
        if self._hop(target.subnet, address) != "igw":
            return ""
        if not any(self._matches(rule, protocol, port, None, address, target) for rule in self._rules(target, 0)):
            return ""
        return self._acl_way("", target.subnet, (address, mine), protocol, port)

    def to_internet(self, source: Machine, address: str, protocol: str, port: int) -> str:
        mine = source.six if ":" in address else source.address
        if not mine:
            return ""
        if not any(self._matches(rule, protocol, port, None, address, source) for rule in self._rules(source, 1)):
            return ""
        hop = self._hop(source.subnet, address)
        if hop == "igw" and ":" not in address and not source.public:
            return ""
        if hop == "nat" and self._hop(self.drawn.nats[source.subnet[:2]], address) != "igw":
            return ""
        if hop not in ("igw", "nat", "eigw"):
            return "unclear" if hop == "tgw" or hop.startswith("pcx") else ""
        return self._acl_way(source.subnet, "", (mine, address), protocol, port)
