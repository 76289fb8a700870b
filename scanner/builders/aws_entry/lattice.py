"""VPC Lattice: networks of services, the VPCs that are joined to them, and what their listeners forward to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scanner.builders.aws_entry.targets import Member, link_members
from scanner.builders.aws_network.build import enter, network_of
from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.aws_network.tables import VPC_KINDS
from scanner.builders.blocks import Found
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.builders.inventory import text_of
from scanner.builders.ranges import parse_cidr
from scanner.resource import Resource
from scanner.unknown import Unknown, Value

SERVICE, NETWORK = "aws_vpclattice_service", "aws_vpclattice_service_network"
LISTENER, RULE, GROUP = "aws_vpclattice_listener", "aws_vpclattice_listener_rule", "aws_vpclattice_target_group"
VPC_LINK = "aws_vpclattice_service_network_vpc_association"
SERVICE_LINK = "aws_vpclattice_service_network_service_association"
ATTACHMENT = "aws_vpclattice_target_group_attachment"
SOURCES = parse_cidr("169.254.171.0/24")
"""Where the requests of Lattice come from, as its targets see them (VPC Lattice guide, security groups)."""
HANDLED = frozenset(
    {SERVICE, NETWORK, LISTENER, RULE, GROUP, VPC_LINK, SERVICE_LINK, ATTACHMENT}
    | {"aws_vpclattice_auth_policy", "aws_vpclattice_resource_policy", "aws_vpclattice_access_log_subscription"}
)


def build_lattice(world: World) -> None:
    """Edges from the VPCs that are joined to a network of services, to its services, and on to their targets."""
    for one in world.inventory.of(NETWORK, SERVICE):
        _shared(world, one)
    for one in world.inventory.of(VPC_LINK):
        _join(world, one)
    for one in world.inventory.of(SERVICE_LINK):
        _serve(world, one)
    for one in world.inventory.of(LISTENER):
        service = _named(world, one, ("service_identifier", "service_arn"), SERVICE)
        _lead(world, service, one, "the service listens here")
        _forward(world, one, "default_action")
    for one in world.inventory.of(RULE):
        listener = _named(world, one, ("listener_identifier",), LISTENER)
        _lead(world, listener, one, "a rule of the listener; what it matches is the caller's to choose")
        _forward(world, one, "action")
    _targets(world)


def _named(world: World, one: Resource, keys: tuple[str, ...], kind: str) -> Resource | Unknown | None:
    """What the first of `keys` that is written names."""
    for key in keys:
        if one.attrs.get(key) is not None:
            return world.inventory.find(one.attrs.get(key), one, kind)
    return None


def _lead(world: World, source: Resource | Unknown | None, target: Resource, because: str) -> None:
    if isinstance(source, Resource):
        connect(world, source.id, target.id, because, target.origin, doubt=doubt_of(target.possible))
        return
    why = doubt_of(source) if isinstance(source, Unknown) else None
    hidden = why or Doubt("value-unknown", (target.address,))
    connect(world, world.external("vpc").id, target.id, "who reaches it is not known", target.origin, doubt=hidden)


def _signed(one: Resource) -> Doubt | None:
    """What an auth policy leaves open: it counts only where the type is AWS_IAM, and the default is NONE."""
    value = one.attrs.get("auth_type")
    if value in (None, "NONE"):
        return None
    unknown = doubt_of(value) if isinstance(value, Unknown) else None
    return unknown or Doubt("condition-unevaluable", (f"{one.address}.auth_type",))


def _join(world: World, one: Resource) -> None:
    """Who in a VPC gets at the services of the network: whom the groups of the association admit, else anyone."""
    network = network_of(world)
    vpc = world.inventory.find(one.attrs.get("vpc_identifier"), one, *VPC_KINDS)
    unsure = doubt_of(vpc) if isinstance(vpc, Unknown) else None
    groups = [network.groups.resolve(found.value, one.unit) for found in values(one, "security_group_ids")]
    face = Interface(
        owner=one.id,
        unit=one.unit,
        kind=one.kind,
        groups=tuple(sorted({group.key for group in groups})),
        doubt=first_doubt(*(group.unknown for group in groups)),
        elsewhere=unsure,
        vpc=vpc.id if isinstance(vpc, Resource) else "",
        free=not groups,
        carries=one.origin,
    )
    enter(world, network, face, one.id, doubt=first_doubt(unsure, doubt_of(one.possible)))
    joined = _named(world, one, ("service_network_identifier",), NETWORK)
    if isinstance(joined, Resource):
        connect(world, one.id, joined.id, "the VPC is joined to the network", one.origin, doubt=_signed(joined))
        return
    why = doubt_of(joined) if isinstance(joined, Unknown) else None
    hidden = why or Doubt("peer-not-in-input", (one.address,))
    for other in world.inventory.of(NETWORK, unit=one.unit):
        connect(world, one.id, other.id, "which network the VPC is joined to is not known", one.origin, doubt=hidden)


def _serve(world: World, one: Resource) -> None:
    """A network leads to each service that is associated with it; one that is not in the inputs may hold anyone."""
    service = _named(world, one, ("service_identifier",), SERVICE)
    joined = _named(world, one, ("service_network_identifier",), NETWORK)
    exists = doubt_of(one.possible)
    if isinstance(service, Resource) and isinstance(joined, Resource):
        because = "the service is in the network"
        doubt = first_doubt(exists, _signed(service))
        connect(world, joined.id, service.id, because, one.origin, doubt=doubt, cut=True)
    elif isinstance(service, Resource):
        why = doubt_of(joined) if isinstance(joined, Unknown) else None
        hidden = first_doubt(why or Doubt("peer-not-in-input", (one.address,)), exists)
        because = "who is joined to the network of the service is not known"
        connect(world, world.external("vpc").id, service.id, because, one.origin, doubt=hidden)
    elif isinstance(joined, Resource):
        why = doubt_of(service) if isinstance(service, Unknown) else None
        for other in world.inventory.of(SERVICE, unit=one.unit) if why is not None else ():
            connect(world, joined.id, other.id, "which service it is is not known", one.origin, doubt=why)


def _shared(world: World, one: Resource) -> None:
    """A share with other accounts lets them join their networks, or use the service, as they please."""
    for share in world.inventory.of("aws_ram_resource_association", unit=one.unit):
        if world.inventory.find(share.attrs.get("resource_arn"), share) is one:
            because = "it is shared with other accounts"
            doubt = Doubt("peer-not-in-input", (share.address,))
            connect(
                world, world.external("aws-account/unknown").id, one.id, because, share.origin, doubt=doubt, cut=True
            )


def _forward(world: World, one: Resource, action: str) -> None:
    for found in _destinations(one, action):
        group = world.inventory.find(found.value, one, GROUP)
        because = f"`{one.address}` forwards to it"
        if isinstance(group, Resource):
            connect(world, one.id, group.id, because, found.origin, doubt=doubt_of(found.possible), cut=True)
        elif isinstance(group, Unknown):
            for other in world.inventory.of(GROUP, unit=one.unit):
                said = "where it forwards to is not known"
                connect(world, one.id, other.id, said, found.origin, doubt=doubt_of(group))


def _destinations(one: Resource, action: str) -> Iterator[Found]:
    """The target groups of an action; a weight of 0 gets nothing."""
    for block in values(one, f"{action}.forward.target_groups"):
        if isinstance(block.value, Unknown):
            yield block
        elif isinstance(block.value, Mapping) and block.value.get("weight") != 0:
            yield Found(block.value.get("target_group_identifier"), block.origin, block.possible)


def _targets(world: World) -> None:
    found: dict[str, list[Member]] = {}
    for one in world.inventory.of(ATTACHMENT):
        for block in values(one, "target"):
            target, port = _target(block.value)
            member = Member(
                one.attrs.get("target_group_identifier"), one.unit, target, port, block.origin, doubt_of(one.possible)
            )
            group = world.inventory.find(member.behind, one, GROUP)
            for behind in [group] if isinstance(group, Resource) else world.inventory.of(GROUP, unit=one.unit):
                found.setdefault(behind.id, []).append(member)
    for group in world.inventory.of(GROUP):
        port = next((one.value for one in values(group, "config.port")), None)
        link_members(world, group.id, found.get(group.id, []), [_face(group)], port, text_of(group, "type"))


def _target(block: Value) -> tuple[Value, Value]:
    return (block.get("id"), block.get("port")) if isinstance(block, Mapping) else (block, None)


def _face(group: Resource) -> Interface:
    """Lattice as its targets see it, in whatever network they are."""
    sources = (SOURCES,) if SOURCES is not None else ()
    return Interface(group.id, group.unit, group.kind, free=True, addresses=sources, anywhere=True)
