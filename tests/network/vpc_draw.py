"""Small random networks of AWS, drawn as plain values, and the Terraform that writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

PORTS = (22, 443, 1000, 8000, 40000)
PROTOCOLS = ("tcp", "udp", "-1")
OFTEN = st.sampled_from((True, True, True, False))
PUBLIC = ("198.51.100.0/24", "198.51.100.128/25", "203.0.113.9/32", "192.0.0.0/6")


@dataclass
class Rule:
    """A rule of a group: `peer` is ("cidr", text), ("group", name), ("self", "") or ("list", name)."""

    protocol: str
    first: int
    last: int
    peer: tuple[str, str]


@dataclass
class Entry:
    number: int
    allow: bool
    protocol: str
    first: int
    last: int
    block: str


@dataclass
class Vpc:
    name: str
    block: str
    six: str
    gateway: bool
    routes: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Routes by table, "main" among them: (destination, target)."""
    acls: dict[str, tuple[list[Entry], list[Entry]]] = field(default_factory=dict)


@dataclass
class Subnet:
    name: str
    vpc: str
    block: str
    six: str
    table: str
    acl: str


@dataclass
class Machine:
    name: str
    subnet: str
    address: str
    six: str
    public: bool
    groups: list[str]


@dataclass
class Drawn:
    vpcs: dict[str, Vpc] = field(default_factory=dict)
    subnets: dict[str, Subnet] = field(default_factory=dict)
    groups: dict[str, tuple[str, list[Rule], list[Rule]]] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)
    nats: dict[str, str] = field(default_factory=dict)
    """NAT gateways by VPC: the subnet that each is in."""
    peerings: dict[tuple[str, str], str] = field(default_factory=dict)
    """Whether each is "active" or "pending"."""
    transit: dict[str, Any] | None = None
    """attached: VPCs. static: (destination, VPC or "" for a black hole). propagates, references: booleans."""


def ports(draw: Any) -> tuple[int, int]:
    first = draw(st.sampled_from((0, *PORTS)))
    last = draw(st.sampled_from([one for one in (*PORTS, 65535) if one >= first]))
    return first, last


def blocks(drawn: Drawn) -> list[str]:
    """Ranges that rules may name: those of the drawn networks, parts of them, and ranges outside."""
    inside = [one.block for one in drawn.subnets.values()]
    parts = [one.replace(".0/24", ".0/25") for one in inside] + [one.address + "/32" for one in drawn.machines.values()]
    six = [one.six for one in drawn.subnets.values() if one.six]
    return [
        *(one.block for one in drawn.vpcs.values()),
        *inside,
        *parts,
        *six,
        *PUBLIC,
        "10.0.0.0/8",
        "0.0.0.0/0",
        "::/0",
    ]


@st.composite
def networks(draw: Any) -> Drawn:
    drawn = Drawn()
    for index in range(draw(st.integers(1, 3))):
        name = f"v{index}"
        drawn.vpcs[name] = Vpc(name, f"10.{index}.0.0/16", f"2600:1f00:{index}::/56", draw(OFTEN))
        for number in range(draw(st.integers(1, 2))):
            subnet = f"{name}s{number}"
            six = f"2600:1f00:{index}:{number}::/64" if draw(OFTEN) else ""
            drawn.subnets[subnet] = Subnet(subnet, name, f"10.{index}.{number}.0/24", six, "main", "")
    _machines(draw, drawn)
    _joins(draw, drawn)
    for vpc in drawn.vpcs.values():
        _tables(draw, drawn, vpc)
        _acls(draw, drawn, vpc)
    for number in range(draw(st.integers(0, 1))):
        drawn.lists[f"l{number}"] = draw(
            st.lists(st.sampled_from(blocks(drawn)[:-1]), min_size=1, max_size=2, unique=True)
        )
        drawn.lists[f"l{number}"] = [one for one in drawn.lists[f"l{number}"] if ":" not in one] or ["10.0.0.0/8"]
    _groups(draw, drawn)
    return drawn


def _machines(draw: Any, drawn: Drawn) -> None:
    for index in range(draw(st.integers(2, 4))):
        subnet = drawn.subnets[draw(st.sampled_from(sorted(drawn.subnets)))]
        host = draw(st.sampled_from((10, 200))) + index
        six = subnet.six.replace("::/64", f"::{index + 5}") if subnet.six and draw(OFTEN) else ""
        address = subnet.block.replace(".0/24", f".{host}")
        drawn.machines[f"m{index}"] = Machine(f"m{index}", subnet.name, address, six, draw(OFTEN), [])


