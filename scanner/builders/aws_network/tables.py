"""Route tables: which route takes a packet, by the longest prefix; what is not certain stands beside what is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_network.lists import listed_ranges
from scanner.builders.edges import Doubt, doubt_of, each, first_doubt
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import PRIVATE, AddressRange, cut, parse_cidr
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

HOPS = (
    "gateway_id", "nat_gateway_id", "egress_only_gateway_id", "carrier_gateway_id", "local_gateway_id",
    "transit_gateway_id", "vpc_peering_connection_id", "vpc_endpoint_id", "network_interface_id", "instance_id",
    "core_network_arn",
)  # fmt: skip
"""Attributes of a route that name where it leads (documentation of `aws_route`)."""
PREFIXES = {"vpce": "vpc_endpoint_id", "nat": "nat_gateway_id", "eigw": "egress_only_gateway_id"}
KINDS = {
    "aws_vpc_endpoint": "vpc_endpoint_id",
    "aws_nat_gateway": "nat_gateway_id",
    "aws_egress_only_internet_gateway": "egress_only_gateway_id",
}
PLACES = ("cidr_block", "ipv6_cidr_block", "destination_cidr_block", "destination_ipv6_cidr_block")
LISTS = ("destination_prefix_list_id",)
LOCAL = "local"
TABLE_KINDS = ("aws_route_table", "aws_default_route_table")
VPC_KINDS = ("aws_vpc", "aws_default_vpc")


class Route(Struct, frozen=True):
    """One route for one range. `range` is None where it is not known, `hop` is one of HOPS, LOCAL or "" likewise."""

    range: AddressRange | None
    hop: str
    value: Value
    unit: str
    address: str
    origin: Origin | None = None
    doubt: Doubt | None = None


class Lead(Struct, frozen=True):
    """Where a piece of an address range is sent: every route that may take it, None for none at all.

    The first is the one that takes it if nothing else is there; `doubt` is what decides between several.
    """

    piece: AddressRange
    routes: tuple[Route | None, ...]
    doubt: Doubt | None = None


def leads(routes: Iterable[Route], whole: AddressRange) -> list[Lead]:
    """`whole` in pieces, each with the routes that take it: the longest prefix wins among those that are certain."""
    some = [one for one in routes if one.range is None or one.range.overlaps(whole)]
    found = []
    for piece in cut(whole, (one.range for one in some if one.range is not None)):
        here = [one for one in some if one.range is None or piece in one.range]
        sure = [one for one in here if one.doubt is None and one.range is not None]
        best = min(sure, key=_size, default=None)
        rest = [one for one in here if one not in sure and (best is None or _size(one) <= _size(best))]
        doubt = first_doubt(*(one.doubt or Doubt("value-unknown", (one.address,)) for one in rest))
        found.append(Lead(piece, (best, *rest), doubt))
    return found


def _size(one: Route) -> int:
    return 0 if one.range is None else one.range.last - one.range.first


def routes_of(inventory: Inventory, block: Value, unit: str, address: str, exists: Doubt | None) -> Iterator[Route]:
    """The routes that a `route` block or an `aws_route` writes: one for each range and each place it may lead to."""
    if not isinstance(block, Mapping):
        why = doubt_of(block) if isinstance(block, Unknown) else None
        if block is not None:
            yield Route(None, "", block, unit, address, None, why or Doubt("value-unknown", (address,)))
        return
    if block.get("state") == "blackhole":
        hops: list[tuple[str, Value, Origin | None, Doubt | None]] = [("", None, None, None)]
    else:
        hops = [
            (key, found.value, found.origin, doubt_of(found.possible))
            for key in HOPS
            for found in each(block, key)
            if found.value != ""
        ]
    for hop, value, origin, unsure in hops:
        kind = _hop(inventory, hop, value, unit)
        for block_range, why, where in _ranges(inventory, block, unit, address):
            doubt = first_doubt(exists, unsure, why)
            yield Route(block_range, kind, value, unit, address, where or origin, doubt)


def _hop(inventory: Inventory, hop: str, value: Value, unit: str) -> str:
    """The attribute that names a target by its kind: `gateway_id` takes other targets than gateways as well."""
    if hop != "gateway_id":
        return hop
    if value == "local":
        return LOCAL
    if isinstance(value, str):
        return PREFIXES.get(value.partition("-")[0], hop)
    found = inventory.find(value, unit)
    return KINDS.get(found.kind, hop) if isinstance(found, Resource) else hop


def _ranges(
    inventory: Inventory, block: Mapping[str, Value], unit: str, address: str
) -> Iterator[tuple[AddressRange | None, Doubt | None, Origin | None]]:
    for key in PLACES:
        for found in each(block, key):
            known = parse_cidr(found.value) if isinstance(found.value, str) else None
            if found.value == "":
                continue
            why = doubt_of(found.unknown)
            yield known, why or (None if known else Doubt("value-unknown", (address,))), found.origin
    for key in LISTS:
        for found in each(block, key):
            for known, why in listed_ranges(inventory, found.value, unit):
                yield known, first_doubt(why, doubt_of(found.possible)), found.origin


def local_routes(blocks: Iterable[Value], unit: str, address: str) -> Iterator[Route]:
    """The route of a network to itself; where its range is not known, it may be any private one."""
    for value in blocks:
        known = parse_cidr(value) if isinstance(value, str) else None
        if known is not None:
            yield Route(known, LOCAL, None, unit, address)
        elif isinstance(value, Unknown):
            why = doubt_of(value) or Doubt("value-unknown", (address,))
            for block in PRIVATE:
                yield Route(block, LOCAL, None, unit, address, None, why)


def in_doubt(routes: Iterable[Route], doubt: Doubt) -> list[Route]:
    """The same routes, of which nobody knows whether they are there."""
    return [replace(one, doubt=first_doubt(one.doubt, doubt)) for one in routes]


def network_blocks(inventory: Inventory, vpc: Resource) -> list[Value]:
    """What is written of the address ranges of a VPC, associated blocks included."""
    blocks = [vpc.attrs.get("cidr_block"), vpc.attrs.get("ipv6_cidr_block")]
    if vpc.attrs.get("assign_generated_ipv6_cidr_block") not in (None, False, "false") and blocks[1] is None:
        blocks.append(
            Unknown(f"`{vpc.address}.ipv6_cidr_block` is computed", decided_by=(f"{vpc.address}.ipv6_cidr_block",))
        )
    for kind, key in (
        ("aws_vpc_ipv4_cidr_block_association", "cidr_block"),
        ("aws_vpc_ipv6_cidr_block_association", "ipv6_cidr_block"),
    ):
        for more in inventory.of(kind, unit=vpc.unit):
            if inventory.find(more.attrs.get("vpc_id"), vpc) is vpc:
                blocks.append(more.attrs.get(key))
    return blocks
