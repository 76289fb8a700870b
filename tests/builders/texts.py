"""Worlds made of real text through the real readers: files in, builders run, facts out."""

from __future__ import annotations

import textwrap
from pathlib import Path

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.profile import Profile
from scanner.profile_file import parse_profile
from scanner.sources.read import ReadRequest, read_all
from scanner.unknown import Unknown


def read(folder: Path, files: dict[str, str], profile: str = "") -> World:
    """Write the files, read them as `tether scan` does; the folder's name is `w`, so that units are `w` or `w/...`."""
    root = folder / "w"
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text), encoding="utf-8")
    settings = parse_profile(textwrap.dedent(profile), "tether.yaml") if profile else Profile()
    request = ReadRequest(root=root, paths=[root], units=settings.units, profile_dir=root)
    reading = read_all(request)
    assert not [one for one in reading.unread if one.broken], reading.unread
    return World(Inventory(reading.resources), settings)


def build(folder: Path, files: dict[str, str], *steps, profile: str = "") -> World:
    """The world after some builders."""
    world = read(folder, files, profile)
    for step in steps:
        step(world)
    return world


def node(world: World, address: str):
    """The only node with this address."""
    found = [one for one in world.nodes.values() if one.address == address]
    assert len(found) == 1, f"{address}: {sorted(one.address for one in world.nodes.values())}"
    return found[0]


def roles(world: World, address: str) -> set[str]:
    """The roles of a node, as words."""
    return {str(role) for role in node(world, address).roles}


def facts(world: World, address: str, kind) -> list:
    """The facts of one kind of a node, in the order of what they say."""
    return sorted((one for one in node(world, address).facts if isinstance(one, kind)), key=repr)


def shown(value) -> str:
    """A value, or what decides it: `?var.x`."""
    return "?" + ",".join(value.decided_by) if isinstance(value, Unknown) else str(value)


def line(fact) -> int:
    """The line that decides a fact."""
    return fact.origin.line


def runs_on(world: World) -> set[tuple[str, str]]:
    """The placement edges, by address."""
    return {
        (world.nodes[edge.source].address, world.nodes[edge.target].address)
        for edge in world.edges
        if edge.plane == "placement"
    }
