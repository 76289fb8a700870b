"""What a machine or a task that serves a model can call outside its network: an Egress fact by its security groups."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.builders.aws_network.admission import Network
from scanner.builders.aws_network.groups import Group, GroupRule
from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.aws_network.outward import exits as found_exits
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, first_doubt
from scanner.builders.ranges import AddressRange, traffic_without
from scanner.graph.facts_access import Egress
from scanner.graph.model import Role, Traffic
from scanner.origin import Origin
from scanner.unknown import Unknown

NAMES = (Traffic("TCP", 53, 53), Traffic("UDP", 53, 53))
WIDE = {4: 1 << 24, 6: 1 << 96}
"""From how many addresses on a range is no declared destination any more, as for the pods of a model."""
SERVICES = ("aws_vpc_endpoint.", "data.aws_prefix_list.", "data.aws_vpc_endpoint.")
"""Whose prefix lists lead to a service of AWS and not to the internet at large."""
EXITS = ("aws_nat_gateway", "aws_egress_only_internet_gateway", "aws_ec2_transit_gateway_vpc_attachment")
"""What leads out of a network without an address of its own."""


def add_egress(world: World, network: Network, one: Interface, targets: Iterable[str]) -> None:
    """An Egress fact on each model that has the interface; classifiers are of the stack."""
    for node_id in targets:
        roles = world.nodes[node_id].roles
        if Role.MODEL in roles and Role.CLASSIFIER not in roles:
            world.add_fact(node_id, _egress(world, network, one))


def _egress(world: World, network: Network, one: Interface) -> Egress:
    groups = [network.groups.by_key[key] for key in one.groups]
    line = one.carries
    doubts = [group.unknown for group in groups if group.unknown is not None]
    doubts += [one.doubt] if one.doubt is not None else []
    opened = list(_opened(groups))
    sure = [(rule, block) for rule, block, doubt in opened if doubt is None]
    wide = next(((rule, block) for rule, block in sure if _size(block) >= WIDE[block.version]), None)
    if wide is not None:
        rule, _ = wide
        return _by_route(
            world, network, one, f"its security group lets it out to `{rule.peer.name}`", rule.origin or line
        )
    doubt = next((doubt for _, _, doubt in opened if doubt is not None), None) or next(iter(doubts), None)
    if sure:
        rule, _ = sure[0]
        because = f"its security group lets it out to `{rule.peer.name}`: whether that is its store is not known"
        return _fact(rule.origin or line, because, Doubt("value-unknown", (f"what stands at {rule.peer.name}",)))
    if doubt is not None:
        return _fact(line, "what its security groups let out is not known", doubt)
    return Egress(origin=line, because="its security groups let it out to no address of the internet", closed=True)


def _opened(groups: Iterable[Group]) -> Iterator[tuple[GroupRule, AddressRange, Doubt | None]]:
    """The rules that let out to the internet on any port beside the name server's, with what makes each unsure."""
    for group in groups:
        for rule in group.egress:
            doubt = rule.doubt or rule.peer.doubt
            if rule.peer.kind == "elsewhere" and not rule.peer.group and not _of_a_service(rule):
                yield rule, AddressRange(4, 0, 0), doubt or Doubt("value-unknown", (rule.peer.name,))
            block = rule.peer.range
            if block is not None and not block.private and traffic_without(rule.traffic, NAMES):
                yield rule, block, doubt


def _of_a_service(rule: GroupRule) -> bool:
    """Whether a rule names the prefix list of an endpoint or of a service of AWS, which holds that service alone."""
    named = rule.peer.doubt.decided_by if rule.peer.doubt is not None else ()
    return bool(named) and all(one.startswith(SERVICES) for one in named)


def _size(block: AddressRange) -> int:
    return block.last - block.first + 1


def _by_route(world: World, network: Network, one: Interface, says: str, origin: Origin | None) -> Egress:
    """A group that lets everything out closes nothing; the routes and the ACLs of the subnet may."""
    if one.public is True:
        because = f"{says}, and it has a public address"
        return Egress(origin=origin, because=because, closed=False)
    ways = [way for way in found_exits(network, one) if way.range.last - way.range.first + 1 >= WIDE[way.range.version]]
    if any(traffic_without(way.let.sure, NAMES) for way in ways):
        because = f"{says}, and its subnet is routed to the internet"
        return Egress(origin=origin, because=because, closed=False)
    doubt = first_doubt(*(way.let.doubt for way in ways))
    if doubt is not None:
        return _fact(origin, f"{says}: whether a route leads there is not known", doubt)
    exits = [each for kind in EXITS for each in world.inventory.of(kind, unit=one.unit)]
    if one.subnets and one.elsewhere is None and one.public is False and not exits:
        because = f"{says}, and no route leads out of its subnets"
        return Egress(origin=origin, because=because, closed=True)
    named = exits[0].address if exits else f"the routes of the subnets of {one.owner.partition(':')[2]}"
    return _fact(origin, f"{says}: whether a route leads there is not known", Doubt("value-unknown", (named,)))


def _fact(origin: Origin | None, because: str, doubt: Doubt) -> Egress:
    return Egress(origin=origin, because=because, closed=Unknown(because, doubt.reason, doubt.decided_by))