def _joins(draw: Any, drawn: Drawn) -> None:
    names = sorted(drawn.vpcs)
    for one in names:
        if drawn.vpcs[one].gateway and draw(st.booleans()):
            mine = [subnet.name for subnet in drawn.subnets.values() if subnet.vpc == one]
            drawn.nats[one] = draw(st.sampled_from(mine))
    for index, one in enumerate(names):
        for other in names[index + 1 :]:
            if draw(OFTEN):
                drawn.peerings[one, other] = draw(st.sampled_from(("active", "active", "pending")))
    if len(names) > 1 and draw(st.booleans()):
        attached = draw(st.lists(st.sampled_from(names), min_size=len(names) - draw(st.integers(0, 1)), unique=True))
        destinations = st.sampled_from([*(vpc.block for vpc in drawn.vpcs.values()), "10.0.0.0/8", "10.1.0.0/24"])
        ends = st.sampled_from(["", *attached])
        static = draw(st.lists(st.tuples(destinations, ends), max_size=2, unique_by=lambda one: one[0]))
        drawn.transit = {
            "attached": attached,
            "static": static,
            "propagates": draw(st.booleans()),
            "references": draw(st.booleans()),
        }


def _tables(draw: Any, drawn: Drawn, vpc: Vpc) -> None:
    targets = []
    if vpc.gateway:
        targets += [("0.0.0.0/0", "igw"), ("::/0", "igw"), ("198.51.100.0/24", "igw"), ("0.0.0.0/1", "igw")]
        targets += [("::/0", "eigw")]
    if vpc.name in drawn.nats:
        targets += [("0.0.0.0/0", "nat"), ("203.0.113.0/24", "nat")]
    for other in drawn.vpcs.values():
        if other.name != vpc.name:
            places = [other.block, other.block.replace(".0.0/16", ".0.0/24"), "10.0.0.0/8", other.six]
            pair = tuple(sorted((vpc.name, other.name)))
            if pair in drawn.peerings:
                targets += [(place, f"pcx {pair[0]} {pair[1]}") for place in places]
            if drawn.transit is not None:
                targets += [(place, "tgw") for place in places]
    for table in ("main", "own"):
        some = st.lists(st.sampled_from(targets), min_size=2, max_size=6, unique_by=lambda one: one[0])
        chosen = draw(some) if len({place for place, _ in targets}) > 1 else targets
        vpc.routes[table] = chosen
    for subnet in drawn.subnets.values():
        if subnet.vpc == vpc.name:
            subnet.table = draw(st.sampled_from(("main", "own")))


def _acls(draw: Any, drawn: Drawn, vpc: Vpc) -> None:
    if not draw(st.booleans()):
        return
    sides: list[list[Entry]] = []
    for _ in ("ingress", "egress"):
        numbers = draw(st.lists(st.integers(1, 9), max_size=4, unique=True))
        side = []
        for number in numbers:
            first, last = ports(draw)
            protocol, block = draw(st.sampled_from(PROTOCOLS)), draw(st.sampled_from(blocks(drawn)))
            if draw(st.booleans()):
                first, last, block = 0, draw(st.sampled_from((999, 65535))), "0.0.0.0/0"
            side.append(Entry(number, draw(st.integers(0, 2)) > 0, protocol, first, last, block))
        if draw(OFTEN):
            side.append(Entry(100, True, "-1", 0, 0, "0.0.0.0/0"))
            side.append(Entry(101, True, "-1", 0, 0, "::/0"))
        sides.append(draw(st.permutations(side)))
    name = "default" if draw(st.booleans()) else f"{vpc.name}n"
    vpc.acls[name] = (sides[0], sides[1])
    for subnet in drawn.subnets.values():
        if subnet.vpc == vpc.name and name != "default" and draw(st.booleans()):
            subnet.acl = name


