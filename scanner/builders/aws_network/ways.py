"""Between two interfaces, their groups aside: routes in both directions, and the ACLs of both subnets."""

from __future__ import annotations

from msgspec import Struct

from scanner.builders.aws_network.acls import UNEVALUATED, Acls
from scanner.builders.aws_network.admitted import WHOLE, Admitted, admitted, one_of, through
from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.aws_network.peering import Peerings
from scanner.builders.aws_network.routes import Subnets, all_of
from scanner.builders.aws_network.tables import Lead, Route
from scanner.builders.aws_network.transit import Ends, Transit
from scanner.builders.edges import Doubt, Truth, both, doubt_of, either, first_doubt
from scanner.builders.inventory import Inventory
from scanner.builders.ranges import EVERYWHERE, AddressRange, Traffics, common_traffic, traffic_without
from scanner.graph.model import ALL_TRAFFIC, Traffic
from scanner.resource import Resource
from scanner.unknown import Unknown

MIDDLE = ("vpc_endpoint_id", "network_interface_id", "nat_gateway_id", "instance_id")
"""Where a route may lead that is more specific than the local one of a network (VPC guide, middlebox routing)."""
ABROAD = ("vpc_peering_connection_id", "transit_gateway_id", "core_network_arn", "", *MIDDLE)
"""Where a route may lead on to another network, or is not known to lead."""
PEERING = ("a way between the two networks",)
ANSWERED = ("TCP", "SCTP")
"""Protocols of which nothing comes about without an answer."""
UNPRIVILEGED = tuple(Traffic(protocol, 1024, 65535) for protocol in sorted(ANSWERED))
"""Ports that a caller sends from without special rights."""


class Place(Struct, frozen=True):
    """Where one end of a way stands: a subnet by key ("" for outside), and the addresses that it may have there."""

    subnet: str
    ranges: tuple[AddressRange, ...]


class Passage(Struct, frozen=True):
    """What two subnets let through, answers counted; `answers` are the caller's ports to which answers get back."""

    lets: Admitted
    answers: Traffics = ALL_TRAFFIC


OPEN = Passage(WHOLE)


