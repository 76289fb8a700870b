"""What leads callers to a gateway on AWS: listeners, rules, target groups, APIs, and the firewall before them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from scanner.builders.control.aws_holds import Behind, Hold
from scanner.builders.draft import World
from scanner.builders.edges import Doubt, doubt_of, first_doubt, values
from scanner.graph.model import Edge, Plane, Role, State
from scanner.resource import Resource
from scanner.unknown import refs_in

FRONTS = {
    "aws_lb_listener": "listener",
    "aws_alb_listener": "listener",
    "aws_lb_listener_rule": "listener-rule",
    "aws_alb_listener_rule": "listener-rule",
    "aws_lb_target_group": "target-group",
    "aws_alb_target_group": "target-group",
    "aws_api_gateway_rest_api": "api",
    "aws_apigatewayv2_api": "api",
}
"""Kind -> the rows of the control table that change it."""
LISTENERS = ("aws_lb_listener", "aws_alb_listener")
ACL, ASSOCIATION = "aws_wafv2_web_acl", "aws_wafv2_web_acl_association"
DEPTH = 12
"""Relays between a front and a gateway; there are fewer."""


def fronts(world: World, stack: Iterable[tuple[Resource, list[Resource]]]) -> Iterator[Behind]:
    """Each front whose traffic comes to a gateway of the `stack`, and each firewall over one."""
    some = list(world.inventory.of(*FRONTS))
    walls = list(world.inventory.of(ASSOCIATION))
    if not some and not walls:
        return
    onward = _onward(world, stack)
    for one in some:
        holds = tuple(_gateways(world, onward, one))
        if holds:
            yield Behind(one, FRONTS[one.kind], holds)
    for wall in walls:
        acl = world.inventory.find(wall.attrs.get("web_acl_arn"), wall, ACL)
        if isinstance(acl, Resource) and not acl.data:
            holds = tuple(_behind_wall(world, onward, wall))
            if holds:
                yield Behind(acl, "web-acl", holds)


def _onward(world: World, stack: Iterable[tuple[Resource, list[Resource]]]) -> dict[str, list[Edge]]:
    """The network edges that leave what is no actor, by their source, and the target groups that a gateway names."""
    found: dict[str, list[Edge]] = {}
    for member, _ in stack:
        for ref in refs_in(member.attrs):
            group = world.inventory.at(member.unit, ref.address)
            if group is not None and FRONTS.get(group.kind) == "target-group":
                found.setdefault(group.id, []).append(
                    Edge(group.id, member.id, Plane.NETWORK, "reach", "it is a target")
                )
    for edge in world.edges:
        if edge.plane is Plane.NETWORK and not world.nodes[edge.source].actor:
            found.setdefault(edge.source, []).append(edge)
    return found


def _gateways(world: World, onward: dict[str, list[Edge]], one: Resource) -> Iterator[Hold]:
    """The gateways that a front comes to over relays, each once, the surest way first."""
    best: dict[str, Doubt | None] = {}
    seen = {one.id}
    waiting: list[tuple[str, Doubt | None, int]] = [(one.id, doubt_of(one.possible), 0)]
    while waiting:
        source, doubt, steps = waiting.pop(0)
        for edge in sorted(onward.get(source, ()), key=lambda each: each.state is State.POSSIBLE):
            why = Doubt(edge.reason, edge.decided_by) if edge.state is State.POSSIBLE else None
            after = first_doubt(doubt, why)
            if Role.GATEWAY in world.nodes[edge.target].roles:
                best[edge.target] = after if best.get(edge.target, after) is not None else None
            elif edge.target not in seen and steps < DEPTH:
                seen.add(edge.target)
                waiting.append((edge.target, after, steps + 1))
    for gateway, found in sorted(best.items()):
        yield Hold(gateway, "its callers come this way", one.origin, found)


def _behind_wall(world: World, onward: dict[str, list[Edge]], wall: Resource) -> Iterator[Hold]:
    for found in values(wall, "resource_arn"):
        front = world.inventory.find(found.value, wall)
        if not isinstance(front, Resource):
            continue
        within = [front, *(one for one in world.inventory.of(*LISTENERS, unit=wall.unit) if _of(world, one, front))]
        if front.kind in ("aws_api_gateway_stage", "aws_apigatewayv2_stage"):
            for key in ("rest_api_id", "api_id"):
                api = world.inventory.find(front.attrs.get(key), wall)
                within += [api] if isinstance(api, Resource) else []
        for one in within:
            for hold in _gateways(world, onward, one):
                doubt = first_doubt(hold.doubt, doubt_of(wall.possible))
                yield Hold(hold.node_id, f"it stands before `{front.address}`", found.origin, doubt)


def _of(world: World, listener: Resource, balancer: Resource) -> bool:
    return world.inventory.find(listener.attrs.get("load_balancer_arn"), listener) is balancer