def _groups(draw: Any, drawn: Drawn) -> None:
    every = [f"{vpc}g{number}" for vpc in drawn.vpcs for number in range(2)]
    for name in every:
        sides = []
        for side in ("ingress", "egress"):
            rules = []
            for _ in range(draw(st.integers(0 if side == "ingress" else 1, 3))):
                kind = draw(st.sampled_from(("cidr", "cidr", "cidr", "group", "group", "self", "list")))
                if kind == "list" and not drawn.lists:
                    kind = "self"
                choices = {"cidr": blocks(drawn), "group": every, "self": [""], "list": sorted(drawn.lists) or [""]}
                first, last = ports(draw)
                peer = kind, draw(st.sampled_from(choices[kind]))
                rules.append(Rule(draw(st.sampled_from(PROTOCOLS)), first, last, peer))
            if draw(st.booleans()):
                rules.append(Rule("-1", 0, 0, ("cidr", draw(st.sampled_from(("0.0.0.0/0", "::/0", "10.0.0.0/8"))))))
            sides.append(rules)
        drawn.groups[name] = (name[:2], sides[0], sides[1])
    for machine in drawn.machines.values():
        own = [name for name, (vpc, _, _) in drawn.groups.items() if vpc == machine.subnet[:2]]
        machine.groups = draw(st.lists(st.sampled_from(own), min_size=1, max_size=2, unique=True))


def terraform(drawn: Drawn) -> str:
    """The configuration that writes a drawn network."""
    lines: list[str] = []
    for vpc in drawn.vpcs.values():
        lines += _vpc_text(drawn, vpc)
    for subnet in drawn.subnets.values():
        six = f'ipv6_cidr_block = "{subnet.six}"' if subnet.six else ""
        lines.append(
            f'resource "aws_subnet" "{subnet.name}" {{\n vpc_id = aws_vpc.{subnet.vpc}.id\n'
            f' cidr_block = "{subnet.block}"\n {six}\n}}'
        )
        if subnet.table == "own":
            lines.append(
                f'resource "aws_route_table_association" "{subnet.name}" {{\n subnet_id = aws_subnet.{subnet.name}.id\n'
                f" route_table_id = aws_route_table.{subnet.vpc}own.id\n}}"
            )
    for name, entries in drawn.lists.items():
        written = "\n".join(f' entry {{\n cidr = "{one}"\n }}' for one in entries)
        lines.append(
            f'resource "aws_ec2_managed_prefix_list" "{name}" {{\n name = "{name}"\n address_family = "IPv4"\n'
            f" max_entries = 9\n{written}\n}}"
        )
    for name, (vpc, ingress, egress) in drawn.groups.items():
        blocks = "\n".join(
            _rule_text(side, one) for side, some in (("ingress", ingress), ("egress", egress)) for one in some
        )
        lines.append(f'resource "aws_security_group" "{name}" {{\n vpc_id = aws_vpc.{vpc}.id\n{blocks}\n}}')
    for one in drawn.machines.values():
        groups = ", ".join(f"aws_security_group.{name}.id" for name in one.groups)
        six = f'ipv6_addresses = ["{one.six}"]' if one.six else ""
        lines.append(
            f'resource "aws_instance" "{one.name}" {{\n subnet_id = aws_subnet.{one.subnet}.id\n'
            f' private_ip = "{one.address}"\n associate_public_ip_address = {str(one.public).lower()}\n {six}\n'
            f" vpc_security_group_ids = [{groups}]\n}}"
        )
    lines += _join_text(drawn)
    return "\n".join(lines)


def _vpc_text(drawn: Drawn, vpc: Vpc) -> list[str]:
    lines = [f'resource "aws_vpc" "{vpc.name}" {{\n cidr_block = "{vpc.block}"\n ipv6_cidr_block = "{vpc.six}"\n}}']
    if vpc.gateway:
        lines.append(f'resource "aws_internet_gateway" "{vpc.name}" {{\n vpc_id = aws_vpc.{vpc.name}.id\n}}')
        lines.append(
            f'resource "aws_egress_only_internet_gateway" "{vpc.name}" {{\n vpc_id = aws_vpc.{vpc.name}.id\n}}'
        )
    if vpc.name in drawn.nats:
        lines.append(
            f'resource "aws_nat_gateway" "{vpc.name}" {{\n subnet_id = aws_subnet.{drawn.nats[vpc.name]}.id\n}}'
        )
    own = "\n".join(f" route {{\n {_route(vpc, *one, '')}\n }}" for one in vpc.routes["own"])
    lines.append(f'resource "aws_route_table" "{vpc.name}own" {{\n vpc_id = aws_vpc.{vpc.name}.id\n{own}\n}}')
    for index, one in enumerate(vpc.routes["main"]):
        lines.append(
            f'resource "aws_route" "{vpc.name}{index}" {{\n route_table_id = aws_vpc.{vpc.name}.main_route_table_id\n'
            f" {_route(vpc, *one, 'destination_')}\n}}"
        )
    for name, (ingress, egress) in vpc.acls.items():
        blocks = "\n".join(
            _entry_text(side, one) for side, some in (("ingress", ingress), ("egress", egress)) for one in some
        )
        subnets = ", ".join(f"aws_subnet.{one.name}.id" for one in drawn.subnets.values() if one.acl == name)
        if name == "default":
            network = f"aws_vpc.{vpc.name}.default_network_acl_id"
            head = f'"aws_default_network_acl" "{vpc.name}" {{\n default_network_acl_id = {network}'
        else:
            head = f'"aws_network_acl" "{name}" {{\n vpc_id = aws_vpc.{vpc.name}.id\n subnet_ids = [{subnets}]'
        lines.append(f"resource {head}\n{blocks}\n}}")
    return lines


