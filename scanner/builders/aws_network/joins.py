"""What is joined to a network from outside: by VPN, Direct Connect, peering and gateways of other kinds."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.aws_network.peering import KIND as PEERING
from scanner.builders.aws_network.tables import VPC_KINDS, Lead, Route
from scanner.builders.edges import Doubt, Truth, both, doubt_of, either, first_doubt
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import AddressRange
from scanner.resource import Resource
from scanner.unknown import Unknown

TRANSIT = "aws_ec2_transit_gateway"
PRIVATE_GATEWAY = "aws_vpn_gateway"
LINKS = (
    ("aws_vpn_connection", ("vpn_gateway_id", "transit_gateway_id")),
    ("aws_dx_gateway_association", ("associated_gateway_id", "vpn_gateway_id")),
    ("aws_dx_private_virtual_interface", ("vpn_gateway_id",)),
    ("aws_dx_hosted_private_virtual_interface_accepter", ("vpn_gateway_id",)),
    ("aws_ec2_transit_gateway_connect", ("transit_gateway_id",)),
)
"""Types that join a gateway to a place on premises, and what names the gateway."""
ACROSS = ("aws_ec2_transit_gateway_peering_attachment", ("transit_gateway_id", "peer_transit_gateway_id"))
OTHERS = {
    "local_gateway_id": "on-premises",
    "carrier_gateway_id": "carrier-network",
    "core_network_arn": "core-network",
}


class Joins:
    """Who stands at the other end of a route that leaves the inputs."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self._links: dict[str, list[tuple[str, Truth]]] = {}
        for kind, keys in (*LINKS, ACROSS):
            for one in inventory.of(kind):
                label = "network" if kind == ACROSS[0] else "on-premises"
                for key in keys:
                    gateway = inventory.find(one.attrs.get(key), one, TRANSIT, PRIVATE_GATEWAY)
                    if isinstance(gateway, Resource):
                        exists: Truth = doubt_of(one.possible) or True
                        unsure = Doubt("condition-unevaluable", (one.address,)) if label == "network" else True
                        self._links.setdefault(gateway.id, []).append((label, both(exists, unsure)))

    def beyond(self, lead: Lead, piece: AddressRange) -> Iterator[tuple[str, Truth]]:
        """Who comes from a piece that a lead of the target's table sends out of the inputs; names of callers."""
        alone = len(lead.routes) == 1
        for route in lead.routes:
            for name, comes in self._end(route, piece) if route is not None else ():
                yield name, both(comes, (route.doubt if route is not None else None) or alone or lead.doubt or True)

    def _end(self, route: Route, piece: AddressRange) -> Iterator[tuple[str, Truth]]:
        if route.hop in OTHERS:
            sure: Truth = True if route.hop == "local_gateway_id" else Doubt("condition-unevaluable", (route.address,))
            yield f"{OTHERS[route.hop]}/{route.address}", sure
        elif route.hop == "gateway_id":
            gateway = self.inventory.find(route.value, route.unit)
            if isinstance(gateway, Resource) and gateway.kind == PRIVATE_GATEWAY:
                yield from self._linked(gateway)
            elif isinstance(route.value, str) and route.value.startswith("vgw-"):
                yield f"on-premises/{route.value}", Doubt("peer-not-in-input", (route.value,))
            elif isinstance(gateway, Unknown) and piece.private:
                yield f"on-premises/{route.address}", doubt_of(gateway) or Doubt("value-unknown", (route.address,))
        elif route.hop == "transit_gateway_id":
            gateway = self.inventory.find(route.value, route.unit, TRANSIT)
            if isinstance(gateway, Resource):
                yield from self._linked(gateway, possible=False)
            else:
                why = doubt_of(gateway) if isinstance(gateway, Unknown) else None
                named = why or Doubt("peer-not-in-input", (str(route.value),))
                yield f"network/{', '.join(named.decided_by)}", named
        elif route.hop == "vpc_peering_connection_id":
            yield from self._peer(route)

    def _linked(self, gateway: Resource, *, possible: bool = True) -> Iterator[tuple[str, Truth]]:
        """Who is joined to a gateway; possibly somebody, where a gateway is there and nothing that joins it."""
        some: dict[str, list[Truth]] = {}
        for label, exists in self._links.get(gateway.id, ()):
            some.setdefault(label, []).append(exists)
        for label, found in some.items():
            yield f"{label}/{gateway.address}", either(found)
        if not some and possible:
            yield f"on-premises/{gateway.address}", Doubt("peer-not-in-input", (gateway.address,))

    def _peer(self, route: Route) -> Iterator[tuple[str, Truth]]:
        """The other side of a peering, where it is not in the inputs."""
        found = self.inventory.find(route.value, route.unit, PEERING, f"{PEERING}_accepter")
        if isinstance(found, Resource) and found.kind == PEERING:
            ends = [found.attrs.get(key) for key in ("vpc_id", "peer_vpc_id")]
            known = [self.inventory.find(one, found, *VPC_KINDS) for one in ends]
            if all(isinstance(one, Resource) for one in known):
                return
            why = first_doubt(*(doubt_of(one) for one in known if isinstance(one, Unknown)))
            yield f"network/{found.address}", why or Doubt("peer-not-in-input", (found.address,))
            return
        why = doubt_of(found) if isinstance(found, Unknown) else None
        yield f"network/{route.address}", why or Doubt("peer-not-in-input", (str(route.value),))