class Ways:
    """The routes and the ACLs between the subnets of a run."""

    def __init__(self, inventory: Inventory, subnets: Subnets) -> None:
        self.inventory, self.subnets = inventory, subnets
        self.acls = Acls(inventory, subnets.by_key)
        self.transit = Transit(inventory)
        self.peerings = Peerings(inventory)
        self._memo: dict[object, Passage] = {}
        self._routed: dict[object, Ends] = {}
        self._odd: dict[str, bool] = {}

    def places(self, one: Interface, version: int) -> list[Place]:
        """The subnets that an interface is in, each with the addresses of one IP version that it may have there."""
        if one.anywhere:
            return [Place("", tuple(a for a in one.addresses if a.version == version))]
        found = []
        for key in one.subnets:
            known, doubt = self.subnets.by_key[key].of(version)
            own = tuple(a for a in one.addresses if a.version == version and any(a in block for block in known))
            known = own or known
            if doubt is not None and not own:
                known = (EVERYWHERE[version],)
            if known:
                found.append(Place(key, known))
        return found if one.elsewhere is None else [*found, Place("", (EVERYWHERE[version],))]

    def plain(self, one: Interface) -> bool:
        """Whether nothing but groups stands between the interface and whatever is in its own network."""
        return self.acls.plain(one.subnets) and not any(self._inspected(key) for key in one.subnets)

    def abroad(self, one: Interface) -> bool:
        """Whether a route of an interface may lead to another network."""
        return any(route.hop in ABROAD for key in one.subnets for route in self.subnets.routes(key))

    def passage(self, source: Interface, target: Interface, version: int) -> Passage:
        """What the ACLs between two interfaces let through, of those in a subnet that is not known as well."""
        plain = self.acls.plain(source.subnets) and self.acls.plain(target.subnets)
        found = OPEN if plain else self.between(self.places(source, version), self.places(target, version))
        hidden = first_doubt(*(self.acls.restricted(one.unit) for one in (source, target) if one.elsewhere))
        if hidden is None:
            return found
        return Passage(admitted((), found.lets.some, first_doubt(hidden, found.lets.doubt)), found.answers)

    def between(self, sources: list[Place], targets: list[Place]) -> Passage:
        """What the ACLs let through from one place to another, of which each end is one of several."""
        pairs = [self._pair(source, target) for source in sources for target in targets]
        if not pairs:
            return OPEN
        if len(pairs) == 1:
            return pairs[0]
        named = sorted({place.subnet.partition(":")[2] for place in (*sources, *targets) if place.subnet})
        doubt = Doubt(UNEVALUATED, tuple(named))
        answers = pairs[0].answers
        for one in pairs[1:]:
            answers = common_traffic(answers, one.answers)
        return Passage(one_of([one.lets for one in pairs], doubt), answers)

    def _pair(self, source: Place, target: Place) -> Passage:
        if source.subnet == target.subnet:
            return OPEN
        key = (source, target)
        if key not in self._memo:
            there = through(self._lets(source, "egress", target), self._lets(target, "ingress", source))
            back = through(self._lets(target, "egress", source), self._lets(source, "ingress", target))
            self._memo[key] = Passage(_answered(there, back), back.sure)
        return self._memo[key]

    def _lets(self, place: Place, side: str, other: Place) -> Admitted:
        return self.acls.lets(self.subnets.by_key[place.subnet], side, other.ranges) if place.subnet else WHOLE

    def _inspected(self, subnet: str) -> bool:
        """Whether a route of the subnet may take traffic of its own network past the local one."""
        if subnet not in self._odd:
            home = self.subnets.by_key[subnet].vpc
            own = self.subnets.vpc_ranges(home) if home else []
            some = [route for block in own for lead in self.subnets.leads(subnet, block) for route in lead.routes]
            self._odd[subnet] = any(route is not None and route.hop in MIDDLE for route in some)
        return self._odd[subnet]

    def routed(self, source: Interface, target: Interface, version: int) -> Ends:
        """Whether packets and their answers find the way between two interfaces, and groups may be named across."""
        if source.anywhere:
            return Ends(True, False)
        if source.unit != target.unit:
            doubt = Doubt("cross-network", PEERING)
            return Ends(doubt, doubt)
        if source.vpc == target.vpc and (target.vpc or source.elsewhere is None):
            return Ends(self._inside(source, target, version), True)
        if not (source.vpc and target.vpc) or source.elsewhere or target.elsewhere:
            unsure = first_doubt(source.elsewhere, target.elsewhere)
            if unsure is None and not (source.vpc and target.vpc):
                return Ends(True, True)
            doubt = unsure or Doubt("cross-network", PEERING)
            return Ends(doubt, doubt)
        there = self._across(source, target, version)
        back = self._across(target, source, version)
        # By two ways, of which one alone lets groups be named: nothing written says which of them counts.
        names = all_of((there.references, back.references), Doubt("cross-network", PEERING))
        return Ends(both(there.passes, back.passes), names)

    def _inside(self, source: Interface, target: Interface, version: int) -> Truth:
        """In one network a way is there, unless a more specific route takes it past something that may drop it."""
        if not any(self._inspected(key) for key in (*source.subnets, *target.subnets)):
            return True
        found = [
            self._direct(one.subnet, block)
            for mine, theirs in ((source, target), (target, source))
            for one in self.places(mine, version)
            for place in self.places(theirs, version)
            if one.subnet and place.subnet != one.subnet
            for block in place.ranges
        ]
        doubts = [one for one in found if isinstance(one, Doubt)]
        return first_doubt(*doubts) or True

    def _direct(self, subnet: str, block: AddressRange) -> Truth:
        for lead in self.subnets.leads(subnet, block):
            odd = [route for route in lead.routes if route is not None and route.hop in MIDDLE]
            if odd:
                return first_doubt(*(route.doubt for route in odd)) or Doubt(
                    "condition-unevaluable", tuple(sorted({route.address for route in odd}))
                )
        return True

    def _across(self, source: Interface, target: Interface, version: int) -> Ends:
        found = [
            self._hop(one.subnet, block, source.vpc, target.vpc)
            for one in self.places(source, version)
            if one.subnet
            for place in self.places(target, version)
            for block in place.ranges
        ]
        if not found:
            return Ends(False, False)
        doubt = Doubt("cross-network", PEERING)
        references = either(one.references for one in found if one.passes is not False)
        return Ends(all_of((one.passes for one in found), doubt), references)

    def _hop(self, subnet: str, block: AddressRange, source: str, target: str) -> Ends:
        """Whether the table of a subnet sends what is for a block of another network there."""
        key = (subnet, block, target)
        if key not in self._routed:
            found = [self._lead(lead, source, target) for lead in self.subnets.leads(subnet, block)]
            doubt = Doubt("cross-network", (f"the routes of {subnet.partition(':')[2]}",))
            references = either(one.references for one in found if one.passes is not False)
            self._routed[key] = Ends(all_of((one.passes for one in found), doubt), references)
        return self._routed[key]

    def _lead(self, lead: Lead, source: str, target: str) -> Ends:
        ends = [self._end(route, lead.piece, source, target) for route in lead.routes]
        doubt = lead.doubt or Doubt("cross-network", PEERING)
        return Ends(all_of((one.passes for one in ends), doubt), either(one.references for one in ends))

    def _end(self, route: Route | None, piece: AddressRange, source: str, target: str) -> Ends:
        if route is None or route.hop == "local":
            return Ends(False, False)
        exists: Truth = route.doubt or True
        if route.hop == "vpc_peering_connection_id":
            passes = self.peerings.joins(route, source, target)
            return Ends(both(passes, exists), True)
        if route.hop == "transit_gateway_id":
            gateway = self.inventory.find(route.value, route.unit, "aws_ec2_transit_gateway")
            if isinstance(gateway, Resource):
                ends = self.transit.passes(gateway, source, target, piece)
                return Ends(both(ends.passes, exists), ends.references)
            return self._unclear(route, gateway)
        if route.hop in ("", "core_network_arn", "vpc_endpoint_id", "network_interface_id", "instance_id"):
            if route.hop == "" and route.doubt is None:
                return Ends(False, False)
            return self._unclear(route, None)
        return Ends(False, False)

    def _unclear(self, route: Route, value: object) -> Ends:
        why = doubt_of(value) if isinstance(value, Unknown) else None
        doubt = first_doubt(route.doubt, why) or Doubt("cross-network", (route.address,))
        return Ends(doubt, doubt)


def _answered(there: Admitted, back: Admitted) -> Admitted:
    """`there`, as far as answers get back: a caller picks the port that it sends from, so one that works is enough."""
    if back is WHOLE:
        return there
    sure, some, doubts = there.sure, there.some, [there.doubt]
    for protocol in ANSWERED:
        this = (Traffic(protocol, 1, 65535),)
        if any(one.protocol == protocol for one in common_traffic(back.sure, UNPRIVILEGED)):
            continue
        sure = traffic_without(sure, this)
        if any(one.protocol == protocol for one in back.some):
            doubts.append(back.doubt or Doubt(UNEVALUATED, ("the port that the caller sends from",)))
        else:
            some = traffic_without(some, this)
    return admitted(sure, some, first_doubt(*doubts))
