"""Where an interface can send to outside the inputs: through its groups, the ACLs, and the gateways of its routes."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from scanner.builders.aws_network.admission import VERSIONS, Network
from scanner.builders.aws_network.admitted import Admitted, through, under
from scanner.builders.aws_network.groups import GroupRule, Peer
from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.aws_network.routes import PUBLIC, all_of
from scanner.builders.aws_network.tables import Route
from scanner.builders.aws_network.ways import Place
from scanner.builders.edges import Doubt, Truth, both, doubt_of, either, first_doubt
from scanner.builders.ranges import EVERYWHERE, AddressRange, Traffics, cut, intersection
from scanner.graph.model import ALL_TRAFFIC
from scanner.origin import Origin
from scanner.resource import Resource
from scanner.unknown import Unknown

NAT = "aws_nat_gateway"
BEYOND = (
    "transit_gateway_id",
    "vpc_peering_connection_id",
    "core_network_arn",
    "local_gateway_id",
    "carrier_gateway_id",
)
"""What may lead on to the internet in a place that the inputs do not show."""


class Exit(Struct, frozen=True):
    """Addresses of the internet that an interface can send to, by one rule of its groups."""

    range: AddressRange
    let: Admitted
    answers: Traffics
    name: str
    origin: Origin | None


def exits(network: Network, one: Interface) -> Iterator[Exit]:
    """Every piece of the internet that an interface can send to, rule by rule, with what gets out."""
    for version in VERSIONS:
        speaks = one.six if version == 6 else True
        for rule, whole in _rules(network, one, version) if speaks is not False else ():
            cuts = list(_cuts(network, one))
            for block in PUBLIC[version]:
                for first, last in intersection([(block.first, block.last)], [(whole.first, whole.last)]):
                    for piece in cut(AddressRange(version, first, last), cuts):
                        yield from _exit(network, one, rule, piece, speaks)


def _cuts(network: Network, one: Interface) -> Iterator[AddressRange]:
    """The ranges that ACLs and routes name, those of the subnets that NAT gateways stand in among them."""
    for key in one.subnets:
        yield from network.ways.acls.blocks_of(key)
        for route in network.subnets.routes(key):
            if route.range is not None:
                yield route.range
            gateway = network.inventory.find(route.value, route.unit, NAT) if route.hop == "nat_gateway_id" else None
            if isinstance(gateway, Resource):
                home = network.inventory.find(gateway.attrs.get("subnet_id"), gateway)
                if isinstance(home, Resource) and home.id in network.subnets.by_key:
                    yield from (more.range for more in network.subnets.routes(home.id) if more.range is not None)


def _rules(network: Network, one: Interface, version: int) -> Iterator[tuple[GroupRule, AddressRange]]:
    """The rules that let out, each with the range that it may mean."""
    every = EVERYWHERE[version]
    groups = [network.groups.by_key[key] for key in one.groups]
    unknown = first_doubt(one.doubt, *(group.unknown for group in groups))
    if one.free or unknown is not None:
        yield (
            GroupRule(ALL_TRAFFIC, Peer("range", "anywhere", every), one.carries, None if one.free else unknown),
            every,
        )
    for group in groups:
        for rule in group.egress:
            if rule.peer.kind == "elsewhere" and not rule.peer.group:
                yield rule, every
            elif rule.peer.range is not None and rule.peer.range.version == version:
                yield rule, rule.peer.range


def _exit(network: Network, one: Interface, rule: GroupRule, piece: AddressRange, speaks: Truth) -> Iterator[Exit]:
    leads = both(_leads(network, one, piece), speaks)
    if leads is False:
        return
    passage = network.ways.between(network.ways.places(one, piece.version), [Place("", (piece,))])
    let = under(
        through(Admitted(rule.traffic), passage.lets), both(leads, first_doubt(rule.doubt, rule.peer.doubt) or True)
    )
    if let.some:
        yield Exit(piece, let, passage.answers, rule.peer.name, rule.origin)


def _leads(network: Network, one: Interface, piece: AddressRange) -> Truth:
    """Whether what an interface sends to a piece of the internet gets there; some of its subnets may lead elsewhere."""
    mixed = Doubt("value-unknown", (f"the routes of the subnets of {one.owner.partition(':')[2]}",))
    found = [
        all_of((_gets_out(network, one, route, piece) for route in lead.routes), lead.doubt or mixed)
        for key in one.subnets
        for lead in network.subnets.leads(key, piece)
    ]
    if one.elsewhere is not None or not found:
        found.append(one.elsewhere or mixed)
    return all_of(found, mixed)


def _gets_out(network: Network, one: Interface, route: Route | None, piece: AddressRange) -> Truth:
    if route is None:
        return False
    sure: Truth = route.doubt or True
    if route.hop == "egress_only_gateway_id":
        return both(sure, piece.version == 6)
    if route.hop == "nat_gateway_id":
        return both(sure, _translated(network, route, piece))
    if route.hop in BEYOND:
        return route.doubt or Doubt("condition-unevaluable", (route.address,))
    addressed = one.addressed if piece.version == 4 else True
    return both(both(network.subnets.is_gateway(route), addressed), network.subnets.blocked(one.unit))


def _translated(network: Network, route: Route, piece: AddressRange) -> Truth:
    """Whether a NAT gateway leads to the internet: a public one, in a subnet that is routed there."""
    found = network.inventory.find(route.value, route.unit, NAT)
    if not isinstance(found, Resource):
        why = doubt_of(found) if isinstance(found, Unknown) else None
        return why or Doubt("peer-not-in-input", (str(route.value),))
    kind = found.attrs.get("connectivity_type")
    if isinstance(kind, Unknown):
        return doubt_of(kind) or False
    if kind == "private":
        return False
    subnet = network.inventory.find(found.attrs.get("subnet_id"), found)
    exists: Truth = doubt_of(found.possible) or True
    if isinstance(subnet, Resource) and subnet.id in network.subnets.by_key:
        routed = either([network.subnets.to_internet(subnet.id, piece)])
        return both(both(routed, exists), network.subnets.blocked(found.unit))
    why = doubt_of(subnet) if isinstance(subnet, Unknown) else None
    return why or Doubt("value-unknown", (f"{found.address}.subnet_id",))
