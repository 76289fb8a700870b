"""The network of AWS: who reaches what through security groups, by relays for the members of groups."""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from scanner import tables
from scanner.builders.aws_network.admission import Network
from scanner.builders.aws_network.classes import Entry, Inhabitants, InterfaceClass
from scanner.builders.aws_network.egress import add_egress
from scanner.builders.aws_network.interfaces import PLACED, POD, TEMPLATE_PATHS, Interface
from scanner.builders.blocks import heads
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.builders.ranges import Traffics
from scanner.graph.model import Node, Role
from scanner.resource import Resource

TARGET_ROLES = frozenset({Role.MODEL, Role.CANDIDATE, Role.GATEWAY, Role.CLASSIFIER})
RUN_PATHS = (*TEMPLATE_PATHS, "task_definition", "attachment.instance")
"""Attributes that name what runs behind an interface: its role is the interface's role."""
RUN_HEADS = heads(RUN_PATHS)
HANDLED = frozenset(
    {
        "aws_security_group", "aws_default_security_group", "aws_security_group_rule",
        "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule",
        "aws_vpc_security_group_rules_exclusive", "aws_network_interface", "aws_network_interface_attachment",
        "aws_network_interface_sg_attachment", "aws_ec2_managed_prefix_list", "aws_ec2_managed_prefix_list_entry",
        "aws_vpc", "aws_default_vpc", "aws_subnet", "aws_default_subnet", "aws_route", "aws_route_table",
        "aws_default_route_table", "aws_main_route_table_association", "aws_route_table_association",
        "aws_internet_gateway", "aws_eip", "aws_eip_association", "aws_vpc_ipv4_cidr_block_association",
        "aws_nat_gateway", "aws_network_acl", "aws_network_acl_rule", "aws_network_acl_association",
        "aws_default_network_acl", "aws_egress_only_internet_gateway", "aws_vpc_block_public_access_options",
        "aws_vpc_block_public_access_exclusion",
    }
)  # fmt: skip
"""Types that this builder reads. NAT leads out only; a network ACL is never counted as closing."""

_networks: WeakKeyDictionary[World, Network] = WeakKeyDictionary()


def network_of(world: World) -> Network:
    """The network of a world, read once."""
    if world not in _networks:
        _networks[world] = Network(world.inventory)
    return _networks[world]


def handled() -> frozenset[str]:
    """The types that this builder knows, with those that have interfaces."""
    return HANDLED | {row.type for row in tables.network_interfaces()}


def build_aws_network(world: World) -> None:
    """Edges into every model, gateway and classifier that has a network interface."""
    network = network_of(world)
    for row in tables.network_interfaces():
        for resource in world.inventory.of(row.type) if row.actor else ():
            world.set_actor(resource.id)
    for one in network.interfaces.of.values():
        targets = carriers(world, one)
        if one.kind == POD:
            world.set_actor(one.owner)
        for target in targets if one.receives else ():
            # Policies of the cluster hold over pods as well: what their groups admit may be all there is to pass.
            enter(world, network, one, target, doubt=_of_pod(one))
        add_egress(world, network, one, targets if one.actor else ())
    if any(True for _ in world.inventory.like("aws_ram_resource_association")):
        from scanner.builders.aws_network.shared import add_shared

        receiving = [one for one in network.interfaces.of.values() if one.receives]
        add_shared(world, receiving, lambda one: set(carriers(world, one)))


def carriers(world: World, one: Interface) -> list[str]:
    """The nodes with a role that traffic to an interface gets to: its owner, else what its owner runs."""
    if world.nodes[one.owner].roles & TARGET_ROLES:
        return [one.owner]
    owner = world.inventory.by_id[one.owner]
    return [node for node in _runs(world, owner) if world.nodes[node].roles & TARGET_ROLES]


