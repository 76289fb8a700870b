"""Transit gateways: the table that an attachment is associated with decides where what comes from it goes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.aws_network.lists import listed_ranges
from scanner.builders.aws_network.routes import all_of
from scanner.builders.aws_network.tables import VPC_KINDS, Route, leads, network_blocks
from scanner.builders.edges import Doubt, Truth, both, doubt_of, either, first_doubt, truth
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import AddressRange, parse_cidr
from scanner.resource import Resource
from scanner.unknown import Ref, Unknown

GATEWAY = "aws_ec2_transit_gateway"
NETWORK = "aws_ec2_transit_gateway_vpc_attachment"
ATTACHED = "transit_gateway_attachment_id"
TABLE = "aws_ec2_transit_gateway_route_table"
REFERENCES = "security_group_referencing_support"


class Ends(Struct, frozen=True):
    """What passes a transit gateway: whether it gets there, and whether groups may be named across."""

    passes: Truth
    references: Truth


class Transit:
    """The transit gateways of the inputs: their attachments, tables and routes."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._attached: dict[str, list[Resource]] = {}
        for one in inventory.of(NETWORK):
            gateway = self._gateway(one)
            if gateway is not None:
                self._attached.setdefault(gateway.id, []).append(one)
        self._networks: dict[str, dict[str | None, list[Resource]]] = {}
        self._tables: dict[str, list[Route]] = {}

    def _gateway(self, attachment: Resource) -> Resource | None:
        found = self.inventory.find(attachment.attrs.get("transit_gateway_id"), attachment, GATEWAY)
        return found if isinstance(found, Resource) else None

    def passes(self, gateway: Resource, source: str, target: str, piece: AddressRange) -> Ends:
        """Whether what comes from the network `source` for `piece` of the network `target` is passed on to it."""
        attached = self._by_network(gateway)
        mine, theirs, unclear = attached.get(source, []), attached.get(target, []), attached.get(None, [])
        if unclear and not (mine and theirs):
            why = Doubt("value-unknown", tuple(sorted(f"{one.address}.vpc_id" for one in unclear)))
            return Ends(why, why)
        if not mine or not theirs:
            return Ends(False, False)
        through = both(self._exist(mine[0], theirs[0]), self._to(gateway, mine[0], theirs[0], piece))
        if piece.version == 6:
            through = both(through, both(*(_enabled(one, "ipv6_support", False) for one in (mine[0], theirs[0]))))
        return Ends(through, self._references(gateway, mine[0], theirs[0]))

    def _by_network(self, gateway: Resource) -> dict[str | None, list[Resource]]:
        """The attachments of a gateway by the network that is attached: it may have thousands."""
        found = self._networks.get(gateway.id)
        if found is None:
            found = self._networks[gateway.id] = {}
            for one in self._attached.get(gateway.id, ()):
                found.setdefault(self._network(one), []).append(one)
        return found

    def _network(self, attachment: Resource) -> str | None:
        """The node id of the network that is attached; None where that is not known."""
        found = self.inventory.find(attachment.attrs.get("vpc_id"), attachment, *VPC_KINDS)
        return found.id if isinstance(found, Resource) else None

    def _exist(self, *attachments: Resource) -> Truth:
        return first_doubt(*(doubt_of(one.possible) for one in attachments)) or True

    def _to(self, gateway: Resource, mine: Resource, theirs: Resource, piece: AddressRange) -> Truth:
        """Whether every table that `mine` may be associated with sends `piece` to the attachment `theirs`."""
        found = []
        for table, doubt in self._associated(gateway, mine):
            for lead in leads(self._routes(gateway, table), piece):
                here = all_of((self._is(route, theirs) for route in lead.routes), lead.doubt or _mixed(gateway))
                found.append(here if doubt is None else both(here, doubt))
        return all_of(found, _mixed(gateway))

    def _is(self, route: Route | None, attachment: Resource) -> Truth:
        if route is None or route.hop == "":
            return False if route is None or route.doubt is None else route.doubt
        found = self.inventory.find(route.value, route.unit)
        if isinstance(found, Resource):
            return route.doubt or True if found is attachment else False
        return _unclear(found, route.address)

    def _associated(self, gateway: Resource, attachment: Resource) -> list[tuple[str, Doubt | None]]:
        """The tables by node id that decide for an attachment; "" is the default table, which may be no resource."""
        for one in self.inventory.of(f"{TABLE}_association", unit=gateway.unit):
            if self.inventory.find(one.attrs.get("transit_gateway_attachment_id"), one) is attachment:
                table = self.inventory.find(one.attrs.get("transit_gateway_route_table_id"), one, TABLE)
                if isinstance(table, Resource):
                    return [(table.id, doubt_of(one.possible))]
                return [("", doubt_of(table) or Doubt("value-unknown", (one.address,)))]
        given = both(
            truth(attachment.attrs.get("transit_gateway_default_route_table_association"), True),
            _enabled(gateway, "default_route_table_association", True),
        )
        if given is False:
            return []
        return [("", given if isinstance(given, Doubt) else None)]

    def _routes(self, gateway: Resource, table: str) -> list[Route]:
        """The routes of a table: written ones win over propagated ones of the same length."""
        key = f"{gateway.id} {table}"
        if key not in self._tables:
            written = list(self._written(gateway, table))
            taken = {one.range for one in written if one.doubt is None}
            propagated = [one for one in self._propagated(gateway, table) if one.range not in taken]
            self._tables[key] = written + propagated
        return self._tables[key]

    def _written(self, gateway: Resource, table: str) -> Iterator[Route]:
        """Static routes, and those for the ranges of a prefix list."""
        for one in self.inventory.of("aws_ec2_transit_gateway_route", unit=gateway.unit):
            value = one.attrs.get("destination_cidr_block")
            known = parse_cidr(value) if isinstance(value, str) else None
            why = None if known else _unclear(value, one.address)
            yield from self._route(one, gateway, table, known, why)
        for one in self.inventory.of("aws_ec2_transit_gateway_prefix_list_reference", unit=gateway.unit):
            for known, why in listed_ranges(self.inventory, one.attrs.get("prefix_list_id"), one.unit):
                yield from self._route(one, gateway, table, known, why)

    def _route(
        self, one: Resource, gateway: Resource, table: str, known: AddressRange | None, why: Doubt | None
    ) -> Iterator[Route]:
        """The route of `one` where it is of the table; a black hole leads nowhere."""
        here, dropped = self._of_table(one, gateway, table), truth(one.attrs.get("blackhole"), False)
        if here is False:
            return
        unsure = [found for found in (here, dropped) if isinstance(found, Doubt)]
        doubt = first_doubt(why, doubt_of(one.possible), *unsure)
        if dropped is not False:
            yield Route(known, "", None, one.unit, one.address, one.origin, doubt)
        if dropped is not True:
            yield Route(known, ATTACHED, one.attrs.get(ATTACHED), one.unit, one.address, one.origin, doubt)

    def _of_table(self, one: Resource, gateway: Resource, table: str) -> Truth:
        """Whether a route or a propagation is of a table; the default table is also what the gateway itself names."""
        found = self.inventory.find(one.attrs.get("transit_gateway_route_table_id"), one)
        if isinstance(found, Resource):
            return found.id == table or (not table and found is gateway)
        return _unclear(found, one.address)

    def _propagated(self, gateway: Resource, table: str) -> Iterator[Route]:
        for attachment in self._attached.get(gateway.id, ()):
            announced = self._announces(gateway, attachment, table)
            if announced is False:
                continue
            vpc = self.inventory.find(attachment.attrs.get("vpc_id"), attachment, *VPC_KINDS)
            if not isinstance(vpc, Resource):
                continue
            doubt = announced if isinstance(announced, Doubt) else None
            itself = Unknown(attachment.address, decided_by=(attachment.address,), ref=Ref(attachment.address))
            for value in network_blocks(self.inventory, vpc):
                known = parse_cidr(value) if isinstance(value, str) else None
                if known is None and not isinstance(value, Unknown):
                    continue
                why = first_doubt(doubt, doubt_of(value) if isinstance(value, Unknown) else None)
                yield Route(known, ATTACHED, itself, attachment.unit, attachment.address, None, why)

    def _announces(self, gateway: Resource, attachment: Resource, table: str) -> Truth:
        """Whether an attachment propagates its ranges to a table."""
        found: list[Truth] = []
        for one in self.inventory.of(f"{TABLE}_propagation", unit=gateway.unit):
            named = self.inventory.find(one.attrs.get("transit_gateway_attachment_id"), one)
            if named is attachment or isinstance(named, Unknown):
                unsure = doubt_of(named) if isinstance(named, Unknown) else doubt_of(one.possible)
                found.append(both(self._of_table(one, gateway, table), unsure or True))
        if not table:
            found.append(
                both(
                    truth(attachment.attrs.get("transit_gateway_default_route_table_propagation"), True),
                    _enabled(gateway, "default_route_table_propagation", True),
                )
            )
        return either(found)

    def _references(self, gateway: Resource, *attachments: Resource) -> Truth:
        """Groups may be named across a gateway only where it and both attachments are told to (default: it is not)."""
        found = _enabled(gateway, REFERENCES, False)
        for one in attachments:
            found = both(found, _enabled(one, REFERENCES, Doubt("value-unknown", (f"{one.address}.{REFERENCES}",))))
        return found


def _enabled(one: Resource, key: str, default: Truth) -> Truth:
    """A setting that is written `enable` or `disable`."""
    value = one.attrs.get(key)
    if value is None:
        return default
    if isinstance(value, Unknown):
        return doubt_of(value) or default
    return value == "enable"


def _unclear(value: object, address: str) -> Doubt:
    """The doubt that a value leaves which names nothing in the inputs."""
    why = doubt_of(value) if isinstance(value, Unknown) else None
    return why or Doubt("value-unknown", (address,))


def _mixed(gateway: Resource) -> Doubt:
    return Doubt("value-unknown", (f"the routes of {gateway.address}",))
