"""Behind a load balancer: target groups, what is registered with them, and whether it lets the balancer in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from scanner.builders.aws_network.admission import Network
from scanner.builders.aws_network.admitted import Admitted
from scanner.builders.aws_network.build import carriers, network_of
from scanner.builders.aws_network.interfaces import Interface
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, connect, doubt_of, first_doubt, values
from scanner.builders.ranges import Traffics, common_traffic, join_traffic, say_traffic
from scanner.graph.model import ALL_TRAFFIC, Traffic
from scanner.origin import Origin
from scanner.resource import Resource, mark
from scanner.unknown import Ref, Unknown, Value

GROUP_KINDS = ("aws_lb_target_group", "aws_alb_target_group")
BALANCER_KINDS = ("aws_lb", "aws_alb")
ATTACHMENT_KINDS = ("aws_lb_target_group_attachment", "aws_alb_target_group_attachment")
NOT_NAMED = "a target that is not known"


class Member(Struct, frozen=True):
    """A registration with a target group or a classic balancer: what, on which port, and where that is written."""

    behind: Value
    unit: str
    target: Value
    port: Value
    origin: Origin | None
    doubt: Doubt | None = None


def port_traffic(port: Value, protocol: str = "TCP") -> tuple[Traffics, Doubt | None]:
    """The traffic to one port; all ports with a doubt where it is not known."""
    if isinstance(port, str) and port.isdigit():
        port = int(port)
    if isinstance(port, int) and not isinstance(port, bool) and 1 <= port <= 65535:
        protocols = ("TCP", "UDP") if protocol == "TCP_UDP" else ("UDP",) if protocol == "UDP" else ("TCP",)
        return tuple(Traffic(one, port, port) for one in protocols), None
    return ALL_TRAFFIC, doubt_of(port) if isinstance(port, Unknown) else None


def members(world: World) -> Iterator[Member]:
    """Every registration that the inputs write down, wherever they write it."""
    of = world.inventory.of
    for one in of(*ATTACHMENT_KINDS):
        exists = doubt_of(one.possible)
        behind, target = one.attrs.get("target_group_arn"), one.attrs.get("target_id")
        origin = mark(one.attrs, "target_id") or one.origin
        yield Member(behind, one.unit, target, one.attrs.get("port"), origin, exists)
    for one in of("aws_ecs_service"):
        for found in values(one, "load_balancer"):
            if isinstance(found.value, Unknown):
                yield Member(found.value, one.unit, _self(one), None, found.origin)
            elif isinstance(found.value, Mapping):
                block, exists = found.value, doubt_of(found.possible)
                for key in ("target_group_arn", "elb_name"):
                    if block.get(key) is not None:
                        yield Member(
                            block.get(key), one.unit, _self(one), block.get("container_port"), found.origin, exists
                        )
    for one in of("aws_autoscaling_group"):
        for path in ("target_group_arns", "load_balancers", "traffic_source.identifier"):
            for found in values(one, path):
                yield Member(found.value, one.unit, _self(one), None, found.origin, doubt_of(found.possible))
    for one in of("aws_autoscaling_attachment", "aws_autoscaling_traffic_source_attachment"):
        for path in ("lb_target_group_arn", "alb_target_group_arn", "elb", "traffic_source.identifier"):
            for found in values(one, path):
                target = one.attrs.get("autoscaling_group_name")
                yield Member(found.value, one.unit, target, None, found.origin, doubt_of(one.possible))
    for one in of("aws_elb"):
        for found in values(one, "instances"):
            yield Member(_self(one), one.unit, found.value, None, found.origin, doubt_of(found.possible))
    for one in of("aws_elb_attachment"):
        exists = doubt_of(one.possible)
        yield Member(one.attrs.get("elb"), one.unit, one.attrs.get("instance"), None, one.origin, exists)


def _self(one: Resource) -> Unknown:
    """A value that names the resource itself."""
    return Unknown(one.address, decided_by=(one.address,), ref=Ref(one.address))


def by_behind(world: World, *kinds: str) -> dict[str, list[Member]]:
    """The registrations by the id of what they are registered with."""
    found: dict[str, list[Member]] = {}
    for member in members(world):
        behind = world.inventory.find(member.behind, member.unit, *kinds)
        if isinstance(behind, Resource):
            found.setdefault(behind.id, []).append(member)
    return found


def link_strays(world: World) -> None:
    """Registrations with a target group that the inputs do not show: whoever its balancer lets in may get here."""
    network = network_of(world)
    for member in members(world):
        behind = world.inventory.find(member.behind, member.unit, *GROUP_KINDS, "aws_elb")
        if isinstance(behind, Resource) or member.behind is None:
            continue
        hidden = doubt_of(behind) or Doubt("peer-not-in-input", (str(member.behind),))
        traffic, unsure = port_traffic(member.port)
        for target, also in _targets(world, member):
            interface = network.interfaces.of.get(target)
            let = _any_rule(network, interface, traffic) if interface is not None else traffic
            if let:
                source = world.external(f"target-group/{', '.join(hidden.decided_by)}", "TargetGroup").id
                because = "it is registered with a target group that is not known"
                doubt = first_doubt(hidden, unsure, also, member.doubt)
                for node in (carriers(world, interface) if interface is not None else []) or [target]:
                    connect(world, source, node, because, member.origin, traffic=let, doubt=doubt, cut=True)


def _any_rule(network: Network, target: Interface, traffic: Traffics) -> Traffics:
    """What of `traffic` some rule before the target admits, from whomever."""
    if target.free or target.doubt is not None:
        return traffic
    groups = [network.groups.by_key[key] for key in target.groups]
    if any(group.unknown is not None for group in groups):
        return traffic
    return join_traffic(*(common_traffic(rule.traffic, traffic) for group in groups for rule in group.ingress))


def link_members(
    world: World, behind: str, some: list[Member], balancers: list[Interface], port: Value, protocol: str = "TCP"
) -> None:
    """Edges from `behind` to each thing registered with it, as far as its security groups let the balancers in."""
    network = network_of(world)
    for member in some:
        traffic, doubt = port_traffic(member.port if member.port is not None else port, protocol)
        for target, unsure in _targets(world, member):
            also = first_doubt(doubt, member.doubt, unsure)
            interface = network.interfaces.of.get(target)
            if interface is None or target.partition(":")[2].startswith(BALANCER_KINDS):
                connect(world, behind, target, "it is registered as a target", member.origin, doubt=also, cut=True)
                continue
            let = _known(network, balancers, interface, traffic)
            why = "it is registered as a target, and its security groups let the load balancer in"
            for node in carriers(world, interface) or [target]:
                if let.sure:
                    connect(world, behind, node, why, member.origin, traffic=let.sure, doubt=also, cut=True)
                if let.maybe:
                    beyond = first_doubt(also, let.doubt)
                    because = f"it is registered as a target on {say_traffic(let.maybe)}"
                    connect(world, behind, node, because, member.origin, traffic=let.maybe, doubt=beyond, cut=True)


def _targets(world: World, member: Member) -> list[tuple[str, Doubt | None]]:
    """The nodes that a registration names; every model and gateway of the unit, possibly, for what is not known."""
    found = world.inventory.find(member.target, member.unit)
    if isinstance(found, Resource) and found.kind != "aws_lambda_alias":
        return [(found.id, None)]
    if isinstance(found, Resource):
        function = world.inventory.find(found.attrs.get("function_name"), member.unit, "aws_lambda_function")
        return [(function.id, None)] if isinstance(function, Resource) else []
    if isinstance(member.target, str):
        return [(one, None) for one in _at_address(world, member.target, member.unit)]
    why = doubt_of(found) or Doubt("value-unknown", (NOT_NAMED,))
    some = (one for one in network_of(world).interfaces.of.values() if one.receives and one.unit == member.unit)
    return [(one.owner, why) for one in some if carriers(world, one)]


def _at_address(world: World, address: str, unit: str) -> Iterator[str]:
    for one in world.inventory.of("aws_instance", "aws_network_interface", unit=unit):
        written = [found.value for path in ("private_ip", "private_ips") for found in values(one, path)]
        if address in written:
            yield one.id


def _known(network: Network, balancers: list[Interface], target: Interface, traffic: Traffics) -> Admitted:
    """The same for all targets that no guard tells apart: worked out once."""
    # A balancer stands before a group once for each rule that forwards to it.
    balancers = list({one.owner: one for one in balancers}.values())
    key = (tuple(one.owner for one in balancers), replace(target, owner="", carries=None), traffic)
    if key not in network.let_in:
        network.let_in[key] = _let_in(network, balancers, target, traffic)
    return network.let_in[key]


def _let_in(network: Network, balancers: list[Interface], target: Interface, traffic: Traffics) -> Admitted:
    """What of `traffic` gets from the balancers to the target; sure only where every one of them gets it through."""
    if not balancers:
        return Admitted(maybe=traffic, doubt=Doubt("value-unknown", ("the load balancer before it",)))
    some = [_from_balancer(network, one, target, traffic) for one in balancers]
    sure = some[0].sure
    for one in some[1:]:
        sure = common_traffic(sure, one.sure)
    if sure == join_traffic(traffic):
        return Admitted(sure)
    anything = join_traffic(*(join_traffic(one.sure, one.maybe) for one in some))
    if not anything:
        return Admitted()
    doubt = first_doubt(*(one.doubt for one in some)) or Doubt("value-unknown", ("which load balancer forwards to it",))
    return Admitted(maybe=anything, doubt=doubt)


def _from_balancer(network: Network, balancer: Interface, target: Interface, traffic: Traffics) -> Admitted:
    """As `between`; a balancer without groups may show its own address or the client's, so that no rule closes it."""
    let = network.between(balancer, target, traffic)
    if not balancer.free or let.sure:
        return let
    some = _any_rule(network, target, traffic)
    return Admitted(maybe=some, doubt=Doubt("client-address-unknown", ("preserve_client_ip",))) if some else let