def receivers(world: World, unit: str) -> Iterator[str]:
    """Every model, gateway and classifier of a unit that the network reaches: where an unknown value may lead."""
    for one in network_of(world).interfaces.of.values():
        if one.receives and one.unit == unit:
            yield from carriers(world, one)


def _runs(world: World, owner: Resource) -> Iterator[str]:
    for path in RUN_PATHS if not owner.attrs.keys().isdisjoint(RUN_HEADS) else ():
        for found in values(owner, path):
            named = world.inventory.find(found.value, owner)
            if isinstance(named, Resource) and named.id in world.nodes:
                yield named.id


def enter(
    world: World,
    network: Network,
    one: Interface,
    target: str,
    wanted: Traffics | None = None,
    why: str = "",
    doubt: Doubt | None = None,
) -> None:
    """Edges into `target` from everyone whom the groups of the interface admit.

    wanted: the ports that lead on, all without it. why: is added to each reason. doubt: makes each edge possible.
    """
    for entry in network.entries(one, wanted) if wanted is not None else network.entries(one):
        because = f"{entry.because}{why}"
        for source in _sources(world, network, entry, target):
            connect(
                world,
                source,
                target,
                because,
                entry.origin,
                traffic=entry.traffic,
                doubt=first_doubt(entry.doubt, doubt, _alone(entry)),
                cut=entry.origin is not None,
            )
    for sentence in network.assumed:
        world.assumed_absent[sentence] = None


def _of_pod(one: Interface) -> Doubt | None:
    """What decides whether pods have the interface at all; the policies of their cluster hold over them beside it."""
    return PLACED if one.kind == POD else None


def _alone(entry: Entry) -> Doubt | None:
    """The doubt of a single source; where there are more of its class, each has its own."""
    if isinstance(entry.source, InterfaceClass) and len(entry.source.members) == 1:
        return _of_pod(entry.source.sample)
    return None


def _sources(world: World, network: Network, entry: Entry, target: str) -> list[str]:
    if isinstance(entry.source, InterfaceClass):
        members = [member.owner for member in entry.source.members]
        if len(members) == 1:
            return [] if members[0] == target else members
        return [_relay(world, network, entry.source)]
    if isinstance(entry.source, Inhabitants):
        return [_range(world, network, entry.source)]
    name, kind = entry.source
    return [world.external(name, kind).id]


def _range(world: World, network: Network, home: Inhabitants) -> str:
    """The node for everything that is declared in a range of a network, made when it is first a source."""
    address = f"{home.network.partition(':')[2]}#{home.range}"
    node_id = f"{home.network}#{home.range}"
    if node_id not in world.nodes:
        world.ensure(Node(node_id, "AddressRange", address, address))
        for one in home.classes:
            source = _relay(world, network, one) if len(one.members) > 1 else one.members[0].owner
            unsure = _of_pod(one.sample) if len(one.members) == 1 else None
            because = f"its subnets are in `{home.range}`"
            connect(world, source, node_id, because, one.sample.carries, doubt=unsure)
    return node_id


def _relay(world: World, network: Network, one: InterfaceClass) -> str:
    """The node for the members of a class of interfaces, made when it is first a source."""
    if one.relay:
        return one.relay
    sample = one.sample
    names = [network.groups.by_key[key].name for key in sample.groups] or ["no security group"]
    alike = network.classes.alike(sample)
    address = "+".join(names) + "#members"
    if len(alike) > 1:
        places = [key.partition(":")[2] for key in sample.subnets]
        address += "@" + ("+".join(places) or str(alike.index(one)))
        address += f"/{alike.index(one)}"
    node = Node(f"{sample.unit}:{address}", "SecurityGroupMembers", address, address)
    one.relay = world.ensure(node).id
    said = ", ".join(f"`{name}`" for name in names)
    for member in one.members:
        exists = doubt_of(world.inventory.by_id[member.owner].possible) or _of_pod(member)
        connect(world, member.owner, one.relay, f"it carries {said}", member.carries, doubt=exists)
    return one.relay
