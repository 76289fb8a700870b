"""Security groups: every rule, from wherever it is written, as traffic and one peer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from scanner.builders.aws_network.lists import LIST_KIND, entries_of
from scanner.builders.blocks import Found, doubt
from scanner.builders.edges import Doubt, doubt_of, each, first_doubt
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import AddressRange, Traffics, parse_cidr
from scanner.graph.model import ALL_TRAFFIC, Traffic
from scanner.origin import Origin
from scanner.resource import Resource, dig, items_of, mark
from scanner.unknown import Unknown, Value

GROUP_KINDS = ("aws_security_group", "aws_default_security_group")
RULE_KINDS = (
    "aws_security_group_rule",
    "aws_vpc_security_group_ingress_rule",
    "aws_vpc_security_group_egress_rule",
)
PROTOCOLS = {"tcp": "TCP", "6": "TCP", "udp": "UDP", "17": "UDP", "132": "SCTP", "sctp": "SCTP"}
EVERY_PROTOCOL = ("-1", "all")
RANGES = ("cidr_blocks", "cidr_ipv4", "ipv6_cidr_blocks", "cidr_ipv6")
LISTS = ("prefix_list_ids", "prefix_list_id")
GROUPS = ("security_groups", "source_security_group_id", "referenced_security_group_id")


class Peer(Struct, frozen=True):
    """Who is on the other side of a rule.

    kind: "range" (then `range`), "group" (then `group`, its key), or "elsewhere": a group, a prefix list or a value
    that the inputs do not show, always with a doubt. name: as a hop names it.
    """

    kind: Literal["range", "group", "elsewhere"]
    name: str
    range: AddressRange | None = None
    group: str = ""
    doubt: Doubt | None = None


class GroupRule(Struct, frozen=True):
    """One rule with one peer; `doubt` where its existence or its ports are not certain."""

    traffic: Traffics
    peer: Peer
    origin: Origin | None
    doubt: Doubt | None = None


class Group(Struct):
    """A security group. `unknown` is set where its rules are not in the inputs: then it may admit anything."""

    key: str
    name: str
    unit: str
    vpc: str = ""
    ingress: list[GroupRule] = field(default_factory=list)
    egress: list[GroupRule] = field(default_factory=list)
    unknown: Doubt | None = None


class SecurityGroups:
    """Every security group of the inputs by key; groups that are only referred to are added as they are met."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.by_key: dict[str, Group] = {}
        for one in inventory.of(*GROUP_KINDS):
            self.by_key[one.id] = Group(one.id, one.address, one.unit, self._vpc(one))
        for one in inventory.of(*GROUP_KINDS):
            group = self.by_key[one.id]
            group.ingress += self._inline(one, "ingress")
            group.egress += self._inline(one, "egress")
        for one in inventory.of(*RULE_KINDS):
            self._standalone(one)

    def resolve(self, value: Value, unit: str) -> Group:
        """The group that `value` names; a group of unknown rules for what the inputs do not show."""
        if isinstance(value, Unknown):
            return self._referred(value, unit)
        text = value.rpartition("/")[2] if isinstance(value, str) else str(value)
        found = self.inventory.find(text, unit, *GROUP_KINDS)
        if isinstance(found, Resource) and found.id in self.by_key:
            return self.by_key[found.id]
        return self._unseen(f"{unit}:security-group/{text}", text, unit, Doubt("peer-not-in-input", (text,)))

    def default_of(self, vpc: str, unit: str) -> Group:
        """The default group of a VPC: as it is managed here, else as every VPC gets it: its members, and all egress."""
        for one in self.inventory.of("aws_default_security_group", unit=unit):
            if self.by_key[one.id].vpc == vpc:
                return self.by_key[one.id]
        name = f"{vpc.partition(':')[2] or 'vpc'}#default-security-group"
        return self._built_in(f"{unit}:{name}", name, unit, vpc)

    def of_cluster(self, cluster: Resource) -> Group:
        """The group that EKS makes for a cluster and its managed nodes: its members, and all egress."""
        return self._built_in(f"{cluster.id}#cluster-security-group", f"{cluster.address}", cluster.unit, "")

    def _referred(self, value: Unknown, unit: str) -> Group:
        if value.ref is not None:
            found = self.inventory.at(unit, value.ref.address)
            if found is not None and found.id in self.by_key:
                return self.by_key[found.id]
            if found is not None and found.kind == "aws_vpc" and "default_security_group" in value.ref.attribute:
                return self.default_of(found.id, unit)
            if found is not None and found.kind == "aws_eks_cluster":
                return self.of_cluster(found)
        why = doubt_of(value) or Doubt("value-unknown", (value.cause,))
        name = ", ".join(why.decided_by)
        return self._unseen(f"{unit}:security-group/{name}/{value.cause}", name, unit, why)

    def _unseen(self, key: str, name: str, unit: str, why: Doubt) -> Group:
        return self.by_key.setdefault(key, Group(key, name, unit, unknown=why))

    def _built_in(self, key: str, name: str, unit: str, vpc: str) -> Group:
        if key not in self.by_key:
            everywhere = Peer("range", "0.0.0.0/0", parse_cidr("0.0.0.0/0"))
            itself = Peer("group", name, group=key)
            group = Group(key, name, unit, vpc, [GroupRule(ALL_TRAFFIC, itself, None)])
            group.egress = [GroupRule(ALL_TRAFFIC, everywhere, None)]
            self.by_key[key] = group
        return self.by_key[key]

    def _vpc(self, group: Resource) -> str:
        found = self.inventory.find(group.attrs.get("vpc_id"), group, "aws_vpc")
        return found.id if isinstance(found, Resource) else ""

    def _inline(self, group: Resource, side: str) -> Iterator[GroupRule]:
        for index, block in enumerate(items_of(group.attrs.get(side))):
            origin = mark(group.attrs, side, index) or group.origin
            if not isinstance(block, Mapping):
                why = doubt_of(block) if isinstance(block, Unknown) else Doubt("value-unknown", (group.address,))
                peer = Peer("elsewhere", f"an unknown {side} rule of {group.address}", doubt=why)
                yield GroupRule(ALL_TRAFFIC, peer, origin, why)
                continue
            yield from self._rules(block, "protocol", group.unit, group.id, origin, doubt_of(doubt(block)))

    def _standalone(self, rule: Resource) -> None:
        own = rule.attrs.get("security_group_id")
        group = self.resolve(own, rule.unit)
        exists = doubt_of(rule.possible)
        if rule.kind == "aws_security_group_rule":
            side, protocol = rule.attrs.get("type"), "protocol"
            sides = (side,) if side in ("ingress", "egress") else ("ingress", "egress")
            exists = first_doubt(exists, None if len(sides) == 1 else Doubt("value-unknown", (f"{rule.address}.type",)))
        else:
            sides, protocol = ("ingress" if "ingress" in rule.kind else "egress",), "ip_protocol"
        rules = list(self._rules(rule.attrs, protocol, rule.unit, group.key, rule.origin, exists))
        receivers = [(group, exists)]
        if group.unknown is not None and not _is_data(own):
            others = [one for one in self.by_key.values() if one.unit == rule.unit and one is not group]
            receivers += [(one, first_doubt(exists, group.unknown)) for one in others]
        for receiver, why in receivers:
            for side in sides:
                placed = receiver.ingress if side == "ingress" else receiver.egress
                placed += [replace(one, doubt=first_doubt(one.doubt, why)) for one in rules]

    def _rules(
        self,
        block: Mapping[str, Value],
        protocol: str,
        unit: str,
        own: str,
        origin: Origin | None,
        exists: Doubt | None,
    ) -> Iterator[GroupRule]:
        traffic, ports = traffic_of(block, protocol)
        why = first_doubt(exists, ports)
        if not traffic:
            return
        for path in RANGES if not block.keys().isdisjoint(RANGES) else ():
            for found in each(block, path, origin):
                for peer in self._range_peers(found, unit):
                    yield GroupRule(traffic, peer, found.origin, first_doubt(why, doubt_of(found.possible)))
        for path in LISTS if not block.keys().isdisjoint(LISTS) else ():
            for found in each(block, path, origin):
                for peer in self._list_peers(found, unit):
                    yield GroupRule(traffic, peer, found.origin, first_doubt(why, doubt_of(found.possible)))
        for path in GROUPS if not block.keys().isdisjoint(GROUPS) else ():
            for found in each(block, path, origin):
                yield GroupRule(traffic, self._group_peer(found, unit), found.origin, why)
        itself = block.get("self")
        if itself is True or itself == "true" or isinstance(itself, Unknown):
            also = doubt_of(itself) if isinstance(itself, Unknown) else None
            name = own.partition(":")[2]
            line_of = mark(block, "self") or origin
            yield GroupRule(traffic, Peer("group", name, group=own), line_of, first_doubt(why, also))

    def _range_peers(self, found: Found, unit: str) -> Iterator[Peer]:
        value = found.value
        if isinstance(value, Unknown) and value.ref is not None:
            owner = self.inventory.at(unit, value.ref.address)
            literal = dig(owner.attrs, "cidr_block") if owner is not None else None
            value = literal if isinstance(literal, str) and "cidr" in (found.value.ref.attribute) else value  # type: ignore[union-attr]
        if isinstance(value, Unknown):
            why = doubt_of(value)
            some = [parse_cidr(one) if isinstance(one, str) else None for one in value.options]
            if some and all(some):
                for text, one in zip(value.options, some, strict=True):
                    yield Peer("range", str(text), one, doubt=why)
                return
            yield Peer("elsewhere", ", ".join(why.decided_by) if why else value.cause, doubt=why)
            return
        one = parse_cidr(value) if isinstance(value, str) else None
        if one is not None:
            yield Peer("range", str(value), one)
        else:
            yield Peer("elsewhere", str(value), doubt=Doubt("invalid-expression", (str(value),)))

    def _list_peers(self, found: Found, unit: str) -> Iterator[Peer]:
        listed = self.inventory.find(found.value, unit, LIST_KIND)
        if isinstance(listed, Resource) and not listed.data:
            for entry in entries_of(self.inventory, listed):
                exists = doubt_of(entry.possible)
                for peer in self._range_peers(entry, unit):
                    yield replace(peer, doubt=first_doubt(peer.doubt, exists)) if exists else peer
            return
        why = (
            doubt_of(found.value)
            if isinstance(found.value, Unknown)
            else Doubt("prefix-list-unread", (str(found.value),))
        )
        name = ", ".join(why.decided_by) if why else str(found.value)
        yield Peer("elsewhere", f"prefix list {name}", doubt=replace(why, reason="prefix-list-unread") if why else None)

    def _group_peer(self, found: Found, unit: str) -> Peer:
        group = self.resolve(found.value, unit)
        if group.unknown is not None:
            return Peer("elsewhere", f"security group {group.name}", group=group.key, doubt=group.unknown)
        return Peer("group", group.name, group=group.key, doubt=doubt_of(found.possible))


