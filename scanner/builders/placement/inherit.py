"""What stands where something else stands: in a subnet, on a host or a volume, by a launch template, in a bucket."""

from __future__ import annotations

from collections.abc import Iterator

from scanner.builders.blocks import Found, at
from scanner.builders.draft import World
from scanner.builders.edges import connect, doubt_of
from scanner.graph.facts import Fact, Placement
from scanner.graph.model import Plane
from scanner.resource import Resource, items_of
from scanner.unknown import Unknown, refs_in

_SUBNET = "its subnet is `{}`"
_HOST = "its host is `{}`"
_TEMPLATE = "its launch template is `{}`"
ARGUMENTS = {
    "subnet_id": _SUBNET,
    "subnet_ids": _SUBNET,
    "subnets": _SUBNET,
    "subnet_mapping.subnet_id": _SUBNET,
    "vpc_zone_identifier": _SUBNET,
    "vpc_config.subnet_ids": _SUBNET,
    "vpc_config.subnets": _SUBNET,
    "network_configuration.subnets": _SUBNET,
    "network_interfaces.subnet_id": _SUBNET,
    "network_interface.subnet_id": _SUBNET,
    "host_id": _HOST,
    "placement.host_id": _HOST,
    "launch_template.id": _TEMPLATE,
    "launch_template.name": _TEMPLATE,
    "mixed_instances_policy.launch_template.launch_template_specification.launch_template_id": _TEMPLATE,
    "launch_configuration": _TEMPLATE,
    "cluster_name": "its cluster is `{}`",
    "volume_id": "its volume is `{}`",
    "bucket": "its bucket is `{}`",
    "custom_location_id": "its custom location is `{}`",
    "extended_location.name": "its location is `{}`",
}
"""By argument: how it says that a resource stands where the thing stands that it names."""
_WITH_HEADS = [(path.partition(".")[0], path, says) for path, says in ARGUMENTS.items()]
HEADS = frozenset(head for head, _, _ in _WITH_HEADS)
ATTACHMENT = "aws_volume_attachment"


def add_inherited(world: World) -> None:
    """Edges to everything that is known, or feared, to stand outside a region, and to what stands on that."""
    outside = {node.id for node in world.with_facts() if any(_outside(fact) for fact in node.facts)}
    if not outside:
        return
    waiting: dict[str, list[tuple[str, str, Found]]] = {}
    for resource in world.inventory.all:
        for holder, target, says, found in _named(world, resource):
            waiting.setdefault(target, []).append((holder, says, found))
    known = {(edge.source, edge.target) for edge in world.edges if edge.plane is Plane.PLACEMENT}
    todo = sorted(outside & waiting.keys())
    while todo:
        target = todo.pop()
        for holder, says, found in waiting.pop(target, ()):
            if (holder, target) not in known:
                known.add((holder, target))
                because = says.format(world.nodes[target].address)
                doubt = doubt_of(found.possible)
                connect(world, holder, target, because, found.origin, plane=Plane.PLACEMENT, verb="run-on", doubt=doubt)
            if holder in waiting:
                todo.append(holder)


def _outside(fact: Fact) -> bool:
    if not isinstance(fact, Placement) or fact.place_class in ("cloud", "hybrid-data"):
        return False
    return not isinstance(fact.place_class, Unknown) or bool(fact.perhaps)


def _named(world: World, resource: Resource) -> Iterator[tuple[str, str, str, Found]]:
    """What stands, on what, how it is said, and where."""
    if resource.data or resource.provider is None or resource.attrs.keys().isdisjoint(HEADS):
        return
    for head, path, says in _WITH_HEADS:
        for found in at(resource, path) if head in resource.attrs else ():
            for target in _targets(world, resource, found):
                yield from _standing(world, resource, target, says, found)


def _standing(
    world: World, resource: Resource, target: Resource, says: str, found: Found
) -> Iterator[tuple[str, str, str, Found]]:
    """The resource itself; of an attachment of a volume, the machine that it is attached to."""
    if resource.kind != ATTACHMENT:
        yield resource.id, target.id, says, found
        return
    for machine in at(resource, "instance_id"):
        for one in _targets(world, resource, machine):
            yield one.id, target.id, says, found


def _targets(world: World, resource: Resource, found: Found) -> list[Resource]:
    named: dict[str, Resource] = {}
    for value in items_of(found.value):
        direct = world.inventory.find(value, resource)
        listed = [direct] if isinstance(direct, Resource) else []
        listed = listed or [one for ref in refs_in(value) if (one := world.inventory.at(resource.unit, ref.address))]
        for one in listed:
            if one.id != resource.id and not one.data:
                named[one.id] = one
    return list(named.values())
