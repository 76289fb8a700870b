"""Subnets and their routes: which addresses a subnet has, and where its table sends a packet."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from scanner.builders.aws_network.tables import (
    TABLE_KINDS,
    VPC_KINDS,
    Lead,
    Route,
    in_doubt,
    leads,
    local_routes,
    network_blocks,
    routes_of,
)
from scanner.builders.edges import Doubt, Truth, both, doubt_of, each, either, first_doubt, truth
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import EVERYWHERE, PRIVATE, AddressRange, parse_cidr, remaining
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

SUBNET_KINDS = ("aws_subnet", "aws_default_subnet")
INTERNET_GATEWAY = "aws_internet_gateway"
PUBLIC = {
    4: tuple(remaining(EVERYWHERE[4], PRIVATE)),
    6: (AddressRange(6, 0x2000 << 112, (0x4000 << 112) - 1),),
}
"""The addresses that the internet routes, by IP version; for version 6, the block that unicast is allocated from."""


class Subnet(Struct, frozen=True):
    """A subnet. `ranges` are its known addresses, `unsure` says by IP version why others may be its own."""

    key: str
    vpc: str
    ranges: tuple[AddressRange, ...]
    unsure: tuple[Doubt | None, Doubt | None]
    public_addresses: Truth
    six_addresses: Truth

    @property
    def whole(self) -> bool:
        """False where some of its addresses are not known."""
        return bool(self.ranges) and self.unsure == (None, None)

    def of(self, version: int) -> tuple[tuple[AddressRange, ...], Doubt | None]:
        """Its addresses of one IP version, and the doubt where there may be others."""
        known = tuple(one for one in self.ranges if one.version == version)
        return known, self.unsure[0 if version == 4 else 1]


class Subnets:
    """Every subnet that is declared, with the routes of its table."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._tables: dict[str, list[Route]] = {}
        self._main: dict[str, list[Value]] = {}
        self._own_main: dict[str, list[Route]] = {}
        self._stray: dict[str, list[Route]] = {}
        self._edges: dict[str, Doubt] = {}
        self._local = {vpc.id: self._local_of(vpc) for vpc in inventory.of(*VPC_KINDS)}
        self._read_tables()
        self._of_subnet = self._associations()
        # By the routes of a table, which several subnets may have; each list is kept, and with it what it is known by.
        self._alike: dict[tuple[int, ...], list[Route]] = {}
        self._leads: dict[tuple[int, AddressRange], list[Lead]] = {}
        self._routes: dict[str, list[Route]] = {}
        self._ranges: dict[str, list[AddressRange]] = {}
        self._homes: dict[str, str] = {}
        self._internets: dict[int, bool] = {}
        self._routed: dict[str, Truth] = {}
        self.by_key: dict[str, Subnet] = {}
        for one in inventory.of(*SUBNET_KINDS):
            self.by_key[one.id] = self._subnet(one)

    def vpc_ranges(self, vpc: str) -> list[AddressRange]:
        """The known address ranges of a declared VPC, associated blocks included."""
        if vpc not in self._ranges:
            one = self.inventory.by_id.get(vpc)
            blocks = network_blocks(self.inventory, one) if one is not None else []
            self._ranges[vpc] = [parsed for text in blocks if isinstance(text, str) and (parsed := parse_cidr(text))]
        return list(self._ranges[vpc])

    def leads(self, subnet: str, whole: AddressRange) -> list[Lead]:
        """Where the table of a subnet sends what is for `whole`, piece by piece."""
        routes = self.routes(subnet)
        key = (id(routes), whole)
        if key not in self._leads:
            self._leads[key] = leads(routes, whole)
        return self._leads[key]

    def routes(self, subnet: str) -> list[Route]:
        """The routes that decide for a subnet, that of its network to itself among them."""
        if subnet not in self._routes:
            one = self.inventory.by_id[subnet]
            home = self._homes.get(subnet, "")
            named = [*self._stray.get(one.unit, ()), *self._local.get(home, ())]
            found = [*named, *self._by_table(one, home)]
            self._routes[subnet] = self._alike.setdefault(tuple(map(id, found)), found)
        return self._routes[subnet]

    def to_internet(self, subnet: str, piece: AddressRange) -> Truth:
        """Whether packets for a piece of the internet go to an internet gateway, the way that they came."""
        mixed = Doubt("value-unknown", (f"the routes of {subnet.partition(':')[2]}",))
        found = [all_of(map(self.is_gateway, lead.routes), lead.doubt or mixed) for lead in self.leads(subnet, piece)]
        return all_of(found, mixed)

    def is_gateway(self, route: Route | None) -> Truth:
        """Whether a route leads to an internet gateway; what inspects traffic on the way leaves a doubt."""
        if route is None or route.hop == "local":
            return False
        if route.hop in ("vpc_endpoint_id", "network_interface_id", "instance_id", ""):
            return route.doubt or (Doubt("condition-unevaluable", (route.address,)) if route.hop else False)
        if route.hop != "gateway_id":
            return False
        return both(self._leads_out(route), route.doubt or True)

    def _leads_out(self, route: Route) -> Truth:
        value = route.value
        named = self.inventory.find(value, route.unit)
        if isinstance(named, Resource):
            if named.data and named.kind == INTERNET_GATEWAY:
                return True
            return named.kind == INTERNET_GATEWAY
        if isinstance(value, str):
            known = value.startswith(("igw-", "vgw-"))
            return value.startswith("igw-") if known else Doubt("peer-not-in-input", (value,))
        if isinstance(value, Unknown):
            if value.ref is not None and INTERNET_GATEWAY in value.ref.address:
                return True
            return doubt_of(value) or False
        return False

    def _subnet(self, one: Resource) -> Subnet:
        vpc = self.inventory.find(one.attrs.get("vpc_id"), one, *VPC_KINDS)
        texts = [one.attrs.get(key) for key in ("cidr_block", "ipv6_cidr_block")]
        ranges = tuple(found for text in texts if isinstance(text, str) and (found := parse_cidr(text)))
        default = one.kind == "aws_default_subnet"
        self._homes[one.id] = vpc.id if isinstance(vpc, Resource) else ""
        return Subnet(
            key=one.id,
            vpc=self._homes[one.id],
            ranges=ranges,
            unsure=(self._unsure(one, texts[0], 4), self._unsure(one, texts[1], 6)),
            public_addresses=truth(one.attrs.get("map_public_ip_on_launch"), default),
            six_addresses=truth(one.attrs.get("assign_ipv6_address_on_creation"), False),
        )

    def _unsure(self, one: Resource, written: Value, version: int) -> Doubt | None:
        """The doubt about a block that is written and not known; without one for version 4 it is version 6 alone."""
        if isinstance(written, Unknown):
            return doubt_of(written) or Doubt("value-unknown", (one.address,))
        if isinstance(written, str) and written and parse_cidr(written) is None:
            return Doubt("value-unknown", (one.address,))
        native = one.attrs.get("ipv6_native") in (True, "true")
        missing = version == 4 and not written and not native
        return Doubt("value-unknown", (f"{one.address}.cidr_block",)) if missing else None

    def internet(self, key: str) -> Truth:
        """Whether the internet is routed to a subnet: asked where something in it has a public address alone."""
        if key not in self._routed:
            one = self.inventory.by_id[key]
            self._routed[key] = True if one.kind == "aws_default_subnet" else self._internet(one)
        return self._routed[key]

    def _internet(self, subnet: Resource) -> Truth:
        pieces = [piece for version in (4, 6) for piece in PUBLIC[version]]
        alike = id(self.routes(subnet.id))
        found: Truth | None = self._internets.get(alike)
        if found is None:
            found = either(self.to_internet(subnet.id, piece) for piece in pieces)
            if isinstance(found, bool):
                self._internets[alike] = found  # a doubt names the subnet that it is about
        return both(found, self.blocked(subnet.unit))

    def blocked(self, unit: str) -> Truth:
        """What may stop all that internet gateways let in: VPC Block Public Access, a table before the gateway.

        Both have exclusions and middleboxes of their own, so that they leave a doubt and close nothing.
        """
        for one in self.inventory.of("aws_vpc_block_public_access_options", unit=unit):
            if one.attrs.get("internet_gateway_block_mode") != "off":
                return Doubt("condition-unevaluable", (one.address,))
        return self._edges.get(unit) or True

    def _by_table(self, subnet: Resource, vpc: str) -> Iterable[Route]:
        tables = self._of_subnet.get(subnet.id)
        if not tables and subnet.kind == "aws_default_subnet":
            return list(_DEFAULT)
        if not tables:
            known = self.inventory.by_id.get(vpc)
            if known is not None:
                return self._of_main(known)
            why = self.inventory.find(subnet.attrs.get("vpc_id"), subnet, *VPC_KINDS)
            named = doubt_of(why) if isinstance(why, Unknown) else None
            doubt = named or Doubt("value-unknown", (f"{subnet.address}.vpc_id",))
            return [Route(None, "", None, subnet.unit, subnet.address, None, doubt)]
        if len(tables) == 1:
            return self._table(tables[0], subnet.unit)
        doubt = Doubt("value-unknown", (f"the route table of {subnet.address}",))
        return [route for table in tables for route in in_doubt(self._table(table, subnet.unit), doubt)]

    def _of_main(self, vpc: Resource) -> list[Route]:
        named = self._main.get(vpc.id)
        if named:
            return [route for value in named for route in self._table(value, vpc.unit)]
        if vpc.id not in self._own_main and vpc.source in ("bundle", "live"):
            doubt = Doubt("value-unknown", (f"the main route table of {vpc.address}",))
            return [Route(None, "", None, vpc.unit, vpc.address, None, doubt)]
        return self._own_main.get(vpc.id, [])

    def _table(self, value: Value, unit: str) -> list[Route]:
        found = self.inventory.find(value, unit, *TABLE_KINDS, *VPC_KINDS)
        if isinstance(found, Resource):
            return self._of_main(found) if found.kind in VPC_KINDS else self._tables.get(found.id, [])
        why = doubt_of(found) if isinstance(found, Unknown) else None
        address = ", ".join(why.decided_by) if why else str(value)
        return [Route(None, "", value, unit, address, None, why or Doubt("value-unknown", (str(value),)))]

    def _local_of(self, vpc: Resource) -> list[Route]:
        return list(local_routes(network_blocks(self.inventory, vpc), vpc.unit, vpc.address))

    def _read_tables(self) -> None:
        for one in self.inventory.of(*TABLE_KINDS):
            exists = doubt_of(one.possible)
            blocks = each(one.attrs, "route", one.origin)
            found = [
                route
                for block in blocks
                for route in routes_of(
                    self.inventory, block.value, one.unit, one.address, first_doubt(exists, doubt_of(block.possible))
                )
            ]
            self._tables[one.id] = found + list(self._propagated(one))
        self._separate_routes()
        for one in self.inventory.of("aws_default_route_table"):
            vpc = self.inventory.find(one.attrs.get("default_route_table_id"), one, *VPC_KINDS)
            if isinstance(vpc, Resource):
                self._own_main.setdefault(vpc.id, []).extend(self._tables[one.id])
        for one in self.inventory.of("aws_main_route_table_association"):
            vpc = self.inventory.find(one.attrs.get("vpc_id"), one, *VPC_KINDS)
            if isinstance(vpc, Resource):
                self._main.setdefault(vpc.id, []).append(one.attrs.get("route_table_id"))

    def _propagated(self, table: Resource) -> Iterable[Route]:
        """Routes that a virtual private gateway adds by itself: to ranges that its other side announces."""
        gateways = [found.value for found in each(table.attrs, "propagating_vgws")]
        for link in self.inventory.of("aws_vpn_gateway_route_propagation", unit=table.unit):
            if self.inventory.find(link.attrs.get("route_table_id"), link) is table:
                gateways.append(link.attrs.get("vpn_gateway_id"))
        for value in gateways:
            why = Doubt("condition-unevaluable", (f"what is propagated to {table.address}",))
            for block in PRIVATE:
                yield Route(block, "gateway_id", value, table.unit, table.address, table.origin, why)

    def _separate_routes(self) -> None:
        for one in self.inventory.of("aws_route"):
            value = one.attrs.get("route_table_id")
            table = self.inventory.find(value, one, *TABLE_KINDS, *VPC_KINDS)
            found = list(routes_of(self.inventory, one.attrs, one.unit, one.address, doubt_of(one.possible)))
            if isinstance(table, Resource):
                home = self._own_main if table.kind in VPC_KINDS else self._tables
                home.setdefault(table.id, []).extend(found)
            elif isinstance(table, Unknown):
                why = doubt_of(table) or Doubt("value-unknown", (one.address,))
                self._stray.setdefault(one.unit, []).extend(in_doubt(found, why))

    def _associations(self) -> dict[str, list[Value]]:
        found: dict[str, list[Value]] = {}
        for one in self.inventory.of("aws_route_table_association"):
            if one.attrs.get("gateway_id") is not None:
                self._edges[one.unit] = Doubt("condition-unevaluable", (one.address,))
                continue
            subnet = self.inventory.find(one.attrs.get("subnet_id"), one, *SUBNET_KINDS)
            if isinstance(subnet, Resource):
                found.setdefault(subnet.id, []).append(one.attrs.get("route_table_id"))
            elif isinstance(subnet, Unknown):
                why = doubt_of(subnet) or Doubt("value-unknown", (one.address,))
                table = in_doubt(self._table(one.attrs.get("route_table_id"), one.unit), why)
                self._stray.setdefault(one.unit, []).extend(table)
        return found


_DEFAULT = (Route(EVERYWHERE[4], "gateway_id", "igw-default", "", "the main table of the default network"),)
"""The main table of a default VPC leads to its internet gateway."""


def all_of(some: Iterable[Truth], mixed: Doubt) -> Truth:
    """Whether all of `some` hold: true or false where they agree, `mixed` where some do and some do not."""
    found = list(some)
    if all(one is False for one in found):
        return False
    if all(one is True for one in found):
        return True
    return first_doubt(*(one for one in found if isinstance(one, Doubt))) or mixed
