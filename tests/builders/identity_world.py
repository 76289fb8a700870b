"""What the tests of identity, managed models and control share: files read by the readers, and what was built."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from scanner.builders.aws_identity.build import build_aws_identity
from scanner.builders.aws_models.build import build_aws_models
from scanner.builders.azure_models import build_azure_models
from scanner.builders.control.build import build_cluster_control
from scanner.builders.control.cloud import build_cloud_control
from scanner.builders.draft import World
from scanner.builders.google_models import build_google_models
from scanner.builders.inventory import Inventory
from scanner.builders.recognise.build import build_roles
from scanner.graph.graph import Graph
from scanner.graph.model import Edge
from scanner.profile import Profile
from scanner.profile_file import load_profile
from scanner.sources.read import ReadRequest, read_all

STEPS = (
    build_roles,
    build_aws_models,
    build_azure_models,
    build_google_models,
    build_aws_identity,
    build_cluster_control,
    build_cloud_control,
)


class Built:
    """A world that was built from files, with short ways to ask it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.graph: Graph = world.freeze()

    def edges(self, verb: str) -> list[str]:
        """The edges of a verb as `source -> target (state)`, without units."""
        return [f"{bare(e.source)} -> {bare(e.target)} ({e.state})" for e in self.graph.edges if e.verb == verb]

    def edge(self, source: str, target: str, verb: str = "invoke") -> Edge | None:
        """The only edge between two addresses, or None."""
        found = [
            e for e in self.graph.edges if e.verb == verb and bare(e.source) == source and bare(e.target) == target
        ]
        assert len(found) <= 1, found
        return found[0] if found else None

    def facts(self, address: str, kind: type) -> list:
        """The facts of a kind at an address."""
        return [f for n in self.graph.nodes.values() if n.address == address for f in n.facts if isinstance(f, kind)]


def bare(node_id: str) -> str:
    return node_id.partition(":")[2]


def build(folder: Path, files: Mapping[str, str], profile: str = "") -> Built:
    """Everything of this part of the builders, over `files` (path to text) below `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text))
    settings = Profile()
    if profile:
        (folder / "tether.yaml").write_text(dedent(profile))
        settings = load_profile(folder / "tether.yaml", "tether.yaml")
    reading = read_all(ReadRequest(root=folder, paths=(folder,), units=settings.units, profile_dir=folder))
    assert not reading.unread, reading.unread
    world = World(Inventory(reading.resources), settings)
    for step in STEPS:
        step(world)
    return Built(world)


def role(name: str, document: str, trust: str = "") -> str:
    """A role of this name with one inline policy, in HCL; `document` and `trust` are HCL objects."""
    trusted = (
        trust or '{ Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "x" } }] }'
    )
    return f"""
resource "aws_iam_role" "{name}" {{
  name               = "{name}"
  assume_role_policy = jsonencode({trusted})
}}
resource "aws_iam_role_policy" "{name}" {{
  role   = aws_iam_role.{name}.id
  policy = jsonencode({document})
}}
"""


def allow(actions: str, resource: str = '"*"', condition: str = "") -> str:
    """An Allow statement in HCL."""
    also = f", Condition = {condition}" if condition else ""
    return f'{{ Effect = "Allow", Action = {actions}, Resource = {resource}{also} }}'


def deny(actions: str, condition: str = "", resource: str = '"*"') -> str:
    """A Deny statement in HCL."""
    also = f", Condition = {condition}" if condition else ""
    return f'{{ Effect = "Deny", Action = {actions}, Resource = {resource}{also} }}'


def statements(*parts: str) -> str:
    """A policy document of these statements, in HCL."""
    return f'{{ Version = "2012-10-17", Statement = [{", ".join(parts)}] }}'