def traffic_of(block: Mapping[str, Value], key: str) -> tuple[Traffics, Doubt | None]:
    """The traffic of a rule; every port, with a doubt, where protocol or ports are not known. ICMP is none."""
    protocol, first, last = block.get(key), block.get("from_port"), block.get("to_port")
    if isinstance(protocol, Unknown):
        return ALL_TRAFFIC, doubt_of(protocol)
    if protocol is None:
        return ALL_TRAFFIC, Doubt("value-unknown", (key,))
    text = str(protocol).lower()
    if text in EVERY_PROTOCOL:
        return ALL_TRAFFIC, None
    if text not in PROTOCOLS:
        return (), None
    name = PROTOCOLS[text]
    why = first_doubt(*(doubt_of(one) for one in (first, last) if isinstance(one, Unknown)))
    low, high = _port(first), _port(last)
    if why or low is None or high is None:
        return (Traffic(name, 1, 65535),), why or Doubt("value-unknown", ("from_port", "to_port"))
    low, high = max(low, 1), min(high, 65535)
    return ((Traffic(name, low, high),) if low <= high else ()), None


def _port(value: Value) -> int | None:
    if isinstance(value, str) and value.lstrip("-").isdigit():
        return int(value)
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _is_data(value: Value) -> bool:
    return isinstance(value, Unknown) and value.ref is not None and "data." in value.ref.address
