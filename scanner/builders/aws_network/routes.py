"""Subnets and routes: which addresses a subnet has, and whether the internet is routed to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from scanner.builders.edges import Doubt, Truth, both, doubt_of, each, either, truth
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

SUBNET_KINDS = ("aws_subnet", "aws_default_subnet")


@dataclass(frozen=True, slots=True)
class Subnet:
    """A subnet: `ranges` are its known addresses; `whole` is false where some of them are not known."""

    key: str
    vpc: str
    ranges: tuple[AddressRange, ...]
    whole: bool
    public_addresses: Truth
    internet: Truth


class Subnets:
    """Every subnet that is declared, with the routes of its table."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._tables = {one.id: list(self._gateways(one)) for one in inventory.of("aws_route_table")}
        self._main: dict[str, list[Truth]] = {}
        self._stray: dict[str, Doubt] = {}
        self._separate_routes()
        self._default_tables()
        self._of_subnet = self._associations()
        self.by_key = {one.id: self._subnet(one) for one in inventory.of(*SUBNET_KINDS)}

    def vpc_ranges(self, vpc: str) -> list[AddressRange]:
        """The known address ranges of a declared VPC, associated blocks included."""
        one = self.inventory.by_id.get(vpc)
        if one is None:
            return []
        blocks = [one.attrs.get("cidr_block"), one.attrs.get("ipv6_cidr_block")]
        for more in self.inventory.of("aws_vpc_ipv4_cidr_block_association", unit=one.unit):
            if self.inventory.find(more.attrs.get("vpc_id"), one.unit) is one:
                blocks.append(more.attrs.get("cidr_block"))
        return [parsed for text in blocks if isinstance(text, str) and (parsed := parse_cidr(text))]

    def _subnet(self, one: Resource) -> Subnet:
        vpc = self.inventory.find(one.attrs.get("vpc_id"), one.unit, "aws_vpc", "aws_default_vpc")
        texts = [one.attrs.get(key) for key in ("cidr_block", "ipv6_cidr_block")]
        ranges = tuple(found for text in texts if isinstance(text, str) and (found := parse_cidr(text)))
        default = one.kind == "aws_default_subnet"
        return Subnet(
            key=one.id,
            vpc=vpc.id if isinstance(vpc, Resource) else "",
            ranges=ranges,
            whole=bool(ranges) and not any(isinstance(text, Unknown) for text in texts),
            public_addresses=truth(one.attrs.get("map_public_ip_on_launch"), default),
            internet=True if default else self._internet(one, vpc),
        )

    def _internet(self, subnet: Resource, vpc: Resource | Unknown | None) -> Truth:
        stray = self._stray.get(subnet.unit)
        found = either([self._by_table(subnet, vpc), stray] if stray else [self._by_table(subnet, vpc)])
        return both(found, self._blocked(subnet.unit))

    def _blocked(self, unit: str) -> Truth:
        """VPC Block Public Access, where it is on: it has exclusions of its own, so that it is only a doubt."""
        for one in self.inventory.of("aws_vpc_block_public_access_options", unit=unit):
            if one.attrs.get("internet_gateway_block_mode") != "off":
                return Doubt("condition-unevaluable", (one.address,))
        return True

    def _by_table(self, subnet: Resource, vpc: Resource | Unknown | None) -> Truth:
        tables = self._of_subnet.get(subnet.id)
        if tables:
            return either(self._table(table, subnet.unit) for table in tables)
        if isinstance(vpc, Resource):
            return either(self._main.get(vpc.id, ()))
        return doubt_of(vpc) or Doubt("value-unknown", (f"{subnet.address}.vpc_id",))

    def _table(self, value: Value, unit: str) -> Truth:
        found = self.inventory.find(value, unit, "aws_route_table", "aws_default_route_table", "aws_vpc")
        if isinstance(found, Resource):
            return either(self._main.get(found.id, ()) if found.kind == "aws_vpc" else self._tables.get(found.id, ()))
        return doubt_of(found) or Doubt("value-unknown", (str(value),))

    def _gateways(self, table: Resource) -> Iterator[Truth]:
        for block in each(table.attrs, "route", table.origin):
            yield self._to_internet(block.value, table.unit, block.possible)

    def _to_internet(self, route: Value, unit: str, possible: Unknown | None = None) -> Truth:
        """Whether a route leads everything to an internet gateway; routes for a part of the internet are a doubt."""
        if isinstance(route, Unknown) or not hasattr(route, "get"):
            return doubt_of(route) or False if isinstance(route, Unknown) else False
        targets = [found.value for found in each(route, "gateway_id")]
        leads = either(self._is_gateway(value, unit) for value in targets)
        exists: Truth = doubt_of(possible) or True
        paths = ("cidr_block", "ipv6_cidr_block", "destination_cidr_block", "destination_ipv6_cidr_block")
        places = [found.value for path in paths for found in each(route, path)]
        return both(both(leads, exists), either(_everything(value) for value in places))

    def _is_gateway(self, value: Value, unit: str) -> Truth:
        if isinstance(value, str):
            return value.startswith("igw-") or isinstance(
                self.inventory.find(value, unit, "aws_internet_gateway"), Resource
            )
        if isinstance(value, Unknown) and value.ref is not None:
            if "aws_internet_gateway" in value.ref.address:
                return True
            if self.inventory.at(unit, value.ref.address) is not None:
                return False
        return doubt_of(value) or False if isinstance(value, Unknown) else False

    def _separate_routes(self) -> None:
        for one in self.inventory.of("aws_route"):
            leads = both(self._to_internet(one.attrs, one.unit), doubt_of(one.possible) or True)
            value = one.attrs.get("route_table_id")
            table = self.inventory.find(value, one.unit, "aws_route_table", "aws_default_route_table", "aws_vpc")
            if isinstance(table, Resource):
                home = self._main if table.kind == "aws_vpc" else self._tables
                home.setdefault(table.id, []).append(leads)
            elif isinstance(table, Unknown) and leads is not False:
                self._astray(one, table)

    def _astray(self, one: Resource, why: Unknown) -> None:
        """Note a route or an association of a table or subnet that is not known: it may be any of the unit's."""
        self._stray.setdefault(one.unit, doubt_of(why) or Doubt("value-unknown", (one.address,)))

    def _default_tables(self) -> None:
        for one in self.inventory.of("aws_default_route_table"):
            routes = [*self._gateways(one), *self._tables.get(one.id, ())]
            vpc = self.inventory.find(one.attrs.get("default_route_table_id"), one.unit, "aws_vpc")
            if isinstance(vpc, Resource):
                self._main.setdefault(vpc.id, []).extend(routes)
            self._tables[one.id] = routes
        for one in self.inventory.of("aws_main_route_table_association"):
            vpc = self.inventory.find(one.attrs.get("vpc_id"), one.unit, "aws_vpc")
            if isinstance(vpc, Resource):
                self._main[vpc.id] = [self._table(one.attrs.get("route_table_id"), one.unit)]

    def _associations(self) -> dict[str, list[Value]]:
        found: dict[str, list[Value]] = {}
        for one in self.inventory.of("aws_route_table_association"):
            subnet = self.inventory.find(one.attrs.get("subnet_id"), one.unit, *SUBNET_KINDS)
            if isinstance(subnet, Resource):
                found.setdefault(subnet.id, []).append(one.attrs.get("route_table_id"))
            elif isinstance(subnet, Unknown):
                self._astray(one, subnet)
        return found


def _everything(value: Value) -> Truth:
    if isinstance(value, Unknown):
        return doubt_of(value) or False
    found = parse_cidr(value) if isinstance(value, str) else None
    if found is None or found.private:
        return False
    return True if found.everything else Doubt("value-unknown", (str(value),))