def _route(vpc: Vpc, place: str, target: str, prefix: str) -> str:
    key = "ipv6_cidr_block" if ":" in place else "cidr_block"
    kinds = {
        "igw": f"gateway_id = aws_internet_gateway.{vpc.name}.id",
        "eigw": f"egress_only_gateway_id = aws_egress_only_internet_gateway.{vpc.name}.id",
        "nat": f"nat_gateway_id = aws_nat_gateway.{vpc.name}.id",
        "tgw": "transit_gateway_id = aws_ec2_transit_gateway.t.id",
    }
    pair = "".join(target.split()[1:])
    where = kinds.get(target, f"vpc_peering_connection_id = aws_vpc_peering_connection.{pair}.id")
    return f'{prefix}{key} = "{place}"\n {where}'


def _rule_text(side: str, rule: Rule) -> str:
    first, last = (0, 0) if rule.protocol == "-1" else (rule.first, rule.last)
    kind, name = rule.peer
    peers = {
        "cidr": f'{"ipv6_cidr_blocks" if ":" in name else "cidr_blocks"} = ["{name}"]',
        "group": f"security_groups = [aws_security_group.{name}.id]",
        "self": "self = true",
        "list": f"prefix_list_ids = [aws_ec2_managed_prefix_list.{name}.id]",
    }
    return f' {side} {{\n protocol = "{rule.protocol}"\n from_port = {first}\n to_port = {last}\n {peers[kind]}\n }}'


def _entry_text(side: str, one: Entry) -> str:
    first, last = (0, 0) if one.protocol == "-1" else (one.first, one.last)
    key = "ipv6_cidr_block" if ":" in one.block else "cidr_block"
    action = "allow" if one.allow else "deny"
    return (
        f' {side} {{\n rule_no = {one.number}\n action = "{action}"\n protocol = "{one.protocol}"\n'
        f' from_port = {first}\n to_port = {last}\n {key} = "{one.block}"\n }}'
    )


def _join_text(drawn: Drawn) -> list[str]:
    lines = []
    for (one, other), state in drawn.peerings.items():
        accepts = "auto_accept = true" if state == "active" else ""
        lines.append(
            f'resource "aws_vpc_peering_connection" "{one}{other}" {{\n vpc_id = aws_vpc.{one}.id\n'
            f" peer_vpc_id = aws_vpc.{other}.id\n {accepts}\n}}"
        )
    transit = drawn.transit
    if transit is None:
        return lines
    announced, named = ("enable" if transit[key] else "disable" for key in ("propagates", "references"))
    lines.append(
        f'resource "aws_ec2_transit_gateway" "t" {{\n default_route_table_propagation = "{announced}"\n'
        f' security_group_referencing_support = "{named}"\n}}'
    )
    for name in transit["attached"]:
        subnets = ", ".join(f"aws_subnet.{one.name}.id" for one in drawn.subnets.values() if one.vpc == name)
        lines.append(
            f'resource "aws_ec2_transit_gateway_vpc_attachment" "{name}" {{\n vpc_id = aws_vpc.{name}.id\n'
            f" transit_gateway_id = aws_ec2_transit_gateway.t.id\n subnet_ids = [{subnets}]\n"
            f' security_group_referencing_support = "enable"\n}}'
        )
    for index, (place, name) in enumerate(transit["static"]):
        where = (
            f"transit_gateway_attachment_id = aws_ec2_transit_gateway_vpc_attachment.{name}.id"
            if name
            else "blackhole = true"
        )
        lines.append(
            f'resource "aws_ec2_transit_gateway_route" "r{index}" {{\n destination_cidr_block = "{place}"\n {where}\n'
            f" transit_gateway_route_table_id = aws_ec2_transit_gateway.t.association_default_route_table_id\n}}"
        )
    return lines
