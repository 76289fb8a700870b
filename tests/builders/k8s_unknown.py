"""Manifests with holes: `$(NAME)` in a value becomes an Unknown that `var.NAME` decides, as Terraform leaves one."""

from __future__ import annotations

import re

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.builders.k8s_network.build import build_k8s_network
from scanner.graph.graph import Graph
from scanner.graph.model import Role
from scanner.profile import Profile
from scanner.resource import Attrs, Items, Resource
from scanner.unknown import Unknown, Value
from tests.builders.k8s_world import GATEWAY, MODEL, resources_of
from tests.changed import replace

_HOLE = re.compile(r"\$\((\w+)\)")


def holed(value: Value) -> Value:
    """`value` with an Unknown for each string that has a hole; the text around a hole stays readable."""
    if isinstance(value, str):
        return _unknown(value) if _HOLE.search(value) else value
    if isinstance(value, Attrs):
        return Attrs({key: holed(one) for key, one in value.items()}, value.marks)
    if isinstance(value, Items):
        return Items([holed(one) for one in value], value.marks)
    return value


def _unknown(text: str) -> Unknown:
    parts = _HOLE.split(text)
    names = parts[1::2]
    holes = [Unknown(f"`var.{name}` has no value", decided_by=(f"var.{name}",)) for name in names]
    if len(parts) == 3 and not parts[0] and not parts[2]:
        return holes[0]
    pieces = [one if index % 2 == 0 else holes[index // 2] for index, one in enumerate(parts)]
    decided = tuple(sorted(f"var.{name}" for name in names))
    return Unknown(holes[0].cause, decided_by=decided, pieces=tuple(one for one in pieces if one != ""))


def holed_resources(*texts: str) -> list[Resource]:
    """What the reader makes of manifests, with their holes."""
    made = []
    for one in resources_of(*texts):
        attrs = holed(one.attrs)
        made.append(replace(one, attrs=attrs if isinstance(attrs, Attrs) else one.attrs))
    return made


def holed_world(*texts: str, models: tuple[str, ...] = (MODEL,), gateways: tuple[str, ...] = (GATEWAY,)) -> World:
    """The world of manifests with holes, roles given by address."""
    world = World(Inventory(holed_resources(*texts)), Profile())
    for address in models:
        world.add_roles(f"k8s:{address}", [Role.MODEL])
    for address in gateways:
        if f"k8s:{address}" in world.nodes:
            world.add_roles(f"k8s:{address}", [Role.GATEWAY])
    build_k8s_network(world)
    return world


def holed_graph(*texts: str, models: tuple[str, ...] = (MODEL,), gateways: tuple[str, ...] = (GATEWAY,)) -> Graph:
    """The frozen graph of manifests with holes, roles given by address."""
    return holed_world(*texts, models=models, gateways=gateways).freeze()
