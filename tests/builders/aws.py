"""What the tests of AWS builders share: resources written as Python, a world, and its edges as short lines."""

from __future__ import annotations

from scanner.builders.draft import World
from scanner.builders.inventory import Inventory
from scanner.origin import FileOrigin
from scanner.profile import Profile
from scanner.resource import Attrs, Items, Resource
from scanner.sources.terraform import TerraformOptions, read_root
from scanner.unknown import COMPUTED, Ref, Unknown


def ref(address, attribute="id"):
    """What the reader makes of `address.attribute` where the provider computes it."""
    return Unknown(
        f"`{address}.{attribute}` is computed", COMPUTED, (f"{address}.{attribute}",), ref=Ref(address, attribute)
    )


def var(name):
    return Unknown(f"`var.{name}` has no value", decided_by=(f"var.{name}",))


def _attrs(value, line):
    if isinstance(value, dict):
        return Attrs({k: _attrs(v, line) for k, v in value.items()}, {k: FileOrigin("main.tf", line) for k in value})
    if isinstance(value, list):
        return Items([_attrs(v, line) for v in value], [FileOrigin("main.tf", line) for _ in value])
    return value


def resource(address, _unit="main", **attrs):
    """A resource at `type.name`, whose lines all are the number of its attributes."""
    *_, kind, name = address.split(".")
    data = address.startswith("data.")
    return Resource(
        address, _unit, kind, name, _attrs(attrs, len(attrs) + 1), FileOrigin("main.tf", 1), "terraform", data=data
    )


def manifest(kind, name, namespace="default", group="", **body):
    attrs = _attrs({"kind": kind, "metadata": {"name": name, "namespace": namespace}, **body}, 2)
    address = f"{namespace}/{kind}/{name}"
    return Resource(address, "main", kind, name, attrs, FileOrigin("k.yaml", 1), "kubernetes", group, namespace)


def world(*resources, roles=None):
    made = World(Inventory(resources), Profile())
    for address, role in (roles or {}).items():
        made.add_roles(f"main:{address}", [role])
    return made


def edges(made, target=None, plane="network"):
    """The edges as `source -> target PORTS state`, sorted; units are left out, and possible edges say what decides."""
    lines = []
    for edge in made.freeze().edges:
        source, end = (node.partition(":")[2] for node in (edge.source, edge.target))
        if edge.plane != plane or (target is not None and end != target):
            continue
        ports = ",".join(f"{t.protocol}:{t.from_port}-{t.to_port}" for t in edge.traffic)
        ports = "all" if ports == "SCTP:1-65535,TCP:1-65535,UDP:1-65535" else ports
        state = "open" if edge.state == "open" else f"possible({', '.join(edge.decided_by)})"
        lines.append(" ".join(part for part in (source, "->", end, ports, state) if part))
    return sorted(set(lines))


def read(folder, text, unit="main"):
    """The resources of one Terraform file, as the reader makes them."""
    (folder / "main.tf").write_text(text)
    reading = read_root(folder, folder, unit, TerraformOptions())
    assert not reading.unread, reading.unread
    return reading.resources
