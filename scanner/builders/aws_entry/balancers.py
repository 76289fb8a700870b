"""Load balancers as relays: who reaches a listener, and on to rules, target groups and targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct, field

from scanner.builders.aws_entry.targets import (
    BALANCER_KINDS,
    GROUP_KINDS,
    by_behind,
    link_members,
    link_strays,
    port_traffic,
)
from scanner.builders.aws_network.build import enter, network_of
from scanner.builders.aws_network.interfaces import Interface, facing
from scanner.builders.blocks import Found, text
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, Truth, connect, doubt_of, first_doubt, truth, values
from scanner.builders.inventory import text_of
from scanner.builders.ranges import say_traffic
from scanner.graph.model import Edge, Node, Plane, State
from scanner.resource import Resource, mark
from scanner.unknown import Unknown

LISTENER_KINDS = ("aws_lb_listener", "aws_alb_listener")
RULE_KINDS = ("aws_lb_listener_rule", "aws_alb_listener_rule")
TARGET_PATHS = ("target_group_arn", "forward.target_group")
CLIENT_CONDITIONS = ("source_ip", "http_header")
"""Conditions of a rule that hold for some callers alone."""


class Balancers(Struct):
    """The balancers of a run by node id, and which of them lead to each target group."""

    world: World
    faces: dict[str, Interface] = field(default_factory=dict)
    before: dict[str, list[Interface]] = field(default_factory=dict)


def build_balancers(world: World) -> None:
    """Application, network and classic load balancers."""
    found = Balancers(world)
    network = network_of(world)
    for one in world.inventory.of(*BALANCER_KINDS, "aws_elb"):
        found.faces[one.id] = facing(network.interfaces.of[one.id], _internet(one))
    for one in world.inventory.of(*LISTENER_KINDS):
        _listener(found, one)
    for one in world.inventory.of(*RULE_KINDS):
        _rule(found, one)
    registered = by_behind(world, *GROUP_KINDS)
    for one in world.inventory.of(*GROUP_KINDS):
        protocol = text_of(one, "protocol")
        link_members(
            world, one.id, registered.get(one.id, []), found.before.get(one.id, []), one.attrs.get("port"), protocol
        )
    _classic(found)
    link_strays(world)


def _internet(one: Resource) -> Truth:
    """Internet-facing unless `internal` is set: that is the default."""
    internal = truth(one.attrs.get("internal"), False)
    return internal if isinstance(internal, Doubt) else not internal


def _listener(found: Balancers, one: Resource) -> None:
    world = found.world
    balancer = world.inventory.find(one.attrs.get("load_balancer_arn"), one, *BALANCER_KINDS)
    traffic, unsure = port_traffic(one.attrs.get("port"), text_of(one, "protocol"))
    faces = []
    if isinstance(balancer, Resource):
        faces = [found.faces[balancer.id]]
        why = f", and `{one.address}` listens on {say_traffic(traffic)}"
        enter(world, network_of(world), faces[0], one.id, traffic, why, first_doubt(unsure, _certificates(one)))
        because = f"the load balancer listens on {say_traffic(traffic)}"
        connect(world, balancer.id, one.id, because, one.origin, traffic=traffic, doubt=unsure)
    else:
        hidden = doubt_of(balancer) or Doubt("value-unknown", (str(one.attrs.get("load_balancer_arn")),))
        because = "who reaches the load balancer of this listener is not known"
        connect(world, world.external("internet").id, one.id, because, one.origin, traffic=traffic, doubt=hidden)
    _forwards(found, one, "default_action", faces, one.unit)


def _certificates(one: Resource) -> Doubt | None:
    """A listener that verifies client certificates lets only some callers in."""
    modes = [found.value for found in values(one, "mutual_authentication.mode")]
    return Doubt("condition-unevaluable", (f"{one.address}.mutual_authentication",)) if "verify" in modes else None


def _rule(found: Balancers, one: Resource) -> None:
    world = found.world
    listener = world.inventory.find(one.attrs.get("listener_arn"), one, *LISTENER_KINDS)
    faces = []
    conditions = [key for key in CLIENT_CONDITIONS if values(one, f"condition.{key}")]
    narrowed = Doubt("condition-unevaluable", tuple(f"{one.address}.condition.{key}" for key in conditions))
    if isinstance(listener, Resource):
        balancer = world.inventory.find(listener.attrs.get("load_balancer_arn"), one, *BALANCER_KINDS)
        faces = [found.faces[balancer.id]] if isinstance(balancer, Resource) else []
        because = "a rule of the listener; a path, host or method is the caller's to choose"
        connect(world, listener.id, one.id, because, one.origin, doubt=narrowed if conditions else None)
    else:
        hidden = doubt_of(listener) or Doubt("value-unknown", (str(one.attrs.get("listener_arn")),))
        because = "who reaches the listener of this rule is not known"
        connect(world, world.external("internet").id, one.id, because, one.origin, doubt=hidden)
    _forwards(found, one, "action", faces, one.unit)


def _forwards(found: Balancers, one: Resource, action: str, faces: list[Interface], unit: str) -> None:
    """Edges to the target groups that an action forwards to; a weight of 0 gets nothing."""
    world = found.world
    for target in _action_targets(one, action):
        group = world.inventory.find(target.value, unit, *GROUP_KINDS)
        if isinstance(group, Resource):
            found.before.setdefault(group.id, []).extend(faces)
            because = f"`{one.address}` forwards to `{group.address}`"
            connect(world, one.id, group.id, because, target.origin, doubt=doubt_of(target.possible), cut=True)
        elif isinstance(group, Unknown):
            _anywhere(world, one, target, group)


def _anywhere(world: World, one: Resource, target: Found, why: Unknown) -> None:
    """A target group that is not known may be any of the unit."""
    for group in world.inventory.of(*GROUP_KINDS, unit=one.unit):
        connect(world, one.id, group.id, "where it forwards to is not known", target.origin, doubt=doubt_of(why))


def _action_targets(one: Resource, action: str) -> Iterator[Found]:
    for path in TARGET_PATHS:
        for found in values(one, f"{action}.{path}"):
            if isinstance(found.value, Mapping):
                weight = found.value.get("weight")
                if weight != 0 and found.value.get("arn") is not None:
                    yield Found(found.value.get("arn"), mark(found.value, "arn") or found.origin, found.possible)
            else:
                yield found


def _classic(found: Balancers) -> None:
    world = found.world
    registered = by_behind(world, "aws_elb")
    for one in world.inventory.of("aws_elb"):
        for block in values(one, "listener"):
            if not isinstance(block.value, Mapping):
                continue
            port = block.value.get("lb_port")
            traffic, unsure = port_traffic(port)
            address = f"{one.address}#listener/{text(port) or port}"
            node = world.ensure(Node(f"{one.unit}:{address}", "Listener", address, address, block.origin))
            unsure = first_doubt(unsure, doubt_of(block.possible))
            why = f", and the load balancer listens on {say_traffic(traffic)}"
            enter(world, network_of(world), found.faces[one.id], node.id, traffic, why, unsure)
            connect(
                world, one.id, node.id, "the load balancer listens here", block.origin, traffic=traffic, doubt=unsure
            )
            inside = block.value.get("instance_port")
            link_members(world, node.id, registered.get(one.id, []), [found.faces[one.id]], inside)


def bind_services(world: World) -> None:
    """Kubernetes Services that a TargetGroupBinding registers with a target group."""
    onward: dict[str, list[Edge]] = {one.id: [] for one in world.inventory.of("TargetGroupBinding")}
    for edge in world.edges if onward else ():
        if edge.source in onward and edge.plane is Plane.NETWORK:
            onward[edge.source].append(edge)
    for one in world.inventory.of("TargetGroupBinding"):
        origin = mark(one.attrs, "spec", "serviceRef") or one.origin
        because = f"`{one.address}` registers the pods of the Service as targets"
        for service, unsure in _registered(world, one, onward[one.id]):
            groups, why = _bound(world, one)
            for group in groups:
                connect(world, group, service, because, origin, doubt=first_doubt(why, unsure), cut=True)


def _registered(world: World, one: Resource, onward: list[Edge]) -> Iterator[tuple[str, Doubt | None]]:
    """The relays of the Service whose pods a binding registers: one, or one for each port and workload behind it."""
    for edge in onward:
        yield edge.target, Doubt(edge.reason, edge.decided_by) if edge.state is State.POSSIBLE else None
    service = f"{one.unit}:{one.namespace}/Service/{text_of(one, 'spec', 'serviceRef', 'name')}"
    if not onward and service in world.nodes:
        yield service, None


def _bound(world: World, one: Resource) -> tuple[list[str], Doubt | None]:
    """The target groups that a binding names; one outside the inputs where they do not show it."""
    for key in ("targetGroupARN", "targetGroupName"):
        for found in values(one, f"spec.{key}"):
            direct = world.inventory.find(found.value, one, *GROUP_KINDS)
            if isinstance(direct, Resource):
                return [direct.id], doubt_of(found.possible)
            written = text(found.value)
            name = written.split("/")[1] if written.count("/") >= 2 else written
            alike = [group for group in world.inventory.of(*GROUP_KINDS) if name and group.attrs.get("name") == name]
            if alike:
                abroad = any(group.unit != one.unit for group in alike)
                return [group.id for group in alike], Doubt("cross-unit", (name,)) if abroad else None
            why = doubt_of(found.value) if isinstance(found.value, Unknown) else None
            elsewhere = world.external(f"target-group/{name or '*'}", "TargetGroup")
            return [elsewhere.id], why or Doubt("peer-not-in-input", (written or "*",))
    return [], None


HANDLED = frozenset(
    {*BALANCER_KINDS, *LISTENER_KINDS, *RULE_KINDS, *GROUP_KINDS, "aws_elb", "aws_elb_attachment", "TargetGroupBinding"}
    | {f"aws_{kind}_target_group_attachment" for kind in ("lb", "alb")}
    | {"aws_autoscaling_attachment", "aws_autoscaling_traffic_source_attachment", "aws_autoscaling_group"}
    | {"aws_lb_listener_certificate", "aws_alb_listener_certificate", "aws_lb_ssl_negotiation_policy"}
)
