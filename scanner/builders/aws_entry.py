"""The ways into a deployment on AWS: load balancers, APIs and other fronts, as relays to what they lead to."""

from __future__ import annotations

from scanner.builders import aws_entry_api, aws_entry_balancers, aws_entry_edge
from scanner.builders.aws_entry_api import build_apis
from scanner.builders.aws_entry_balancers import bind_services, build_balancers
from scanner.builders.aws_entry_edge import build_fronts
from scanner.builders.aws_entry_lead import follow_names
from scanner.builders.draft import World

HANDLED = aws_entry_api.HANDLED | aws_entry_balancers.HANDLED | aws_entry_edge.HANDLED


def build_aws_entry(world: World) -> None:
    """Edges from outside to every front, and from every front to what is behind it."""
    build_balancers(world)
    bind_services(world)
    build_apis(world)
    build_fronts(world)
    follow_names(world)
