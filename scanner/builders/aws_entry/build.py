"""The ways into a deployment on AWS: load balancers, APIs and other fronts, as relays to what they lead to."""

from __future__ import annotations

from scanner.builders.aws_entry import api as aws_entry_api
from scanner.builders.aws_entry import balancers as aws_entry_balancers
from scanner.builders.aws_entry import edge as aws_entry_edge
from scanner.builders.aws_entry import endpoints as aws_entry_endpoints
from scanner.builders.aws_entry import lattice as aws_entry_lattice
from scanner.builders.aws_entry.api import build_apis
from scanner.builders.aws_entry.balancers import bind_services, build_balancers
from scanner.builders.aws_entry.edge import build_fronts
from scanner.builders.aws_entry.endpoints import build_endpoints
from scanner.builders.aws_entry.lattice import build_lattice
from scanner.builders.aws_entry.lead import follow_names
from scanner.builders.draft import World

HANDLED = (
    aws_entry_api.HANDLED
    | aws_entry_balancers.HANDLED
    | aws_entry_edge.HANDLED
    | aws_entry_endpoints.HANDLED
    | aws_entry_lattice.HANDLED
)


def build_aws_entry(world: World) -> None:
    """Edges from outside to every front, and from every front to what is behind it."""
    build_balancers(world)
    bind_services(world)
    build_apis(world)
    build_fronts(world)
    build_endpoints(world)
    build_lattice(world)
    follow_names(world)
